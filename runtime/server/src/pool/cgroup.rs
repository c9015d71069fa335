//! [`Group`]: a control group (version 2) for one worker, with the limits that no other way can put on it.
//!
//! It is made below this process's own group, or beside it below its parent: the kernel gives controllers only to groups
//! below one that has no processes itself, so a server that is to limit CPU runs in a subgroup of what it was given.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Once;

/// Length of the period over which CPU time is counted, in microseconds.
const PERIOD: u64 = 100_000;
/// What such groups are called, before the server's process id and a number.
const PREFIX: &str = "blink-";

/// A worker's control group. Dropped, it is removed, once its process is reaped.
#[derive(Debug)]
pub(super) struct Group(PathBuf);

impl Group {
    /// A group for the worker with this number, where limits are asked for: `memory` bytes of its own, `cpu` hundredths
    /// of a CPU. `None` where none are, or where no group can be made and memory alone is limited: the launcher limits
    /// that otherwise too. An error says what is missing.
    pub(super) fn make(
        worker: u64,
        memory: Option<u64>,
        weights: u64,
        cpu: Option<u32>,
    ) -> Result<Option<Group>, String> {
        if memory.is_none() && cpu.is_none() {
            return Ok(None);
        }
        match (Group::try_make(worker, memory, weights, cpu), cpu) {
            (Ok(group), _) => Ok(Some(group)),
            (Err(_), None) => Ok(None),
            (Err(words), Some(_)) => Err(format!("limit `cpu` cannot be put on a worker: {words}")),
        }
    }

    fn try_make(worker: u64, memory: Option<u64>, weights: u64, cpu: Option<u32>) -> Result<Group, String> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let own = own_group(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo")).ok_or(
            "this process is in no control group of version 2; run it where there is one, such as under systemd",
        )?;
        let mut controllers = Vec::new();
        controllers.extend(cpu.map(|_| "cpu"));
        controllers.extend(memory.map(|_| "memory"));
        let parent = parent(&own, &controllers)?;
        static SWEPT: Once = Once::new();
        SWEPT.call_once(|| sweep(&parent));
        let group = Group(parent.join(format!("{PREFIX}{}-{worker}", std::process::id())));
        let failed = |what: &str, error: io::Error| format!("{}: {what}: {error}", group.0.display());
        fs::create_dir(&group.0).map_err(|error| failed("cannot be made", error))?;
        if let Some(cpu) = cpu {
            let quota = (u64::from(cpu) * PERIOD / 100).max(1000);
            write(&group.0.join("cpu.max"), &format!("{quota} {PERIOD}")).map_err(|error| failed("cpu.max", error))?;
        }
        if let Some(memory) = memory {
            // Pages of weights count for the group that touched them first, though all workers use them.
            let most = memory.saturating_add(weights);
            write(&group.0.join("memory.max"), &most.to_string()).map_err(|error| failed("memory.max", error))?;
        }
        Ok(group)
    }

    /// Its directory.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A group that holds a process still is not removed; the next server's sweep finds it.
        let _ = fs::remove_dir(&self.0);
    }
}

/// The directory of this process's group of version 2.
fn own_group(membership: &str, mounts: &str) -> Option<PathBuf> {
    let group = membership.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mounts = mounts.lines().filter_map(|line| line.split_once(" - "));
    let (mount, _) = mounts.into_iter().find(|(_, filesystem)| filesystem.starts_with("cgroup2 "))?;
    let mut fields = mount.split(' ').skip(3);
    let (root, point) = (fields.next()?, fields.next()?);
    let relative = Path::new(group).strip_prefix(root).ok()?;
    let is_inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
    is_inside.then(|| Path::new(point).join(relative))
}

/// The group below which groups with these controllers can be made: `own`, or the one above it.
fn parent(own: &Path, controllers: &[&str]) -> Result<PathBuf, String> {
    let mut words = String::new();
    for directory in [Some(own), own.parent()].into_iter().flatten() {
        match enable(directory, controllers) {
            Ok(()) => return Ok(directory.to_owned()),
            Err(error) => {
                let separator = if words.is_empty() { "" } else { "; " };
                words = format!("{words}{separator}{}: {error}", directory.display());
            }
        }
    }
    Err(format!(
        "controllers {controllers:?} cannot be given to groups of workers ({words}); run blink in a subgroup of a group \
         that it may change (systemd: Delegate=yes and DelegateSubgroup=server)"
    ))
}

/// Has groups below `directory` get the controllers.
fn enable(directory: &Path, controllers: &[&str]) -> io::Result<()> {
    let file = directory.join("cgroup.subtree_control");
    let enabled = fs::read_to_string(&file)?;
    let is_missing = |name: &&&str| !enabled.split_whitespace().any(|enabled| enabled == **name);
    let missing: Vec<_> = controllers.iter().filter(is_missing).map(|name| format!("+{name}")).collect();
    if missing.is_empty() { Ok(()) } else { write(&file, &missing.join(" ")) }
}

/// Writes to a file of the kernel's, which is there or is none.
fn write(path: &Path, text: &str) -> io::Result<()> {
    use io::Write;
    fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes())
}

/// Removes groups that servers left behind which were killed. The kernel keeps those that are in use.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "24 18 0:21 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                          30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn the_own_group_is_found_below_its_mount() {
        let found = own_group("3:cpu:/x\n0::/system.slice/blink.service/server\n", MOUNTS);
        assert_eq!(found, Some("/sys/fs/cgroup/system.slice/blink.service/server".into()));
        let contained = "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        assert_eq!(own_group("0::/docker/abc\n", contained), Some("/sys/fs/cgroup/".into()));
        for (membership, mounts) in
            [("0::/../x\n", MOUNTS), ("3:cpu:/x\n", MOUNTS), ("0::/x\n", ""), ("0::/x\n", contained)]
        {
            assert_eq!(own_group(membership, mounts), None, "{membership}");
        }
    }

    #[test]
    fn the_group_above_serves_where_the_own_one_cannot() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join("server");
        fs::create_dir(&own).unwrap();
        let words = parent(&own, &["cpu"]).unwrap_err();
        assert!(words.contains("DelegateSubgroup"), "{words}");
        fs::write(directory.path().join("cgroup.subtree_control"), "memory cpu\n").unwrap();
        assert_eq!(parent(&own, &["cpu", "memory"]).unwrap(), directory.path());
        fs::write(own.join("cgroup.subtree_control"), "").unwrap();
        assert_eq!(parent(&own, &["cpu"]).unwrap(), own);
        assert_eq!(fs::read_to_string(own.join("cgroup.subtree_control")).unwrap(), "+cpu");
    }

    #[test]
    fn what_is_not_asked_for_is_not_made() {
        assert!(Group::make(1, None, 0, None).unwrap().is_none());
    }
}
