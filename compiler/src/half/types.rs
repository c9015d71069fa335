//! Which values of a graph are floats. ONNX Runtime infers it: it is asked for every value as an output.

use std::collections::HashSet;
use std::io::Write;

use blink_runtime::engine::{Engine, Optimise, Session, SessionOptions};
use blink_tensors::DType;
use prost::Message;

use super::plan::Types;
use crate::error::CompileError;
use crate::onnx::proto::{DataType, GraphProto, TypeValue, ValueInfoProto};
use crate::saved::{SavePlace, SavedModel};
use crate::temporary::Temporaries;

/// The f32 and f16 values of a model's graph, subgraphs left out.
pub(super) fn of(engine: &'static Engine, saved: &SavedModel, files: &Temporaries) -> Result<Types, CompileError> {
    let mut model = saved.proto.clone();
    let Some(graph) = &mut model.graph else { return Ok(Types::new()) };
    let mut types = stored(graph);
    let known: HashSet<&str> = graph.output.iter().map(|output| output.name()).collect();
    let made = graph.node.iter().flat_map(|node| &node.output).filter(|name| !name.is_empty());
    let asked: Vec<_> = made.filter(|name| !known.contains(name.as_str())).cloned().collect();
    let value = |name: String| ValueInfoProto { name: Some(name), ..ValueInfoProto::default() };
    graph.output.extend(asked.into_iter().map(value));

    let place = SavePlace::create(files)?;
    place.model.file().write_all(&model.encode_to_vec()).map_err(|source| files.failed(source))?;
    let asking = SavedModel::open(&place, "none", saved.weights().to_vec(), files)?;
    let options = SessionOptions {
        threads: 1,
        prepack: false,
        optimise: Optimise::No,
        leave_out: &[],
        dims: Vec::new(),
        save: None,
        pin: false,
    };
    let session = Session::new(engine, asking.graph(), &options, &[], &[])?;
    types.extend(session.float_outputs().into_iter().map(|(name, dtype)| (name.to_owned(), dtype)));
    Ok(types)
}

/// The types of inputs and of stored tensors, which the graph tells itself.
fn stored(graph: &GraphProto) -> Types {
    let float = |code: i32| match DType::from_onnx_code(code) {
        Some(dtype @ (DType::F32 | DType::F16)) => Some(dtype),
        _ => None,
    };
    let input = |input: &ValueInfoProto| match input.r#type.as_ref()?.value.as_ref()? {
        TypeValue::Tensor(tensor) => Some((input.name().to_owned(), float(tensor.elem_type())?)),
        _ => None,
    };
    let initializers =
        graph.initializer.iter().filter_map(|tensor| Some((tensor.name().to_owned(), float(tensor.data_type())?)));
    let sparse = graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref());
    let sparse = sparse.filter(|values| values.data_type() == DataType::Float as i32);
    let sparse = sparse.map(|values| (values.name().to_owned(), DType::F32));
    graph.input.iter().filter_map(input).chain(initializers).chain(sparse).collect()
}
