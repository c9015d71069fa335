//! Every wrong answer is a failed bench: there is no figure beside one.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use blink_artifact::Artifact;

use crate::here::{FEW, home};

#[test]
fn damaged_weights_are_no_figure() {
    let home = home();
    let path = home.folder.path("one.blink");
    let weights = Artifact::open(&path).unwrap().weights(0).to_vec();
    let bytes = std::fs::read(&path).unwrap();
    let two = 2f32.to_le_bytes();
    let within = weights.windows(4).position(|window| window == two).expect("a weight of 2");
    let at = bytes.windows(weights.len()).position(|window| window == weights).expect("the weights") + within;
    // The hash of weights is not looked at by a start: only the answer tells.
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&3f32.to_le_bytes(), at as u64).unwrap();
    let ended = home.blink(&format!("bench one.blink {FEW} -o new.json")).run().failed(5);
    assert!(ended.stderr.contains("differs from the recorded one"), "{}", ended.stderr);
    assert!(ended.stdout.is_empty() && !home.folder.path("new.json").exists());
}

#[test]
fn a_peer_with_another_answer_is_no_figure() {
    let home = home();
    home.folder.blink("run one.blink --input x.npy -o y.npy").ok();
    let bench =
        |against: &str| home.blink(&format!("bench one.blink {FEW} --input x.npy")).args(["--against", against]).run();
    bench("right=cat y.npy").ok();
    let other = bench("wrong=cat x.npy").failed(5);
    assert!(other.stderr.contains("wrong gave another answer"), "{}", other.stderr);
    // One that is right at first, and wrong later.
    home.folder.write("later.sh", "if [ -e seen ]; then printf wrong; else touch seen; cat y.npy; fi");
    let later = bench("later=sh later.sh").failed(5);
    assert!(later.stderr.contains("wrong answer"), "{}", later.stderr);
}
