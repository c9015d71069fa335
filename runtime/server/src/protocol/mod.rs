//! The Open Inference Protocol v2 as values: what is asked and answered, whatever carries it.
//!
//! | file | what it is |
//! |---|---|
//! | `request.rs` | an inference request |
//! | `datatype.rs` | the protocol's names of dtypes |
//! | `shape.rs` | names and dims, bounded and counted |
//! | `binary.rs` | elements as bytes |
//! | `json/` | requests and answers as JSON, with binary after it |
//! | `check.rs` | a request against its model |
//! | `metadata.rs`, `model_config.rs`, `model_statistics.rs` | what a server and its models say of themselves |
//!
//! Nothing here reads, writes or waits.

pub mod binary;
mod check;
mod datatype;
pub mod json;
mod metadata;
mod model_config;
mod model_statistics;
mod request;
mod shape;

pub use check::check;
pub use datatype::{config_type, datatype, dtype, has_json};
pub use metadata::{
    EXTENSIONS, Health, IndexItem, ModelMetadata, ModelNames, ModelReady, PLATFORM, ServerMetadata, TensorMetadata,
};
pub use model_config::{ConfigInput, ConfigOutput, DynamicBatching, ModelConfig};
pub use model_statistics::{AllStatistics, BatchStatistics, InferStatistics, ModelStatistics, StatisticDuration};
pub use request::{Elements, InferRequest, InputTensor, OutputRequest};
pub use shape::{MAX_NAME, MAX_TENSORS, checked_name, dims, elements};
