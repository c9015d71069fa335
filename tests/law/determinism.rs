//! Two compilations, in two processes and two places, give the same bytes.
//!
//! One thing in an artifact can hang on the clock: whether weights are packed at start, where that is left to the
//! compiler and there is enough of them to be worth measuring. Then the bytes are those of the one choice or the other.

use std::collections::BTreeSet;
use std::path::Path;

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::bert::Bert;
use blink_examples::large::Large;
use blink_examples::matrix;
use blink_examples::resnet50::ResNet;

use crate::support::Folder;

/// The settings that decide what an artifact holds.
const SETTINGS: [&str; 7] = [
    "--prepack on",
    "--prepack off",
    "--prepack auto",
    "--target portable",
    "--prepack off --seed 9 --name other",
    "--device cuda",
    "--device cuda --precision fp16",
];

#[test]
fn a_resnet_gives_the_same_bytes() {
    compiles_alike("resnet", &|folder| write(folder, &ResNet::tiny().model()));
}

#[test]
fn a_bert_gives_the_same_bytes() {
    compiles_alike("bert", &|folder| write(folder, &Bert::tiny().model()));
}

#[test]
fn recurrences_subgraphs_and_strings_give_the_same_bytes() {
    let cases = matrix::cases();
    let kinds = ["lstm", "gru", "if", "loop", "scan", "string", "function", "int4"];
    for kind in kinds {
        let of_kind: Vec<_> = cases.iter().filter(|case| case.name.contains(kind)).collect();
        assert!(!of_kind.is_empty(), "the matrix has no case called after '{kind}'");
        for case in of_kind {
            compiles_alike(&case.name, &|folder| write(folder, &case.model));
        }
    }
}

#[test]
fn weights_in_a_file_beside_the_model_give_the_same_bytes() {
    let large = Large { layers: 2, width: 256, seed: 4 };
    compiles_alike("large", &|folder| {
        let path = large.write(&folder.path("")).expect("it is written");
        std::fs::rename(path, folder.path("model.onnx")).expect("it is renamed");
    });
}

#[test]
fn a_measured_choice_gives_the_bytes_of_that_choice() {
    let folder = Folder::new();
    let path = Large { layers: 2, width: 768, seed: 4 }.write(&folder.path("")).expect("it is written");
    let compile = |options: &str| {
        let summary = folder.blink(&format!("compile large.onnx -o large.blink --format json {options}")).ok();
        (summary.json("blink.compile/2")["models"][0].clone(), folder.read("large.blink"))
    };
    let (auto, bytes) = compile("");
    assert!(auto["prepack_times"].is_object(), "{} is large enough to be measured: {auto}", path.display());
    let choice = if auto["prepack"] == true { "--prepack on" } else { "--prepack off" };
    assert!(bytes == compile(choice).1, "{choice}");
}

fn write(folder: &Folder, model: &ModelProto) {
    folder.model("model.onnx", model);
}

/// Compiles the model that `write` puts into a folder twice for each setting, with other threads, paths and names of
/// the artifact, and compares the files. Settings that matter give different files.
fn compiles_alike(name: &str, write: &dyn Fn(&Folder)) {
    let (here, there) = (Folder::new(), Folder::new());
    write(&here);
    write(&there);
    let mut different = BTreeSet::new();
    for settings in SETTINGS {
        here.blink(&format!("compile model.onnx -o a.blink {settings} --threads 1")).ok();
        let absolute = there.path("model.onnx");
        let output = there.path("b.blink");
        let elsewhere = Folder::new();
        let line = format!("compile {settings} --threads 2 -o");
        elsewhere.blink(&line).arg(&output).arg(&absolute).ok();
        let (a, b) = (here.read("a.blink"), there.read("b.blink"));
        assert!(a == b, "{name} {settings}: {}", difference(&a, &b));
        assert_eq!(elsewhere.names(), [""; 0], "{name}: a compilation writes where it was told to, and nowhere else");
        different.insert(a);
    }
    assert!(different.len() >= 3, "{name}: settings are ignored");
    assert!(!contains(different.iter().flatten().copied(), here.path("")), "{name}: a path is in the artifact");
}

fn difference(a: &[u8], b: &[u8]) -> String {
    let at = a.iter().zip(b).position(|(a, b)| a != b);
    format!("{} and {} bytes, first difference at {at:?}", a.len(), b.len())
}

/// Whether the path stands anywhere in the bytes.
fn contains(bytes: impl Iterator<Item = u8>, path: impl AsRef<Path>) -> bool {
    let bytes: Vec<u8> = bytes.collect();
    let path = path.as_ref().as_os_str().as_encoded_bytes();
    bytes.windows(path.len()).any(|window| window == path)
}
