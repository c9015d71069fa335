//! [`Report`]: how a run of a guest ended, and what it used.

use serde::{Deserialize, Serialize};

/// What is known after a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How it ended.
    pub ended: Ended,
    /// What it used.
    pub used: Used,
    /// Why a call into wasi-nn, or an outgoing HTTP request, was refused, the last time that one was: the guest itself
    /// may have learned a number alone.
    pub refused: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// By itself, with this exit code; 0 where it returned.
    Exit(i32),
    /// By a fault of its own: the fault in words, and where it happened, innermost first.
    Trap {
        /// The fault.
        message: String,
        /// The functions it was in, a line each.
        backtrace: Vec<String>,
    },
    /// It went past a limit.
    Limit(LimitExceeded),
    /// Whoever had sent it an HTTP request went away before the answer was complete.
    Abandoned,
    /// It could not be begun, such as for a directory that is not there.
    Refused(String),
}

/// Names of limits, as flags and messages have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Linear memory.
    Memory,
    /// Table elements.
    Table,
    /// Time.
    Time,
    /// Bytes written.
    Output,
    /// Tensors, contexts and graphs.
    Tensors,
    /// Bytes of tensors.
    TensorBytes,
}

impl Limit {
    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Limit::Memory => "memory",
            Limit::Table => "table",
            Limit::Time => "time",
            Limit::Output => "output",
            Limit::Tensors => "tensors",
            Limit::TensorBytes => "tensor-bytes",
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Limit::Memory | Limit::Output | Limit::TensorBytes => "bytes",
            Limit::Table => "elements",
            Limit::Time => "ms",
            Limit::Tensors => "tensors, contexts and graphs",
        }
    }
}

/// A run went past one of its limits. As an error inside the engine, it ends the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error(
    "guest went past its limit '{}' of {allowed} {}; raise it with --limit {0}=VALUE",
    limit.name(),
    limit.unit()
)]
pub struct LimitExceeded {
    /// Which.
    pub limit: Limit,
    /// What was allowed: bytes, elements, milliseconds or a number.
    pub allowed: u64,
}

/// What a run used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Used {
    /// Most bytes of linear memory.
    pub memory: u64,
    /// Bytes written to stdout and stderr, and as the body of an answer.
    pub output: u64,
    /// Runs of models.
    pub computes: u64,
    /// Time in the models, in nanoseconds.
    pub compute_ns: u64,
    /// From the instance to its end, in nanoseconds.
    pub total_ns: u64,
    /// Making the instance, in nanoseconds.
    pub instantiate_ns: u64,
}
