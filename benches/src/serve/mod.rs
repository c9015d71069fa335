//! A server, driven as its clients drive it: over connections that stay open, each with one request at a time.
//!
//! | file | what it holds |
//! |---|---|
//! | `server.rs` | [`Server`]: `blink serve` as a process, and what it says of itself |
//! | `http.rs` | REST: a request made beforehand, an answer read without copies |
//! | `grpc.rs` | the same over gRPC, with no more of HTTP/2 than that takes |
//! | `message.rs` | the inference messages of both |
//! | `crowd.rs` | many clients at once |
//!
//! What a client costs is in what it measures, so these clients do nothing that a measured time does not need. They
//! trust the server's form and no answer: whoever measures compares each one.

mod crowd;
mod grpc;
mod http;
mod message;
mod server;

use std::io;

pub use crowd::{Crowd, crowd, together};
pub use grpc::Grpc;
pub use http::{Http, Reply, get, post};
pub use message::{Tensor, grpc_infer, grpc_output, rest_infer, rest_output};
pub use server::{Server, ServerError};

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ClientError {
    #[error("connection broke off: {0}")]
    Io(#[from] io::Error),
    #[error("server's answer is not understood: {0}")]
    Form(&'static str),
    #[error("server answered with status {status}: {words}")]
    Refused { status: u16, words: String },
    #[error("answer has other elements than the model gives without a server")]
    Wrong,
}
