//! Models on a device: NVIDIA's GPUs through ONNX Runtime's CUDA provider.
//!
//! | file | what it proves |
//! |---|---|
//! | `stand_ins.rs` | the stand-ins for NVIDIA's libraries: memory, failures, products |
//! | `provider.rs` | ONNX Runtime's own CUDA provider takes them for the real ones |
//!
//! No GPU is needed: what these tests see of one is a stand-in (`stand_in/`), whose memory is the host's.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod provider;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod stand_ins;
#[path = "../support/mod.rs"]
mod support;
