//! What must hold of any input from outside, whatever bytes it is: one law for each fuzz target.
//!
//! | law | given | holds |
//! |---|---|---|
//! | [`artifact`] | an artifact's bytes | sections lie in the file, one after the other; written again it is the same |
//! | [`snapshot_head`] | the head of an image | segments, files and ranges lie where they may |
//! | [`npy`], [`npz`] | tensor files | what is read is the same when it was written and read again |
//! | [`json`] | a tensor as nested lists | likewise |
//! | [`oip`] | REST requests, in JSON and binary | elements are as many as was said; answered, they are the same |
//! | [`grpc`] | a gRPC message | likewise |
//! | [`onnx`] | a model | external data stays in its directory; stored tensors are as long as they say |
//! | [`calls`] | calls of wasi-nn, by either interface | models see valid tensors alone; the next guest is answered |
//! | [`restored`] | seed, dims, runs, threads | a restored worker's bits are those of a fresh one |
//!
//! A law panics where it is broken. The fuzzer (`fuzz/`) looks for such inputs; what it has found, and what it begins
//! with, is checked by an ordinary test (`tests/fuzz/`) as well.

pub mod artifact;
#[cfg(feature = "full")]
pub mod calls;
mod crc32;
#[cfg(feature = "full")]
pub mod grpc;
pub mod json;
pub mod npy;
pub mod npz;
#[cfg(feature = "full")]
pub mod oip;
#[cfg(feature = "full")]
pub mod onnx;
#[cfg(feature = "full")]
pub mod restored;
pub mod snapshot_head;

/// What came of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was read, and everything held of it.
    Taken,
    /// It was refused, in words.
    Refused,
}

/// A law, by the name of its fuzz target.
pub type Law = (&'static str, fn(&[u8]) -> Outcome);

/// Every law but [`restored`], which needs a program to start.
pub const LAWS: &[Law] = &[
    ("artifact", artifact::check),
    ("snapshot_head", snapshot_head::check),
    ("npy", npy::check),
    ("npz", npz::check),
    ("json", json::check),
    #[cfg(feature = "full")]
    ("oip_json", oip::check_json),
    #[cfg(feature = "full")]
    ("oip_binary", oip::check_binary),
    #[cfg(feature = "full")]
    ("grpc", grpc::check),
    #[cfg(feature = "full")]
    ("onnx", onnx::check),
    #[cfg(feature = "full")]
    ("nn_module", calls::check_module),
    #[cfg(feature = "full")]
    ("nn_component", calls::check_component),
];

impl Outcome {
    /// Taken, where one of the two was.
    fn or(self, other: Outcome) -> Outcome {
        if self == Outcome::Taken { self } else { other }
    }

    /// Refused, for a reason that says something.
    fn refused(reason: &dyn std::fmt::Display) -> Outcome {
        assert!(!reason.to_string().is_empty(), "a refusal without words");
        Outcome::Refused
    }
}
