//! `wasi_ephemeral_nn`, the interface of modules: six functions that take pointers into the module's memory and return
//! an error number.
//!
//! Graphs and contexts are numbers, from 0 on, which are never used again. A number says less than words: those of the
//! last error stay in [`State::last_error`].

use std::sync::Arc;

use wasmtime::{Caller, Extern, Linker};

use super::State;
use super::context::Context;
use super::dtype::TensorType;
use super::failure::{Code, Error, Failure, quoted};
use super::load::{Encoding, LoadedGraph, MAX_PARTS, Target};
use super::memory::{bytes, bytes_mut, numbers, write};
use super::tensor::{Given, check_rank};

/// Bytes of a list's entry: a pointer and a length.
const PART: u64 = 8;

/// What this interface's guests hold, by number.
#[derive(Default)]
pub(super) struct Numbered {
    graphs: Vec<LoadedGraph>,
    contexts: Vec<Context>,
}

/// Defines the functions.
pub(crate) fn add_to_module_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    state: fn(&mut T) -> &mut State,
) -> wasmtime::Result<()> {
    const MODULE: &str = "wasi_ephemeral_nn";
    linker.func_wrap(
        MODULE,
        "load",
        move |mut caller: Caller<'_, T>, parts: u32, count: u32, encoding: u32, target: u32, graph: u32| {
            call(&mut caller, state, |memory, state| load(memory, state, (parts, count), encoding, target, graph))
        },
    )?;
    linker.func_wrap(MODULE, "load_by_name", move |mut caller: Caller<'_, T>, name: u32, len: u32, graph: u32| {
        call(&mut caller, state, |memory, state| load_by_name(memory, state, (name, len), graph))
    })?;
    linker.func_wrap(
        MODULE,
        "init_execution_context",
        move |mut caller: Caller<'_, T>, graph: u32, context: u32| {
            call(&mut caller, state, |memory, state| init_execution_context(memory, state, graph, context))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "set_input",
        move |mut caller: Caller<'_, T>, context: u32, index: u32, tensor: u32| {
            call(&mut caller, state, |memory, state| set_input(memory, state, context, index, tensor))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "get_output",
        move |mut caller: Caller<'_, T>, context: u32, index: u32, buffer: u32, len: u32, written: u32| {
            call(&mut caller, state, |memory, state| get_output(memory, state, context, index, (buffer, len), written))
        },
    )?;
    linker.func_wrap(MODULE, "compute", move |mut caller: Caller<'_, T>, context: u32| {
        call(&mut caller, state, |_, state| state.numbered.context(context)?.compute(&mut state.runs))
    })?;
    Ok(())
}

fn call<T: 'static>(
    caller: &mut Caller<'_, T>,
    state: fn(&mut T) -> &mut State,
    work: impl FnOnce(&mut [u8], &mut State) -> Result<(), Failure>,
) -> wasmtime::Result<u32> {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    let (result, state) = match memory {
        Some(memory) => {
            let (memory, data) = memory.data_and_store_mut(&mut *caller);
            let state = state(data);
            (work(memory, state), state)
        }
        None => {
            let error = Error::new(Code::MissingMemory, "module exports no memory called 'memory'");
            (Err(error.into()), state(caller.data_mut()))
        }
    };
    match result {
        Ok(()) => Ok(0),
        Err(Failure::End(end)) => Err(end),
        Err(Failure::Error(error)) => {
            state.last_error = Some(error.words);
            Ok(number(error.code))
        }
    }
}

const fn number(code: Code) -> u32 {
    match code {
        Code::InvalidArgument => 1,
        Code::InvalidEncoding => 2,
        Code::MissingMemory => 3,
        Code::RuntimeError => 5,
        Code::UnsupportedOperation | Code::Security => 6,
        Code::TooLarge => 7,
        Code::NotFound => 8,
    }
}

impl Numbered {
    fn context(&mut self, number: u32) -> Result<&mut Context, Error> {
        let context = usize::try_from(number).ok().and_then(|index| self.contexts.get_mut(index));
        context.ok_or_else(|| unknown("execution context", number))
    }
}

fn unknown(what: &str, number: u32) -> Error {
    Error::new(Code::InvalidArgument, format_args!("{what} {number} is unknown"))
}

