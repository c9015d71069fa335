//! CUDA: what a resident worker has of it.
//!
//! | file | what it holds |
//! |---|---|
//! | `functions.rs` | the driver's library, and what is called of it |
//! | `gpu.rs` | [`Gpu`]: one device and its context, memory, streams |
//! | `budget.rs`, `kept.rs` | how much may be held; weights that outlive their models |
//! | `upload.rs` | weights from the mapping to the device, through pinned memory |
//! | `weights.rs` | [`Weights`]: tensors that are on the device already, as a session takes them |
//! | `arena.rs`, `allocator.rs` | a model's memory for activations, and how ONNX Runtime gets at it |
//! | `host.rs` | [`DeviceHost`]: all of this, once a process |
//! | `bound.rs` | runs with places of their own for inputs and outputs |
//! | `provider.rs` | ONNX Runtime's CUDA provider, loaded and set up |
//!
//! The driver's own interface is called, not the runtime's: it comes with the driver, and its primary context is the one
//! that ONNX Runtime uses too.

mod allocator;
mod arena;
mod bound;
mod budget;
mod functions;
mod gpu;
mod host;
mod kept;
mod provider;
mod upload;
mod weights;

pub(super) use allocator::register;
pub use arena::DeviceArena;
pub(super) use bound::Bound;
pub use budget::{Allocation, Budget, BudgetStats};
pub use gpu::{DeviceMemory, Gpu, MemoryInfo, Stream};
pub use host::DeviceHost;
pub use kept::{SessionKey, UploadedWeights};
pub(super) use provider::append;
pub use provider::{Share, load_cudnn, load_libraries};
pub use upload::Uploader;
pub(super) use weights::Place;
pub use weights::Weights;

/// Why a device could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum CudaError {
    #[error(
        "NVIDIA's driver cannot be loaded ({reason}): install it, and see `blink doctor`; or give --device cpu, or \
         cuda-or-cpu"
    )]
    NoDriver { reason: String },
    #[error("NVIDIA's driver is too old: it has no function {function}; install one for CUDA 13")]
    OldDriver { function: &'static str },
    #[error(
        "NVIDIA's driver knows CUDA {major}.{minor}, and CUDA 13.0 is needed: install a newer driver, and see `blink \
         doctor`; or give --device cpu, or cuda-or-cpu"
    )]
    DriverVersion { major: i32, minor: i32 },
    #[error("device cuda:{asked} is not there: the driver has {found}; see `blink doctor`")]
    NoDevice { asked: u32, found: u32 },
    #[error(
        "NVIDIA's library {name} cannot be loaded ({reason}): run `blink setup --device cuda`, and see `blink doctor`"
    )]
    Library { name: &'static str, reason: String },
    #[error("{bytes} bytes do not fit in the device memory that the worker may hold: it holds {held} of {most}")]
    Budget { bytes: u64, held: u64, most: u64 },
    #[error("device has no room for {bytes} bytes: {free} of {total} are free; stop a model, or give it less to hold")]
    Memory { bytes: u64, free: u64, total: u64 },
    #[error("CUDA call {function} failed: {name} ({code})")]
    Call { function: &'static str, code: u32, name: String },
}

impl CudaError {
    /// Whether there was too little memory: another request may find some.
    pub fn is_memory(&self) -> bool {
        matches!(self, CudaError::Memory { .. } | CudaError::Budget { .. })
    }

    /// Whether the context is lost: nothing can be done in it any more, and the process has to be replaced.
    pub fn is_lost(&self) -> bool {
        matches!(self, CudaError::Call { code, .. } if functions::is_lost(*code))
    }
}
