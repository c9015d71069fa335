//! Files that are changed where they lie, as nobody should: the model of that file is refused in words until another one
//! is in its place, and no other model notices.

use std::fs::{self, File};
use std::thread;

use blink_artifact::SectionKind;
use serde_json::Value;

use crate::http::Reply;
use crate::models::{ask_heavy, ask_one, ask_slow, compiled, home, is_one, place};
use crate::server::{Server, signal, wait};
use crate::support::changes::{cut, flip};
use crate::support::home::Home;

const POLL: &str = "--poll 50ms";
/// What is told of a model whose file is poisoned.
const WORDS: &str = "changed while it was served";

/// The factor of the model that now answers as `heavy`.
fn factor(reply: Reply) -> f64 {
    reply.ok().json()["outputs"][0]["data"][1].as_f64().expect("a number")
}

fn entry(server: &Server, name: &str) -> Value {
    let index = server.post("/v2/repository/index", "").ok().json();
    index.as_array().expect("a list").iter().find(|entry| entry["name"] == name).expect("an entry").clone()
}

fn poisoned(server: &Server) -> f64 {
    server.metric("blink_artifacts_poisoned_total", &[])
}

/// Every way that tells of the model says that it is not served, and why.
fn is_told(server: &Server, name: &str) {
    server.infer(name, ask_heavy()).refused(503, &[name, WORDS]);
    server.get(&format!("/v2/models/{name}/ready")).refused(503, &[name, WORDS]);
    let entry = entry(server, name);
    assert_eq!(entry["state"], "UNAVAILABLE", "{entry}");
    assert!(entry["reason"].as_str().is_some_and(|reason| reason.contains(WORDS)), "{entry}");
    assert!(server.model(name)["reason"].as_str().is_some_and(|reason| reason.contains(WORDS)));
    server.asleep(name);
    server.says("poisoned");
    server.get("/v2/health/live").ok();
    is_one(server.infer("one", ask_one()), 1.0);
}

fn path(home: &Home) -> std::path::PathBuf {
    home.folder.path("models/heavy.blink")
}

/// Cut while its worker rests: the request that finds it out is refused like all others, and none is tried twice.
#[test]
fn cut_while_its_worker_rests() {
    let home = home(&["one", "heavy"]);
    let server = Server::start(&home, "--poll none");
    assert_eq!(factor(server.infer("heavy", ask_heavy())), 3.0);
    cut(&path(&home));
    is_told(&server, "heavy");
    is_told(&server, "heavy");
    assert_eq!(poisoned(&server), 1.0);
    assert_eq!(server.metric("blink_worker_events_total", &["event=\"retry\""]), 0.0);
    // A look finds nothing better there, and then something.
    signal("-HUP", server.pid());
    place(&home, "heavier", "heavy.blink");
    signal("-HUP", server.pid());
    wait("the whole one", || (server.infer("heavy", ask_heavy()).status == 200).then_some(()));
    assert_eq!(factor(server.infer("heavy", ask_heavy())), 5.0);
    assert_eq!((entry(&server, "heavy")["state"].clone(), poisoned(&server)), ("READY".into(), 1.0));
    server.end();
}

/// Cut while it has no worker: the one that is started for a request does not come up.
#[test]
fn cut_while_it_is_at_rest() {
    let home = home(&["one", "heavy"]);
    let server = Server::start(&home, "--poll none");
    cut(&path(&home));
    is_told(&server, "heavy");
    assert_eq!(poisoned(&server), 1.0);
}

/// Cut under requests at once, on several workers: each has the right answer or the refusal, and all that come later the
/// refusal alone.
#[test]
fn cut_under_load() {
    let home = home(&["one", "heavy"]);
    let server = Server::start(&home, "--poll none --workers 1..3");
    assert_eq!(factor(server.infer("heavy", ask_heavy())), 3.0);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut refused = 0;
                    while refused < 3 {
                        let reply = server.infer("heavy", ask_heavy());
                        if reply.status == 200 {
                            assert_eq!((factor(reply), refused), (3.0, 0));
                        } else {
                            reply.refused(503, &["heavy", WORDS]);
                            refused += 1;
                        }
                    }
                })
            })
            .collect();
        is_one(server.infer("one", ask_one()), 1.0);
        cut(&path(&home));
        clients.into_iter().for_each(|client| client.join().expect("words or an answer"));
    });
    is_told(&server, "heavy");
    assert_eq!(poisoned(&server), 1.0);
}

/// Cut in the middle of a run: what is computed then is not given.
#[test]
fn cut_in_a_run() {
    let home = home(&["one", "slow"]);
    let server = Server::start(&home, POLL);
    thread::scope(|scope| {
        let asked = scope.spawn(|| server.infer("slow", ask_slow(100_000, 9)));
        server.busy("slow");
        cut(&home.folder.path("models/slow.blink"));
        asked.join().expect("an answer").refused(503, &["slow", WORDS]);
    });
    is_one(server.infer("one", ask_one()), 1.0);
    server.get("/v2/models/slow/ready").refused(503, &["slow"]);
}

