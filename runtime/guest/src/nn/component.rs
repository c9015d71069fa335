//! `wasi:nn@0.2.0-rc-2024-10-28`, the interface of components: tensors, graphs, execution contexts and errors are
//! resources, each of which lives until the guest drops it.
//!
//! A tensor's elements are copied once on their way in, to where the engine takes them from, and once on their way out,
//! from where the engine put them. One that a run has given goes into another without a copy.

use std::sync::Arc;

use blink_artifact::manifest::ValueSpec;
use blink_tensors::{AlignedBuffer, TensorView};
use bytes::Bytes;
use wasmtime::component::{
    Linker, LinkerInstance, Resource, ResourceTable, ResourceTableError, ResourceType, WasmList,
};
use wasmtime::{AsContextMut, StoreContextMut};

use super::State;
use super::budget::{Budget, Held};
use super::dtype::TensorType;
use super::errors::{self, Told};
use super::failure::{Code, Error, Failure, quoted};
use super::load::{Encoding, LoadedGraph, MAX_PARTS, Target};
use super::runs::Answer;
use super::tensor::{Given, fit, missing, names};
use crate::models::Graph;

/// Where an instance's data has the two things that calls work on.
pub(super) type Parts<T> = fn(&mut T) -> (&mut State, &mut ResourceTable);

/// A tensor as the guest made it, which is checked when a run is to take it, or as a run gave it.
pub(super) struct Tensor {
    ty: TensorType,
    dims: Vec<u32>,
    elements: Elements,
    _held: Option<Held>,
}

#[derive(Clone)]
enum Elements {
    Own(Arc<AlignedBuffer>),
    Output(Arc<Answer>, usize),
}

/// An execution context. A run has its inputs and outputs with it, so nothing stays here.
pub(super) struct ExecutionContext {
    graph: Arc<dyn Graph>,
    _held: Held,
}

type NamedTensor = (String, Resource<Tensor>);

/// Defines the four interfaces.
pub(crate) fn add_to_component_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    parts: Parts<T>,
) -> wasmtime::Result<()> {
    errors::add(&mut linker.instance("wasi:nn/errors@0.2.0-rc-2024-10-28")?, parts)?;
    add_tensor(&mut linker.instance("wasi:nn/tensor@0.2.0-rc-2024-10-28")?, parts)?;
    add_inference(&mut linker.instance("wasi:nn/inference@0.2.0-rc-2024-10-28")?, parts)?;
    add_graph(&mut linker.instance("wasi:nn/graph@0.2.0-rc-2024-10-28")?, parts)
}

fn add_tensor<T: Send + 'static>(instance: &mut LinkerInstance<'_, T>, parts: Parts<T>) -> wasmtime::Result<()> {
    resource::<T, Tensor>(instance, "tensor", parts)?;
    instance.func_wrap(
        "[constructor]tensor",
        move |mut store: StoreContextMut<'_, T>, (dims, ty, data): (WasmList<u32>, TensorType, WasmList<u8>)| {
            let (state, _) = parts(store.data_mut());
            let held = state.runs.budget.hold(1, dims.len().saturating_mul(4).saturating_add(data.len()))?;
            let elements = Arc::new(AlignedBuffer::from(data.as_le_slice(&store)));
            let dims = dims.as_le_slice(&store).to_vec();
            let (state, table) = parts(store.data_mut());
            let tensor = Tensor { ty, dims, elements: Elements::Own(elements), _held: Some(held) };
            Ok((push(table, &state.runs.budget, tensor)?,))
        },
    )?;
    instance.func_wrap(
        "[method]tensor.dimensions",
        move |mut store: StoreContextMut<'_, T>, (tensor,): (Resource<Tensor>,)| {
            Ok((parts(store.data_mut()).1.get(&tensor)?.dims.clone(),))
        },
    )?;
    instance.func_wrap(
        "[method]tensor.ty",
        move |mut store: StoreContextMut<'_, T>, (tensor,): (Resource<Tensor>,)| {
            Ok((parts(store.data_mut()).1.get(&tensor)?.ty,))
        },
    )?;
    instance.func_wrap(
        "[method]tensor.data",
        move |mut store: StoreContextMut<'_, T>, (tensor,): (Resource<Tensor>,)| {
            let elements = parts(store.data_mut()).1.get(&tensor)?.elements.clone();
            Ok((Bytes::from_owner(elements),))
        },
    )
}

