//! A server that asks for signatures: what it serves, what it makes snapshots of, and what it leaves in place.

use std::fs;

use crate::models::{ask_one, home, is_one, place, wait_for_restored};
use crate::server::{Server, wait};
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
