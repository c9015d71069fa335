//! [`Call`]: a system call by name, with the paths it is given, read from the process that makes it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use libc::{c_long, pid_t};

/// A system call about to be made.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Its name, as in section 2 of the manual.
    pub(crate) name: &'static str,
    /// The paths it is given, made absolute.
    pub(crate) paths: Vec<PathBuf>,
    kind: Kind,
    /// The flags of an open; 0 for other calls.
    flags: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Opens a file, perhaps a new one.
    Open,
    /// Changes a directory or a file by its path.
    Change,
    /// Changes an open file.
    Write,
    /// Opens a way out of the process, or uses one.
    Outward,
}

/// Where a call has a path: the argument with its directory, if it takes one, and the argument with the path.
type At = (Option<usize>, usize);

const AT: At = (Some(0), 1);
const TWO: &[At] = &[AT, (Some(2), 3)];

/// Number, name, kind, places of paths, and the argument with an open's flags.
type Row = (c_long, &'static str, Kind, &'static [At], Option<usize>);

const WATCHED: &[Row] = &[
    (libc::SYS_openat, "openat", Kind::Open, &[AT], Some(2)),
    (libc::SYS_openat2, "openat2", Kind::Open, &[AT], None),
    (libc::SYS_mkdirat, "mkdirat", Kind::Change, &[AT], None),
    (libc::SYS_mknodat, "mknodat", Kind::Change, &[AT], None),
    (libc::SYS_unlinkat, "unlinkat", Kind::Change, &[AT], None),
    (libc::SYS_linkat, "linkat", Kind::Change, TWO, None),
    (libc::SYS_renameat2, "renameat2", Kind::Change, TWO, None),
    (libc::SYS_symlinkat, "symlinkat", Kind::Change, &[(Some(1), 2)], None),
    (libc::SYS_fchmodat, "fchmodat", Kind::Change, &[AT], None),
    (libc::SYS_truncate, "truncate", Kind::Change, &[(None, 0)], None),
    (libc::SYS_renameat, "renameat", Kind::Change, TWO, None),
    (libc::SYS_write, "write", Kind::Write, &[], None),
    (libc::SYS_writev, "writev", Kind::Write, &[], None),
    (libc::SYS_pwrite64, "pwrite64", Kind::Write, &[], None),
    (libc::SYS_ftruncate, "ftruncate", Kind::Write, &[], None),
    (libc::SYS_fallocate, "fallocate", Kind::Write, &[], None),
    (libc::SYS_fchmod, "fchmod", Kind::Write, &[], None),
    (libc::SYS_fsync, "fsync", Kind::Write, &[], None),
    (libc::SYS_fdatasync, "fdatasync", Kind::Write, &[], None),
    (libc::SYS_socket, "socket", Kind::Outward, &[], None),
    (libc::SYS_socketpair, "socketpair", Kind::Outward, &[], None),
    (libc::SYS_connect, "connect", Kind::Outward, &[], None),
    (libc::SYS_bind, "bind", Kind::Outward, &[], None),
    (libc::SYS_sendto, "sendto", Kind::Outward, &[], None),
    (libc::SYS_sendmsg, "sendmsg", Kind::Outward, &[], None),
    (libc::SYS_io_uring_setup, "io_uring_setup", Kind::Outward, &[], None),
];

/// The older forms of the same calls, which newer architectures do not have.
#[cfg(target_arch = "x86_64")]
const OLDER: &[Row] = &[
    (libc::SYS_open, "open", Kind::Open, &[(None, 0)], Some(1)),
    (libc::SYS_creat, "creat", Kind::Change, &[(None, 0)], None),
    (libc::SYS_mkdir, "mkdir", Kind::Change, &[(None, 0)], None),
    (libc::SYS_mknod, "mknod", Kind::Change, &[(None, 0)], None),
    (libc::SYS_rmdir, "rmdir", Kind::Change, &[(None, 0)], None),
    (libc::SYS_unlink, "unlink", Kind::Change, &[(None, 0)], None),
    (libc::SYS_link, "link", Kind::Change, &[(None, 0), (None, 1)], None),
    (libc::SYS_rename, "rename", Kind::Change, &[(None, 0), (None, 1)], None),
    (libc::SYS_symlink, "symlink", Kind::Change, &[(None, 1)], None),
    (libc::SYS_chmod, "chmod", Kind::Change, &[(None, 0)], None),
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[Row] = &[];

impl Call {
    /// The call number `number` of `task`, which is stopped before it; `None` for calls that are not watched.
    pub(super) fn of(task: pid_t, number: u64, arguments: &[u64; 6]) -> Option<Call> {
        let row = WATCHED.iter().chain(OLDER).find(|row| u64::try_from(row.0) == Ok(number))?;
        let &(_, name, kind, places, flags) = row;
        let path = |&(directory, path): &At| absolute(task, directory.map(|at| arguments[at] as i32), arguments[path]);
        let paths = places.iter().map(path).collect();
        Some(Call { name, paths, kind, flags: flags.map_or(0, |at| arguments[at]) })
    }

    /// Whether it makes or uses a socket, or another way out that is not a file.
    pub(crate) fn is_outward(&self) -> bool {
        self.kind == Kind::Outward
    }

    /// Whether it may change a file or a directory.
    pub(crate) fn is_change(&self) -> bool {
        let opens_to_change = libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC;
        match self.kind {
            Kind::Open => self.name == "openat2" || self.flags & opens_to_change as u64 != 0,
            Kind::Change | Kind::Write => true,
            Kind::Outward => false,
        }
    }

    /// Whether one of its paths lies in `directory`.
    pub(crate) fn is_within(&self, directory: &Path) -> bool {
        self.paths.iter().any(|path| path.starts_with(directory))
    }
}

/// The path at `address` in the memory of `task`, from the directory that its descriptor `directory` is.
fn absolute(task: pid_t, directory: Option<i32>, address: u64) -> PathBuf {
    let path = read_path(task, address);
    let base = match directory {
        None | Some(libc::AT_FDCWD) => format!("/proc/{task}/cwd"),
        Some(descriptor) => format!("/proc/{task}/fd/{descriptor}"),
    };
    fs::read_link(base).unwrap_or_default().join(path)
}

/// The bytes from `address` to the NUL that ends them. A page that is not there ends them too: the call will fail.
fn read_path(task: pid_t, address: u64) -> PathBuf {
    const PAGE: u64 = 4096;
    let memory = File::open(format!("/proc/{task}/mem")).expect("the memory of a traced process");
    let (mut bytes, mut at) = (Vec::new(), address);
    while bytes.len() < libc::PATH_MAX as usize {
        let mut part = vec![0; (PAGE - at % PAGE) as usize];
        let read = memory.read_at(&mut part, at).unwrap_or(0);
        let end = part[..read].iter().position(|&byte| byte == 0);
        bytes.extend_from_slice(&part[..end.unwrap_or(read)]);
        if end.is_some() || read == 0 {
            break;
        }
        at += read as u64;
    }
    OsString::from_vec(bytes).into()
}
