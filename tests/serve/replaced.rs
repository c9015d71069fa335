//! Artifacts that are replaced, broken, or gone. A file is replaced by rename, as anybody does who can.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

use crate::http::Http;
use crate::models::{ask_one, ask_slow, compiled, home, is_one, is_slow, place};
use crate::server::{Server, signal, wait};
use crate::support::models::Y;

const POLL: &str = "--poll 50ms";

/// The factor of the model that now answers as `one`.
fn factor(server: &Server) -> f32 {
    let reply = server.infer("one", ask_one()).ok().json();
    (reply["outputs"][0]["data"][0].as_f64().expect("a number") as f32) / Y[0]
}

/// What the index tells of a model.
fn entry(server: &Server, name: &str) -> Option<Value> {
    let index = server.post("/v2/repository/index", "").ok().json();
    index.as_array().expect("a list").iter().find(|entry| entry["name"] == name).cloned()
}

/// Clients that ask all the time: no request fails, and none that was answered by the new model sees the old one again.
fn under_load(server: &Server, change: impl FnOnce()) {
    let done = AtomicBool::new(false);
    let path = "/v2/models/one/infer";
    thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let (mut connection, mut seen, mut asked) = (Http::to(server.http()), 0.0, 0);
                    while !done.load(Ordering::Acquire) {
                        let reply = connection.request("POST", path, &[], ask_one().as_bytes()).ok().json();
                        let factor = reply["outputs"][0]["data"][0].as_f64().expect("a number") as f32 / Y[0];
                        assert!(factor == 1.0 || factor == 2.0, "{reply}");
                        assert!(factor >= seen, "the old model answered after the new one");
                        (seen, asked) = (factor, asked + 1);
                    }
                    (seen, asked)
                })
            })
            .collect();
        is_one(server.infer("one", ask_one()), 1.0);
        change();
        wait("the new model", || (factor(server) == 2.0).then_some(()));
        // Each of them asks once more, at least.
        (0..8).for_each(|_| assert_eq!(factor(server), 2.0));
        done.store(true, Ordering::Release);
        for client in clients {
            let (_, asked) = client.join().expect("no request fails");
            assert!(asked > 0);
        }
    });
    assert_eq!(server.metric("nv_inference_request_failure", &["model=\"one\""]), 0.0);
}

#[test]
fn under_load_no_request_fails() {
    let home = home(&["one"]);
    let server = Server::start(&home, &format!("{POLL} --workers 0..2"));
    under_load(&server, || place(&home, "doubled", "one.blink"));
}

#[test]
fn a_signal_makes_it_look() {
    let home = home(&["one"]);
    let server = Server::start(&home, "--poll none");
    under_load(&server, || {
        place(&home, "doubled", "one.blink");
        signal("-HUP", server.pid());
    });
}

#[test]
fn versions_stand_side_by_side() {
    let home = home(&[]);
    place(&home, "one", "one/1/model.blink");
    let server = Server::start(&home, POLL);
    is_one(server.infer("one", ask_one()), 1.0);
    place(&home, "doubled", "one/3/model.blink");
    wait("the new version", || (factor(&server) == 2.0).then_some(()));
    is_one(server.infer("one/versions/1", ask_one()), 1.0);
    is_one(server.infer("one/versions/3", ask_one()), 2.0);
    server.infer("one/versions/2", ask_one()).refused(404, &["one", "2"]);
    assert_eq!(server.get("/v2/models/one").ok().json()["versions"], serde_json::json!(["1", "3"]));
    fs::remove_file(home.folder.path("models/one/3/model.blink")).expect("it is there");
    wait("the old version", || (factor(&server) == 1.0).then_some(()));
    server.infer("one/versions/3", ask_one()).refused(503, &["one", "no model.blink"]);
}

#[test]
fn a_new_model_is_found() {
    let home = home(&["one"]);
    let server = Server::start(&home, POLL);
    server.infer("slow", ask_slow(1, 1)).refused(404, &["slow"]);
    place(&home, "slow", "slow.blink");
    wait("the new model", || (server.get("/v2/models/slow/ready").status == 200).then_some(()));
    is_slow(server.infer("slow", ask_slow(1, 1)), 1, 1);
}

