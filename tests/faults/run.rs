//! `blink run`: it answers rightly or says why not; a file of outputs is the old one or the new one.

use std::fs;

use crate::kind::Kind;
use crate::support::files::npy_bytes;
use crate::support::home::Home;
use crate::support::models;
use crate::sweep::Operation;
use crate::trial::Outcome;

const FILES: [&str; 5] = ["cache", "one.blink", "one.onnx", "x.npy", "y.npy"];

/// `put_back` puts snapshots back that a run has cost.
fn sweep(home: &Home, name: &'static str, start: &str, put_back: &dyn Fn()) {
    let (path, right) = (home.folder.path("y.npy"), npy_bytes(models::y().view()));
    Operation {
        name,
        reset: &|| {
            let _ = fs::remove_file(&path);
            fs::write(&path, "older").expect("the folder is ours");
            put_back();
        },
        command: &|| home.blink(&format!("run one.blink --input x.npy --output y.npy --start {start}")).into_command(),
        holds: &|outcome, when| {
            let found = fs::read(&path).unwrap_or_else(|error| panic!("{error}: {when}"));
            let is_old = outcome != Outcome::Success && found == b"older";
            assert!(is_old || found == right, "{} bytes: {when}", found.len());
        },
        left: &|| home.folder.names().into_iter().filter(|name| !FILES.contains(&name.as_str())).collect(),
        in_engine: false,
        before_next: &|| {},
        most: None,
    }
    .sweep(&Kind::ALL);
}

#[test]
fn by_a_normal_start() {
    let home = Home::of(models::compiled_one());
    sweep(&home, "run, normal start", "normal", &|| {});
}

/// With a snapshot that cannot be used, the start is a normal one. A worker that was restored and ends before it has
/// answered costs its snapshot.
#[test]
fn by_a_restored_start() {
    let home = Home::of(models::compiled_one());
    let warmed = home.warm("one.blink");
    let image = fs::read(&warmed.path).expect("the image");
    sweep(&home, "run, restored start", "auto", &|| {
        if !warmed.path.exists() {
            home.image(&warmed.path, &image);
        }
    });
}
