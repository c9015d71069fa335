//! ONNX and WebAssembly in, one artifact out.
//!
//! | file | stage |
//! |---|---|
//! | `read.rs`, `onnx/` | read: what is asked for, checked before anything else sees it |
//! | `prepare.rs` | one model, from read to written |
//! | `optimise.rs`, `saved.rs`, `transpose.rs` | optimise: ONNX Runtime's optimiser, run once; a rewriting of ours |
//! | `half/` | half floats: where, and how much is lost |
//! | `device.rs` | what an artifact tells of a model for a device |
//! | `trial.rs`, `golden.rs` | try: the golden run, the arena's peak, whether packing pays |
//! | `guest/` | the guest: checked, initialised, stripped, compiled |
//! | `encode.rs`, `ort_format/`, `external.rs`, `placement.rs` | write: graph and weights in their places |
//! | `numbering.rs`, `external_order.rs` | write: nodes and lists in an order that is the same in every run |
//! | `assemble.rs` | write: the sections of the artifact |
//! | `pipeline.rs` | the order of it all, and the proof at the end |
//! | `surroundings.rs`, `temporary.rs` | what it is given for that: files, a device, another program |
//! | `child/` | all of it in a child process, behind walls |

mod assemble;
pub mod child;
mod clock;
mod device;
mod device_trial;
mod dims;
mod encode;
mod error;
mod external;
mod external_order;
mod golden;
pub mod guest;
mod half;
mod names;
mod numbering;
pub mod onnx;
mod optimise;
pub mod ort_format;
mod pipeline;
mod placement;
mod prepare;
mod read;
mod request;
mod saved;
mod summary;
mod surroundings;
mod temporary;
mod transpose;
mod trial;

pub use child::{Confines, compile_apart};
pub use device_trial::TrialPlace;
pub use error::{Blame, CompileError};
pub use half::HalfCounts;
pub use pipeline::compile;
pub use request::{CompileDevice, GuestSource, ModelSource, Prepack, Request, Stage, Target};
pub use summary::{DeviceSummary, GuestSummary, ModelSummary, OperatorChange, Summary};
pub use trial::PrepackTimes;
