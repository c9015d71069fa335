//! What ends a resident worker, and what ends with it: a lost device, a signal, its launcher's end.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use blink_runtime::{Ended, FailureClass, Worker, WorkerError};

use crate::inside::{inside, log};
use crate::networks::{answer, failed, launcher, one_network, rows, started};
use crate::refusals::on;
use crate::support::cuda::Machine;

/// Longer than anything here takes that is not to be waited for.
const SOON: Duration = Duration::from_secs(5);

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SOON, "{what}: not within {SOON:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process is there and is not dead already.
fn lives(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

fn kill(pid: u32) {
    let status = Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill starts");
    assert!(status.success(), "kill {pid}: {status}");
}

/// Every run of a model whose resident worker has ended says so.
fn finds_it_dead(worker: &mut Worker, how: Ended) {
    for _ in 0..2 {
        match answer(worker, &rows(3)) {
            Err(error @ WorkerError::Died { ended, .. }) => {
                assert_eq!(ended, how);
                assert_eq!(error.is_lost_device(), how == Ended::Code(70), "{error}");
            }
            other => panic!("expected no answer from the dead: {other:?}"),
        }
    }
}

#[test]
fn a_lost_device_ends_its_worker_and_the_next_launch_gets_another() {
    // The first small model has one product and each run two: the second run loses the device, in each process.
    let machine = || Machine::with_onnx_runtime().lost("cublasSgemm_v2", 4, 700);
    inside("deaths::a_lost_device_ends_its_worker_and_the_next_launch_gets_another", machine, || {
        let (folder, launcher) = (one_network(), launcher());
        let mut worker = started(&launcher, &folder, "net.blink");
        let mut other = started(&launcher, &folder, "net.blink");
        let expected = answer(&mut worker, &rows(3)).expect("it runs");
        let (class, message) = failed(answer(&mut worker, &rows(3)));
        assert!(class == FailureClass::DeviceLost && message.contains("ILLEGAL_ADDRESS"), "{class:?}: {message}");
        assert_eq!(launcher.counts().devices_lost, 0);
        // At once, whether the process has ended by then or not.
        let mut next = started(&launcher, &folder, "net.blink");
        assert_ne!(next.pid(), worker.pid());
        assert_eq!(launcher.counts().devices_lost, 1);
        assert_eq!(answer(&mut next, &rows(3)).expect("it runs"), expected);
        finds_it_dead(&mut other, Ended::Code(70));
        finds_it_dead(&mut worker, Ended::Code(70));
        assert_eq!(launcher.start_device(0).expect("it lives").pid, next.pid());
    });
}

#[test]
fn a_device_that_is_lost_at_a_start_is_told_too() {
    let machine = || Machine::with_onnx_runtime().lost("cuMemcpyHtoDAsync_v2", 1, 700);
    inside("deaths::a_device_that_is_lost_at_a_start_is_told_too", machine, || {
        let (folder, launcher) = (one_network(), launcher());
        let mut worker = started(&launcher, &folder, "net.blink");
        assert_eq!(failed(worker.wait_ready()).0, FailureClass::DeviceLost);
        finds_it_dead(&mut worker, Ended::Code(70));
        let pid = launcher.start_device(0).expect("another one").pid;
        assert_ne!(pid, worker.pid());
    });
}

#[test]
fn a_killed_worker_takes_its_models_with_it_and_hangs_none() {
    let slow = || Machine::with_onnx_runtime().slow_copies(Duration::from_millis(20));
    inside("deaths::a_killed_worker_takes_its_models_with_it_and_hangs_none", slow, || {
        let (folder, launcher) = (one_network(), launcher());
        let mut idle = started(&launcher, &folder, "net.blink");
        let expected = answer(&mut idle, &rows(3)).expect("it runs");
        let pid = idle.pid();
        thread::scope(|scope| {
            for _ in 0..3 {
                let mut worker = started(&launcher, &folder, "net.blink");
                // At work when it happens: no answer comes, and no wait either.
                scope.spawn(move || {
                    loop {
                        match answer(&mut worker, &rows(3)) {
                            Ok(_) => {}
                            Err(WorkerError::Died { ended: Ended::Signal(9), .. }) => break,
                            Err(error) => panic!("{error}"),
                        }
                    }
                });
            }
            thread::sleep(Duration::from_millis(100));
            kill(pid);
        });
        finds_it_dead(&mut idle, Ended::Signal(9));
        let mut next = started(&launcher, &folder, "net.blink");
        assert_ne!(next.pid(), pid);
        assert_eq!(answer(&mut next, &rows(3)).expect("it runs"), expected);
        assert_eq!(launcher.counts().devices_lost, 1);
    });
}

#[test]
fn nothing_outlives_its_launcher() {
    let folder = one_network();
    let machine = || Machine::with_onnx_runtime().slow_copies(Duration::from_secs(60));
    // When the launcher dies: as the context is made, in the first model's copy, and in none.
    for (moment, slow) in [("context retain", true), ("alloc pinned", true), ("alloc device", true), ("gemm", false)] {
        let machine = if slow { machine() } else { Machine::with_onnx_runtime() };
        let mut command = on(&machine, folder.blink("run net.blink -i x=x.npy --device cuda")).into_command();
        let mut launcher =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("blink starts");
        wait_until(moment, || machine.log().count(moment) > 0);
        let worker = machine.log().events()[0].process;
        assert_ne!(worker, launcher.id());
        launcher.kill().expect("it is killed");
        launcher.wait().expect("it has ended");
        wait_until("the worker ends", || !lives(worker));
    }
}

#[test]
fn a_launcher_that_is_gone_takes_idle_and_busy_models_along() {
    let slow = || Machine::with_onnx_runtime().slow_copies(Duration::from_millis(50));
    inside("deaths::a_launcher_that_is_gone_takes_idle_and_busy_models_along", slow, || {
        let (folder, launcher) = (one_network(), launcher());
        let mut workers: Vec<_> = (0..3).map(|_| started(&launcher, &folder, "net.blink")).collect();
        answer(&mut workers[0], &rows(3)).expect("it runs");
        let pid = workers[0].pid();
        assert!(lives(pid));
        // The launcher first: its models hold what they live in.
        drop(launcher);
        answer(&mut workers[1], &rows(3)).expect("it runs");
        drop(workers);
        wait_until("the worker ends", || !lives(pid));
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "it was waited for");
    });
}

