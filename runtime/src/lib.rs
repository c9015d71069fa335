//! Opens an artifact, starts its model, runs it.
//!
//! | step | type |
//! |---|---|
//! | open | a path -> [`Model`]: checked, mapped, made for this host |
//! | start | [`Instance::start`]: a session in ONNX Runtime, no thread yet |
//! | run | [`Instance::run`]: named tensors in, [`Outputs`] out |
//!
//! The same in a process of its own: a [`Launcher`] starts a [`Worker`], which takes and gives the same tensors. It may
//! be limited ([`ProcessLimits`]), waited for, stopped from any thread ([`Stopper`]), and started from a snapshot, which
//! [`Launcher::warm`] makes. That is what a platform embeds; `examples/embed.rs` is its loop.
//!
//! This crate parses no ONNX and compiles no WebAssembly: what a start does not need, it cannot pay for.

mod binding;
mod channel;
mod device;
pub mod engine;
pub mod golden;
mod grants;
mod guest;
pub mod host;
mod instance;
mod launcher;
mod level;
pub mod library;
mod model;
pub mod sandbox;
pub mod timeline;
pub mod worker;

pub use binding::BindError;
pub use blink_guest::{
    Call as GuestCall, Directory, Ended as GuestEnded, Limit, LimitExceeded, Limits, Report as GuestReport,
    Request as GuestRequest, Used as GuestUsed,
};
pub use channel::descriptors;
pub use channel::{ChannelError, FailureClass, ONLY as ONLY_MODEL, Unfilled, nameless as nameless_file};
pub use device::Device;
pub use engine::{EngineError, Outputs};
pub use grants::Grants;
pub use guest::{CodeCache, CodeCacheError, GuestError, NativeCode, link as link_guest, native_code, own_code};
pub use instance::{DeviceFacts, DeviceOptions, Instance, RunError, StartError, StartOptions, thread_count};
pub use launcher::{
    Answer, Counts, DeviceReady, Ended, LaunchError, Launcher, LimitError, Load, ProcessLimits, Reason, Start,
    StartMode, Stdio, Stopper, Streams, WarmError, Warmed, Worker, WorkerError, WorkerMemory, WorkerSpec,
};
pub use level::Level;
pub use model::{Model, ModelError};
pub use timeline::{Phase, Recorded, Span, Timeline};
