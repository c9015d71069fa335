//! Guests: WebAssembly programs that turn bytes into tensors, ask models, and turn answers into bytes, in a sandbox.
//!
//! | step | type |
//! |---|---|
//! | link | native code -> [`Guest`]: mapped, imports resolved, nothing instantiated |
//! | run | [`Guest::run`]: one instance, one [`Request`], one [`Report`] |
//!
//! A guest has what its request gives it and nothing else: three streams, arguments, and the directories, variables and
//! limits that are named there. Models come through [`Models`]; this crate knows no ONNX Runtime, and compiles nothing
//! unless its feature `compiler` is on.

mod cancel;
mod clocks;
mod code;
mod guest;
mod host;
mod http;
mod limiter;
mod models;
pub mod nn;
mod report;
mod request;
mod run;
pub mod settings;
mod stdio;
mod waiting;
mod watchdog;

pub use cancel::Cancel;
pub use code::Code;
pub use guest::{Guest, LinkError};
pub use models::{ComputeError, Graph, LoadError, Models, Outputs};
pub use report::{Ended, Limit, LimitExceeded, Report, Used};
pub use request::{Call, Directory, Limits, Request};
pub use stdio::Stdio;
