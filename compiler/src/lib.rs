//! ONNX in, artifact out.
//!
//! | file | stage |
//! |---|---|
//! | `onnx/` | read: the model, checked before anything else sees it |
//! | `optimise.rs`, `saved.rs`, `transpose.rs` | optimise: ONNX Runtime's optimiser, run once, and a rewriting of ours |
//! | `trial.rs`, `golden.rs` | try: the golden run, the arena's peak, whether packing pays |
//! | `encode.rs`, `ort_format/`, `external.rs`, `placement.rs` | write: graph and weights in their places |
//! | `numbering.rs`, `external_order.rs` | write: nodes and lists in an order that is the same in every run |
//! | `pipeline.rs` | the order of it all, and the proof at the end |

mod encode;
mod error;
mod external;
mod external_order;
mod golden;
mod numbering;
pub mod onnx;
mod optimise;
pub mod ort_format;
mod pipeline;
mod placement;
mod request;
mod saved;
mod summary;
mod transpose;
mod trial;

pub use error::CompileError;
pub use pipeline::compile;
pub use request::{Prepack, Request, Stage, Target};
pub use summary::{OperatorChange, Summary};
pub use trial::PrepackTimes;