fn add_graph<T: Send + 'static>(instance: &mut LinkerInstance<'_, T>, parts: Parts<T>) -> wasmtime::Result<()> {
    resource::<T, LoadedGraph>(instance, "graph", parts)?;
    instance.func_wrap(
        "[method]graph.init-execution-context",
        move |mut store: StoreContextMut<'_, T>, (graph,): (Resource<LoadedGraph>,)| {
            let (state, table) = parts(store.data_mut());
            let graph = Arc::clone(&table.get(&graph)?.graph);
            let context = ExecutionContext { graph, _held: state.runs.budget.hold(1, 0)? };
            let context = push(table, &state.runs.budget, context)?;
            errors::answer(state, table, Ok(context))
        },
    )?;
    instance.func_wrap("load", move |store: StoreContextMut<'_, T>, (builder, encoding, target)| {
        load(store, parts, &builder, encoding, target)
    })?;
    instance.func_wrap("load-by-name", move |mut store: StoreContextMut<'_, T>, (name,): (String,)| {
        let (state, table) = parts(store.data_mut());
        let pushed = state.loader.find(&name).and_then(|graph| Ok(push(table, &state.runs.budget, graph)?));
        errors::answer(state, table, pushed)
    })
}

fn add_inference<T: Send + 'static>(instance: &mut LinkerInstance<'_, T>, parts: Parts<T>) -> wasmtime::Result<()> {
    resource::<T, ExecutionContext>(instance, "graph-execution-context", parts)?;
    instance.func_wrap(
        "[method]graph-execution-context.compute",
        move |mut store: StoreContextMut<'_, T>, (context, inputs): (Resource<ExecutionContext>, Vec<NamedTensor>)| {
            let (state, table) = parts(store.data_mut());
            let result = compute(state, table, &context, inputs);
            errors::answer(state, table, result)
        },
    )
}

fn load<T: 'static>(
    mut store: StoreContextMut<'_, T>,
    parts: Parts<T>,
    builder: &WasmList<WasmList<u8>>,
    encoding: Encoding,
    target: Target,
) -> wasmtime::Result<(Result<Resource<LoadedGraph>, Resource<Told>>,)> {
    let (state, table) = parts(store.data_mut());
    if let Err(error) = state.loader.check(encoding, target, builder.len()) {
        return errors::answer(state, table, Err(error.into()));
    }
    let loader = state.loader.clone();
    let mut lists = Vec::with_capacity(builder.len().min(MAX_PARTS));
    for part in builder.iter(store.as_context_mut())? {
        lists.push(part?);
    }
    let slices: Vec<_> = lists.iter().map(|list| list.as_le_slice(&store)).collect();
    let loaded = loader.load(&slices);
    let (state, table) = parts(store.data_mut());
    let pushed = loaded.and_then(|graph| Ok(push(table, &state.runs.budget, graph)?));
    errors::answer(state, table, pushed)
}

