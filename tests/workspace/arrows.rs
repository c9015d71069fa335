//! Dependencies point one way (`docs/architecture.md`): what a start does not need cannot get into the runtime.
//!
//! Edges come from `cargo metadata`, what lies behind them from `cargo tree`, which knows which features are on.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::root;

/// Which crates of this workspace each may use, itself, in its tests or in its build.
const ALLOWED: [(&str, &[&str]); 12] = [
    ("blink-tensors", &[]),
    ("blink-artifact", &["blink-tensors"]),
    ("blink-restorer", &[]),
    ("blink-snapshots", &["blink-artifact", "blink-restorer", "blink-tensors"]),
    // Its own tests use itself, with its feature `compiler`.
    ("blink-guest", &["blink-artifact", "blink-guest", "blink-tensors"]),
    ("blink-runtime", &["blink-artifact", "blink-guest", "blink-snapshots", "blink-tensors"]),
    ("blink-server", &["blink-artifact", "blink-examples", "blink-runtime", "blink-tensors"]),
    ("blink-compiler", &["blink-artifact", "blink-guest", "blink-runtime", "blink-snapshots", "blink-tensors"]),
    ("blink-examples", &["blink-compiler", "blink-tensors"]),
    ("blink-benches", &["blink-compiler", "blink-examples", "blink-runtime", "blink-snapshots", "blink-tensors"]),
    // What must hold of any input, of whatever crate reads it.
    (
        "blink-fuzz",
        &[
            "blink-artifact",
            "blink-compiler",
            "blink-examples",
            "blink-guest",
            "blink-restorer",
            "blink-runtime",
            "blink-server",
            "blink-tensors",
        ],
    ),
    (
        "blink-cli",
        &[
            "blink-artifact",
            "blink-benches",
            "blink-compiler",
            "blink-examples",
            "blink-fuzz",
            "blink-restorer",
            "blink-runtime",
            "blink-server",
            "blink-snapshots",
            "blink-tensors",
        ],
    ),
];

/// What must not be behind the runtime: an ONNX parser, an argument parser, a compiler of WebAssembly, a terminal.
const KEPT_OUT: [&str; 9] = [
    "prost",
    "clap",
    "cranelift-codegen",
    "wasmtime-internal-cranelift",
    "wasmtime-internal-winch",
    "wasmtime-wizer",
    "wasmtime-wasi-nn",
    "indicatif",
    "tempfile",
];

/// The crates of the workspace, and the names of what each depends on, its tests included.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo starts");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let list = |value: &serde_json::Value| value.as_array().expect("a list").clone();
    let name = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    let used = |package: &serde_json::Value| list(&package["dependencies"]).iter().map(&name).collect();
    list(&metadata["packages"]).iter().map(|package| (name(package), used(package))).collect()
}

#[test]
fn crates_of_the_workspace_point_one_way() {
    let allowed = BTreeMap::from(ALLOWED);
    let found = edges();
    for (package, used) in &found {
        let Some(allowed) = allowed.get(package.as_str()) else {
            panic!(
                "{package} is a new crate. Decide where it stands: what it may use, and who may use it. Then add it to \
                 ALLOWED in tests/workspace/arrows.rs and to the crate map in docs/architecture.md."
            );
        };
        for other in used.iter().filter(|other| found.contains_key(*other)) {
            assert!(
                allowed.contains(&other.as_str()),
                "{package} now uses {other}. Arrows point one way: tensors <- artifact <- guest, snapshots <- runtime <- \
                 compiler <- cli. If {package} needs something of {other}, it may belong lower down, in a crate that \
                 both may use. If the arrow is right, decide so in ALLOWED in tests/workspace/arrows.rs and in the \
                 crate map in docs/architecture.md."
            );
        }
    }
    let gone: Vec<_> = allowed.keys().filter(|package| !found.contains_key(**package)).collect();
    assert!(gone.is_empty(), "{gone:?} are in ALLOWED and not in the workspace: take them out");
}

/// Everything that is linked behind `package` when it is built by itself, at any distance: neither what only its tests or
/// its build use, nor what macros are made of.
fn behind(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let arguments = ["tree", "--package", package, "--edges", "normal,no-proc-macro", "--prefix", "none", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo starts");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn the_runtime_carries_nothing_that_a_start_does_not_need() {
    let behind = behind("blink-runtime");
    assert!(behind.contains("ort") && behind.contains("wasmtime"), "the tree is not read: {behind:?}");
    let unwanted: Vec<_> = KEPT_OUT.iter().filter(|name| behind.contains(**name)).collect();
    assert!(
        unwanted.is_empty(),
        "{unwanted:?} got behind blink-runtime. Every worker would load and carry it at every start. Move what needs \
         it into the compiler or the command line; if a start does need it, measure what it costs (benches/cold_start.rs) \
         and decide in KEPT_OUT in tests/workspace/arrows.rs."
    );
}
