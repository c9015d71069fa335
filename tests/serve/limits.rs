//! What runs out: a worker's memory, a run's time, the server's descriptors, room for snapshots.

use std::fs;

use crate::http::Http;
use crate::models::{ask_hungry, ask_one, ask_slow, home, is_one, is_slow};
use crate::server::{Server, signal, wait};

#[test]
fn a_worker_that_takes_too_much_memory_costs_its_own_request() {
    let home = home(&["hungry", "one"]);
    let server = Server::start(&home, "--worker-memory 512MiB --start normal");
    let sum = |numbers: u64| {
        let reply = server.infer("hungry", ask_hungry(numbers));
        (reply.status == 200).then(|| reply.json()["outputs"][0]["data"][0].as_f64())
    };
    assert_eq!(sum(1000), Some(Some(1000.0)));
    for _ in 0..2 {
        // A gibibyte of numbers.
        let reply = server.infer("hungry", ask_hungry(1 << 28));
        assert!((500..=507).contains(&reply.status), "{reply:?}");
        reply.refused(reply.status, &["hungry"]);
        is_one(server.infer("one", ask_one()), 1.0);
        assert_eq!(sum(1000), Some(Some(1000.0)));
    }
    drop(server);
    // It was the limit, and nothing else.
    let free = Server::start(&home, "--start normal");
    assert_eq!(free.infer("hungry", ask_hungry(1 << 28)).status, 200);
}

#[test]
fn a_run_has_its_time() {
    let home = home(&["slow", "one"]);
    let server = Server::start(&home, "--time 300ms --workers 0..1");
    server.infer("slow", ask_slow(10_000_000, 0)).refused(504, &["300 ms"]);
    is_slow(server.infer("slow", ask_slow(7, 1)), 7, 1);
    is_one(server.infer("one", ask_one()), 1.0);
    assert_eq!(server.metric("blink_worker_events_total", &["model=\"slow\"", "event=\"stopped\""]), 1.0);
}

/// More connections than descriptors: those it has no room for wait or break off, and it recovers.
#[test]
fn descriptors_run_out() {
    let home = home(&["one"]);
    let line = "serve models --http 127.0.0.1:0 --grpc none --warm never --connections 1000 --workers 1..1";
    let command = home.blink(line).by("ulimit -n 60; exec \"$0\" \"$@\"").into_command();
    let server = Server::spawn(command);
    server.ready();
    is_one(server.infer("one", ask_one()), 1.0);
    let many: Vec<Http> = (0..200).map(|_| server.connect()).collect();
    server.says("could not be accepted");
    drop(many);
    is_one(server.infer("one", ask_one()), 1.0);
    // Workers too can be started again.
    signal("-KILL", server.workers("one")[0].pid);
    is_one(server.infer("one", ask_one()), 1.0);
}

/// A disk that is full when snapshots are made: they are not made, which is told, and all else works.
#[test]
fn no_room_for_snapshots() {
    let home = home(&["one"]);
    let line = "serve models --http 127.0.0.1:0 --grpc none --idle 100ms";
    // No file may grow past half a mebibyte. The signal for that is ignored, so writers see an error as with a full
    // disk.
    let command = home.blink(line).by("trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\"").into_command();
    let server = Server::spawn(command);
    server.ready();
    server.says(" warn ");
    for _ in 0..2 {
        is_one(server.infer("one", ask_one()), 1.0);
        server.asleep("one");
    }
    let left: Vec<_> =
        home.images().into_iter().filter(|path| fs::metadata(path).is_ok_and(|it| it.len() > 0)).collect();
    assert!(left.is_empty(), "pieces are left: {left:?}");
    drop(server);
    // With room there is one.
    let server = Server::spawn(home.blink(line).into_command());
    server.ready();
    wait("a snapshot", || (!home.images().is_empty()).then_some(()));
}

/// Where snapshots cannot be kept at all.
#[test]
fn no_place_for_snapshots() {
    let home = home(&["one"]);
    home.folder.write("cache", "a file where a directory should be");
    let server = Server::spawn(home.blink("serve models --http 127.0.0.1:0 --grpc none").into_command());
    server.ready();
    is_one(server.infer("one", ask_one()), 1.0);
    server.says(" warn ");
    is_one(server.infer("one", ask_one()), 1.0);
}
