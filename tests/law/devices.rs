//! Every case of the matrix, compiled for a device and answered by the CPU: what no device is needed to know.
//!
//! What a graph for a device computes is that of the model; half floats are as near as half floats are. Cases with
//! answers that half floats cannot be near to (indices of almost equal values, sums of many) are named.

use blink_examples::matrix::{self, Case};
use blink_runtime::Model;

use crate::plain;
use crate::support::Folder;

/// As near as half floats are: 11 bits, after some steps.
const HALF: f64 = 2e-2;

#[test]
fn in_fp32_the_answers_are_those_of_the_model() {
    every_case("--device cuda", 0.0);
}

#[test]
fn in_fp16_the_answers_are_near() {
    every_case("--device cuda --precision fp16", HALF);
}

/// Compiles each case with `options` and compares its answers, on the CPU, to `tolerance` at least.
fn every_case(options: &str, tolerance: f64) {
    let cases = matrix::cases();
    let failure = |case: &Case| near(case, options, tolerance).err().map(|failure| format!("{}: {failure}", case.name));
    let failures: Vec<_> = cases.iter().filter_map(failure).collect();
    assert!(failures.is_empty(), "'{options}' fails {} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn near(case: &Case, options: &str, tolerance: f64) -> Result<(), String> {
    let folder = Folder::new();
    folder.model("model.onnx", &case.model);
    let ended = folder.blink(&format!("compile model.onnx -o model.blink {options}")).run();
    if !ended.succeeded() {
        return Err(format!("is not compiled: {}", ended.stderr));
    }
    let model = Model::open(folder.path("model.blink")).map_err(|error| error.to_string())?;
    let found = plain::artifact_answer(&model, 1, &case.inputs);
    for ((name, expected), found) in case.expected.iter().zip(found.iter()) {
        matrix::compare(expected.view(), found, case.tolerance.max(tolerance))
            .map_err(|difference| format!("'{name}' is not near what was computed apart: {difference:?}"))?;
    }
    Ok(())
}
