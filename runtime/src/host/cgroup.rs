//! The limits that control groups put on this process: CPU time and memory, in version 2 and version 1.
//!
//! A limit of any ancestor binds, so each is the least found from the process's own group up to the mount point.
//! Where a container shows its group's files under another path than the group's name, the mount point is taken.
//! Files that are absent or that do not parse count as no limit.

use std::path::{Component, Path, PathBuf};

/// Reads one file of the kernel's; `None` where it is absent.
pub(super) type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// CPUs' worth of time this process may use, such as 1.5; `None` without a quota.
pub(super) fn cpu_quota(read: Read) -> Option<f64> {
    let quotas = directories("cpu", read).into_iter().filter_map(|(version, directory)| match version {
        Version::Two => parse_cpu_max(&read(&directory.join("cpu.max"))?),
        Version::One => {
            parse_cfs(&read(&directory.join("cpu.cfs_quota_us"))?, &read(&directory.join("cpu.cfs_period_us"))?)
        }
    });
    quotas.min_by(f64::total_cmp)
}

/// Bytes of memory this process's group may use; `None` without a limit.
pub(super) fn memory_limit(read: Read) -> Option<u64> {
    let limits = directories("memory", read).into_iter().filter_map(|(version, directory)| {
        let file = if version == Version::Two { "memory.max" } else { "memory.limit_in_bytes" };
        parse_memory_limit(&read(&directory.join(file))?)
    });
    limits.min()
}

/// Every directory whose limits of `controller` bind this process.
fn directories(controller: &str, read: Read) -> Vec<(Version, PathBuf)> {
    let membership = read(Path::new("/proc/self/cgroup")).unwrap_or_default();
    let mounts = read(Path::new("/proc/self/mountinfo")).unwrap_or_default();
    let groups = membership.lines().filter_map(|line| parse_membership(line, controller));
    groups.flat_map(|(version, group)| ancestry(version, Path::new(group), controller, &mounts)).collect()
}

/// The group named by a line of `/proc/self/cgroup`, where that hierarchy may hold `controller`.
fn parse_membership<'a>(line: &'a str, controller: &str) -> Option<(Version, &'a str)> {
    let mut fields = line.splitn(3, ':');
    let (id, controllers, group) = (fields.next()?, fields.next()?, fields.next()?);
    if id == "0" && controllers.is_empty() {
        return Some((Version::Two, group));
    }
    controllers.split(',').any(|name| name == controller).then_some((Version::One, group))
}

/// The directories of `group` and of its ancestors, up to the hierarchy's mount point.
fn ancestry(version: Version, group: &Path, controller: &str, mounts: &str) -> Vec<(Version, PathBuf)> {
    let mounts: Vec<_> = mounts.lines().filter_map(|line| parse_mount(line, version, controller)).collect();
    let below = mounts.iter().find_map(|(root, point)| Some((point, group.strip_prefix(root).ok()?)));
    let Some((point, relative)) = below.or_else(|| Some((&mounts.first()?.1, Path::new("")))) else {
        return Vec::new();
    };
    // A group outside the process's namespace is named with `..`: what shows of it is the mount point.
    let inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
    let directory = if inside { point.join(relative) } else { point.clone() };
    directory.ancestors().take_while(|path| path.starts_with(point)).map(|path| (version, path.to_owned())).collect()
}

/// The root and the mount point of a line of `/proc/self/mountinfo`, where it mounts that version's `controller`.
fn parse_mount(line: &str, version: Version, controller: &str) -> Option<(PathBuf, PathBuf)> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let mut fields = mount.split(' ').skip(3);
    let (root, point) = (unescape(fields.next()?), unescape(fields.next()?));
    let mut fields = filesystem.split(' ');
    let (kind, options) = (fields.next()?, fields.nth(1)?);
    let holds = match version {
        Version::Two => kind == "cgroup2",
        Version::One => kind == "cgroup" && options.split(',').any(|option| option == controller),
    };
    holds.then(|| (PathBuf::from(root), PathBuf::from(point)))
}

