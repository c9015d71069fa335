//! Every case of the matrix in every setting: compiled by one process, answered by others.
//!
//! Numbers are compared with what plain loops gave, within the case's tolerance; integers, bools and strings
//! exactly. Bits are compared between fresh processes, and with ONNX Runtime on the `.onnx` file, set in the same way.

use blink_examples::matrix::{self, Case};
use blink_runtime::Model;

use crate::plain;
use crate::support::Folder;
use crate::support::files::{Named, same};

#[test]
fn compiled_for_this_class_of_host() {
    every_case("");
}

#[test]
fn compiled_for_every_host_of_the_architecture() {
    every_case("--target portable");
}

#[test]
fn compiled_with_packing() {
    every_case("--prepack on");
}

#[test]
fn compiled_without_packing() {
    every_case("--prepack off");
}

#[test]
fn answered_by_fresh_processes() {
    all_hold("answered by fresh processes", fresh_processes_agree);
}

/// Compiles each case with `options` and compares its answers in this process.
fn every_case(options: &str) {
    all_hold(options, |case| answers_as_its_onnx_file(case, options));
}

/// Every failure is told, not the first one alone.
fn all_hold(what: &str, holds: impl Fn(&Case) -> Result<(), String>) {
    let cases = matrix::cases();
    let failure = |case: &Case| holds(case).err().map(|failure| format!("{}: {failure}", case.name));
    let failures: Vec<_> = cases.iter().filter_map(failure).collect();
    assert!(failures.is_empty(), "'{what}' fails for {} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn compiled(case: &Case, options: &str) -> Result<Folder, String> {
    let folder = Folder::new();
    folder.model("model.onnx", &case.model);
    let ended = folder.blink(&format!("compile model.onnx -o model.blink {options}")).run();
    if ended.succeeded() { Ok(folder) } else { Err(format!("is not compiled: {}", ended.stderr)) }
}

fn answers_as_its_onnx_file(case: &Case, options: &str) -> Result<(), String> {
    let folder = compiled(case, options)?;
    let model = Model::open(folder.path("model.blink")).map_err(|error| error.to_string())?;
    for threads in [1, 2] {
        let found = plain::artifact_answer(&model, threads, &case.inputs);
        for ((name, expected), found) in case.expected.iter().zip(found.iter()) {
            matrix::compare(expected.view(), found, case.tolerance).map_err(|difference| {
                format!("'{name}' is not what was computed apart, with {threads} threads: {difference:?}")
            })?;
        }
        let reference = plain::answer(&folder.path("model.onnx"), model.record(), threads, &case.inputs);
        if !plain::agree(&found, &reference) {
            return Err(format!("has other bits than ONNX Runtime on the .onnx file, with {threads} threads"));
        }
    }
    Ok(())
}

fn fresh_processes_agree(case: &Case) -> Result<(), String> {
    let folder = compiled(case, "")?;
    let given = folder.inputs(&case.inputs);
    let run = |stem: &str| -> Result<Named, String> {
        let outputs = folder.outputs(&case.expected, stem);
        let ended = folder.blink(&format!("run model.blink --threads 2 {given} {outputs}")).run();
        if ended.succeeded() { Ok(folder.read_outputs(&case.expected, stem)) } else { Err(ended.stderr) }
    };
    let (first, second) = (run("first")?, run("second")?);
    for (((name, expected), (_, first)), (_, second)) in case.expected.iter().zip(&first).zip(&second) {
        matrix::compare(expected.view(), first.view(), case.tolerance)
            .map_err(|difference| format!("'{name}' is not what was computed apart: {difference:?}"))?;
        if !same(first.view(), second.view()) {
            return Err(format!("'{name}' has other bits in a second process"));
        }
    }
    let model = Model::open(folder.path("model.blink")).map_err(|error| error.to_string())?;
    let here = plain::artifact_answer(&model, 2, &case.inputs);
    let is_same = first.iter().zip(here.iter()).all(|((_, there), here)| same(there.view(), here));
    if is_same { Ok(()) } else { Err("has other bits in the process that drives the library".into()) }
}
