//! Told to end: not ready first, then everything in flight is answered, then it ends. And not later than it was told.

use std::path::Path;
use std::thread;

use serde_json::json;

use crate::http::{Http, head};
use crate::models::{ask_one, ask_slow, home, is_one, is_slow};
use crate::server::{Server, signal, wait};

/// Connections that have each sent a request to `slow`, all of which have come.
fn in_flight(server: &Server, count: u64, trips: u64) -> Vec<Http> {
    let ask = |number| {
        let mut connection = server.connect();
        let body = ask_slow(trips, number);
        connection.send(head("POST", "/v2/models/slow/infer", &[], body.len()) + &body).expect("it is read");
        connection
    };
    let connections: Vec<_> = (0..count).map(ask).collect();
    wait("all to have come", || {
        let model = server.model("slow");
        let busy = model["workers"].as_array().expect("workers").iter().filter(|worker| worker["state"] != "idle");
        let here = busy.count() as u64 + model["queued"].as_u64().expect("a number");
        (here >= count).then_some(())
    });
    connections
}

#[test]
fn a_hundred_in_flight_are_answered() {
    let home = home(&["slow"]);
    let server = Server::start(&home, "--workers 2..2 --queue 200");
    wait("both workers", || {
        (server.workers("slow").iter().filter(|worker| worker.state == "idle").count() == 2).then_some(())
    });
    // None is answered before all have come.
    let workers = server.workers("slow");
    workers.iter().for_each(|worker| signal("-STOP", worker.pid));
    let connections = in_flight(&server, 100, 60);
    let mut watching = server.connect();
    signal("-TERM", server.pid());
    server.says("told to end");
    let reply = watching.request("GET", "/v2/health/ready", &[], b"");
    assert_eq!((reply.status, reply.json()), (503, json!({ "live": true, "ready": false })));
    workers.iter().for_each(|worker| signal("-CONT", worker.pid));
    for (number, mut connection) in (0..).zip(connections) {
        is_slow(connection.reply(), 60, number);
    }
    let (status, said) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
}

/// Those who have not heard yet that it is not ready are answered, too.
#[test]
fn a_request_that_comes_while_it_ends_is_answered() {
    let home = home(&["slow", "one"]);
    let server = Server::start(&home, "");
    let mut slow = in_flight(&server, 1, 3000).remove(0);
    let mut early = server.connect();
    is_one(early.request("POST", "/v2/models/one/infer", &[], ask_one().as_bytes()), 1.0);
    signal("-INT", server.pid());
    server.says("told to end");
    is_one(early.request("POST", "/v2/models/one/infer", &[], ask_one().as_bytes()), 1.0);
    is_one(server.infer("one", ask_one()), 1.0);
    is_slow(slow.reply(), 3000, 0);
    let (status, said) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
}

#[test]
fn one_at_rest_ends_with_all_its_workers() {
    let home = home(&["one"]);
    let server = Server::start(&home, "--workers 2..2");
    let pids = wait("both workers", || Some(server.workers("one")).filter(|workers| workers.len() == 2));
    // Nobody asks anything on it, and it keeps nothing up.
    let idle = server.connect();
    server.end();
    drop(idle);
    for worker in pids {
        assert!(!Path::new(&format!("/proc/{}", worker.pid)).exists(), "{worker:?} is still there");
    }
}

#[test]
fn it_does_not_wait_longer_than_it_may() {
    let home = home(&["slow"]);
    let server = Server::start(&home, "--drain 500ms");
    let mut endless = in_flight(&server, 1, 10_000_000).remove(0);
    let pid = server.workers("slow")[0].pid;
    let said = server.end();
    assert!(said.contains("these have no answer"), "what had no answer is told: {said}");
    is_given_up(&mut endless);
    wait("the worker's end", || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(()));
}

#[test]
fn told_twice_it_ends_now() {
    let home = home(&["slow"]);
    let server = Server::start(&home, "--drain 1h");
    let mut endless = in_flight(&server, 1, 10_000_000).remove(0);
    signal("-TERM", server.pid());
    server.says("told to end");
    signal("-TERM", server.pid());
    let (status, said) = server.wait();
    assert!(status.code().is_some(), "{status}: {said}");
    is_given_up(&mut endless);
}

/// A request that had no answer is told so, or cut off.
fn is_given_up(request: &mut Http) {
    if let Ok(reply) = request.try_reply() {
        assert!(reply.status >= 500, "{reply:?}");
    }
}

/// Ctrl-C goes to every process of a terminal; workers are not meant.
#[test]
fn a_signal_to_the_whole_group_is_for_the_server_alone() {
    use std::os::unix::process::CommandExt;
    let home = home(&["slow"]);
    let line = "serve models --http 127.0.0.1:0 --grpc none --warm never";
    let mut command = home.blink(line).into_command();
    command.process_group(0);
    let server = Server::spawn(command);
    server.ready();
    let mut slow = in_flight(&server, 1, 2000).remove(0);
    let status = std::process::Command::new("kill").args(["-INT", "--", &format!("-{}", server.pid())]).status();
    assert!(status.expect("kill starts").success());
    let answer = thread::spawn(move || is_slow(slow.reply(), 2000, 0));
    let (status, said) = server.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    answer.join().expect("it was answered");
}
