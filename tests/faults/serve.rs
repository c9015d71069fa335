//! A server whose model loads at a request: that request is answered rightly, or is told what failed, or its connection
//! ends; the next one is answered rightly. The server lives, unless it is its own memory that is missing.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::http::Http;
use crate::kind::Kind;
use crate::listener::{self, Event};
use crate::memory::Allocations;
use crate::server::{Server, signal, wait};
use crate::support::home::Home;
use crate::support::models::{self, X, Y};
use crate::sweep::{Tally, chosen};
use crate::trial::Outcome;

/// How many of the calls of a kind fail.
const MOST: u64 = 36;

/// Which call fails, counted from when that was said.
#[derive(Default)]
struct Armed {
    calls: AtomicU64,
    fails: AtomicU64,
}

impl Armed {
    /// Counts a call, and says whether it fails.
    fn is_it(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.fails.load(Ordering::SeqCst)
    }
}

/// A server, and the calls of one kind that it and its workers make.
struct Watched {
    server: Server,
    armed: Arc<Armed>,
    allocations: Option<Allocations>,
}

impl Watched {
    fn start(home: &Home, kind: Kind) -> Watched {
        let line = "serve models --http 127.0.0.1:0 --grpc none --warm never --poll none --idle 10ms --workers 0..1";
        let mut command: Command = home.blink(line).into_command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let armed = Arc::<Armed>::default();
        let (child, allocations) = if kind == Kind::Allocation {
            let allocations = Allocations::failing(0);
            allocations.in_command(&mut command);
            (command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")), Some(allocations))
        } else {
            let (child, listener) = listener::spawn(command, kind);
            let theirs = Arc::clone(&armed);
            thread::spawn(move || {
                loop {
                    match listener.wait(1000) {
                        Event::Call(call) => {
                            let error = if call.begins { None } else { call.error(kind) };
                            listener.answer(call, error.filter(|_| theirs.is_it()));
                        }
                        Event::Nothing => {}
                        Event::Ended => return,
                    }
                }
            });
            (child, None)
        };
        let server = Server::of(child);
        server.ready();
        Watched { server, armed, allocations }
    }

    /// From now on, call number `n` fails; none where it is 0.
    fn arm(&self, n: u64) {
        match &self.allocations {
            Some(allocations) => allocations.fail_from_now(n),
            None => {
                self.armed.fails.store(0, Ordering::SeqCst);
                self.armed.calls.store(0, Ordering::SeqCst);
                self.armed.fails.store(n, Ordering::SeqCst);
            }
        }
    }

    /// Calls since it was armed.
    fn calls(&self) -> u64 {
        self.allocations.as_ref().map_or_else(|| self.armed.calls.load(Ordering::SeqCst), Allocations::since)
    }

    /// Asks the model, which has no worker; what came of it.
    fn ask(&self, when: &str) -> Outcome {
        let body = format!(r#"{{"inputs":[{{"name":"x","shape":[2,3],"datatype":"FP32","data":{X:?}}}]}}"#);
        let mut connection = Http::to(self.server.http());
        let head = crate::http::head("POST", "/v2/models/one/infer", &[], body.len());
        let reply = connection.send(head + &body).and_then(|()| connection.try_reply());
        match reply {
            Ok(reply) if reply.status == 200 => {
                let data = reply.json()["outputs"][0]["data"].clone();
                assert_eq!(data, serde_json::json!(Y), "{when}");
                Outcome::Success
            }
            Ok(reply) => {
                reply.refused(reply.status, &[]);
                Outcome::Error
            }
            Err(_) => Outcome::Error,
        }
    }
}

fn sweep(kind: Kind) {
    let home = Home::of(models::compiled_one());
    fs::create_dir(home.folder.path("models")).expect("the folder is ours");
    fs::rename(home.folder.path("one.blink"), home.folder.path("models/one.blink")).expect("the folder is ours");
    let mut watched = Watched::start(&home, kind);
    assert_eq!(watched.ask("the first request"), Outcome::Success);
    watched.server.asleep("one");
    watched.arm(u64::MAX);
    assert_eq!(watched.ask("the counted request"), Outcome::Success);
    let (count, mut tally) = (watched.calls(), Tally::default());
    for n in chosen(count, MOST) {
        let when = format!("serve, {kind:?} {n}");
        watched.server.asleep("one");
        watched.arm(n);
        let mut outcome = watched.ask(&when);
        watched.arm(0);
        if kind.is_memory() && watched.server.has_gone() {
            outcome = Outcome::Abort;
            let said = watched.server.gone();
            assert!(crate::trial::WORDS.iter().any(|words| said.contains(words)), "{when}: {said}");
            watched = Watched::start(&home, kind);
        }
        tally.add(outcome);
        assert_eq!(watched.ask(&format!("after {when}")), Outcome::Success, "after {when}");
    }
    tally.tell("serve, model load", kind, count);
    // It ends in good order.
    wait("its worker", || watched.server.workers("one").is_empty().then_some(()));
    signal("-TERM", watched.server.pid());
    let (status, said) = watched.server.wait_in_trouble();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(kind.is_memory() || !said.contains("panicked"), "{said}");
}

#[test]
fn opens() {
    sweep(Kind::Open);
}

#[test]
fn reads() {
    sweep(Kind::Read);
}

#[test]
fn writes() {
    sweep(Kind::Write);
}

#[test]
fn maps() {
    sweep(Kind::Map);
}

#[test]
fn starts_of_threads_and_processes() {
    sweep(Kind::Start);
}

#[test]
fn allocations() {
    sweep(Kind::Allocation);
}
