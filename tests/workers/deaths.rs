//! A worker that dies is an error to its caller at once, whenever it dies.
//!
//! Workers are killed from outside, by the system's own `kill`. Where one is to die in the middle of its work it is
//! stopped before, so that it is certain not to have answered.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use blink_runtime::{Ended, Worker, WorkerError};

use crate::support::models;
use crate::{launched, launcher, spec};

fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([name, &pid.to_string()]).status().expect("kill starts");
    assert!(status.success(), "kill {name} {pid}: {status}");
}

/// A run that finds its worker dead, as every later one does.
fn finds_it_dead(mut worker: Worker) {
    for _ in 0..3 {
        match worker.run(&[("x", models::x().view())]) {
            Err(WorkerError::Died { pid, ended: Ended::Signal(9), .. }) => assert_eq!(pid, worker.pid()),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("expected no answer from the dead"),
        }
    }
    assert!(matches!(worker.facts(), Err(WorkerError::Died { .. })));
    assert_eq!(worker.end(), Ended::Signal(9));
}

/// A run during which its worker, which was stopped before, is killed.
fn finds_it_dying(worker: Worker) {
    signal("-STOP", worker.pid());
    let pid = worker.pid();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        signal("-KILL", pid);
    });
    finds_it_dead(worker);
    killer.join().expect("it does not panic");
}

#[test]
fn before_it_is_asked() {
    let folder = models::compiled_one();
    let worker = launched(&folder, "one.blink");
    signal("-KILL", worker.pid());
    finds_it_dead(worker);
}

#[test]
fn while_it_starts() {
    let folder = models::compiled_one();
    let worker = launched(&folder, "one.blink");
    finds_it_dying(worker);
}

#[test]
fn while_it_is_asked() {
    let folder = models::compiled_one();
    let mut worker = launched(&folder, "one.blink");
    worker.run(&[("x", models::x().view())]).expect("it runs");
    finds_it_dying(worker);
}

#[test]
fn between_two_runs() {
    let folder = models::compiled_one();
    let mut worker = launched(&folder, "one.blink");
    worker.run(&[("x", models::x().view())]).expect("it runs");
    signal("-KILL", worker.pid());
    finds_it_dead(worker);
}

#[test]
fn an_answer_outlives_its_worker() {
    let folder = models::compiled_one();
    let mut worker = launched(&folder, "one.blink");
    let pid = worker.pid();
    let answer = worker.run(&[("x", models::x().view())]).expect("it runs");
    signal("-KILL", pid);
    assert!(crate::support::files::same(answer.get(0), models::y().view()));
}

#[test]
fn a_worker_that_is_let_go_ends_by_itself() {
    let folder = models::compiled_one();
    let mut worker = launched(&folder, "one.blink");
    worker.run(&[("x", models::x().view())]).expect("it runs");
    assert_eq!(worker.end(), Ended::Code(0));
}

/// Whatever it was doing: no process is left, not even as a zombie.
#[test]
fn nothing_is_left_of_a_worker_that_is_dropped() {
    let folder = models::compiled_one();
    let launcher = launcher();
    for asked in [false, true] {
        for stopped in [false, true] {
            let mut worker = launcher.launch(&spec(&folder, "one.blink")).expect("a worker is launched");
            if asked {
                worker.run(&[("x", models::x().view())]).expect("it runs");
            }
            let pid = worker.pid();
            if stopped {
                signal("-STOP", pid);
            }
            drop(worker);
            assert!(!Path::new(&format!("/proc/{pid}")).exists(), "asked {asked}, stopped {stopped}");
        }
    }
}
