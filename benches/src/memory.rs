//! What a running process has to itself, and what it shares, from `/proc/PID/smaps`.
//!
//! Weights that are used in place stay pages of the file: any number of workers share them. A copy shows as anonymous
//! memory, whether it was made on purpose or by writing to a private mapping.

use std::io;
use std::ops::AddAssign;
use std::path::Path;

use serde::Serialize;

/// Bytes of some mappings, as the kernel counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// In memory now.
    pub resident: u64,
    /// In memory, each page divided by the number of processes that map it.
    pub proportional: u64,
    /// Belonging to no file: heap, stacks, and private copies of a file's pages. No other process can share them.
    pub anonymous: u64,
    /// In pages that no other process maps at the moment, clean or written to: what is anonymous, and pages of files.
    pub private: u64,
    /// In huge pages: of files, of shared memory, anonymous.
    pub huge: u64,
}

/// What a process costs the machine, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Each page divided by the number of processes that map it.
    pub proportional: u64,
    /// In pages that no other process maps at the moment.
    pub private: u64,
    /// In memory, shared or not.
    pub resident: u64,
}

impl Shares {
    /// Those of process `pid`. Linux only.
    pub fn of(pid: u32) -> io::Result<Shares> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let Bytes { proportional, private, resident, .. } = parse(&text, "").total;
        Ok(Shares { proportional, private, resident })
    }
}

impl AddAssign for Bytes {
    fn add_assign(&mut self, other: Bytes) {
        let Bytes { resident, proportional, anonymous, private, huge } = other;
        self.resident += resident;
        self.proportional += proportional;
        self.anonymous += anonymous;
        self.private += private;
        self.huge += huge;
    }
}

/// The memory of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Footprint {
    /// Of all its mappings.
    pub total: Bytes,
    /// Of its mappings of one file.
    pub file: Bytes,
    /// How many mappings of that file it has.
    pub file_mappings: usize,
}

impl Footprint {
    /// The memory of process `pid`, with the mappings of `file` apart. Linux only.
    pub fn of(pid: u32, file: &Path) -> io::Result<Footprint> {
        let file = file.canonicalize()?;
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps"))?;
        if text.is_empty() {
            return Err(io::Error::other(format!("process {pid} has ended: its memory is gone")));
        }
        Ok(parse(&text, &file.to_string_lossy()))
    }
}

/// Sums up `smaps`. A mapping begins with a line of addresses, permissions, offset, device, inode and path; its
/// figures follow as `Name:  number kB`.
fn parse(smaps: &str, file: &str) -> Footprint {
    let mut footprint = Footprint::default();
    let mut is_file = false;
    for line in smaps.lines() {
        let Some((name, value)) = line.split_once(':').filter(|(name, _)| !name.contains(' ')) else {
            is_file = path_of(line) == file;
            footprint.file_mappings += usize::from(is_file);
            continue;
        };
        let Some(kib) = value.trim().strip_suffix(" kB").and_then(|number| number.parse::<u64>().ok()) else {
            continue;
        };
        let bytes = kib * 1024;
        let figure = match name {
            "Rss" => Bytes { resident: bytes, ..Bytes::default() },
            "Pss" => Bytes { proportional: bytes, ..Bytes::default() },
            "Anonymous" => Bytes { anonymous: bytes, ..Bytes::default() },
            "Private_Clean" | "Private_Dirty" => Bytes { private: bytes, ..Bytes::default() },
            "AnonHugePages" | "ShmemPmdMapped" | "FilePmdMapped" => Bytes { huge: bytes, ..Bytes::default() },
            _ => continue,
        };
        footprint.total += figure;
        if is_file {
            footprint.file += figure;
        }
    }
    footprint
}

/// The path at the end of a mapping's first line, after five fields of fixed meaning.
fn path_of(line: &str) -> &str {
    let mut rest = line;
    for _ in 0..5 {
        rest = rest.trim_start().split_once(' ').map_or("", |(_, rest)| rest);
    }
    rest.trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
559000000000-559000100000 r-xp 00001000 fe:00 1234                       /usr/bin/worker
Size:               1024 kB
Rss:                 100 kB
Pss:                  60 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
7f0000000000-7f0006000000 r--p 00200000 fe:00 99                         /data/a model.blink
Size:              98304 kB
Rss:               90000 kB
Pss:               45000 kB
Private_Clean:         8 kB
Private_Dirty:        12 kB
Anonymous:            12 kB
FilePmdMapped:     88064 kB
7f0010000000-7f0010200000 rw-p 00000000 00:00 0
Rss:                2048 kB
Pss:                2048 kB
Private_Dirty:      2048 kB
Anonymous:          2048 kB
AnonHugePages:      2048 kB
7f0020000000-7f0020001000 r--p 00000000 fe:00 99                         /data/a model.blink
Rss:                   4 kB
Pss:                   4 kB
Anonymous:             0 kB
";

    #[test]
    fn mappings_are_summed_with_one_file_apart() {
        let found = parse(SMAPS, "/data/a model.blink");
        let kib = |kib: u64| kib * 1024;
        let (resident, proportional, anonymous) = (kib(90004), kib(45004), kib(12));
        let file = Bytes { resident, proportional, anonymous, private: kib(20), huge: kib(88064) };
        assert_eq!((found.file, found.file_mappings), (file, 2));
        let (resident, proportional, anonymous) = (kib(92152), kib(47112), kib(2060));
        assert_eq!(found.total, Bytes { resident, proportional, anonymous, private: kib(2068), huge: kib(90112) });
        assert_eq!(parse(SMAPS, "/data/other").file, Bytes::default());
        assert_eq!(parse("", "/x"), Footprint::default());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_private_copy_of_a_mapped_file_shows_as_anonymous() {
        use std::process::{Command, Stdio};

        // The dynamic loader writes to private mappings of the libraries that it relocates.
        let program = Path::new("/bin/sh").canonicalize().unwrap();
        let mut child = Command::new(&program)
            .args(["-c", "echo; read line"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0];
        io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
        let footprint = Footprint::of(child.id(), &program).unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(footprint.file_mappings > 0 && footprint.file.anonymous > 0, "{footprint:?}");
        assert!(footprint.total.resident >= footprint.file.resident && footprint.file.resident > 0);
        assert!(footprint.total.proportional <= footprint.total.resident);
    }
}