/// Found by a look, before any worker has: another file's bytes in the old file's place, whole.
#[test]
fn written_over_in_place() {
    let home = home(&["one", "heavy"]);
    let server = Server::start(&home, POLL);
    assert_eq!(factor(server.infer("heavy", ask_heavy())), 3.0);
    cut(&path(&home));
    wait("the look", || (poisoned(&server) == 1.0).then_some(()));
    assert_ne!(server.infer("heavy", ask_heavy()).status, 200);
    // Written to where it lies, it is the same file for the kernel, and another one for whoever opens it.
    fs::write(path(&home), fs::read(compiled("heavier")).expect("an artifact")).expect("our file");
    wait("the whole one", || (server.infer("heavy", ask_heavy()).status == 200).then_some(()));
    assert_eq!(factor(server.infer("heavy", ask_heavy())), 5.0);
    server.end();
}

/// A file that only got another time is the same bytes.
#[test]
fn touched_it_goes_on() {
    let home = home(&["heavy"]);
    let server = Server::start(&home, POLL);
    assert_eq!(factor(server.infer("heavy", ask_heavy())), 3.0);
    let now = std::time::SystemTime::now();
    File::open(path(&home)).and_then(|file| file.set_modified(now)).expect("our file");
    wait("the look", || (server.said().matches("loaded ").count() == 2).then_some(()));
    assert_eq!((factor(server.infer("heavy", ask_heavy())), poisoned(&server)), (3.0, 0.0));
}

/// It is of a file that is poisoned.
#[test]
fn a_snapshot_of_it_is_not_used() {
    let home = home(&["one", "heavy"]);
    let line = format!("serve models --http 127.0.0.1:0 --grpc 127.0.0.1:0 {POLL} --idle 50ms");
    let server = Server::spawn(home.blink(&line).into_command());
    server.ready();
    wait("snapshots", || (home.images().len() == 2).then_some(()));
    wait("a restored worker", || {
        server.asleep("heavy");
        assert_eq!(factor(server.infer("heavy", ask_heavy())), 3.0);
        (server.metric("blink_first_answer_seconds_count", &["model=\"heavy\"", "kind=\"snapshot\""]) > 0.0)
            .then_some(())
    });
    cut(&path(&home));
    wait("the look", || (poisoned(&server) == 1.0).then_some(()));
    wait("its end", || server.workers("one").is_empty().then_some(()));
    server.get("/v2/models/heavy/ready").refused(503, &["heavy"]);
    place(&home, "heavier", "heavy.blink");
    wait("the whole one", || (server.infer("heavy", ask_heavy()).status == 200).then_some(()));
    assert_eq!(factor(server.infer("heavy", ask_heavy())), 5.0);
}

/// A bit of the weights is wrong from the start. What is found, and when, is the level's.
#[test]
fn each_level_finds_what_it_promises() {
    for level in ["code", "lazy", "full"] {
        let home = home(&["one", "heavy"]);
        flip(&path(&home), SectionKind::Weights);
        let server = Server::start(&home, &format!("--poll none --verify {level}"));
        match level {
            "code" => {
                server.infer("heavy", ask_heavy()).ok();
                server.infer("heavy", ask_heavy()).ok();
                assert_eq!(poisoned(&server), 0.0);
            }
            "lazy" => {
                // What it finds may be known before this answer is on its way.
                let first = server.infer("heavy", ask_heavy());
                if first.status != 200 {
                    first.refused(503, &["heavy"]);
                }
                wait("the check", || (poisoned(&server) == 1.0).then_some(()));
                is_told(&server, "heavy");
            }
            _ => {
                server.infer("heavy", ask_heavy()).refused(503, &["heavy", "weights of model 0", "hash"]);
                assert_eq!(poisoned(&server), 0.0, "it was never served");
            }
        }
        is_one(server.infer("one", ask_one()), 1.0);
        flip(&path(&home), SectionKind::Graph);
        let again = Server::start(&home, &format!("--poll none --verify {level}"));
        again.infer("heavy", ask_heavy()).refused(503, &["heavy", "hash"]);
    }
}

/// Where every byte was checked, a start asks whether the file is as it was then.
#[test]
fn at_the_full_level_a_start_notices_that_it_was_written_to() {
    let home = home(&["one", "heavy"]);
    let server = Server::start(&home, "--poll none --verify full --idle 50ms");
    assert_eq!(factor(server.infer("heavy", ask_heavy())), 3.0);
    server.asleep("heavy");
    flip(&path(&home), SectionKind::Weights);
    is_told(&server, "heavy");
}
