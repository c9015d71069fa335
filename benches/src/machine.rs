//! [`Machine`]: what a figure was measured on, written down beside it.

use std::path::Path;

use blink_runtime::host::{self, HugePages, Threads};
use blink_runtime::library::ORT_VERSION;
use serde::{Deserialize, Serialize};

/// A machine and its state at one moment. It holds no name of a host or a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// `linux`, `macos`.
    pub system: String,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The processor's name.
    pub cpu: String,
    /// The class of hosts it belongs to.
    pub class: String,
    /// The features that ONNX Runtime's kernels are chosen by.
    pub features: String,
    /// Processors that this process may use, and why.
    pub processors: Threads,
    /// How the kernel chooses the clock; `None` where it does not tell, as in most virtual machines.
    pub governor: Option<String>,
    /// Whether the processor says that it runs under a hypervisor; `None` where it does not say.
    pub is_virtual: Option<bool>,
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// When the kernel backs memory with huge pages.
    pub huge_pages: Option<HugePages>,
    /// Processes that ran or wanted to, on average over 1, 5 and 15 minutes, before the measurement began.
    pub load: Option<[f64; 3]>,
    /// Version of blink.
    pub blink: String,
    /// Version of ONNX Runtime that blink runs.
    pub onnxruntime: String,
}

impl Machine {
    /// This machine, now.
    pub fn read() -> Machine {
        let text = |path: &str| std::fs::read_to_string(path).ok();
        Machine {
            system: std::env::consts::OS.to_owned(),
            kernel: host::kernel_release(),
            cpu: host::cpu_model(),
            class: host::class().to_string(),
            features: host::features_fingerprint(),
            processors: host::cpu_quota(),
            governor: text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").map(|text| text.trim().to_owned()),
            is_virtual: text("/proc/cpuinfo").and_then(|text| parse_hypervisor(&text)),
            memory: host::memory().map(|memory| memory.total),
            huge_pages: host::huge_pages(),
            load: text("/proc/loadavg").and_then(|text| parse_load(&text)),
            blink: env!("CARGO_PKG_VERSION").to_owned(),
            onnxruntime: ORT_VERSION.to_owned(),
        }
    }

    /// What makes its figures doubtful, if anything, in words.
    pub fn doubts(&self) -> Vec<String> {
        self.busy().into_iter().chain(self.governed()).collect()
    }

    /// Whether it had other work in the last minute. That may have been an earlier measurement's.
    pub fn busy(&self) -> Option<String> {
        let processors = self.processors.count() as f64;
        let [load, ..] = self.load.filter(|[load, ..]| *load > processors / 4.0)?;
        Some(format!("others were busy on the machine (load {load:.2} on {processors} processors): figures are noisy"))
    }

    /// Whether its clock follows the load.
    pub fn governed(&self) -> Option<String> {
        let governor = self.governor.as_ref().filter(|governor| *governor != "performance")?;
        Some(format!("the clock follows the load (governor '{governor}'): short runs may look slow"))
    }
}

/// Whether the files of `directory` lie in memory alone (tmpfs): the page cache then holds them in other ways than a
/// disk's. `false` where that cannot be told.
pub fn lies_in_memory(directory: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        const TMPFS: i64 = 0x0102_1994;
        rustix::fs::statfs(directory).is_ok_and(|system| system.f_type == TMPFS)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = directory;
        false
    }
}

fn parse_load(text: &str) -> Option<[f64; 3]> {
    let mut numbers = text.split_whitespace().map(|word| word.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

/// x86 lists the hypervisor among its flags. Arm's `Features` say nothing of it.
fn parse_hypervisor(cpuinfo: &str) -> Option<bool> {
    let (_, flags) = cpuinfo.lines().find(|line| line.starts_with("flags"))?.split_once(':')?;
    Some(flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_and_hypervisor_are_read_from_what_the_kernel_writes() {
        assert_eq!(parse_load("1.41 1.84 1.65 2/190 4711\n"), Some([1.41, 1.84, 1.65]));
        assert_eq!(parse_load("1.41 1.84"), None);
        assert_eq!(parse_hypervisor("processor\t: 0\nflags\t\t: fpu hypervisor avx2\n"), Some(true));
        assert_eq!(parse_hypervisor("flags\t: fpu avx2\n"), Some(false));
        assert_eq!(parse_hypervisor("Features\t: fp asimd\n"), None);
    }

    #[test]
    fn a_busy_machine_is_doubted_and_a_calm_one_is_not() {
        let mut machine = Machine { load: Some([0.0; 3]), governor: None, ..Machine::read() };
        assert_eq!(machine.doubts(), Vec::<String>::new());
        machine.load = Some([1000.0, 0.0, 0.0]);
        machine.governor = Some("powersave".into());
        assert_eq!(machine.doubts().len(), 2);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn shared_memory_is_told_from_a_disk() {
        assert!(lies_in_memory(Path::new("/dev/shm")));
        assert!(!lies_in_memory(Path::new("/proc")));
        assert!(!lies_in_memory(Path::new("/nonexistent")));
    }

    #[test]
    fn it_serialises_without_a_path() {
        let json = serde_json::to_string(&Machine::read()).unwrap();
        assert!(json.contains(r#""onnxruntime":"1.31.1""#) && !json.contains("\"/"), "{json}");
    }
}
