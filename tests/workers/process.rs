//! The process of a worker: descriptors, environment, working directory, stdio. All of it is its own.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use blink_runtime::library::{self, LIBRARY_VARIABLE};
use blink_runtime::{StartMode, Worker, WorkerSpec};

use crate::support::{Folder, files, models};
use crate::{launched, launcher, spec};

/// Set for the child of a test: the artifact that it is to launch.
const CHILD: &str = "BLINK_TEST_CHILD";

/// Runs `worker` once.
fn answers(worker: &mut Worker) -> bool {
    worker.run(&[("x", models::x().view())]).is_ok_and(|answer| files::same(answer.get(0), models::y().view()))
}

/// The numbers of its descriptors, and what they are.
fn descriptors(worker: &Worker) -> BTreeMap<u32, String> {
    let directory = fs::read_dir(format!("/proc/{}/fd", worker.pid())).expect("the process lives");
    let entries = directory.map(|entry| entry.expect("an entry").path());
    let number = |path: &std::path::Path| path.file_name()?.to_str()?.parse().ok();
    entries
        .map(|path| (number(&path).expect("a number"), fs::read_link(&path).unwrap_or_default()))
        .map(|(number, target)| (number, target.to_string_lossy().into_owned()))
        .collect()
}

fn has_five_descriptors(worker: &Worker) {
    let found = descriptors(worker);
    assert!(found.keys().copied().eq(0..5), "{found:?}");
    assert!(found[&3].starts_with("socket:") && found[&4].contains("memfd"), "{found:?}");
}

/// Runs this test binary again, as the `test` of this file and with an artifact to launch, by way of `sh`.
fn in_a_child(test: &str, redirections: &str, folder: &Folder) {
    let program = std::env::current_exe().expect("this program");
    let status = Command::new("sh")
        .args(["-c", &format!("exec {redirections}; exec \"$0\" \"$@\"")])
        .arg(program)
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, folder.path("one.blink"))
        .stdin(Stdio::null())
        .output()
        .expect("sh starts");
    assert!(status.status.success(), "{status:?}");
}

#[test]
fn it_has_five_descriptors() {
    let folder = models::compiled_one();
    let (mut worker, mut other) = (launched(&folder, "one.blink"), launched(&folder, "one.blink"));
    for worker in [&mut worker, &mut other] {
        assert!(answers(worker));
        has_five_descriptors(worker);
    }
}

#[test]
fn what_a_launcher_has_open_is_not_the_workers() {
    let folder = models::compiled_one();
    in_a_child("process::of_a_launcher_with_open_files", "3</dev/null 4</dev/null 7</dev/null 9</dev/null", &folder);
}

/// The child of the test above; in any other run there is nothing for it to do.
#[test]
fn of_a_launcher_with_open_files() {
    let Some(artifact) = std::env::var_os(CHILD) else { return };
    let mut worker = launcher().launch(&WorkerSpec::new(artifact)).expect("a worker is launched");
    assert!(answers(&mut worker));
    has_five_descriptors(&worker);
}

#[test]
fn a_launcher_without_standard_descriptors_has_workers_with_them() {
    let folder = models::compiled_one();
    in_a_child("process::of_a_launcher_without_standard_descriptors", "", &folder);
}

/// The child of the test above. It cannot say anything but by its exit code.
#[test]
fn of_a_launcher_without_standard_descriptors() {
    let Some(artifact) = std::env::var_os(CHILD) else { return };
    // SAFETY: this process is here for nothing else, and ends below.
    (0..3).for_each(|number| _ = unsafe { libc::close(number) });
    let good = || {
        let mut worker = launcher().launch(&WorkerSpec::new(artifact)).ok()?;
        let found = (answers(&mut worker) && answers(&mut worker)).then(|| descriptors(&worker))?;
        // None of the launcher's own has slipped into a place that others take for stdin, stdout or stderr.
        let free = (0..3).all(|number| fs::read_link(format!("/proc/self/fd/{number}")).is_err());
        let null = (0..3).all(|number| found.get(&number).is_some_and(|target| target == "/dev/null"));
        Some(free && null && found.keys().copied().eq(0..5))
    };
    let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(good)).unwrap_or_default();
    std::process::exit(if good == Some(true) { 0 } else { 1 });
}