/// Undoes the kernel's escapes of space, tab, newline and backslash in a path.
fn unescape(path: &str) -> String {
    path.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

/// `cpu.max` of version 2: a quota or `max`, and a period, both in microseconds.
fn parse_cpu_max(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    parse_cfs(quota, period)
}

/// A quota and a period in microseconds, as CPUs; a quota of -1 or `max` is none.
fn parse_cfs(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (u64, u64) = (quota.trim().parse().ok()?, period.trim().parse().ok()?);
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}

/// A limit in bytes; `max`, and version 1's largest counter, are none.
fn parse_memory_limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|&bytes: &u64| bytes < 1 << 62)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
    const V1: &str = "24 18 0:21 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      25 18 0:22 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n";

    fn quota(files: &[(&str, &str)]) -> Option<f64> {
        cpu_quota(&reader(files))
    }

    fn reader(files: &[(&str, &str)]) -> impl Fn(&Path) -> Option<String> {
        let files: HashMap<PathBuf, String> = files.iter().map(|(p, text)| (p.into(), (*text).to_owned())).collect();
        move |path| files.get(path).cloned()
    }

    #[test]
    fn the_tightest_ancestor_binds() {
        let files = |inner, outer| {
            [
                ("/proc/self/cgroup", "0::/system.slice/blink.service\n"),
                ("/proc/self/mountinfo", V2),
                ("/sys/fs/cgroup/system.slice/blink.service/cpu.max", inner),
                ("/sys/fs/cgroup/system.slice/cpu.max", outer),
            ]
        };
        assert_eq!(quota(&files("max 100000\n", "150000 100000\n")), Some(1.5));
        assert_eq!(quota(&files("50000 100000\n", "150000 100000\n")), Some(0.5));
        assert_eq!(quota(&files("max 100000\n", "max 100000\n")), None);
    }

    #[test]
    fn version_1_has_its_quota_and_period_in_two_files() {
        let files = |quota| {
            [
                ("/proc/self/cgroup", "4:memory:/\n2:cpu,cpuacct:/jobs/a\n"),
                ("/proc/self/mountinfo", V1),
                ("/sys/fs/cgroup/cpu,cpuacct/jobs/a/cpu.cfs_quota_us", quota),
                ("/sys/fs/cgroup/cpu,cpuacct/jobs/a/cpu.cfs_period_us", "50000\n"),
            ]
        };
        assert_eq!(quota(&files("100000\n")), Some(2.0));
        assert_eq!(quota(&files("-1\n")), None);
    }

    #[test]
    fn a_container_that_keeps_the_hosts_names_reads_its_mount_point() {
        let mounted = "1 0 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        let hidden = "1 0 0:26 /other /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        for (group, mounts) in [("0::/docker/abc\n", mounted), ("0::/docker/abc\n", hidden), ("0::/../../x\n", V2)] {
            let files = [
                ("/proc/self/cgroup", group),
                ("/proc/self/mountinfo", mounts),
                ("/sys/fs/cgroup/cpu.max", "300000 100000\n"),
                ("/sys/fs/cpu.max", "100000 100000\n"),
            ];
            assert_eq!(quota(&files), Some(3.0), "{group}{mounts}");
        }
    }

    #[test]
    fn a_hybrid_host_is_bound_by_both_versions() {
        let mounts = format!("{V1}26 18 0:23 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
        let files = [
            ("/proc/self/cgroup", "4:memory:/a\n0::/a\n"),
            ("/proc/self/mountinfo", mounts.as_str()),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "536870912\n"),
            ("/sys/fs/cgroup/unified/a/memory.max", "1073741824\n"),
        ];
        assert_eq!(memory_limit(&reader(&files)), Some(512 << 20));
        assert_eq!(quota(&files), None);
    }

    #[test]
    fn mount_points_may_hold_spaces() {
        let files = [
            ("/proc/self/cgroup", "0::/\n"),
            ("/proc/self/mountinfo", "1 0 0:26 / /mnt/c\\040g rw - cgroup2 none rw\n"),
            ("/mnt/c g/memory.max", "4096\n"),
        ];
        assert_eq!(memory_limit(&reader(&files)), Some(4096));
    }

    #[test]
    fn nonsense_is_no_limit() {
        assert_eq!(quota(&[]), None);
        for text in ["", "1", "a b", "100 0", "0 100", "-5 100", "99999999999999999999 1"] {
            assert_eq!(parse_cpu_max(text), None, "{text}");
        }
        for text in ["max\n", "", "-1", "9223372036854771712"] {
            assert_eq!(parse_memory_limit(text), None, "{text}");
        }
        assert_eq!(parse_mount("1 2 3 - cgroup2", Version::Two, "cpu"), None);
        assert_eq!(parse_membership("0:", "cpu"), None);
    }
}
