//! What can go wrong between a guest and its models. The reasons are the host's words.

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such model.
    #[error("model '{name}' is not to be had: {reason}")]
    Named {
        /// What was asked for.
        name: String,
        /// The host's answer.
        reason: String,
    },
    /// The host takes no such model.
    #[error("model of {bytes} bytes was not loaded: {reason}")]
    Loaded {
        /// Length of the model.
        bytes: usize,
        /// The host's answer.
        reason: String,
    },
    /// No context.
    #[error("context of the model was not made: {0}")]
    Context(String),
    /// A tensor whose bytes are not what its dtype and dims say; `None` where those are past all memory.
    #[error("input '{name}' has {found} bytes, expected {}", or_none(*.expected))]
    Length {
        /// The input.
        name: String,
        /// Bytes given.
        found: usize,
        /// Bytes of a tensor of this dtype and shape.
        expected: Option<usize>,
    },
    /// A dtype that nobody has.
    #[error("dtype '{0}' unknown, expected f16, f32, f64, bf16, u8, i32 or i64")]
    DType(String),
    /// A dtype that this interface does not have.
    #[error("input '{0}' is bf16, which modules cannot give: build for wasm32-wasip2")]
    Bf16(String),
    /// An input that the host did not take.
    #[error("input '{name}' was refused: {reason}")]
    Input {
        /// The input.
        name: String,
        /// The host's answer.
        reason: String,
    },
    /// An inference that ended without an answer.
    #[error("inference failed: {0}")]
    Compute(String),
    /// An output that the host did not give.
    #[error("output '{name}' was not given: {reason}")]
    Output {
        /// The output.
        name: String,
        /// The host's answer.
        reason: String,
    },
}

fn or_none(bytes: Option<usize>) -> String {
    bytes.map_or_else(|| "more than any memory holds".to_owned(), |bytes| bytes.to_string())
}
