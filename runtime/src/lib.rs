//! Opens an artifact, starts its model, runs it.
//!
//! | step | type |
//! |---|---|
//! | open | a path -> [`Model`]: checked, mapped, made for this host |
//! | start | [`Instance::start`]: a session in ONNX Runtime, no thread yet |
//! | run | [`Instance::run`]: named tensors in, [`Outputs`] out |
//!
//! This crate parses no ONNX and compiles no WebAssembly: what a start does not need, it cannot pay for.

mod binding;
pub mod engine;
pub mod golden;
pub mod host;
mod instance;
pub mod library;
mod model;
pub mod timeline;

pub use binding::BindError;
pub use engine::{EngineError, Outputs};
pub use instance::{Instance, RunError, StartError, StartOptions, thread_count};
pub use model::{Model, ModelError};
pub use timeline::{Phase, Span, Timeline};
