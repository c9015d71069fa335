//! How much memory there is, how much is free, and how much of it this process may use.

use std::path::Path;

use serde::Serialize;

use super::{cgroup, read};

/// The machine's memory and this process's share, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// What the machine has.
    pub total: u64,
    /// What could be used without swapping; `None` where the system does not tell.
    pub available: Option<u64>,
    /// The control group's limit; `None` without one.
    pub limit: Option<u64>,
}

impl Memory {
    /// What this process may use at most: the machine's total or the group's limit, whichever is less.
    pub fn usable(self) -> u64 {
        self.limit.map_or(self.total, |limit| limit.min(self.total))
    }
}

/// The memory of this machine now; `None` where the system does not tell.
pub fn memory() -> Option<Memory> {
    #[cfg(target_os = "macos")]
    let (total, available) = (super::sysctl("hw.memsize")?.parse().ok()?, None);
    #[cfg(not(target_os = "macos"))]
    let (total, available) = {
        let text = read(Path::new("/proc/meminfo"))?;
        (parse_meminfo(&text, "MemTotal")?, parse_meminfo(&text, "MemAvailable"))
    };
    Some(Memory { total, available, limit: cgroup::memory_limit(&|path: &Path| read(path)) })
}

/// A field of `/proc/meminfo`, which counts in KiB, in bytes.
#[cfg(any(test, not(target_os = "macos")))]
fn parse_meminfo(text: &str, name: &str) -> Option<u64> {
    let (_, value) = text.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| *key == name)?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_counts_in_kib() {
        let text = "MemTotal:        4030624 kB\nMemFree:          130036 kB\nMemAvailable:    2914432 kB\n";
        assert_eq!(parse_meminfo(text, "MemTotal"), Some(4030624 * 1024));
        assert_eq!(parse_meminfo(text, "MemAvailable"), Some(2914432 * 1024));
        assert_eq!(parse_meminfo(text, "Mem"), None);
        assert_eq!(parse_meminfo("MemTotal: 18446744073709551615 kB", "MemTotal"), None);
        assert_eq!(parse_meminfo("MemTotal: 12", "MemTotal"), None);
    }

    #[test]
    fn the_lesser_of_total_and_limit_is_usable() {
        let memory = |limit| Memory { total: 100, available: None, limit };
        assert_eq!(memory(None).usable(), 100);
        assert_eq!(memory(Some(40)).usable(), 40);
        assert_eq!(memory(Some(400)).usable(), 100);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_memory() {
        let memory = memory().expect("Linux publishes its memory");
        assert!(memory.available.is_some_and(|available| available <= memory.total));
    }
}
