//! [`Usage`]: what a process has used, as the kernel counted.

use std::fs;
use std::io;

use serde::Serialize;

/// What a process used, its threads included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Milliseconds of processor time, in the program and in the kernel on its behalf.
    pub cpu_ms: f64,
    /// Page faults served without I/O.
    pub minor_faults: u64,
    /// Page faults that waited for I/O.
    pub major_faults: u64,
    /// The most memory that was resident, in bytes.
    pub peak_bytes: u64,
}

impl Usage {
    /// Of process `pid`, from its spawn up to now. Linux only; threads that have ended do not count for `cpu_ms`.
    pub fn of_running(pid: u32) -> io::Result<Usage> {
        let missing = |what| io::Error::other(format!("the kernel does not tell {what} of process {pid}"));
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (minor_faults, major_faults) = faults(&stat).ok_or_else(|| missing("the page faults"))?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let peak_bytes = peak(&status).ok_or_else(|| missing("the peak memory"))?;
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let times = fs::read_to_string(task?.path().join("schedstat"))?;
            let time = times.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
            nanoseconds += time.ok_or_else(|| missing("the processor time"))?;
        }
        Ok(Usage { cpu_ms: nanoseconds as f64 / 1e6, minor_faults, major_faults, peak_bytes })
    }
}

/// Minor and major faults from `/proc/PID/stat`. The name in brackets may hold anything, blanks and brackets too.
fn faults(stat: &str) -> Option<(u64, u64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(7);
    let minor = fields.next()?.parse().ok()?;
    // Those of children stand between.
    Some((minor, fields.nth(1)?.parse().ok()?))
}

fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_taken_from_their_places() {
        let stat = "4711 (a) b) R 1 4711 4711 0 -1 4194560 321 7 4 0 100 20 0 0 20 0 1 0 5 1 2 3";
        assert_eq!(faults(stat), Some((321, 4)));
        assert_eq!(faults("4711 (a) R 1 2"), None);
        assert_eq!(peak("Name:\ta\nVmHWM:\t    1024 kB\n"), Some(1 << 20));
        assert_eq!(peak("Name:\ta\n"), None);
        assert_eq!(peak(&format!("VmHWM: {} kB", u64::MAX)), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_works_uses_something() {
        let begin = Usage::of_running(std::process::id()).unwrap();
        let mut pages = vec![1u8; 8 << 20];
        pages.iter_mut().for_each(|byte| *byte = byte.wrapping_mul(3));
        let end = Usage::of_running(std::process::id()).unwrap();
        assert!(std::hint::black_box(&pages).iter().all(|&byte| byte == 3));
        assert!(end.cpu_ms > begin.cpu_ms && end.minor_faults > begin.minor_faults, "{begin:?} {end:?}");
        assert!(end.peak_bytes >= 8 << 20);
        assert!(Usage::of_running(u32::MAX).is_err());
    }
}
