//! Every wrong answer is a failed bench: there is no figure beside one.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};

use blink_artifact::Artifact;
use blink_examples::{GraphBuilder, dims, values};
use blink_tensors::DType;

use crate::here::{FEW, home};

#[test]
fn damaged_weights_are_no_figure() {
    let home = home();
    let mut graph = GraphBuilder::new("wide");
    graph.input("x", DType::F32, &dims![1, 64]);
    graph.initializer("w", &values(&[64, 64], &[2f32; 64 * 64]));
    graph.node("MatMul", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims![1, 64]);
    home.folder.model("one.onnx", &graph.model());
    home.blink("compile one.onnx -o one.blink").ok();

    let path = home.folder.path("one.blink");
    let section = *Artifact::open(&path).unwrap().sections().iter().max_by_key(|section| section.len).unwrap();
    // The hash of weights is not looked at by a start: only the answer tells.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&3f32.to_le_bytes(), section.offset + 64).unwrap();
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
