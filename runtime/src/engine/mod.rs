//! ONNX Runtime, held at arm's length: everything that calls into the library stands in this folder.
//!
//! | file | what it holds |
//! |---|---|
//! | `environment.rs`, `heap.rs` | the library and its environment, once a process |
//! | `allocator.rs` | the tensor arena as ONNX Runtime sees it |
//! | `no_memory.rs` | what it and the device's allocator do where there is none |
//! | `threads.rs` | worker threads, started when there is work |
//! | `session.rs` | a graph made ready |
//! | `call.rs` | one run of a session |
//! | `stock.rs` | ONNX Runtime the ordinary way, to compare with |
//! | `value.rs` | tensors across the border |
//! | `cuda/` | a device: its memory, its provider |
//! | `placement.rs` | which nodes of a session a device computes |
//!
//! `unsafe` is allowed here and nowhere else in this crate. Nothing above this folder sees a raw pointer.
#![allow(unsafe_code)]

mod allocator;
mod call;
pub mod cuda;
mod environment;
pub mod heap;
mod no_memory;
mod placement;
mod session;
mod stock;
mod threads;
mod value;

pub use call::Stop;
pub use environment::Engine;
pub use placement::Placement;
pub use session::{Graph, Optimise, Save, Session, SessionOptions, WEIGHTS_FILE};
pub use stock::Stock;
pub use value::Outputs;

/// Why ONNX Runtime could not be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum EngineError {
    #[error("{path} could not be loaded as ONNX Runtime: {reason}; install it again with `blink setup --force`", path = path.display())]
    Load { path: std::path::PathBuf, reason: String },
    #[error("{path} is ONNX Runtime {found}, expected {expected}; run `blink setup`, or correct ORT_DYLIB_PATH", path = path.display())]
    Version { path: std::path::PathBuf, found: String, expected: &'static str },
    #[error(transparent)]
    Cuda(#[from] cuda::CudaError),
    #[error(
        "session leaves nodes to the CPU ({nodes}), which --strict-placement rules out; compile another model, or run without \
         it"
    )]
    Placement { nodes: String },
    #[error("ONNX Runtime: {message}")]
    Call { message: String },
    #[error("name {name:?} holds a NUL byte, which ONNX Runtime cannot take")]
    NulInName { name: String },
    #[error("output '{name}' is not a tensor of a dtype blink knows (ONNX type {code})")]
    OutputType { name: String, code: i32 },
    #[error("output '{name}' holds a string that is not UTF-8")]
    OutputString { name: String },
    #[error("worker thread could not be started: {source}; lower --threads, or raise the limit on processes")]
    Thread { source: std::io::Error },
}

impl<R> From<ort::Error<R>> for EngineError {
    fn from(error: ort::Error<R>) -> EngineError {
        EngineError::Call { message: error.message().to_owned() }
    }
}

/// Turns the status of a call through the C interface into a result, and frees it.
fn check(status: ort::sys::OrtStatusPtr) -> Result<(), EngineError> {
    // SAFETY: a status comes straight from the call that made it and is handed over exactly once.
    unsafe { ort::Error::result_from_status(status) }.map_err(EngineError::from)
}
