//! A restored worker is a process of its own. What must be new in each is new; what must agree agrees.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;

use blink_runtime::library::LIBRARY_VARIABLE;
use blink_runtime::{Start, StartMode, Stdio, Worker, WorkerSpec};
use serde_json::Value;

use crate::here::{answers, restored, warmed_one};
use crate::support::home::Home;

/// What a worker believes about itself.
fn facts(worker: &mut Worker) -> Value {
    serde_json::from_str(&worker.facts().expect("it is alive")).expect("JSON")
}

/// A restored worker with these variables, in this directory.
fn with(home: &Home, variables: &[(&str, &str)], directory: &str) -> Worker {
    let environment = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    let directory = Some(directory.into());
    let spec = WorkerSpec { environment: Some(environment), directory, ..home.spec("one.blink", StartMode::Snapshot) };
    home.launcher().launch(&spec).expect("a worker is launched")
}

#[test]
fn environment_directory_and_id_are_its_own() {
    let (home, _) = warmed_one();
    let library = home.library().to_str().expect("UTF-8");
    let given: [(&[(&str, &str)], &str); 4] = [
        (&[("A", "1"), ("LONG", &"x".repeat(100_000))], "/"),
        (&[("B", "a=b c"), ("EMPTY", ""), (LIBRARY_VARIABLE, library)], "/proc"),
        (&[], "/tmp"),
        (&[("A", "2")], "/"),
    ];
    let mut ids = BTreeSet::new();
    for (variables, directory) in given {
        let mut worker = with(&home, variables, directory);
        // Before it was ever asked to run, and after.
        for _ in 0..2 {
            let facts = facts(&mut worker);
            assert_eq!((&facts["pid"], &facts["directory"]), (&worker.pid().into(), &directory.into()));
            let mut found = facts["environment"].as_object().expect("an object").clone();
            // ONNX Runtime is told through it.
            found.remove("ORT_DISABLE_TELEMETRY");
            let expected = variables.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
            assert_eq!(found, expected);
            assert!(answers(&mut worker));
        }
        assert_eq!(*worker.start(), Start::Snapshot);
        ids.insert(worker.pid());
    }
    assert!(!ids.is_empty() && !ids.contains(&std::process::id()));
}

#[test]
fn the_environment_is_the_launchers_where_nothing_else_is_said() {
    let (home, _) = warmed_one();
    let facts = facts(&mut restored(&home));
    assert_eq!(facts["environment"]["PATH"], std::env::var("PATH").expect("a test has a PATH"));
    assert_eq!(facts["directory"], std::env::current_dir().expect("a directory").to_string_lossy().into_owned());
}

#[test]
fn local_time_is_that_of_its_environment() {
    let (home, _) = warmed_one();
    for (zone, offset) in [("AAA+5", -5 * 3600), ("BBB-3:30", 12600), ("UTC0", 0), ("CCC-14", 14 * 3600)] {
        let mut worker = with(&home, &[("TZ", zone)], "/");
        assert_eq!(facts(&mut worker)["utc_offset"], offset, "{zone}");
        assert!(answers(&mut worker) && *worker.start() == Start::Snapshot);
    }
}

#[test]
fn nothing_random_is_drawn_twice() {
    let (home, _) = warmed_one();
    let mut drawn = BTreeSet::new();
    for _ in 0..20 {
        let facts = facts(&mut restored(&home));
        drawn.extend(["hash", "random"].map(|name| facts[name].as_u64().expect("a number")));
    }
    assert_eq!(drawn.len(), 40);
}

/// The numbers of its descriptors, and what they are.
fn descriptors(worker: &Worker) -> BTreeMap<u32, String> {
    let directory = fs::read_dir(format!("/proc/{}/fd", worker.pid())).expect("the process lives");
    let target = |path: &std::path::Path| fs::read_link(path).unwrap_or_default().to_string_lossy().into_owned();
    let number = |path: &std::path::Path| path.file_name()?.to_str()?.parse().ok();
    let paths = directory.map(|entry| entry.expect("an entry").path());
    paths.map(|path| (number(&path).expect("a number"), target(&path))).collect()
}

#[test]
fn it_has_five_descriptors() {
    let (home, _) = warmed_one();
    let _open = [fs::File::open("/dev/null"), fs::File::open("/proc/self/maps")];
    let found = descriptors(&restored(&home));
    assert!(found.keys().copied().eq(0..5), "{found:?}");
    assert!(found[&3].starts_with("socket:") && found[&4].contains("memfd"), "{found:?}");
}

#[test]
fn stdio_is_the_launchers_or_none() {
    let (home, _) = warmed_one();
    let stdio = [Stdio::Null, Stdio::Inherit, Stdio::Null];
    let spec = WorkerSpec { stdio, ..home.spec("one.blink", StartMode::Snapshot) };
    let mut worker = home.launcher().launch(&spec).expect("a worker is launched");
    assert!(answers(&mut worker) && *worker.start() == Start::Snapshot);
    let found = descriptors(&worker);
    assert_eq!((&*found[&0], &*found[&2]), ("/dev/null", "/dev/null"));
    assert_eq!(found[&1], fs::read_link("/proc/self/fd/1").expect("stdout").to_string_lossy());
}

/// Lines of `/proc/PID/status` and `/proc/PID/limits` that tell what the kernel holds of a process and memory does not.
fn kernel_state(worker: &Worker) -> Vec<String> {
    const NAMES: [&str; 13] = [
        "Umask",
        "TracerPid",
        "Uid",
        "Gid",
        "Groups",
        "NoNewPrivs",
        "Seccomp",
        "SigBlk",
        "SigIgn",
        "SigCgt",
        "CapEff",
        "Cpus_allowed",
        "THP_enabled",
    ];
    let read = |file| fs::read_to_string(format!("/proc/{}/{file}", worker.pid())).expect("the process lives");
    let status = read("status");
    let kept = status.lines().filter(|line| NAMES.iter().any(|name| line.starts_with(&format!("{name}:"))));
    let lines: Vec<_> = kept.chain(read("limits").lines()).map(str::to_owned).collect();
    assert!(lines.len() > 20, "{lines:?}");
    lines
}

#[test]
fn what_the_kernel_holds_is_as_in_a_worker_that_was_started_normally() {
    let (home, _) = warmed_one();
    let mut normal = home.launcher().launch(&home.spec("one.blink", StartMode::Normal)).expect("a worker");
    assert!(answers(&mut normal));
    assert_eq!(kernel_state(&restored(&home)), kernel_state(&normal));
}

/// By whatever name it is looked for.
#[test]
fn it_is_called_what_it_is() {
    let (home, _) = warmed_one();
    let worker = restored(&home);
    let name = fs::read_to_string(format!("/proc/{}/comm", worker.pid())).expect("the process lives");
    assert_eq!(name.trim_end(), "blink-worker");
}

#[test]
fn many_at_once_do_not_meet() {
    let (home, _) = warmed_one();
    let mut workers: Vec<_> = (0..10).map(|_| restored(&home)).collect();
    let mut ids = BTreeSet::new();
    for round in 0..10 {
        for worker in &mut workers {
            assert!(answers(worker), "round {round}");
            ids.insert(facts(worker)["pid"].as_u64().expect("a number"));
        }
    }
    assert_eq!(ids.len(), workers.len());
    assert!(workers.into_iter().all(|worker| worker.end() == blink_runtime::Ended::Code(0)));
}
