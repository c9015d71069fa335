//! The law of the product: the artifact answers like the model, and the same model gives the same artifact.
//!
//! | file | what it proves |
//! |---|---|
//! | `matrix.rs` | every case of the matrix, in every setting, gives what was computed apart, and ONNX Runtime's own bits |
//! | `networks.rs` | so do a ResNet and a BERT, at several shapes and thread counts |
//! | `dims.rs` | `--set-dim` fixes a size and changes no answer |
//! | `devices.rs` | an artifact for a device answers like the model too, as far as the CPU can tell |
//! | `determinism.rs` | two compilations in two processes give the same bytes |
//! | `restored.rs` | a worker restored from a snapshot answers as a normal one, bit for bit (x86-64 Linux) |
//! | `plain.rs` | the other side of the comparison: ONNX Runtime on the `.onnx` file |

mod determinism;
mod devices;
mod dims;
mod matrix;
mod networks;
mod plain;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod restored;
#[path = "../support/mod.rs"]
mod support;
