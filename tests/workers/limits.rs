//! A worker under limits costs its own request and nothing else; one that is stopped stays so; one that is started from
//! a held file answers for that file, whatever its path names by then.

use std::fs::{self, File};
use std::time::Duration;

use blink_examples::{GraphBuilder, dims, values};
use blink_runtime::{Ended, LaunchError, Phase, ProcessLimits, Start, StartMode, Worker, WorkerError, WorkerSpec};
use blink_tensors::{DType, Tensor};

use crate::support::files::same;
use crate::support::home::Home;
use crate::support::{Folder, models};
use crate::{launched, launcher, spec};

fn numbers(n: usize) -> Tensor {
    values(&[n], &(0..n as i64).collect::<Vec<_>>())
}

/// What the kernel counts against `RLIMIT_DATA`, in bytes.
fn data(worker: &Worker) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", worker.pid())).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:")).expect("Linux tells");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).expect("a number") << 10
}

fn answers(worker: &mut Worker) -> bool {
    worker.run(&[("x", models::x().view())]).is_ok_and(|answer| same(answer.get(0), models::y().view()))
}

#[test]
fn memory_that_it_may_not_have_fails_one_request_in_words() {
    let folder = models::compiled_two();
    let launcher = launcher();
    let mut spec = spec(&folder, "two.blink");
    let mut free = launcher.launch(&spec).expect("a worker is launched");
    free.wait_ready().expect("it starts");
    let allowed = data(&free) + (48 << 20);
    spec.limits.memory = Some(allowed);
    let mut worker = launcher.launch(&spec).expect("a worker is launched");
    let (few, many) = (numbers(3), numbers(8 << 20));
    assert!(worker.run(&[("a", few.view()), ("b", few.view())]).is_ok(), "a small request fits");
    // Two outputs of 64 MiB each.
    let large = [("a", many.view()), ("b", many.view())];
    match worker.run(&large).expect_err("it has no memory for the outputs") {
        WorkerError::Failed { message, .. } => assert!(!message.is_empty()),
        error @ WorkerError::Died { memory, .. } => {
            assert_eq!(memory, Some(allowed));
            assert!(error.to_string().contains(&allowed.to_string()), "{error}");
        }
        error => panic!("{error}"),
    }
    assert!(free.run(&large).is_ok_and(|answer| answer.len() == 2), "another worker is not touched");
    let mut next = launcher.launch(&spec).expect("the launcher goes on");
    assert!(next.run(&[("a", few.view()), ("b", few.view())]).is_ok());
}

#[test]
fn a_limit_that_cannot_be_put_on_is_no_worker() {
    let folder = models::compiled_one();
    let mut spec = spec(&folder, "one.blink");
    spec.limits = ProcessLimits { memory: None, cgroup: Some(folder.path("absent")) };
    assert!(matches!(launcher().launch(&spec), Err(LaunchError::Limit(_))));
}

#[test]
fn a_worker_that_is_stopped_in_a_run_stays_so() {
    let home = Home::of(models::compiled_one());
    home.warm("one.blink");
    let launcher = home.launcher();
    let mut worker = launcher.launch(&home.spec("one.blink", StartMode::Auto)).expect("a worker is launched");
    assert!(answers(&mut worker) && *worker.start() == Start::Snapshot);
    let (stopper, pid) = (worker.stopper(), worker.pid());
    // So that it cannot have answered.
    let process = rustix::process::Pid::from_raw(pid as i32).expect("a process id");
    rustix::process::kill_process(process, rustix::process::Signal::STOP).expect("it is ours");
    let other = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        stopper.stop();
        stopper
    });
    for _ in 0..2 {
        let Err(WorkerError::Died { pid: died, ended, .. }) = worker.run(&[("x", models::x().view())]) else {
            panic!("expected no answer, and no other worker in its place")
        };
        assert_eq!((died, ended), (pid, Ended::Signal(9)));
    }
    let stopper = other.join().expect("it does not panic");
    drop(worker);
    stopper.stop();
    assert_eq!((launcher.counts().normal, home.images().len()), (0, 1), "the snapshot is kept");
}

#[test]
fn ready_is_before_the_first_run() {
    let folder = models::compiled_one();
    let mut worker = launched(&folder, "one.blink");
    worker.wait_ready().expect("it starts");
    let timeline = *worker.timeline();
    let has = |phase| timeline.recorded().iter().any(|recorded| recorded.phase == phase);
    assert!(has(Phase::Session) && !has(Phase::Inference));
    let memory = worker.memory().expect("Linux tells");
    assert!(memory.private > 0 && memory.shared > 0, "{memory:?}");
    assert!(answers(&mut worker));
    assert_eq!(worker.timeline().recorded(), timeline.recorded(), "runs are not in it");
    worker.wait_ready().expect("it is still ready");

    let mut absent = launched(&folder, "absent.blink");
    assert!(matches!(absent.wait_ready(), Err(WorkerError::Failed { .. })));
}

/// As [`models::one`], with other weights: its answer to the same input is zeros.
fn zeros(folder: &Folder) {
    let mut graph = GraphBuilder::new("one");
    graph.input("x", DType::F32, &dims!["batch", 3]);
    graph.initializer("w", &values(&[3, 2], &[0f32; 6]));
    graph.node("MatMul", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims!["batch", 2]);
    folder.model("zeros.onnx", &graph.model());
    folder.blink("compile zeros.onnx -o zeros.blink").ok();
}

#[test]
fn a_replaced_artifact_is_started_from_the_held_file() {
    let home = Home::of(models::compiled_one());
    zeros(&home.folder);
    home.warm("one.blink");
    let launcher = home.launcher();
    let file = File::open(home.folder.path("one.blink")).expect("it is there").into();
    let spec = WorkerSpec { file: Some(file), ..home.spec("one.blink", StartMode::Auto) };
    let mut restored = launcher.launch(&spec).expect("a worker is launched");
    assert!(answers(&mut restored) && *restored.start() == Start::Snapshot);

    fs::rename(home.folder.path("zeros.blink"), home.folder.path("one.blink")).expect("it is there");
    home.warm("one.blink");
    let mut held = launcher.launch(&spec).expect("a worker is launched");
    assert!(answers(&mut held), "it answers for the file that is held");
    let Start::Normal { reason: Some(reason) } = held.start() else { panic!("{:?}", held.start()) };
    assert_eq!(reason.name(), "replaced");
    let mut named = launcher.launch(&home.spec("one.blink", StartMode::Auto)).expect("a worker is launched");
    assert!(!answers(&mut named) && *named.start() == Start::Snapshot);

    fs::remove_file(home.folder.path("one.blink")).expect("it is there");
    assert!(answers(&mut launcher.launch(&spec).expect("a worker is launched")));
}
