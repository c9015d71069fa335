//! Workers that die after they were restored: the request is answered by a normal start. A crash costs the snapshot; to
//! be ended from outside does not.

use std::process::Command;
use std::time::Duration;

use blink_restorer::image::IMAGE;
use blink_runtime::{Ended, Launcher, Reason, Start, StartMode, Worker, WorkerError};

use crate::fallback::strictly;
use crate::head::{Head, overwrite};
use crate::here::{answers, restored, warmed_one};
use crate::support::{home::Home, models};

fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([name, &pid.to_string()]).status().expect("kill starts");
    assert!(status.success(), "kill {name} {pid}: {status}");
}

/// Where in the image the return address stands that a restored worker goes on with.
fn return_address(image: &[u8]) -> u64 {
    let head = Head::read(image);
    // Above the control words and six registers.
    let address = head.header.thread.stack_pointer + 56;
    let holds = |segment: &&blink_restorer::image::Segment| {
        segment.source == IMAGE && (segment.start..segment.start + segment.len).contains(&address)
    };
    let segment = head.segments.iter().rfind(holds).expect("the stack is in the image");
    segment.offset + (address - segment.start)
}

fn launched(home: &Home, launcher: &Launcher) -> Worker {
    launcher.launch(&home.spec("one.blink", StartMode::Auto)).expect("a worker is launched")
}

/// The reason for which this worker was started again.
fn reason(worker: &Worker) -> Reason {
    match worker.start() {
        Start::Normal { reason: Some(reason) } => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_damaged_page_costs_the_snapshot_and_no_answer() {
    let (home, warmed) = warmed_one();
    let image = std::fs::read(&warmed.path).expect("the image");
    let launcher = home.launcher();
    overwrite(&warmed.path, return_address(&image), &[0; 8]);
    let mut worker = launched(&home, &launcher);
    assert!(answers(&mut worker) && answers(&mut worker));
    let Reason::Crashed { how } = reason(&worker) else { panic!("{}", reason(&worker)) };
    assert!(how.contains("signal 11"), "{how}");
    assert_eq!(home.images(), [""; 0].map(std::path::PathBuf::from), "the snapshot is still there");
    let counts = launcher.counts();
    assert_eq!((counts.restored, counts.normal, counts.reasons["crashed"]), (1, 1, 1));

    let mut next = launched(&home, &launcher);
    assert!(answers(&mut next) && reason(&next) == Reason::NoneMade);
}

#[test]
fn the_command_line_says_so() {
    let (home, warmed) = warmed_one();
    let image = std::fs::read(&warmed.path).expect("the image");
    let broken = |what: &str| {
        crate::head::put(&warmed.path, &image);
        overwrite(&warmed.path, return_address(&image), &[0; 8]);
        home.blink(&format!("run one.blink --input x.npy --format json {what}"))
    };
    let ended = broken("").ok();
    let report = ended.json("blink.run/1");
    assert_eq!(report["start"], "normal");
    assert_eq!(report["outputs"][0]["values"], serde_json::json!([[5.0, 14.0], [0.5, 0.0]]));
    let words = report["start_reason"].as_str().expect("a reason");
    assert!(words.contains("died") && words.contains("signal 11") && ended.stderr.contains(words), "{words}");
    assert!(home.images().is_empty());
    broken("--start snapshot").refused(1).names(&["signal 11", "removed"]);
    assert!(home.images().is_empty());
}

#[test]
fn where_only_a_snapshot_will_do_a_crash_is_an_error() {
    let (home, warmed) = warmed_one();
    let image = std::fs::read(&warmed.path).expect("the image");
    overwrite(&warmed.path, return_address(&image), &[0; 8]);
    let launcher = home.launcher();
    assert!(matches!(strictly(&home, &launcher), Some(Reason::Crashed { .. })));
    assert_eq!(strictly(&home, &launcher), Some(Reason::NoneMade));
    assert_eq!(launcher.counts().normal, 0);
}

/// Sends the signal when the worker has been asked and cannot have answered.
fn answers_though_killed_at_work(worker: &mut Worker, name: &'static str) {
    signal("-STOP", worker.pid());
    let pid = worker.pid();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        signal(name, pid);
        // It is there until it is reaped, and may be already.
        _ = Command::new("kill").args(["-CONT", &pid.to_string()]).output();
    });
    assert!(answers(worker));
    killer.join().expect("it does not panic");
}

