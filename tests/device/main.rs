//! Models on a device: NVIDIA's GPUs through ONNX Runtime's CUDA provider.
//!
//! | file | what it proves |
//! |---|---|
//! | `stand_ins.rs` | the stand-ins for NVIDIA's libraries: memory, failures, products |
//! | `provider.rs` | ONNX Runtime's own CUDA provider takes them for the real ones |
//! | `law.rs` | every start answers the same, alone and beside others, and leaves nothing |
//! | `weights.rs` | weights are uploaded once, kept, shared, and give way |
//! | `sleep.rs` | a session that slept wakes with the same bits; runs with places of their own |
//! | `refusals.rs` | what cannot run on a device is refused in words |
//! | `fallback.rs` | `cuda-or-cpu` falls back aloud, and nothing else does |
//! | `failures.rs` | too little memory, a failed copy or product: an error to one request |
//! | `deaths.rs` | a lost device, a killed worker, a launcher that is gone |
//! | `real.rs` | the same on a real GPU, where there is one |
//! | `inside.rs`, `networks.rs` | a test on a machine of its own, and what runs there |
//!
//! No GPU is needed: what all but the last see of one is a stand-in (`stand_in/`), whose memory is the host's.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod deaths;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod failures;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod fallback;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod inside;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod law;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod networks;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod provider;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod real;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod refusals;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod sleep;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod stand_ins;
#[path = "../support/mod.rs"]
mod support;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod weights;
