//! The process, under the names that every exporter uses. What the system does not tell is left out.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::text::{Kind, Text};

pub(super) fn write(text: &mut Text) {
    if let Some(stat) = Stat::read() {
        let ticks = clock_ticks_per_second() as f64;
        let cpu = "Processor time of the server itself, workers not included.";
        text.one("process_cpu_seconds_total", Kind::Counter, cpu, stat.ticks as f64 / ticks);
        if let Some(boot) = boot_time() {
            let since = "When the process was started, since 1970.";
            text.one("process_start_time_seconds", Kind::Gauge, since, boot as f64 + stat.started as f64 / ticks);
        }
        let resident = stat.resident_pages.saturating_mul(page_size() as u64);
        text.one("process_virtual_memory_bytes", Kind::Gauge, "Addresses in use.", stat.virtual_bytes);
        text.one("process_resident_memory_bytes", Kind::Gauge, "Memory of the server itself.", resident);
        text.one("process_threads", Kind::Gauge, "Threads.", stat.threads);
    }
    if let Ok(entries) = fs::read_dir("/proc/self/fd") {
        // The directory itself is open while it is read.
        text.one("process_open_fds", Kind::Gauge, "Open descriptors.", entries.count().saturating_sub(1));
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        text.one("process_max_fds", Kind::Gauge, "The most descriptors it may have.", most);
    }
}

/// Bytes of memory of this process; 0 where the system does not tell.
pub(crate) fn resident_bytes() -> u64 {
    Stat::read().map_or(0, |stat| stat.resident_pages.saturating_mul(page_size() as u64))
}

/// Seconds from 1970 to `time`.
pub(super) fn seconds_since_epoch(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// What `/proc/self/stat` says.
struct Stat {
    /// Processor time, own and of the kernel for it.
    ticks: u64,
    threads: u64,
    /// Ticks after the machine was started.
    started: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn read() -> Option<Stat> {
        Stat::parse(&fs::read_to_string("/proc/self/stat").ok()?)
    }

    fn parse(text: &str) -> Option<Stat> {
        // The name may hold blanks and brackets: fields are counted after its last bracket, from the third on.
        let (_, fields) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Stat {
            ticks: field(14)?.saturating_add(field(15)?),
            threads: field(20)?,
            started: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

/// When the machine was started, in seconds since 1970.
fn boot_time() -> Option<u64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_whatever_the_name() {
        let fields = (3..=52).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
        let stat = Stat::parse(&format!("7 (a) b) {fields}\n")).unwrap();
        assert_eq!(
            [stat.ticks, stat.threads, stat.started, stat.virtual_bytes, stat.resident_pages],
            [14 + 15, 20, 22, 23, 24]
        );
        assert!(Stat::parse("7 (a) R 1 2").is_none());
    }
}