#[test]
fn a_broken_one_leaves_the_old_one_serving() {
    let home = home(&["one"]);
    let server = Server::start(&home, POLL);
    let whole = fs::read(compiled("doubled")).expect("an artifact");
    let mut flipped = whole.clone();
    flipped[4096] ^= 1;
    let broken = [b"no artifact".to_vec(), Vec::new(), whole[..whole.len() / 2].to_vec(), flipped];
    for bytes in broken {
        home.folder.write("beside", &bytes);
        let changes = server.said().lines().count();
        fs::rename(home.folder.path("beside"), home.folder.path("models/one.blink")).expect("one directory");
        wait("a word about it", || (server.said().lines().count() > changes).then_some(()));
        for _ in 0..3 {
            assert_eq!(factor(&server), 1.0);
        }
    }
    server.get("/v2/health/ready").ok();
    assert!(server.said().contains("one.blink"), "{}", server.said());
    let reason = entry(&server, "one").expect("an entry")["reason"].clone();
    assert!(reason.as_str().is_some_and(|reason| !reason.is_empty() && !reason.contains('/')), "{reason}");
    place(&home, "doubled", "one.blink");
    wait("the good one", || (factor(&server) == 2.0).then_some(()));
}

#[test]
fn one_that_was_broken_from_the_start_does_not_hold_up_the_others() {
    let home = home(&["one"]);
    home.folder.write("models/broken.blink", "no artifact");
    let server = Server::start(&home, POLL);
    is_one(server.infer("one", ask_one()), 1.0);
    let reply = server.infer("broken", ask_one());
    reply.refused(503, &["broken"]);
    assert_eq!(entry(&server, "broken").expect("an entry")["state"], "UNAVAILABLE");
    place(&home, "doubled", "broken.blink");
    wait("the good one", || (server.infer("broken", ask_one()).status == 200).then_some(()));
    is_one(server.infer("broken", ask_one()), 2.0);
}

/// Written in place, bit by bit: it is served once it is whole, and not before.
#[test]
fn one_that_is_still_being_written_is_waited_for() {
    let home = home(&["one"]);
    let server = Server::start(&home, POLL);
    let whole = fs::read(compiled("doubled")).expect("an artifact");
    let path = home.folder.path("models/new.blink");
    for part in 1..=4 {
        fs::write(&path, &whole[..whole.len() * part / 4]).expect("room");
        is_one(server.infer("one", ask_one()), 1.0);
        if part < 4 {
            assert_ne!(server.infer("new", ask_one()).status, 200);
        }
    }
    wait("the whole one", || (server.infer("new", ask_one()).status == 200).then_some(()));
    is_one(server.infer("new", ask_one()), 2.0);
}

#[test]
fn one_that_is_gone_finishes_what_it_began() {
    let home = home(&["one", "slow"]);
    let server = Server::start(&home, POLL);
    thread::scope(|scope| {
        let asked = scope.spawn(|| server.infer("slow", ask_slow(4000, 9)));
        server.busy("slow");
        fs::remove_file(home.folder.path("models/slow.blink")).expect("it is there");
        wait("its end", || (server.infer("slow", ask_slow(1, 1)).status == 404).then_some(()));
        is_slow(asked.join().expect("an answer"), 4000, 9);
    });
    is_one(server.infer("one", ask_one()), 1.0);
    server.get("/v2/health/ready").ok();
}

/// Nobody should do it: the file that is served is cut off and written over, where it lies.
#[test]
fn one_that_is_cut_off_in_place_costs_no_more_than_itself() {
    let home = home(&["one", "network"]);
    let server = Server::start(&home, "--poll none --idle 100ms");
    let path = home.folder.path("models/network.blink");
    let ask = format!(
        r#"{{"inputs":[{{"name":"input","shape":[1,3,32,32],"datatype":"FP32","data":[{}]}}]}}"#,
        vec!["0.5"; 3072].join(",")
    );
    let right = server.infer("network", &ask).ok().body;
    let whole = fs::read(&path).expect("an artifact");
    let writable = |path: &std::path::Path| {
        let mut permissions = fs::metadata(path).expect("a file").permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
        fs::set_permissions(path, permissions).expect("our file");
    };
    writable(&path);
    fs::File::options().write(true).open(&path).and_then(|file| file.set_len(8192)).expect("our file");
    for _ in 0..3 {
        let reply = server.infer("network", &ask);
        assert!(reply.status == 200 && reply.body == right || reply.status >= 500, "{reply:?}");
        is_one(server.infer("one", ask_one()), 1.0);
    }
    drop(whole);
    place(&home, "network", "network.blink");
    signal("-HUP", server.pid());
    wait("the good one", || {
        let reply = server.infer("network", &ask);
        (reply.status == 200).then(|| assert_eq!(reply.body, right))
    });
}
