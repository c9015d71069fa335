//! Dependencies point one way (`docs/architecture.md`): what a start does not need cannot get into the runtime.
//!
//! Edges come from `cargo metadata`, what lies behind them from `Cargo.lock`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::root;

/// Which crates of this workspace each may use, itself, in its tests or in its build.
const ALLOWED: [(&str, &[&str]); 9] = [
    ("blink-tensors", &[]),
    ("blink-artifact", &["blink-tensors"]),
    ("blink-restorer", &[]),
    ("blink-snapshots", &["blink-artifact", "blink-restorer", "blink-tensors"]),
    ("blink-runtime", &["blink-artifact", "blink-snapshots", "blink-tensors"]),
    ("blink-compiler", &["blink-artifact", "blink-runtime", "blink-snapshots", "blink-tensors"]),
    ("blink-examples", &["blink-compiler", "blink-tensors"]),
    ("blink-benches", &["blink-compiler", "blink-examples", "blink-runtime", "blink-snapshots", "blink-tensors"]),
    (
        "blink-cli",
        &[
            "blink-artifact",
            "blink-benches",
            "blink-compiler",
            "blink-examples",
            "blink-restorer",
            "blink-runtime",
            "blink-snapshots",
            "blink-tensors",
        ],
    ),
];

/// What must not be behind the runtime: an ONNX parser, an argument parser, a compiler of WebAssembly, a terminal.
const KEPT_OUT: [&str; 8] = [
    "prost",
    "clap",
    "cranelift-codegen",
    "wasmtime-cranelift",
    "wasmtime-internal-cranelift",
    "indicatif",
    "anyhow",
    "tempfile",
];

/// The crates of the workspace, and the names of what each depends on; tests included where `tests` is set.
fn edges(tests: bool) -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo starts");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let list = |value: &serde_json::Value| value.as_array().expect("a list").clone();
    let name = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    let used = |package: &serde_json::Value| {
        let dependencies = list(&package["dependencies"]).into_iter();
        dependencies.filter(|edge| tests || edge["kind"].as_str() != Some("dev")).map(|edge| name(&edge)).collect()
    };
    list(&metadata["packages"]).iter().map(|package| (name(package), used(package))).collect()
}

#[test]
fn crates_of_the_workspace_point_one_way() {
    let allowed = BTreeMap::from(ALLOWED);
    let found = edges(true);
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
                "{package} now uses {other}. Arrows point one way: tensors <- artifact <- snapshots <- runtime <- \
                 compiler <- cli. If {package} needs something of {other}, it may belong lower down, in a crate that \
                 both may use. If the arrow is right, decide so in ALLOWED in tests/workspace/arrows.rs and in the \
                 crate map in docs/architecture.md."
            );
        }
    }
    let gone: Vec<_> = allowed.keys().filter(|package| !found.contains_key(**package)).collect();
    assert!(gone.is_empty(), "{gone:?} are in ALLOWED and not in the workspace: take them out");
}

/// Names of packages, each with the names of what it depends on, from `Cargo.lock`.
fn locked() -> BTreeMap<String, BTreeSet<String>> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("the lock file is part of the repository");
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
        let name = package.lines().find_map(|line| quoted(line.strip_prefix("name = ")?)).expect("a name");
        let listed = package.lines().skip_while(|line| !line.starts_with("dependencies = [")).skip(1);
        let listed = listed.take_while(|line| !line.starts_with(']')).filter_map(quoted);
        // `name version` where there are two of that name.
        let names = listed.map(|entry| entry.split(' ').next().unwrap_or_default().to_owned());
        packages.entry(name).or_default().extend(names);
    }
    packages
}

/// Everything behind `package`, at any distance. Its own tests do not count; what `Cargo.lock` says of others does
/// not tell tests apart, and so counts too much rather than too little.
fn behind(package: &str) -> BTreeSet<String> {
    let (direct, locked) = (edges(false), locked());
    let mut seen = BTreeSet::new();
    let mut waiting = vec![package.to_owned()];
    while let Some(name) = waiting.pop() {
        let used = direct.get(&name).or_else(|| locked.get(&name));
        for other in used.into_iter().flatten() {
            if seen.insert(other.clone()) {
                waiting.push(other.clone());
            }
        }
    }
    seen
}

#[test]
fn the_runtime_carries_nothing_that_a_start_does_not_need() {
    let behind = behind("blink-runtime");
    assert!(behind.contains("ort") && behind.contains("blake3"), "the lock file is not read: {behind:?}");
    let unwanted: Vec<_> = KEPT_OUT.iter().filter(|name| behind.contains(**name)).collect();
    assert!(
        unwanted.is_empty(),
        "{unwanted:?} got behind blink-runtime. Every worker would load and carry it at every start. Move what needs \
         it into the compiler or the command line; if a start does need it, measure what it costs (benches/cold_start.rs) \
         and decide in KEPT_OUT in tests/workspace/arrows.rs."
    );
}
