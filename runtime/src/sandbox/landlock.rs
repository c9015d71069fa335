//! Landlock: which rights there are in which version of it, and who is given them.

use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, open};

use super::kernel::{self, RulesetAttributes};
use super::{SandboxError, Walls};

const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const REMOVE_DIR: u64 = 1 << 4;
const REMOVE_FILE: u64 = 1 << 5;
const MAKE_DIR: u64 = 1 << 7;
const MAKE_REG: u64 = 1 << 8;
const MAKE_SYM: u64 = 1 << 12;
const REFER: u64 = 1 << 13;
const TRUNCATE: u64 = 1 << 14;

/// What may be done with a file.
const OF_FILES: u64 = WRITE_FILE | READ_FILE | TRUNCATE;
/// To read a directory and what is below it. Nothing may be executed.
const READ: u64 = READ_FILE | READ_DIR;
/// To change it: no devices, sockets and pipes are made.
const WRITE: u64 = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE;

/// Every right over files, by the version from which on it is known: execution and the rest of the first, then links to
/// other directories, truncation, and calls to devices.
const FILES: [(u32, u64); 4] = [(1, 0x1fff), (2, REFER), (3, TRUNCATE), (5, 1 << 15)];
/// Binding and connecting TCP.
const PORTS: [(u32, u64); 1] = [(4, 0b11)];
/// Abstract sockets, and signals.
const SCOPED: [(u32, u64); 1] = [(6, 0b11)];

/// Everything that version `abi` knows.
fn known(rights: &[(u32, u64)], abi: u32) -> u64 {
    rights.iter().filter(|(from, _)| *from <= abi).fold(0, |known, (_, right)| known | right)
}

/// Puts this thread behind rules that give it the paths of `walls` alone. The version of Landlock that judges; `None`
/// where there is none, or it takes no more rules.
pub(super) fn restrict(walls: &Walls) -> Result<Option<u32>, SandboxError> {
    let Some(abi) = kernel::landlock_abi() else { return Ok(None) };
    let ports = if walls.connects() { 0 } else { known(&PORTS, abi) };
    let files = known(&FILES, abi);
    let Ok(ruleset) = kernel::ruleset(&RulesetAttributes { files, ports, scoped: known(&SCOPED, abi) }) else {
        return Ok(None);
    };
    for (path, writes) in walls.paths() {
        // What is not there, or cannot be reached, need not be allowed.
        let Some((file, rights)) = opened(path, if writes { WRITE } else { READ }) else { continue };
        kernel::add_rule(&ruleset, std::os::fd::AsFd::as_fd(&file), rights & files)
            .map_err(|source| SandboxError::Rule { path: path.to_owned(), source })?;
    }
    Ok(kernel::restrict_self(&ruleset).is_ok().then_some(abi))
}

/// What stands at `path`, and those of `rights` that can be had over such.
fn opened(path: &Path, rights: u64) -> Option<(std::os::fd::OwnedFd, u64)> {
    let file = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let is_directory = FileType::from_raw_mode(fstat(&file).ok()?.st_mode) == FileType::Directory;
    Some((file, if is_directory { rights } else { rights & OF_FILES }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_asked_for_what_it_knows() {
        assert_eq!(known(&FILES, 1), 0x1fff);
        assert_eq!(known(&FILES, 2), 0x3fff);
        assert_eq!((known(&FILES, 3), known(&FILES, 4)), (0x7fff, 0x7fff));
        assert_eq!((known(&FILES, 5), known(&FILES, 99)), (0xffff, 0xffff));
        assert_eq!((known(&PORTS, 3), known(&PORTS, 4)), (0, 3));
        assert_eq!((known(&SCOPED, 5), known(&SCOPED, 6)), (0, 3));
    }

    #[test]
    fn nobody_is_given_what_no_version_knows() {
        assert_eq!((READ | WRITE) & !known(&FILES, 99), 0);
        assert_eq!(READ & WRITE, READ);
        let (execute, devices) = (1, 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 15);
        assert_eq!(WRITE & (execute | devices), 0);
    }

    #[test]
    fn a_file_has_fewer_rights_than_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(opened(&file, WRITE).unwrap().1, OF_FILES);
        assert_eq!(opened(&file, READ).unwrap().1, READ_FILE);
        assert_eq!(opened(directory.path(), READ).unwrap().1, READ);
        assert!(opened(&directory.path().join("none"), READ).is_none());
    }
}
