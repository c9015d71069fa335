//! Clients that go, that do not listen, that have no time, and that are too many.

use std::thread;
use std::time::Duration;

use crate::http::{Http, head};
use crate::models::{ask_one, ask_slow, home, is_one, is_slow};
use crate::server::{Server, wait};

const ENDLESS: u64 = 10_000_000;

fn sent(server: &Server, model: &str, body: &str) -> Http {
    let mut connection = server.connect();
    connection.send(head("POST", &format!("/v2/models/{model}/infer"), &[], body.len()) + body).expect("it is read");
    connection
}

#[test]
fn gone_while_it_runs() {
    let home = home(&["slow"]);
    let server = Server::start(&home, "--workers 0..1");
    let connection = sent(&server, "slow", &ask_slow(ENDLESS, 0));
    server.busy("slow");
    drop(connection);
    // Its worker is free for the next one, long before it would have been done.
    is_slow(server.infer("slow", ask_slow(7, 1)), 7, 1);
    assert_eq!(server.metric("blink_requests_total", &["model=\"slow\"", "outcome=\"cancelled\""]), 1.0);
    assert_eq!(server.metric("blink_worker_events_total", &["model=\"slow\"", "event=\"stopped\""]), 1.0);
    assert_eq!(server.metric("blink_worker_events_total", &["model=\"slow\"", "event=\"crash\""]), 0.0);
}

#[test]
fn gone_while_it_waits() {
    let home = home(&["slow"]);
    let server = Server::start(&home, "--workers 0..1");
    let mut first = sent(&server, "slow", &ask_slow(2000, 0));
    server.busy("slow");
    let waiting: Vec<_> = (0..5).map(|_| sent(&server, "slow", &ask_slow(ENDLESS, 0))).collect();
    wait("all five to wait", || (server.model("slow")["queued"] == 5).then_some(()));
    drop(waiting);
    wait("none of them to wait", || (server.model("slow")["queued"] == 0).then_some(()));
    is_slow(first.reply(), 2000, 0);
    is_slow(server.infer("slow", ask_slow(7, 1)), 7, 1);
    // They were never run, so no worker had to be stopped for them.
    assert_eq!(server.metric("blink_worker_events_total", &["model=\"slow\"", "event=\"stopped\""]), 0.0);
}

#[test]
fn gone_in_the_middle_of_a_body() {
    let home = home(&["one"]);
    let server = Server::start(&home, "");
    let body = ask_one();
    for end in [0, 1, body.len() / 2, body.len() - 1] {
        for chunked in [true, false] {
            let mut connection = server.connect();
            let headers: &[(&str, &str)] = if chunked { &[("transfer-encoding", "chunked")] } else { &[] };
            connection.send(head("POST", "/v2/models/one/infer", headers, body.len())).expect("it is read");
            let part = &body[..end];
            connection.send(if chunked { format!("{end:x}\r\n{part}") } else { part.to_owned() }).expect("it is read");
            drop(connection);
        }
        is_one(server.infer("one", ask_one()), 1.0);
    }
    wait("no connection left of them", || (server.metric("blink_connections", &[]) <= 1.0).then_some(()));
}

/// A client that asks for much and takes nothing holds up nobody, and is cut off.
#[test]
fn a_client_that_does_not_listen() {
    let home = home(&["types", "one"]);
    let server = Server::start(&home, "--client-timeout 500ms --workers 0..1");
    let elements = 8 << 20;
    let json = format!(
        r#"{{"inputs":[{{"name":"x","shape":[{elements}],"datatype":"UINT8",
        "parameters":{{"binary_data_size":{elements}}}}}],"parameters":{{"binary_data_output":true}}}}"#
    );
    let length = json.len().to_string();
    let headers = [("inference-header-content-length", length.as_str())];
    let mut deaf: Vec<Http> = (0..4)
        .map(|_| {
            let mut connection = server.connect();
            let head = head("POST", "/v2/models/types.uint8/infer", &headers, json.len() + elements);
            connection.send(head + &json).and_then(|()| connection.send(vec![7; elements])).expect("it is read");
            connection
        })
        .collect();
    wait("all four to be answered", || {
        (server.metric("nv_inference_request_success", &["model=\"types.uint8\""]) == 4.0).then_some(())
    });
    is_one(server.infer("one", ask_one()), 1.0);
    wait("all four to be cut off", || (server.metric("blink_connections", &[]) <= 1.0).then_some(()));
    assert!(deaf.iter_mut().all(|connection| connection.try_reply().is_err()));
}

#[test]
fn a_full_queue_says_when_to_come_again() {
    let home = home(&["slow", "one"]);
    let server = Server::start(&home, "--workers 0..1 --queue 2");
    let mut running = sent(&server, "slow", &ask_slow(3000, 0));
    server.busy("slow");
    let mut waiting: Vec<_> = (0..2).map(|number| sent(&server, "slow", &ask_slow(7, number))).collect();
    wait("both to wait", || (server.model("slow")["queued"] == 2).then_some(()));
    for _ in 0..3 {
        let reply = server.infer("slow", ask_slow(7, 9));
        reply.refused(429, &["slow", "2"]);
        let after: u64 = reply.header("retry-after").expect("a time").parse().expect("seconds");
        assert!((1..=60).contains(&after), "{after}");
    }
    // It is the queue of that model alone.
    is_one(server.infer("one", ask_one()), 1.0);
    is_slow(running.reply(), 3000, 0);
    for (number, connection) in (0..).zip(&mut waiting) {
        is_slow(connection.reply(), 7, number);
    }
    assert_eq!(server.metric("blink_requests_total", &["model=\"slow\"", "outcome=\"full\""]), 3.0);
}

/// Its own time, as the protocol lets it say, and the model's.
#[test]
fn a_request_that_has_no_time_is_told_so_in_time() {
    let home = home(&["slow"]);
    let server = Server::start(&home, "--workers 0..1 --timeout 2s");
    let timed =
        |micros: u64| ask_slow(ENDLESS, 0).replacen('{', &format!(r#"{{"parameters":{{"timeout":{micros}}},"#), 1);
    // While it runs, and while it waits.
    for micros in [300_000, 1] {
        server.infer("slow", timed(micros)).refused(504, &[]);
    }
    server.infer("slow", timed(3_600_000_000)).refused(504, &["2000 ms"]);
    thread::sleep(Duration::from_millis(50));
    is_slow(server.infer("slow", ask_slow(7, 1)), 7, 1);
    assert_eq!(server.metric("blink_requests_total", &["model=\"slow\"", "outcome=\"deadline\""]), 3.0);
}
