//! Limits, other users, closed descriptors, a changed home, and systems that do not tell what a snapshot needs: both
//! starts keep answering, and where no snapshot can be made, that is said.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use blink_runtime::Reason;
use blink_runtime::library::{CACHE_VARIABLE, LIBRARY_VARIABLE};

use crate::fallback::{is_used, told};
use crate::head::set_mode;
use crate::here::warmed_one;
use crate::support::folder::BLINK;
use crate::support::{home::Home, models};

#[test]
fn a_limit_on_address_space() {
    let home = Home::of(models::compiled_one());
    for mib in [1024, 700] {
        let script = format!("ulimit -v {}; exec \"$0\" \"$@\"", mib * 1024);
        home.blink("warm one.blink").by(&script).ok();
        is_used(home.blink("run one.blink --input x.npy").by(&script));
        is_used(home.blink("run one.blink --input x.npy"));
        let normal = home.blink("run one.blink --input x.npy --start normal --format json").by(&script);
        assert_eq!(
            normal.ok().json("blink.run/1")["outputs"][0]["values"],
            serde_json::json!([[5.0, 14.0], [0.5, 0.0]])
        );
        // Made without the limit, too.
        home.blink("warm one.blink").ok();
        is_used(home.blink("run one.blink --input x.npy").by(&script));
    }
}

/// Where even a restored worker has no room, it says so, and so does the normal one.
#[test]
fn a_limit_that_is_too_low_is_an_error_and_no_hang() {
    let (home, _) = warmed_one();
    for mib in [8, 40, 100, 200] {
        let script = format!("ulimit -v {}; exec \"$0\" \"$@\"", mib * 1024);
        for start in ["auto", "snapshot", "normal"] {
            let line = format!("run one.blink --input x.npy --format json --start {start}");
            let output = home.blink(&line).by(&script).into_command().output().expect("sh starts");
            let right = String::from_utf8_lossy(&output.stdout).contains("14.0");
            assert!(output.status.success() == right, "{mib} MiB, {start}: {output:?}");
        }
    }
    assert_eq!(home.images().len(), 1, "a start that has no room costs no snapshot");
    is_used(home.blink("run one.blink --input x.npy"));
}

#[test]
fn closed_descriptors() {
    let (home, _) = warmed_one();
    for closed in ["<&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        let script = format!("exec \"$0\" \"$@\" {closed}");
        for start in ["snapshot", "normal"] {
            let line = format!("run one.blink --input x.npy --output y.npy --start {start}");
            home.blink(&line).by(&script).ok();
            assert_eq!(home.folder.read("y.npy"), crate::support::files::npy_bytes(models::y().view()));
            fs::remove_file(home.folder.path("y.npy")).expect("the folder is ours");
        }
        fs::remove_file(&home.images()[0]).expect("the directory is ours");
        home.blink("warm one.blink").by(&script).ok();
        is_used(home.blink("run one.blink --input x.npy"));
    }
}

#[test]
fn a_changed_home() {
    let (home, _) = warmed_one();
    for elsewhere in ["/nonexistent", "/", "relative", ""] {
        is_used(home.blink("run one.blink --input x.npy").env("HOME", elsewhere));
    }
    is_used(home.blink("run one.blink --input x.npy").without("HOME"));
    // Where snapshots follow the home, they stay in the old one.
    let at = |name: &str, line: &str| {
        home.folder
            .blink(line)
            .without(CACHE_VARIABLE)
            .without("XDG_CACHE_HOME")
            .env(LIBRARY_VARIABLE, home.library())
            .env("HOME", home.folder.path(name))
    };
    at("a", "warm one.blink").ok();
    is_used(at("a", "run one.blink --input x.npy"));
    told("another home", &Reason::NoneMade, || at("b", "run one.blink --input x.npy"));
}

/// A home that belongs to a user who may do nothing, with a program and a library that this user can read; `None` where
/// this process cannot become another user, which is said.
fn nobodys_home() -> Option<Home> {
    const NOBODY: u32 = 65534;
    let home = Home::of(models::compiled_one());
    if fs::metadata(home.folder.path("")).expect("the folder").uid() != 0 {
        eprintln!("skipped: another user, whom only root can become");
        return None;
    }
    // Not by this process: a program that it has open for writing is open in whatever another test starts meanwhile.
    let copied = Command::new("cp").arg(BLINK).arg(home.folder.path("blink")).status().expect("cp starts");
    assert!(copied.success());
    fs::copy(home.library(), home.folder.path("library.so")).expect("room for a library");
    fs::create_dir(home.folder.path("cache")).expect("the folder is ours");
    for name in ["", "one.blink", "x.npy", "cache"] {
        chown(home.folder.path(name), Some(NOBODY), Some(NOBODY)).expect("root may");
    }
    Some(home)
}