/// The tensors are the call's: they are gone after it, whatever came of it.
fn compute(
    state: &mut State,
    table: &mut ResourceTable,
    context: &Resource<ExecutionContext>,
    given: Vec<NamedTensor>,
) -> Result<Vec<NamedTensor>, Failure> {
    let mut tensors = Vec::with_capacity(given.len());
    for (name, tensor) in given {
        tensors.push((name, table.delete(tensor).map_err(wasmtime::Error::from)?));
    }
    let graph = Arc::clone(&table.get(context).map_err(wasmtime::Error::from)?.graph);
    let types = graph.outputs().iter().map(TensorType::of_component_value).collect::<Result<Vec<_>, _>>()?;
    let bound = bind(graph.inputs(), &tensors)?;
    let mut inputs = Vec::with_capacity(bound.len());
    for (spec, shape, tensor) in &bound {
        let view = TensorView::new(spec.dtype, shape, tensor.elements.as_ref())
            .map_err(|error| Error::new(Code::InvalidArgument, error))?;
        inputs.push((spec.name.as_str(), view));
    }
    let answer = Arc::new(state.runs.compute(&*graph, &inputs)?);
    let mut outputs = Vec::with_capacity(types.len());
    for (index, (spec, ty)) in graph.outputs().iter().zip(types).enumerate() {
        let dims = dims(&answer, index, spec)?;
        let tensor = Tensor { ty, dims, elements: Elements::Output(Arc::clone(&answer), index), _held: None };
        outputs.push((spec.name.clone(), push(table, &state.runs.budget, tensor)?));
    }
    Ok(outputs)
}

type Bound<'a> = Vec<(&'a ValueSpec, Vec<usize>, &'a Tensor)>;

/// Each tensor with the input that it is for, and the shape it has there. In place of a name, an index may stand.
fn bind<'a>(inputs: &'a [ValueSpec], given: &'a [(String, Tensor)]) -> Result<Bound<'a>, Error> {
    if given.len() > inputs.len() {
        let words = format!("got {} inputs: the model takes {}: {}", given.len(), inputs.len(), names(inputs));
        return Err(Error::new(Code::InvalidArgument, words));
    }
    let mut is_given = vec![false; inputs.len()];
    let mut bound = Vec::with_capacity(given.len());
    for (name, tensor) in given {
        let index = inputs.iter().position(|input| input.name == *name);
        let index = index.or_else(|| name.parse().ok().filter(|&index| index < inputs.len())).ok_or_else(|| {
            let words = format!("input {} is unknown: the model takes {}", quoted(name), names(inputs));
            Error::new(Code::InvalidArgument, words)
        })?;
        let spec = &inputs[index];
        if std::mem::replace(&mut is_given[index], true) {
            return Err(Error::new(Code::InvalidArgument, format_args!("input '{}' is given twice", spec.name)));
        }
        let tensor_given = Given { ty: tensor.ty, dims: &tensor.dims, bytes: tensor.elements.as_ref() };
        bound.push((spec, fit(spec, TensorType::of_component_value(spec)?, tensor_given)?, tensor));
    }
    missing(inputs, |index| is_given[index]).map_or(Ok(bound), Err)
}

fn dims(answer: &Answer, index: usize, spec: &ValueSpec) -> Result<Vec<u32>, Error> {
    let (shape, _) = answer.output(index, spec)?;
    shape.iter().map(|&size| u32::try_from(size)).collect::<Result<_, _>>().map_err(|_| {
        Error::new(Code::TooLarge, format_args!("output '{}' has shape {shape:?}, past 32 bits", spec.name))
    })
}

impl AsRef<[u8]> for Elements {
    fn as_ref(&self) -> &[u8] {
        match self {
            Elements::Own(buffer) => buffer,
            Elements::Output(answer, index) => answer.elements(*index),
        }
    }
}

/// Defines a resource that is dropped with the guest's handle.
pub(super) fn resource<T: Send + 'static, R: Send + 'static>(
    instance: &mut LinkerInstance<'_, T>,
    name: &str,
    parts: Parts<T>,
) -> wasmtime::Result<()> {
    instance.resource(name, ResourceType::host::<R>(), move |mut store, number| {
        parts(store.data_mut()).1.delete(Resource::<R>::new_own(number))?;
        Ok(())
    })
}

/// A place in the table for what is counted already.
pub(super) fn push<R: Send + 'static>(
    table: &mut ResourceTable,
    budget: &Budget,
    resource: R,
) -> wasmtime::Result<Resource<R>> {
    table.push(resource).map_err(|error| match error {
        ResourceTableError::Full => budget.full(),
        error => error.into(),
    })
}
