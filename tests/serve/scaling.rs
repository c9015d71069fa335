//! Workers come when there is work, as many as are allowed, and go when there is none.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::http::Http;
use crate::models::{ask_one, ask_scaled, ask_slow, home, is_one, is_slow, wait_for_restored};
use crate::server::{Server, wait};

#[test]
fn from_zero_and_back_again() {
    let home = home(&["one", "two"]);
    let server = Server::start(&home, "--idle 200ms");
    for _ in 0..2 {
        assert_eq!(server.workers("one"), []);
        is_one(server.infer("one", ask_one()), 1.0);
        assert_eq!(server.workers("one").len(), 1);
        assert_eq!(server.workers("two"), [], "nobody asked it");
        server.asleep("one");
    }
    assert_eq!(server.metric("blink_worker_events_total", &["model=\"one\"", "event=\"idle\""]), 2.0);
}

#[test]
fn a_worker_that_is_needed_stays() {
    let home = home(&["one"]);
    let server = Server::start(&home, "");
    is_one(server.infer("one", ask_one()), 1.0);
    let first = server.workers("one");
    for _ in 0..20 {
        is_one(server.infer("one", ask_one()), 1.0);
    }
    let pids = |workers: &[crate::server::Worker]| workers.iter().map(|worker| worker.pid).collect::<Vec<_>>();
    assert_eq!(pids(&server.workers("one")), pids(&first));
}

/// The issue's own words: from 0 to 8 workers under a burst of 64 requests, no error, every output right.
#[test]
fn a_burst_of_64() {
    let home = home(&["slow"]);
    let server = Server::start(&home, "--workers 0..8");
    let (address, done) = (server.http(), AtomicBool::new(false));
    let trips = |number: u64| 200 + number;
    let mut most = 0;
    thread::scope(|scope| {
        let asked = scope.spawn(|| {
            let replies =
                server.at_once("slow", (0..64).map(|number| ask_slow(trips(number), 1000 * number)).collect());
            done.store(true, Ordering::Release);
            replies
        });
        while !done.load(Ordering::Acquire) {
            most = most.max(server.workers("slow").len());
        }
        for (number, reply) in (0..64).zip(asked.join().expect("answers")) {
            is_slow(reply, trips(number), 1000 * number);
        }
    });
    assert!((2..=8).contains(&most), "{most} workers");
    assert_eq!(server.metric("nv_inference_request_success", &["model=\"slow\""]), 64.0);
    drop(Http::to(address));
}

#[test]
fn never_more_than_are_allowed() {
    let home = home(&["slow"]);
    let server = Server::start(&home, "--workers 0..2");
    thread::scope(|scope| {
        let asked = scope.spawn(|| server.at_once("slow", vec![ask_slow(100, 0); 16]));
        let mut seen = BTreeSet::new();
        while !asked.is_finished() {
            let workers = server.workers("slow");
            assert!(workers.len() <= 2, "{workers:?}");
            seen.extend(workers.iter().map(|worker| worker.pid).filter(|pid| *pid != 0));
        }
        asked.join().expect("answers").into_iter().for_each(|reply| is_slow(reply, 100, 0));
        assert!(seen.len() <= 2, "{seen:?}");
    });
}

#[test]
fn the_fewest_are_there_unasked_and_stay() {
    let home = home(&["one", "slow"]);
    let server = Server::start(&home, "--workers 1..3 --idle 100ms");
    let idle = || server.workers("slow").iter().filter(|worker| worker.state == "idle").count();
    wait("a worker that nobody asked for", || (idle() == 1).then_some(()));
    server.at_once("slow", vec![ask_slow(300, 0); 6]).into_iter().for_each(|reply| is_slow(reply, 300, 0));
    wait("the fewest again", || (server.workers("slow").len() == 1).then_some(()));
    thread::sleep(Duration::from_millis(500));
    assert_eq!(server.workers("slow").len(), 1);
}

