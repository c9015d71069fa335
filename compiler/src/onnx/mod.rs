//! ONNX models, read from untrusted files.
//!
//! [`Source::open`] maps a model file, decodes it and checks everything that can be checked without running it:
//! required fields, names and their producers, cycles, the size of every stored tensor, and that external data
//! stays inside the model's directory. What an operator means is ONNX Runtime's to judge, not ours.

mod census;
mod digest;
mod external;
mod graph;
mod location;
mod map;
pub mod proto;
mod signature;
mod source;
mod stored;
mod walk;

pub use census::Census;
pub use external::ExternalError;
pub use graph::GraphError;
pub use location::LocationError;
pub use signature::{Dim, SignatureError, ValueSpec};
pub use source::{ExternalFile, OnnxError, Source};
pub use stored::StoredTensorError;
