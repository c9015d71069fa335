//! The other side of the comparison: ONNX Runtime reads the `.onnx` file itself, as it does without us.

use std::path::Path;

use blink_artifact::manifest::ModelRecord;
use blink_runtime::engine::{Engine, Graph, Optimise, Outputs, Session, SessionOptions};
use blink_runtime::{Instance, Model, StartOptions, Timeline, library};

use crate::support::files::{Named, same};

/// How far ONNX Runtime is to rewrite the graph of an artifact of this record when it starts from the `.onnx` file.
fn level(record: &ModelRecord) -> Optimise {
    use blink_artifact::manifest::Optimisation;
    match record.optimisation {
        Optimisation::All => Optimise::All,
        Optimisation::Extended => Optimise::Extended,
    }
}

/// What ONNX Runtime answers from the `.onnx` file, set as the artifact of `record` was.
pub(crate) fn answer(onnx: &Path, record: &ModelRecord, threads: usize, inputs: &Named) -> Outputs {
    let library = library::find().expect("the harness has set the library up");
    let engine = Engine::start(&library, &mut Timeline::new()).expect("the library loads");
    let options = SessionOptions {
        threads,
        prepack: record.prepack,
        optimise: level(record),
        leave_out: &[],
        dims: record.provenance.set_dims.clone(),
        save: None,
        pin: false,
    };
    let session = Session::new(engine, Graph::OnnxFile(onnx.to_owned()), &options, &record.inputs, &record.outputs)
        .expect("ONNX Runtime takes the model");
    let place = |name: &str| record.inputs.iter().position(|value| value.name == name).expect("an input of the model");
    let given: Vec<_> = inputs.iter().map(|(name, tensor)| (place(name), tensor.view())).collect();
    session.run(&given).expect("ONNX Runtime runs the model")
}

/// What the artifact answers, started in this process.
pub(crate) fn artifact_answer(model: &Model, threads: usize, inputs: &Named) -> Outputs {
    let options = StartOptions { threads: Some(threads), prepack: None, pin: false };
    let instance = Instance::start(model, &options, &mut Timeline::new()).expect("the artifact starts");
    instance.run(&crate::support::files::views(inputs)).expect("the artifact runs")
}

/// Whether two answers are the same, bit for bit.
pub(crate) fn agree(a: &Outputs, b: &Outputs) -> bool {
    a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))
}
