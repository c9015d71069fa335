//! [`Held`]: what a process holds on to, to see whether that grows.

use std::fs;
use std::io;

use serde::Serialize;

use crate::memory::Shares;

/// What a process holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Bytes in memory, each page divided by the number of processes that map it.
    pub proportional: u64,
    /// Bytes in memory.
    pub resident: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Mappings.
    pub mappings: u64,
    /// Threads.
    pub threads: u64,
}

impl Held {
    /// What process `pid` holds. Linux only.
    pub fn of(pid: u32) -> io::Result<Held> {
        let entries = |name: &str| Ok::<_, io::Error>(fs::read_dir(format!("/proc/{pid}/{name}"))?.count() as u64);
        let Shares { proportional, resident, .. } = Shares::of(pid)?;
        let mappings = fs::read_to_string(format!("/proc/{pid}/maps"))?.lines().count() as u64;
        Ok(Held { proportional, resident, descriptors: entries("fd")?, mappings, threads: entries("task")? })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_more_is_counted() {
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", "exec 7</dev/null; echo; read line; exec 8</dev/null 9</dev/null; echo; read line"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0];
        let mut hear = |child: &mut std::process::Child| {
            io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
            Held::of(child.id()).unwrap()
        };
        let before = hear(&mut child);
        io::Write::write_all(child.stdin.as_mut().unwrap(), b"\n").unwrap();
        let after = hear(&mut child);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!((after.descriptors - before.descriptors, before.threads), (2, 1));
        assert!(0 < before.proportional && before.proportional <= before.resident && before.mappings > 0, "{before:?}");
        assert!(Held::of(0).is_err());
    }
}
