//! `blink compile` over an older artifact: it is the old one or the new one, whole, and what is left goes with the next.

use std::fs;

use crate::kind::Kind;
use crate::support::models;
use crate::sweep::Operation;
use crate::trial::Outcome;

/// The settings are fixed, so that there is one old artifact and one new one.
const OLD: &str = "compile one.onnx -o one.blink --prepack off --seed 1";
const NEW: &str = "compile one.onnx -o one.blink --prepack off --seed 2";

#[test]
fn over_an_older_artifact() {
    let folder = models::compiled_one();
    let path = folder.path("one.blink");
    let [old, new] = [OLD, NEW].map(|line| {
        folder.blink(line).ok();
        folder.read("one.blink")
    });
    assert!(old != new);
    Operation {
        name: "compile",
        reset: &|| {
            let _ = fs::remove_file(&path);
            fs::write(&path, &old).expect("the folder is ours");
        },
        command: &|| folder.blink(NEW).into_command(),
        holds: &|outcome, when| {
            let found = fs::read(&path).unwrap_or_else(|error| panic!("{error}: {when}"));
            assert!(found == new || (found == old && outcome != Outcome::Success), "{} bytes: {when}", found.len());
        },
        left: &|| {
            let names = folder.names().into_iter();
            names.filter(|name| !["one.blink", "one.onnx", "x.npy"].contains(&name.as_str())).collect()
        },
        in_engine: true,
        before_next: &|| {},
        most: Some(42),
    }
    .sweep(&Kind::ALL);
}
