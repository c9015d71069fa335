//! A worker behind walls answers bit for bit as one without, and the kernel says that they stand.

use std::fs;

use blink_runtime::sandbox::{Sandbox, Standing, given};
use blink_runtime::{Ended, Start, StartMode, Worker, WorkerError, WorkerSpec};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::home::Home;
use crate::support::{files, models};

fn home() -> Home {
    let home = Home::of(models::compiled_one());
    home.warm("one.blink");
    home
}

fn launched(home: &Home, start: StartMode, sandbox: Sandbox) -> Worker {
    let spec = WorkerSpec { sandbox, ..home.spec("one.blink", start) };
    home.launcher().launch(&spec).unwrap_or_else(|error| panic!("{error}"))
}

/// Whether it answers rightly.
fn answers(worker: &mut Worker) -> bool {
    let answer = worker.run(&[("x", models::x().view())]).unwrap_or_else(|error| panic!("{error}"));
    files::same(answer.get(0), models::y().view())
}

/// What the kernel says: filters, and no new privileges; of the process and of each of its threads.
fn kernel_says(worker: &Worker) -> Vec<(bool, bool)> {
    let threads = fs::read_dir(format!("/proc/{}/task", worker.pid())).expect("it lives");
    let status = threads.map(|thread| fs::read_to_string(thread.expect("a thread").path().join("status")));
    let says = |status: String| {
        let line = |words: &str| status.lines().any(|line| line == words);
        (line("Seccomp:\t2"), line("NoNewPrivs:\t1"))
    };
    status.map_while(Result::ok).map(says).collect()
}

#[test]
fn the_answer_has_the_same_bits_behind_walls() {
    let home = home();
    for start in [StartMode::Normal, StartMode::Snapshot] {
        for sandbox in Sandbox::ALL {
            let mut worker = launched(&home, start, sandbox);
            for _ in 0..3 {
                assert!(answers(&mut worker), "{start:?}, {sandbox}");
            }
            assert_eq!(*worker.start() == Start::Snapshot, start == StartMode::Snapshot);
        }
    }
}

#[test]
fn walls_stand_around_every_thread_however_it_came_up() {
    let home = home();
    assert!(given().is_whole(), "this kernel does not give {}", given().missing());
    for start in [StartMode::Normal, StartMode::Snapshot] {
        for sandbox in Sandbox::ALL {
            let mut worker = launched(&home, start, sandbox);
            assert_eq!(worker.walls(), None, "nothing is known before it has told");
            assert!(answers(&mut worker));
            let stands = sandbox != Sandbox::Off;
            let expected = Standing { no_new_privileges: true, landlock: given().landlock, filter: true };
            assert_eq!(worker.walls(), stands.then_some(expected));
            let says = kernel_says(&worker);
            assert!(
                !says.is_empty() && says.iter().all(|says| *says == (stands, stands)),
                "{start:?} {sandbox} {says:?}"
            );
            let facts: serde_json::Value = serde_json::from_str(&worker.facts().expect("facts")).expect("JSON");
            assert_eq!(facts["walls"]["filter"].as_bool(), stands.then_some(true));
        }
    }
}

#[test]
fn walls_are_no_part_of_a_snapshot() {
    let home = Home::of(models::compiled_one());
    for made in Sandbox::ALL {
        let spec = WorkerSpec { sandbox: made, ..home.spec("one.blink", StartMode::Auto) };
        home.launcher().warm(&spec).unwrap_or_else(|error| panic!("{made}: {error}"));
        assert_eq!(home.images().len(), 1, "one image, whatever it was made behind");
        for sandbox in Sandbox::ALL {
            let mut worker = launched(&home, StartMode::Snapshot, sandbox);
            assert!(answers(&mut worker));
            assert_eq!(
                worker.walls().is_some(),
                sandbox != Sandbox::Off,
                "made behind {made}, restored behind {sandbox}"
            );
        }
    }
}

#[test]
fn a_worker_that_runs_against_a_wall_is_told_in_words() {
    let home = home();
    let mut worker = launched(&home, StartMode::Normal, Sandbox::Strict);
    assert!(answers(&mut worker));
    // What the kernel does to a process at a call that is not on the list.
    let pid = Pid::from_raw(worker.pid() as i32).expect("an id");
    kill_process(pid, Signal::SYS).expect("it lives");
    match worker.run(&[("x", models::x().view())]) {
        Err(error @ WorkerError::Died { ended: Ended::Signal(libc::SIGSYS), .. }) => {
            assert!(error.to_string().contains("did what its sandbox forbids"), "{error}");
        }
        other => panic!("{:?}", other.map(|answer| answer.len())),
    }
    let mut other = launched(&home, StartMode::Snapshot, Sandbox::Strict);
    assert!(answers(&mut other), "and the snapshot is kept");
}
