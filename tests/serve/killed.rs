//! Workers that die. A request that can be run again is, so that it takes two deaths for a client to see one; a model
//! whose workers always die is left alone for a while.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::models::{ask_one, ask_slow, home, is_one, is_slow};
use crate::server::{Server, signal, wait};

fn events(server: &Server, model: &str, event: &str) -> f64 {
    let labels = [format!("model=\"{model}\""), format!("event=\"{event}\"")];
    server.metric("blink_worker_events_total", &[&labels[0], &labels[1]])
}

#[test]
fn a_request_outlives_its_worker() {
    let home = home(&["slow"]);
    let server = Server::start(&home, "");
    thread::scope(|scope| {
        let asked = scope.spawn(|| server.infer("slow", ask_slow(2000, 5)));
        signal("-KILL", server.busy("slow").pid);
        is_slow(asked.join().expect("an answer"), 2000, 5);
    });
    assert_eq!((events(&server, "slow", "crash"), events(&server, "slow", "retry")), (1.0, 1.0));
    is_slow(server.infer("slow", ask_slow(3, 4)), 3, 4);
}

#[test]
fn a_request_whose_second_worker_dies_too_fails_alone() {
    let home = home(&["slow", "one"]);
    let server = Server::start(&home, "");
    thread::scope(|scope| {
        let asked = scope.spawn(|| server.infer("slow", ask_slow(1_000_000, 0)));
        let first = server.busy("slow");
        signal("-KILL", first.pid);
        let second = wait("a second worker", || Some(server.busy("slow")).filter(|worker| worker.pid != first.pid));
        signal("-KILL", second.pid);
        asked.join().expect("an answer").refused(500, &["slow"]);
    });
    is_slow(server.infer("slow", ask_slow(3, 4)), 3, 4);
    is_one(server.infer("one", ask_one()), 1.0);
}

#[test]
fn others_in_flight_do_not_notice() {
    let home = home(&["slow"]);
    let server = Server::start(&home, "--workers 4..4");
    wait("four workers", || {
        let workers = server.workers("slow");
        (workers.iter().filter(|worker| worker.state == "idle").count() == 4).then_some(())
    });
    thread::scope(|scope| {
        let asked = scope.spawn(|| server.at_once("slow", (0..4).map(|number| ask_slow(1000, number)).collect()));
        signal("-KILL", server.busy("slow").pid);
        for (number, reply) in (0..4).zip(asked.join().expect("answers")) {
            is_slow(reply, 1000, number);
        }
    });
    assert_eq!((events(&server, "slow", "crash"), events(&server, "slow", "retry")), (1.0, 1.0));
    wait("four workers again", || (server.workers("slow").len() == 4).then_some(()));
}

#[test]
fn one_that_dies_at_rest_is_not_missed() {
    let home = home(&["one"]);
    let server = Server::start(&home, "");
    for _ in 0..3 {
        is_one(server.infer("one", ask_one()), 1.0);
        signal("-KILL", server.workers("one")[0].pid);
    }
    is_one(server.infer("one", ask_one()), 1.0);
}

/// A worker that stands still is not waited for beyond the request's time.
#[test]
fn one_that_stands_still_is_replaced() {
    let home = home(&["one"]);
    let server = Server::start(&home, "--timeout 1s");
    is_one(server.infer("one", ask_one()), 1.0);
    let pid = server.workers("one")[0].pid;
    signal("-STOP", pid);
    server.infer("one", ask_one()).refused(504, &["1000 ms"]);
    wait("its end", || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(()));
    is_one(server.infer("one", ask_one()), 1.0);
}

#[test]
fn a_model_whose_workers_always_die_is_left_alone_for_a_while() {
    let home = home(&["slow", "one"]);
    let server = Server::start(&home, "");
    let killing = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            while killing.load(Ordering::Acquire) {
                for worker in server.workers("slow").iter().filter(|worker| worker.pid > 1) {
                    // It may have ended meanwhile.
                    let mut kill = Command::new("kill");
                    let _ = kill.args(["-KILL", &worker.pid.to_string()]).stderr(Stdio::null()).status();
                }
            }
        });
        let refused = wait("a refusal without a worker", || {
            let reply = server.infer("slow", ask_slow(100_000, 0));
            assert!([500, 503].contains(&reply.status), "{reply:?}");
            (reply.status == 503).then_some(reply)
        });
        refused.refused(503, &["slow"]);
        is_one(server.infer("one", ask_one()), 1.0);
        killing.store(false, Ordering::Release);
    });
    wait("another try", || {
        thread::sleep(Duration::from_millis(100));
        let reply = server.infer("slow", ask_slow(3, 4));
        (reply.status == 200).then(|| is_slow(reply, 3, 4))
    });
}

/// However a server ends, its workers end with it.
#[test]
fn workers_do_not_outlive_their_server() {
    let home = home(&["one", "slow"]);
    let server = Server::start(&home, "");
    is_one(server.infer("one", ask_one()), 1.0);
    // From its first answer on, a worker notices in the middle of a run.
    is_slow(server.infer("slow", ask_slow(3, 4)), 3, 4);
    let address = server.http();
    let asked = thread::spawn(move || {
        let mut connection = crate::http::Http::to(address);
        let body = ask_slow(10_000_000, 0);
        let head = crate::http::head("POST", "/v2/models/slow/infer", &[], body.len());
        connection.send(head + &body).expect("it is read");
        connection.try_reply().is_err()
    });
    let pids = [server.busy("slow").pid, server.workers("one")[0].pid];
    signal("-KILL", server.pid());
    let (status, _) = server.wait();
    assert_eq!(status.code(), None);
    for pid in pids {
        wait("the end of a worker", || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(()));
    }
    assert!(asked.join().expect("it does not panic"), "a connection to a dead server broke off");
}
