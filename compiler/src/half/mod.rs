//! Half floats where they do: a graph of floats becomes one that computes most of it in half.
//!
//! | file | what it does |
//! |---|---|
//! | `operators.rs` | says which operators do, and why others do not |
//! | `types.rs` | asks ONNX Runtime which values are floats |
//! | `plan.rs` | chooses nodes, and the form of each value |
//! | `weights.rs` | rounds stored tensors |
//! | `rewrite.rs` | puts the casts in |
//! | `rounded.rs` | makes a twin whose errors the CPU can show |
//! | `error.rs` | measures them |
//!
//! Inputs and outputs of the model keep their dtypes, and subgraphs stay as they are.

mod error;
mod operators;
mod plan;
mod rewrite;
mod rounded;
#[cfg(test)]
mod tests;
mod types;
mod weights;

use std::collections::BTreeMap;
use std::io::Write;

use blink_runtime::engine::Engine;
use prost::Message;
use serde::{Deserialize, Serialize};

pub(crate) use error::{Comparison, compare, distance};

use crate::error::CompileError;
use crate::external_order;
use crate::onnx::proto::{GraphProto, ModelProto};
use crate::saved::{SavePlace, SavedModel};
use crate::temporary::Temporaries;
use plan::{Plan, Types};
use weights::Writer;

/// What the model calls the file of its half floats. Files without a name go by a number, which no other one has only
/// while they are open.
const LOCATION: &str = "half";

/// A model of half floats.
pub(crate) struct Halved {
    pub(crate) model: SavedModel,
    /// The same with every rounding in the open (`rounded.rs`).
    pub(crate) rounded: SavedModel,
    pub(crate) counts: HalfCounts,
}

/// How much of a graph computes in half floats. Nodes without float values do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HalfCounts {
    /// Nodes that do.
    pub half: u64,
    /// Nodes that stay float, by operator.
    pub float: BTreeMap<String, u64>,
    /// Casts between them.
    pub casts: u64,
}

/// Makes a model of half floats of an optimised one, in new ones of `files`.
pub(crate) fn halve(engine: &'static Engine, saved: &SavedModel, files: &Temporaries) -> Result<Halved, CompileError> {
    let temporary = |source| files.failed(source);
    let mut model = saved.proto.clone();
    external_order::sort(&mut model);
    let opset = opset(&model);
    let graph = model.graph.take().unwrap_or_default();
    let types = types::of(engine, saved, files)?;
    let plan = Plan::of(&graph, opset, &types, saved);

    let place = SavePlace::create(files)?;
    let mut writer = Writer::new(place.weights.file(), LOCATION);
    let rewritten = rewrite::rewrite(&graph, &plan, &types, saved, &mut writer).map_err(temporary)?;
    writer.finish().map_err(temporary)?;
    let counts = count(&graph, &plan, &types, rewritten.casts);
    let rounded = rounded::rounded(&rewritten.graph, &rewritten.halves);

    model.graph = Some(rewritten.graph);
    place.model.file().write_all(&model.encode_to_vec()).map_err(temporary)?;
    let halved = SavedModel::open(&place, LOCATION, saved.weights().to_vec(), files)?;
    model.graph = Some(rounded);
    let place = SavePlace::create(files)?;
    place.model.file().write_all(&model.encode_to_vec()).map_err(temporary)?;
    let rounded = SavedModel::open(&place, "none", halved.weights().to_vec(), files)?;
    Ok(Halved { model: halved, rounded, counts })
}

/// The version of ONNX's own operators.
fn opset(model: &ModelProto) -> i64 {
    let own = model.opset_import.iter().find(|opset| matches!(opset.domain(), "" | "ai.onnx"));
    own.map_or(1, |opset| opset.version())
}

fn count(graph: &GraphProto, plan: &Plan, types: &Types, casts: u64) -> HalfCounts {
    let mut counts = HalfCounts { casts, ..HalfCounts::default() };
    for (node, sides) in graph.node.iter().zip(&plan.halves) {
        if sides.is_some() {
            counts.half += 1;
        } else if node.input.iter().chain(&node.output).any(|name| types.contains_key(name)) {
            *counts.float.entry(node.op_type().to_owned()).or_default() += 1;
        }
    }
    counts
}
