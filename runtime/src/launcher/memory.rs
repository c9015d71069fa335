//! [`WorkerMemory`]: what a worker's process holds, as the kernel counts it.

use std::fs;
use std::io;

/// Memory of one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerMemory {
    /// Bytes in pages that no other process maps: what would be free without the worker.
    pub private: u64,
    /// Its part of the bytes that it shares, each page divided by the number of processes that map it.
    pub shared: u64,
}

impl WorkerMemory {
    /// That of process `pid`. Linux only.
    pub(super) fn of(pid: u32) -> io::Result<WorkerMemory> {
        WorkerMemory::parse(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?)
    }

    fn parse(text: &str) -> io::Result<WorkerMemory> {
        let mut found = [None; 3];
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (name, kib) = (words.next(), words.next().and_then(|number| number.parse::<u64>().ok()));
            let names = ["Pss:", "Private_Clean:", "Private_Dirty:"];
            if let (Some(at), Some(kib)) = (names.iter().position(|known| Some(*known) == name), kib) {
                found[at] = kib.checked_mul(1024);
            }
        }
        match found {
            [Some(proportional), Some(clean), Some(dirty)] => {
                let private = clean.saturating_add(dirty);
                Ok(WorkerMemory { private, shared: proportional.saturating_sub(private) })
            }
            // A process that has ended and was not waited for yet has an empty file.
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_is_what_is_not_private() {
        let text = "55d0-7ffc ---p 00000000 00:00 0   [rollup]\nRss:  900 kB\nPss:  500 kB\nPss_Dirty:  7 kB\n\
                    Private_Clean:  100 kB\nPrivate_Dirty:  200 kB\nReferenced: 1 kB\n";
        let memory = WorkerMemory::parse(text).unwrap();
        assert_eq!(memory, WorkerMemory { private: 300 << 10, shared: 200 << 10 });
        assert!(WorkerMemory::parse("").is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_of_its_own() {
        assert!(WorkerMemory::of(std::process::id()).unwrap().private > 0);
        assert!(WorkerMemory::of(u32::MAX).is_err());
    }
}