/// Memory for two: the one that was asked longest ago is put to sleep, and wakes when it is asked.
#[test]
fn a_budget_puts_the_one_longest_unasked_to_sleep() {
    let home = home(&["one", "two", "doubled"]);
    let ask_two = r#"{"inputs":[{"name":"a","shape":[1],"datatype":"INT64","data":[6]},
        {"name":"b","shape":[1],"datatype":"INT64","data":[7]}]}"#;
    let ask = |server: &Server, model: &str| match model {
        "one" => is_one(server.infer(model, ask_one()), 1.0),
        "doubled" => is_one(server.infer(model, ask_one()), 2.0),
        _ => assert_eq!(server.infer(model, ask_two).ok().json()["outputs"][1]["data"][0], 42),
    };
    let measured = Server::start(&home, "");
    // From here to the end somebody else has ONNX Runtime mapped: its pages are no worker's alone, in this server or the
    // next.
    ask(&measured, "doubled");
    ask(&measured, "one");
    // What a worker is expected to hold is counted until it is measured, which its shared part tells.
    let bytes = |kind| measured.metric("blink_worker_memory_bytes", &["model=\"one\"", kind]);
    let one = wait("a measured worker", || (bytes("kind=\"shared\"") > 0.0).then(|| bytes("kind=\"private\"")));

    // Workers of one model differ by a tenth and more, by how many huge pages there are for each.
    let server = Server::start(&home, &format!("--memory {}", (2.2 * one) as u64));
    let mut asleep = |asked: &str| {
        ask(&server, asked);
        wait("no more than two", || {
            let awake = ["one", "two", "doubled"].iter().filter(|model| !server.workers(model).is_empty()).count();
            (awake <= 2).then_some(())
        });
        assert_eq!(server.workers(asked).len(), 1, "{asked} was asked just now");
    };
    ["one", "two", "doubled"].into_iter().for_each(&mut asleep);
    assert_eq!(server.workers("one"), [], "it was asked longest ago");
    asleep("two");
    asleep("one");
    assert_eq!(server.workers("doubled"), []);
    assert!(server.metric("blink_worker_events_total", &["event=\"evicted\""]) >= 2.0);
}

#[test]
fn a_model_that_can_never_fit_is_told() {
    let home = home(&["one"]);
    let server = Server::start(&home, "--memory 1MiB");
    for _ in 0..2 {
        server.infer("one", ask_one()).refused(503, &["one", "memory"]);
    }
    assert_eq!(server.workers("one"), []);
}

/// A model that is flooded does not hold up another.
#[test]
fn models_take_turns() {
    let home = home(&["slow", "one"]);
    let server = Server::start(&home, "--running 1 --workers 0..1");
    is_one(server.infer("one", ask_one()), 1.0);
    thread::scope(|scope| {
        let flood = scope.spawn(|| server.at_once("slow", vec![ask_slow(400, 0); 24]));
        server.busy("slow");
        for factor in 1..=4u8 {
            let factor = f32::from(factor);
            is_one(server.infer("one", ask_scaled(factor)), factor);
        }
        assert!(!flood.is_finished(), "the others were answered after all of the flood");
        flood.join().expect("answers").into_iter().for_each(|reply| is_slow(reply, 400, 0));
    });
}

/// Once a model's snapshot is there, its workers are restored from it, and answer the same.
#[test]
fn workers_are_restored_from_a_snapshot() {
    let home = home(&["one"]);
    let line = "serve models --http 127.0.0.1:0 --grpc none --idle 100ms";
    let server = Server::spawn(home.blink(line).into_command());
    server.ready();
    is_one(server.infer("one", ask_one()), 1.0);
    wait_for_restored(&home, &server);
}

/// A snapshot that somebody has made by hand is the server's, too.
#[test]
fn a_snapshot_made_before_is_used_from_the_first_worker_on() {
    let home = home(&["one"]);
    home.blink("warm models/one.blink").ok();
    let server = Server::start(&home, "");
    is_one(server.infer("one", ask_one()), 1.0);
    let starts = |kind| server.metric("blink_cold_start_seconds_count", &["model=\"one\"", kind]);
    wait("a start that is counted, after its answer", || (starts("kind=\"snapshot\"") > 0.0).then_some(()));
    assert_eq!(starts("kind=\"normal\""), 0.0);
}
