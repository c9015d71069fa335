//! Making snapshots while others make, start and remove them; and making them where there is no room.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use blink_runtime::{Reason, Start, StartMode};

use crate::fallback::is_used;
use crate::here::{answers, restored, warmed_one};
use crate::support::{home::Home, models};

#[test]
fn two_makers_at_once() {
    let home = Home::of(models::compiled_one());
    for round in 0..5 {
        std::thread::scope(|scope| {
            (0..3).for_each(|_| _ = scope.spawn(|| home.blink("warm one.blink").ok().quiet()));
        });
        assert_eq!(home.images().len(), 1, "round {round}: {:?}", home.images());
        restored(&home);
    }
}

#[test]
fn starts_while_it_is_made_again_and_removed() {
    let home = Home::of(models::compiled_one());
    let (launcher, done) = (home.launcher(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let starters: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        let mut worker = launcher.launch(&home.spec("one.blink", StartMode::Auto)).expect("a worker");
                        assert!(answers(&mut worker));
                    }
                })
            })
            .collect();
        for _ in 0..6 {
            let warmed = home.warm("one.blink");
            home.warm("one.blink");
            std::thread::sleep(std::time::Duration::from_millis(20));
            std::fs::remove_file(warmed.path).expect("the image");
        }
        done.store(true, Ordering::Relaxed);
        starters.into_iter().for_each(|starter| starter.join().expect("no start fails"));
    });
    let counts = launcher.counts();
    assert!(counts.restored > 10, "{counts:?}");
    assert!(counts.reasons.keys().all(|name| *name == "none-made"), "{counts:?}");
}

#[test]
fn removed_while_it_is_used() {
    let (home, warmed) = warmed_one();
    let launcher = home.launcher();
    // One that was just spawned, one that has answered.
    let mut fresh = launcher.launch(&home.spec("one.blink", StartMode::Auto)).expect("a worker is launched");
    let mut old = restored(&home);
    home.blink("snapshots prune --all").ok();
    assert!(!warmed.path.exists());
    for worker in [&mut fresh, &mut old] {
        assert!((0..20).all(|_| answers(worker)) && *worker.start() == Start::Snapshot);
    }
    let mut next = launcher.launch(&home.spec("one.blink", StartMode::Auto)).expect("a worker is launched");
    assert!(answers(&mut next) && *next.start() == Start::Normal { reason: Some(Reason::NoneMade) });
}

/// What stands in memory is the image that was there then.
#[test]
fn replaced_while_it_is_used() {
    let (home, warmed) = warmed_one();
    let mut old = restored(&home);
    let before = std::fs::read(&warmed.path).expect("the image");
    home.warm("one.blink");
    assert!(before != std::fs::read(&warmed.path).expect("the image"), "two makers have the same addresses");
    assert!((0..20).all(|_| answers(&mut old)) && *old.start() == Start::Snapshot);
    restored(&home);
}

/// `blink warm` with room for files of so many blocks of 512 bytes, by way of `sh`.
fn limited(blocks: u32) -> String {
    format!("ulimit -f {blocks}; exec \"$0\" \"$@\"")
}

#[test]
fn a_limit_on_the_length_of_files() {
    let home = Home::of(models::compiled_one());
    // At each of them something else does not fit: the restorer, the head, the first pages, the last.
    for blocks in [0, 8, 64, 600, 1024, 8192] {
        // Ignored, the signal of that limit is an error of the call.
        home.blink("warm one.blink").by(&format!("trap '' XFSZ; {}", limited(blocks))).refused(1);
        assert!(home.images().is_empty(), "{blocks}: {:?}", home.images());
        // By default it kills.
        let status = home.blink("warm one.blink").by(&limited(blocks)).into_command().output().expect("sh starts");
        assert!(!status.status.success(), "{blocks}: {status:?}");
        assert!(home.images().is_empty(), "{blocks}: {:?}", home.images());
    }
    let bytes = home.warm("one.blink").bytes;
    assert!(bytes > 8192 * 512, "the image has {bytes} bytes: nothing was cut off");
    // An older image stays, and is used.
    let before = std::fs::read(&home.images()[0]).expect("the image");
    home.blink("warm one.blink").by(&format!("trap '' XFSZ; {}", limited(1024))).refused(1);
    assert!(before == std::fs::read(&home.images()[0]).expect("the image") && home.images().len() == 1);
    is_used(home.blink("run one.blink --input x.npy"));
}

#[test]
fn a_full_disk() {
    let home = Home::of(models::compiled_one());
    std::fs::create_dir(home.folder.path("cache")).expect("the folder is ours");
    if !Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: a full disk, since this user cannot mount a small one (unshare -m)");
        return;
    }
    for size in ["64k", "1m", "3m"] {
        // The disk goes with the shell: what is left there is listed before.
        let script = format!(
            "mount -t tmpfs -o size={size} small cache && \"$0\" \"$@\"; code=$?; ls -A cache/snapshots >&1; exit $code"
        );
        let mut command = Command::new("unshare");
        let blink = home.blink("warm one.blink").by(&script).into_command();
        command.arg("-m").arg(blink.get_program()).args(blink.get_args());
        command.current_dir(home.folder.path(""));
        blink
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)))
            .for_each(|(name, value)| _ = command.env(name, value));
        let output = command.output().expect("unshare starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{size}: {said}");
        assert!(said.contains("No space left"), "{size}: {said}");
    }
}
