//! A server that asks for signatures: what it serves, what it makes snapshots of, and what it leaves in place. And one that
//! asks for none: whose native code its apps run.

use std::fs;

use crate::apps::with_echo;
use crate::models::{ask_one, home, is_one, place, wait_for_restored};
use crate::server::{Server, wait};
use crate::support::forged::forge;
use crate::support::home::Home;
use crate::support::models::Y;

const ASK: &str = "--require-signature --trust trust --poll 50ms";

/// A home in which `models/one.blink` is signed by the one trusted key.
fn signed_home() -> Home {
    let home = home(&["one"]);
    home.blink("keygen -o me").ok();
    fs::create_dir(home.folder.path("trust")).expect("a directory");
    fs::rename(home.folder.path("me.pub"), home.folder.path("trust/me.pub")).expect("a key");
    home.blink("sign models/one.blink --key me").ok();
    home
}

/// The snapshot is made of the file that was checked, and workers are restored from it.
#[test]
fn a_signed_model_is_served_and_its_snapshot_used() {
    let home = signed_home();
    let line = format!("serve models --http 127.0.0.1:0 --grpc none --idle 50ms {ASK}");
    let server = Server::spawn(home.blink(&line).into_command());
    server.ready();
    is_one(server.infer("one", ask_one()), 1.0);
    wait_for_restored(&home, &server);
    assert_eq!(home.images().len(), 1);
}

#[test]
fn what_is_not_signed_takes_no_models_place() {
    let home = signed_home();
    let server = Server::start(&home, ASK);
    is_one(server.infer("one", ask_one()), 1.0);
    place(&home, "doubled", "one.blink");
    server.says("not signed");
    is_one(server.infer("one", ask_one()), 1.0);
    place(&home, "doubled", "other.blink");
    server.says("other");
    let refused = server.infer("other", ask_one());
    assert!(refused.status >= 400, "{}", refused.status);
    home.blink("sign models/one.blink --key me").ok();
    wait("the model that is signed now", || {
        let reply = server.infer("one", ask_one()).ok().json();
        let answer = reply["outputs"][0]["data"][0].as_f64().expect("a number") as f32;
        (answer == 2.0 * Y[0]).then_some(())
    });
}

/// A home in which `models/forged.blink` gives back what it reads by its WebAssembly, and answers `evil` by its native code.
/// The public key of `me` is in `trust/`.
fn forged_home() -> Home {
    let home = with_echo();
    forge(&home.folder.path("models/echo.blink"), &home.folder.path("models/forged.blink"));
    fs::remove_file(home.folder.path("models/echo.blink")).expect("a file");
    home.blink("keygen -o me").ok();
    fs::create_dir(home.folder.path("trust")).expect("a directory");
    fs::rename(home.folder.path("me.pub"), home.folder.path("trust/me.pub")).expect("a key");
    home
}

fn answer(server: &Server) -> Vec<u8> {
    server.post("/apps/forged", "hello").ok().body
}

fn compiled(server: &Server) -> f64 {
    server.metric("blink_worker_events_total", &["model=\"forged\"", "event=\"guest_compiled\""])
}

#[test]
fn an_app_that_nobody_trusted_has_signed_is_compiled_when_it_is_loaded_once() {
    let home = forged_home();
    for (words, times) in [("--trust trust", 1.0), ("--trust trust", 0.0), ("", 0.0)] {
        let server = Server::start(&home, words);
        assert_eq!(compiled(&server), times, "{words}: before anybody has asked");
        assert_eq!(server.said().contains("compiled for this host"), times > 0.0);
        assert_eq!(answer(&server), b"hello");
    }
}

#[test]
fn an_app_that_a_trusted_key_has_signed_runs_its_own_code_restored_or_not() {
    let home = forged_home();
    home.blink("sign models/forged.blink --key me").ok();
    let server = Server::start(&home, "--trust trust");
    assert_eq!((answer(&server), compiled(&server)), (b"evil".to_vec(), 0.0));
    server.end();
    assert!(!home.folder.path("cache/guests").exists());
    home.blink("warm models/forged.blink --trust trust").ok();
    let server = Server::start(&home, "--trust trust --start snapshot");
    assert_eq!(answer(&server), b"evil");
    server.end();
    // Trusted no more, nothing of it is run, nor restored.
    home.blink("keygen -o you").ok();
    fs::rename(home.folder.path("you.pub"), home.folder.path("trust/me.pub")).expect("a key");
    let server = Server::start(&home, "--trust trust");
    assert_eq!((answer(&server), compiled(&server)), (b"hello".to_vec(), 1.0));
}

#[test]
fn an_app_whose_code_goes_while_it_is_served_is_compiled_again() {
    let home = forged_home();
    let server = Server::start(&home, "--idle 50ms --start normal");
    assert_eq!(answer(&server), b"hello");
    server.asleep("forged");
    fs::remove_dir_all(home.folder.path("cache/guests")).expect("a cache");
    let first = server.post("/apps/forged", "hello");
    assert!(first.status == 200 || first.status == 503, "{first:?}");
    wait("the app", || (server.post("/apps/forged", "hello").status == 200).then_some(()));
    assert_eq!(compiled(&server), 2.0);
}

#[test]
fn an_app_for_which_no_code_can_be_kept_is_not_served_and_models_are() {
    let home = forged_home();
    let line = "serve models --http 127.0.0.1:0 --grpc none --warm never";
    let server = Server::spawn(home.blink(line).env("BLINK_CACHE_DIR", "/proc/blink").into_command());
    server.ready();
    server.says("cannot be written");
    is_one(server.infer("one", ask_one()), 1.0);
    assert!(server.post("/apps/forged", "hello").status >= 400);
}