#[test]
fn a_crash_in_the_first_run() {
    for name in ["-ABRT", "-ILL", "-FPE"] {
        let (home, _) = warmed_one();
        let launcher = home.launcher();
        let mut worker = launched(&home, &launcher);
        answers_though_killed_at_work(&mut worker, name);
        assert!(matches!(reason(&worker), Reason::Crashed { .. }), "{name}: {}", reason(&worker));
        assert!(home.images().is_empty(), "{name}");
    }
}

#[test]
fn a_crash_in_a_later_run() {
    let (home, _) = warmed_one();
    let mut worker = launched(&home, &home.launcher());
    assert!(answers(&mut worker) && *worker.start() == Start::Snapshot);
    answers_though_killed_at_work(&mut worker, "-ABRT");
    assert!(matches!(reason(&worker), Reason::Crashed { .. }), "{}", reason(&worker));
    assert!(home.images().is_empty() && answers(&mut worker));
}

#[test]
fn a_crash_between_two_runs() {
    let (home, _) = warmed_one();
    let launcher = home.launcher();
    let mut worker = launched(&home, &launcher);
    assert!(answers(&mut worker));
    // The first is taken by the handler for stacks that have grown too far, which then makes room for the second.
    signal("-SEGV", worker.pid());
    std::thread::sleep(Duration::from_millis(50));
    signal("-SEGV", worker.pid());
    assert!(answers(&mut worker));
    let Reason::Crashed { how } = reason(&worker) else { panic!("{}", reason(&worker)) };
    assert!(how.contains("signal 11"), "{how}");
    assert!(home.images().is_empty());
    assert_eq!(launcher.counts().reasons["crashed"], 1);
}

/// Whether this process was started with the signal ignored, which those it starts inherit.
fn is_ignored_here(signal: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("this process lives");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("Linux tells it");
    u64::from_str_radix(mask.trim(), 16).expect("a mask") >> (signal - 1) & 1 == 1
}

#[test]
fn to_be_ended_from_outside_costs_nothing() {
    let (home, _) = warmed_one();
    let launcher = home.launcher();
    let names = [("-KILL", 9), ("-TERM", 15), ("-INT", 2), ("-HUP", 1)];
    let (ignored, names): (Vec<_>, Vec<_>) = names.into_iter().partition(|(_, number)| is_ignored_here(*number));
    // So it is in the background of a shell, and under `nohup`: workers ignore it then, too.
    ignored.iter().for_each(|(name, _)| println!("skipped: whoever runs the tests has {name} ignored"));
    for &(name, _) in &names {
        let mut worker = launched(&home, &launcher);
        answers_though_killed_at_work(&mut worker, name);
        assert!(matches!(reason(&worker), Reason::Ended { .. }), "{name}: {}", reason(&worker));
        // Where only a snapshot will do, that is told.
        let mut worker = restored(&home);
        signal(name, worker.pid());
        match worker.run(&[("x", models::x().view())]) {
            Err(WorkerError::NotRestored { reason: Reason::Ended { .. } }) => {}
            Err(error) => panic!("{name}: {error}"),
            Ok(_) => panic!("{name}: expected no answer from the dead"),
        }
    }
    assert_eq!((home.images().len(), launcher.counts().reasons["ended"]), (1, names.len() as u64));
    restored(&home);
}

#[test]
fn a_normal_worker_in_its_place_has_nothing_to_fall_back_on() {
    let (home, _) = warmed_one();
    let mut worker = launched(&home, &home.launcher());
    answers_though_killed_at_work(&mut worker, "-KILL");
    signal("-KILL", worker.pid());
    match worker.run(&[("x", models::x().view())]) {
        Err(WorkerError::Died { ended: Ended::Signal(9), .. }) => {}
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("expected no answer from the dead"),
    }
}
