//! What this machine is: its class, its processor, and what the operating system lets this process use of it.
//!
//! Everything is read where the kernel or the processor publishes it, without privilege and without changing
//! anything. A fact that cannot be read is `None` or the cautious value, never a guess and never a failure.

mod cgroup;
mod cpu;
mod memory;
mod threads;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use cpu::{class, cpu_model, features_fingerprint};
pub use memory::{Memory, memory};
pub use threads::{Threads, cpu_quota};

/// When the kernel backs memory with 2 MiB pages (Linux `transparent_hugepage/enabled`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HugePages {
    /// Wherever they fit.
    Always,
    /// Where the process asks for them, as the runtime does.
    Madvise,
    /// Nowhere.
    Never,
}

/// The kernel's release, such as `6.18.4`; `None` where the system does not tell.
pub fn kernel_release() -> Option<String> {
    #[cfg(target_os = "macos")]
    return sysctl("kern.osrelease");
    #[cfg(not(target_os = "macos"))]
    read(Path::new("/proc/sys/kernel/osrelease")).map(|text| text.trim().to_owned())
}

/// The kernel's transparent huge page setting; `None` where it has none.
pub fn huge_pages() -> Option<HugePages> {
    parse_huge_pages(&read(Path::new("/sys/kernel/mm/transparent_hugepage/enabled"))?)
}

/// The version of the NVIDIA kernel driver, or `unknown version` where only its device node shows; `None` without one.
pub fn nvidia_driver() -> Option<String> {
    match read(Path::new("/proc/driver/nvidia/version")) {
        Some(text) => Some(parse_nvidia_version(&text).unwrap_or("unknown version").to_owned()),
        None => Path::new("/dev/nvidia0").exists().then(|| "unknown version".to_owned()),
    }
}

fn parse_huge_pages(text: &str) -> Option<HugePages> {
    let (_, rest) = text.split_once('[')?;
    match rest.split_once(']')?.0 {
        "always" => Some(HugePages::Always),
        "madvise" => Some(HugePages::Madvise),
        "never" => Some(HugePages::Never),
        _ => None,
    }
}

/// The first word after "Kernel Module" that looks like a version; words of other kinds may stand between.
fn parse_nvidia_version(text: &str) -> Option<&str> {
    let (_, after) = text.lines().next()?.split_once("Kernel Module")?;
    after.split_whitespace().find(|word| {
        word.contains('.') && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// A file that the kernel writes, as text; `None` where it cannot be read. At most its first MiB.
fn read(path: &Path) -> Option<String> {
    // Such a file tells no length, and the kernel may write it anew for every read.
    let mut bytes = Vec::with_capacity(8192);
    File::open(path).ok()?.take(1 << 20).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(target_os = "macos")]
fn sysctl(name: &str) -> Option<String> {
    let output = std::process::Command::new("/usr/sbin/sysctl").args(["-n", name]).output().ok()?;
    let value = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_pages_are_the_bracketed_word() {
        assert_eq!(parse_huge_pages("always [madvise] never\n"), Some(HugePages::Madvise));
        assert_eq!(parse_huge_pages("[always] madvise never\n"), Some(HugePages::Always));
        assert_eq!(parse_huge_pages("always madvise [never]\n"), Some(HugePages::Never));
        assert_eq!(parse_huge_pages("always madvise never\n"), None);
        assert_eq!(parse_huge_pages("always [madvise"), None);
    }

    #[test]
    fn driver_versions_of_both_kernel_modules_are_found() {
        let closed = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC";
        assert_eq!(parse_nvidia_version(closed), Some("535.104.05"));
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (root@b)\n";
        assert_eq!(parse_nvidia_version(open), Some("570.86.15"));
        assert_eq!(parse_nvidia_version("GCC version: 12.2.0"), None);
        assert_eq!(parse_nvidia_version(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_kernel_tells_its_release() {
        let release = kernel_release().expect("Linux has a release");
        assert!(release.starts_with(|first: char| first.is_ascii_digit()) && !release.contains('\n'), "{release:?}");
    }
}