/// Where the next of `list` stands. There are fewer than a budget counts, which fits.
fn next<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

fn load(
    memory: &mut [u8],
    state: &mut State,
    (parts, count): (u32, u32),
    encoding: u32,
    target: u32,
    graph: u32,
) -> Result<(), Failure> {
    const ENCODINGS: [Encoding; 6] = [
        Encoding::OpenVino,
        Encoding::Onnx,
        Encoding::TensorFlow,
        Encoding::PyTorch,
        Encoding::TensorFlowLite,
        Encoding::Autodetect,
    ];
    let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let encoding = ENCODINGS.get(place(encoding)).ok_or_else(|| {
        Error::new(Code::InvalidEncoding, format_args!("graph encoding {encoding} is unknown: expected 1 (onnx)"))
    })?;
    let target = [Target::Cpu, Target::Gpu, Target::Tpu].get(place(target)).copied().ok_or_else(|| {
        Error::new(Code::InvalidArgument, format_args!("execution target {target} is unknown: expected 0 (cpu)"))
    })?;
    state.loader.check(*encoding, target, place(count))?;
    bytes(memory, graph, 4)?;
    let list = bytes(memory, parts, u64::from(count) * PART)?;
    let mut slices = Vec::with_capacity(MAX_PARTS.min(place(count)));
    for part in list.as_chunks::<{ PART as usize }>().0 {
        let [pointer, len] = numbers(part, 0)?;
        slices.push(bytes(memory, pointer, len.into())?);
    }
    let loaded = state.loader.load(&slices)?;
    write(memory, graph, next(&state.numbered.graphs))?;
    state.numbered.graphs.push(loaded);
    Ok(())
}

fn load_by_name(memory: &mut [u8], state: &mut State, (name, len): (u32, u32), graph: u32) -> Result<(), Failure> {
    let name = bytes(memory, name, len.into())?;
    let name = std::str::from_utf8(name).map_err(|_| {
        let name = quoted(&String::from_utf8_lossy(&name[..name.len().min(256)]));
        Error::new(Code::InvalidArgument, format_args!("model name {name} is not UTF-8"))
    })?;
    let loaded = state.loader.find(name)?;
    write(memory, graph, next(&state.numbered.graphs))?;
    state.numbered.graphs.push(loaded);
    Ok(())
}

fn init_execution_context(memory: &mut [u8], state: &mut State, graph: u32, context: u32) -> Result<(), Failure> {
    let found = usize::try_from(graph).ok().and_then(|index| state.numbered.graphs.get(index));
    let found = found.ok_or_else(|| unknown("graph", graph))?;
    let made = Context::new(Arc::clone(&found.graph), &state.runs.budget)?;
    write(memory, context, next(&state.numbered.contexts))?;
    state.numbered.contexts.push(made);
    Ok(())
}

fn set_input(memory: &mut [u8], state: &mut State, context: u32, index: u32, tensor: u32) -> Result<(), Failure> {
    let [dims, rank, ty, data, len] = numbers(memory, tensor)?;
    let list = bytes(memory, dims, u64::from(rank) * 4)?;
    let bytes = bytes(memory, data, len.into())?;
    check_rank(list.len() / 4)?;
    let dims: Vec<_> = list.as_chunks().0.iter().map(|dim| u32::from_le_bytes(*dim)).collect();
    let context = state.numbered.context(context)?;
    // One byte, and three of padding, which may hold anything.
    let ty = TensorType::of_module(ty.to_le_bytes()[0])?;
    context.set_input(index, Given { ty, dims: &dims, bytes }, &state.runs.budget)
}

fn get_output(
    memory: &mut [u8],
    state: &mut State,
    context: u32,
    index: u32,
    (buffer, len): (u32, u32),
    written: u32,
) -> Result<(), Failure> {
    bytes(memory, written, 4)?;
    let buffer = bytes_mut(memory, buffer, len.into())?;
    let elements = state.numbered.context(context)?.output(index)?;
    let size = u32::try_from(elements.len()).ok().filter(|&size| size <= len).ok_or_else(|| {
        let words = format!("output {index} has {} bytes, the buffer for it {len}", elements.len());
        Error::new(Code::TooLarge, words)
    })?;
    buffer[..elements.len()].copy_from_slice(elements);
    Ok(write(memory, written, size)?)
}