#[test]
fn a_model_is_stopped_from_another_thread_and_others_go_on() {
    let slow = || Machine::with_onnx_runtime().slow_copies(Duration::from_millis(400));
    inside("deaths::a_model_is_stopped_from_another_thread_and_others_go_on", slow, || {
        let (folder, launcher) = (one_network(), launcher());
        let mut other = started(&launcher, &folder, "net.blink");
        let expected = answer(&mut other, &rows(3)).expect("it runs");
        let mut worker = started(&launcher, &folder, "net.blink");
        worker.wait_ready().expect("it starts");
        let stopper = worker.stopper();
        let before = log();
        thread::scope(|scope| {
            let run = scope.spawn(|| {
                let found = answer(&mut worker, &rows(3));
                (found, Instant::now())
            });
            thread::sleep(Duration::from_millis(100));
            let stopped = Instant::now();
            stopper.stop();
            let (found, heard) = run.join().expect("no panic");
            assert!(matches!(found, Err(WorkerError::Died { .. })), "{found:?}");
            let took = heard - stopped;
            assert!(took < Duration::from_millis(350), "{took:?}");
        });
        // It is let go of, and another one has answered, long before a whole run of it could have ended twice.
        drop(worker);
        assert_eq!(answer(&mut other, &rows(3)).expect("it runs"), expected);
        assert_eq!(launcher.start_device(0).expect("it lives").pid, other.pid());
        let held = || {
            let facts = other.device().expect("facts").expect("a device");
            facts.budget.held == facts.weights + facts.arena
        };
        let mut held = held;
        wait_until("what it held is free", &mut held);
        assert!(log().after(&before).count("gemm") <= 4, "the stopped run went no further than its node");
    });
}
