//! How many threads one run should use: what the affinity mask and the control groups leave of the machine.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{cgroup, read};

/// The CPUs this process may use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threads {
    /// CPUs in the process's affinity mask; at least 1.
    pub cpus: usize,
    /// CPUs' worth of time that control groups allow, such as 1.5; `None` without a quota.
    pub quota: Option<f64>,
}

impl Threads {
    /// The number of intra-op threads to run with: the quota rounded down, never over `cpus`, at least 1.
    ///
    /// Down, because a thread more than the quota pays for is stopped in the middle of a run.
    pub fn count(self) -> usize {
        let quota = self.quota.map_or(self.cpus, |quota| quota as usize);
        quota.min(self.cpus).max(1)
    }
}

/// The CPUs this process may use now, by its affinity mask and its control groups' quotas.
pub fn cpu_quota() -> Threads {
    Threads { cpus: cpus(), quota: cgroup::cpu_quota(&|path: &Path| read(path)) }
}

fn cpus() -> usize {
    #[cfg(target_os = "linux")]
    if let Ok(mask) = rustix::thread::sched_getaffinity(None) {
        return usize::try_from(mask.count()).unwrap_or(1).max(1);
    }
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_the_lesser_of_both_and_never_zero() {
        let count = |cpus, quota| Threads { cpus, quota }.count();
        assert_eq!(count(8, None), 8);
        assert_eq!(count(8, Some(2.5)), 2);
        assert_eq!(count(2, Some(16.0)), 2);
        assert_eq!(count(4, Some(0.25)), 1);
        assert_eq!(count(4, Some(f64::INFINITY)), 4);
    }

    #[test]
    fn this_process_has_a_cpu_and_no_more_than_the_standard_library_counts() {
        let threads = cpu_quota();
        assert!(threads.cpus >= 1);
        assert!(threads.count() <= std::thread::available_parallelism().map_or(1, usize::from));
    }
}