#[test]
fn stdio_is_the_launchers_or_none() {
    let folder = models::compiled_one();
    let mut spec = spec(&folder, "one.blink");
    spec.stdio = [blink_runtime::Stdio::Null, blink_runtime::Stdio::Inherit, blink_runtime::Stdio::Null];
    let mut worker = launcher().launch(&spec).expect("a worker is launched");
    assert!(answers(&mut worker));
    let found = descriptors(&worker);
    assert_eq!((&*found[&0], &*found[&2]), ("/dev/null", "/dev/null"));
    assert_eq!(found[&1], fs::read_link("/proc/self/fd/1").expect("stdout").to_string_lossy());
}

#[test]
fn its_process_group_is_the_launchers_or_its_own() {
    let folder = models::compiled_one();
    let group = |worker: &Worker| {
        let pid = rustix::process::Pid::from_raw(worker.pid() as i32);
        rustix::process::getpgid(pid).expect("it lives").as_raw_pid() as u32
    };
    let mut spec = spec(&folder, "one.blink");
    let inherited = group(&launcher().launch(&spec).expect("a worker is launched"));
    assert_eq!(inherited, rustix::process::getpgrp().as_raw_pid() as u32);
    spec.own_group = true;
    let mut worker = launcher().launch(&spec).expect("a worker is launched");
    assert_eq!(group(&worker), worker.pid());
    assert!(answers(&mut worker));
}

fn facts(worker: &mut Worker) -> serde_json::Value {
    serde_json::from_str(&worker.facts().expect("it is alive")).expect("JSON")
}

#[test]
fn environment_and_directory_are_those_it_was_given() {
    let folder = models::compiled_one();
    let library = library::find().expect("the harness has set the library up").path;
    let given = [("BLINK_TEST", "a=b c".into()), ("EMPTY", "".into()), (LIBRARY_VARIABLE, library.into_os_string())];
    let mut spec = spec(&folder, "one.blink");
    spec.environment = Some(given.iter().map(|(name, value)| ((*name).into(), value.clone())).collect());
    spec.directory = Some("/".into());
    let mut worker = launcher().launch(&spec).expect("a worker is launched");
    // Before it was ever asked to run, and after.
    for _ in 0..2 {
        let facts = facts(&mut worker);
        assert_eq!((&facts["pid"], &facts["directory"]), (&worker.pid().into(), &"/".into()));
        let mut environment = facts["environment"].as_object().expect("an object").clone();
        // ONNX Runtime is told through it.
        environment.remove("ORT_DISABLE_TELEMETRY");
        let expected = given.iter().map(|(name, value)| ((*name).to_owned(), value.to_string_lossy().into()));
        assert_eq!(environment, expected.collect());
        assert!(answers(&mut worker));
    }
}

#[test]
fn environment_and_directory_are_the_launchers_where_nothing_else_is_said() {
    let folder = models::compiled_one();
    let facts = facts(&mut launched(&folder, "one.blink"));
    assert_eq!(facts["directory"], std::env::current_dir().expect("a directory").to_string_lossy().into_owned());
    let path = std::env::var("PATH").expect("a test has a PATH");
    assert_eq!(facts["environment"]["PATH"], path);
}

#[test]
fn a_relative_artifact_is_the_launchers() {
    let folder = models::compiled_one();
    let here = std::env::current_dir().expect("a directory");
    let up: std::path::PathBuf = here.components().skip(1).map(|_| "..").collect();
    let artifact = up.join(folder.path("one.blink").strip_prefix("/").expect("an absolute path"));
    let mut spec = WorkerSpec { directory: Some("/proc".into()), ..WorkerSpec::new(artifact) };
    spec.start = StartMode::Normal;
    let mut worker = launcher().launch(&spec).expect("a worker is launched");
    assert!(answers(&mut worker));
}

#[test]
fn hash_keys_are_its_own() {
    let folder = models::compiled_one();
    let hash = || facts(&mut launched(&folder, "one.blink"))["hash"].as_u64().expect("a number");
    assert_ne!(hash(), hash());
}

/// What no launcher has spawned is no worker.
#[test]
fn a_worker_started_by_hand_says_what_to_use() {
    let folder = models::compiled_one();
    for line in ["worker-process", "worker-process one.blink", "worker-process one.blink one 1 - on serve"] {
        folder.blink(line).refused(2).names(&["worker-process", "blink run"]);
    }
}
