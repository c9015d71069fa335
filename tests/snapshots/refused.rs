//! What no snapshot is made of, and what `warm` says then, with the exit code that `run` would end with.

use std::fs;

use blink_examples::{GraphBuilder, dims};
use blink_runtime::library::LIBRARY_VARIABLE;
use blink_tensors::DType;

use crate::fallback::{is_used, told};
use crate::here::warmed_one;
use crate::support::{Folder, home::Home, models};

#[test]
fn models_that_draw_random_numbers() {
    let home = Home::of(Folder::new());
    let mut graph = GraphBuilder::new("noise");
    graph.input("x", DType::F32, &dims!["n"]);
    graph.node("RandomUniformLike", &["x"], &["y"], []);
    graph.output("y", DType::F32, &dims!["n"]);
    home.folder.model("noise.onnx", &graph.model());
    home.blink("compile noise.onnx -o noise.blink").ok();
    home.blink("warm noise.blink").refused(1).names(&["'noise'", "random numbers"]);
    assert!(home.images().is_empty());
}

#[test]
fn models_without_a_golden_run() {
    let home = Home::of(Folder::new());
    let case = blink_examples::matrix::cases().into_iter().find(|case| case.name == "cast_string_to_f32");
    home.folder.model("cast.onnx", &case.expect("a case of the matrix").model);
    home.blink("compile cast.onnx -o cast.blink").ok();
    home.blink("warm cast.blink").refused(1).names(&["no golden run", "--golden-dim"]);
    assert!(home.images().is_empty());
}

#[test]
fn what_run_refuses_too() {
    let (home, warmed) = warmed_one();
    let before = fs::read(&warmed.path).expect("the image");
    let whole = home.folder.read("one.blink");
    home.folder.write("cut.blink", &whole[..whole.len() - 4096]);
    let cases = [
        ("one.blink --threads 0", 2, "threads is 0"),
        ("one.blink --threads 513", 2, "513"),
        ("one.blink --model other", 2, "'other'"),
        ("absent.blink", 1, "absent.blink"),
        ("cut.blink", 5, "cut.blink"),
        ("one.onnx", 5, "one.onnx"),
        (".", 1, "."),
    ];
    for (arguments, code, word) in cases {
        home.blink(&format!("warm {arguments}")).refused(code).names(&[word]);
        home.blink(&format!("run --input x.npy {arguments}")).refused(code).names(&[word]);
    }
    home.blink("warm one.blink").env(LIBRARY_VARIABLE, "absent.so").refused(6).names(&["absent.so"]);
    home.folder.write("garbage.so", [0x5a; 5000]);
    let garbage = home.folder.path("garbage.so");
    home.blink("warm one.blink").env(LIBRARY_VARIABLE, garbage).refused(1).names(&["garbage.so"]);
    assert!(before == fs::read(warmed.path).expect("the image"), "what was there before is gone");
    assert_eq!(home.images().len(), 1);
}

/// Symptom: `warm` missed a library that `run` found. Cause: the worker that is written down stands in another
/// directory, and was told the path as it was given. Fix: the key of a snapshot holds absolute paths.
#[test]
fn a_library_named_by_a_relative_path_is_not() {
    let home = Home::of(models::compiled_one());
    fs::copy(home.library(), home.folder.path("library.so")).expect("room for a library");
    let blink = |line: &str| home.blink(line).env(LIBRARY_VARIABLE, "library.so");
    blink("warm one.blink").ok();
    is_used(blink("run one.blink --input x.npy"));
    let absolute = home.folder.path("library.so");
    is_used(home.blink("run one.blink --input x.npy").env(LIBRARY_VARIABLE, absolute));
    told("another library", &blink_runtime::Reason::NoneMade, || home.blink("run one.blink --input x.npy"));
}
