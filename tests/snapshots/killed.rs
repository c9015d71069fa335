//! Makers that are killed at any moment: no image is left, or one that is whole and right. No process is left either.
//!
//! The exception is that of compilations (`tests/processes/killed.rs`): an image that replaces another has a name of its
//! own for a moment. A maker that is killed then leaves that name, and the next one removes it.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use blink_examples::Random;
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, set_child_subreaper, waitpgid};

use crate::head::put;
use crate::here::{restored, warmed_one};
use crate::support::home::Home;

/// Makers that are killed at work, in all.
const ROUNDS: u32 = 200;
/// Half of them in the last part of their work, where the image gets its name.
const LAST_PART: (f32, f32) = (0.7, 1.05);

/// A maker in a process group of its own.
fn maker(home: &Home) -> Child {
    let mut command = home.blink("warm one.blink").into_command();
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("it starts")
}

/// Waits until nothing is left of the group that `maker` led. What has lost its parent is this process's to reap.
fn nothing_is_left_of(maker: &Child, when: &str) {
    let group = Pid::from_raw(maker.id().cast_signed()).expect("a process id");
    let begun = Instant::now();
    loop {
        match waitpgid(group, WaitOptions::NOHANG) {
            Err(Errno::CHILD) => return,
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => panic!("{error}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{when}: processes are left");
    }
}

/// Names in the directory of snapshots that are no image's.
fn temporary(home: &Home) -> Vec<String> {
    let names = home.images().into_iter().filter_map(|path| path.file_name()?.to_str().map(str::to_owned));
    names.filter(|name| name.starts_with('.')).collect()
}

/// Kills makers until there were enough.
fn kill_makers(killed: &AtomicU32, seed: u64) {
    let (home, warmed) = warmed_one();
    let image = std::fs::read(&warmed.path).expect("the image");
    let started = Instant::now();
    assert!(maker(&home).wait().expect("it is ours").success());
    let (mut whole, mut random) = (started.elapsed(), Random::new(seed));
    for round in 0.. {
        if killed.load(Ordering::Relaxed) >= ROUNDS {
            break;
        }
        assert!(round < 2 * ROUNDS, "makers are done before they are killed");
        let replaces = round % 4 < 2;
        home.images().iter().for_each(|path| std::fs::remove_file(path).expect("the directory is ours"));
        if replaces {
            put(&warmed.path, &image);
        }
        let (from, to) = if round.is_multiple_of(2) { (0.0, 1.0) } else { LAST_PART };
        let after = whole.mul_f32(random.uniform(from, to));
        let mut child = maker(&home);
        std::thread::sleep(after);
        child.kill().expect("it is ours");
        let was_at_work = child.wait().expect("it is ours").code().is_none();
        let when = format!("round {round}, killed after {after:?} of {whole:?}");
        nothing_is_left_of(&child, &when);
        is_right(&home, &warmed.path, replaces, was_at_work, &when);
        killed.fetch_add(u32::from(was_at_work), Ordering::Relaxed);
        // How long a maker takes depends on what else the machine does at the moment.
        whole = whole.mul_f32(if was_at_work { 1.02 } else { 0.9 });
    }
    home.warm("one.blink");
    assert_eq!(temporary(&home), [""; 0], "the next maker clears up");
    restored(&home);
}

/// There is no image, or one that answers right; and an image where there was one before.
fn is_right(home: &Home, image: &Path, replaces: bool, was_killed: bool, when: &str) {
    if image.exists() {
        for _ in 0..2 {
            restored(home);
        }
    } else {
        assert!(was_killed && !replaces, "{when}: the image is gone");
    }
    let most = usize::from(replaces);
    assert!(temporary(home).len() <= most && home.images().len() <= 1 + most, "{when}: {:?}", home.images());
}

#[test]
fn at_any_time() {
    set_child_subreaper(Pid::from_raw(std::process::id().cast_signed())).expect("the kernel knows it");
    let killed = AtomicU32::new(0);
    std::thread::scope(|scope| {
        let killed = &killed;
        [1, 2].into_iter().for_each(|seed| _ = scope.spawn(move || kill_makers(killed, seed)));
    });
}

/// A maker that is killed while its worker starts, which then has nobody to be written down by.
#[test]
fn the_worker_that_was_to_be_written_down_ends_too() {
    set_child_subreaper(Pid::from_raw(std::process::id().cast_signed())).expect("the kernel knows it");
    let (home, _) = warmed_one();
    let mut child = maker(&home);
    let id = child.id();
    let has_worker =
        || std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).is_ok_and(|ids| !ids.is_empty());
    let begun = Instant::now();
    while !has_worker() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it starts no worker");
        std::thread::yield_now();
    }
    child.kill().expect("it is ours");
    assert!(child.wait().expect("it is ours").code().is_none());
    nothing_is_left_of(&child, "with its worker on the way");
    restored(&home);
}

/// The worker is killed, and its maker says so and ends.
#[test]
fn a_maker_whose_worker_is_killed_says_so() {
    let (home, warmed) = warmed_one();
    let before = std::fs::read(&warmed.path).expect("the image");
    let blink = home.blink("warm one.blink").into_command();
    let mut command = blink;
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let id = child.id();
    let worker = std::iter::repeat_with(|| std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")))
        .find_map(|ids| ids.expect("the maker lives").split_whitespace().next()?.parse().ok());
    let worker = Pid::from_raw(worker.expect("a worker")).expect("a process id");
    rustix::process::kill_process(worker, rustix::process::Signal::KILL).expect("it is ours");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{said}");
    assert!(said.contains("signal: 9"), "{said}");
    assert!(before == std::fs::read(&warmed.path).expect("the image") && home.images().len() == 1);
    restored(&home);
}

/// A run that waits for its input, while its worker waits for it.
#[test]
fn a_worker_ends_with_its_launcher() {
    set_child_subreaper(Pid::from_raw(std::process::id().cast_signed())).expect("the kernel knows it");
    let (home, _) = warmed_one();
    for start in ["snapshot", "normal"] {
        let mut command = home.blink(&format!("run one.blink --input - --start {start}")).into_command();
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let id = child.id();
        let children = format!("/proc/{id}/task/{id}/children");
        let begun = Instant::now();
        while !std::fs::read_to_string(&children).is_ok_and(|ids| !ids.is_empty()) {
            assert!(begun.elapsed() < Duration::from_secs(30), "it starts no worker");
            std::thread::yield_now();
        }
        child.kill().expect("it is ours");
        assert!(child.wait().expect("it is ours").code().is_none());
        nothing_is_left_of(&child, start);
    }
    restored(&home);
}