/// The home's own program, as nobody.
fn as_nobody(home: &Home, line: &str) -> Output {
    let mut command = Command::new(home.folder.path("blink"));
    command.args(line.split(' ')).current_dir(home.folder.path("")).uid(65534).gid(65534).env_clear();
    command.env(LIBRARY_VARIABLE, home.folder.path("library.so")).env(CACHE_VARIABLE, home.folder.path("cache"));
    command.output().expect("it starts")
}

fn report(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_user_who_may_do_nothing() {
    let Some(home) = nobodys_home() else { return };
    report(&as_nobody(&home, "warm one.blink --format json"));
    let images = home.images();
    assert_eq!(fs::metadata(&images[0]).expect("the image").uid(), 65534);
    for start in ["snapshot", "auto", "normal"] {
        let report = report(&as_nobody(&home, &format!("run one.blink --input x.npy --format json --start {start}")));
        assert_eq!(report["start"], if start == "normal" { "normal" } else { "snapshot" });
        assert_eq!(report["outputs"][0]["values"], serde_json::json!([[5.0, 14.0], [0.5, 0.0]]));
    }
    // What root has made for this user is used, too.
    chown(&images[0], Some(0), Some(0)).expect("root may");
    let closed = report(&as_nobody(&home, "run one.blink --input x.npy --format json"));
    assert_eq!(closed["start"], "normal", "mode 0400 of root's is closed to others");
}

/// A program that its user cannot read tells nothing of its processes, as some containers do not.
#[test]
fn a_kernel_that_does_not_tell_of_the_worker() {
    let Some(home) = nobodys_home() else { return };
    set_mode(&home.folder.path("blink"), 0o711);
    let output = as_nobody(&home, "warm one.blink");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{said}");
    assert!(said.contains("no snapshot can be made here, workers start normally"), "{said}");
    assert!(home.images().is_empty(), "{:?}", home.images());
    let report = report(&as_nobody(&home, "run one.blink --input x.npy --format json"));
    assert_eq!((&report["start"], &report["outputs"][0]["values"][0][1]), (&"normal".into(), &14.0.into()));
}

/// Runs `script` where `/proc` holds nothing but what `links` names, which leads to the real one at `proc`; `None` where
/// this user cannot mount, which is said.
fn with_little_proc(home: &Home, links: &str, line: &str) -> Option<Output> {
    if !Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: a system with little in /proc, since this user cannot mount (unshare -m)");
        return None;
    }
    fs::create_dir_all(home.folder.path("proc")).expect("the folder is ours");
    let script = format!(
        "mount --rbind /proc proc && mount -t tmpfs little /proc && for name in {links}; do \
         ln -s \"$PWD/proc/$name\" /proc/$name; done; exec \"$0\" \"$@\""
    );
    let blink = home.blink(line).by(&script).into_command();
    let mut command = Command::new("unshare");
    command.arg("-m").arg(blink.get_program()).args(blink.get_args()).current_dir(home.folder.path(""));
    command.envs(blink.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Some(command.output().expect("unshare starts"))
}

#[test]
fn a_container_that_shows_no_other_process() {
    let (home, warmed) = warmed_one();
    const LINKS: &str = "self thread-self cpuinfo meminfo mounts filesystems sys";
    let before = fs::read(&warmed.path).expect("the image");
    let Some(output) = with_little_proc(&home, LINKS, "warm one.blink") else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{said}");
    assert!(said.contains("no snapshot can be made here, workers start normally"), "{said}");
    assert!(before == fs::read(&warmed.path).expect("the image") && home.images().len() == 1);
    for start in ["auto", "snapshot", "normal"] {
        let line = format!("run one.blink --input x.npy --format json --start {start}");
        let report = report(&with_little_proc(&home, LINKS, &line).expect("as before"));
        assert_eq!(report["outputs"][0]["values"], serde_json::json!([[5.0, 14.0], [0.5, 0.0]]));
        assert_eq!(report["start"], if start == "normal" { "normal" } else { "snapshot" });
    }
}
