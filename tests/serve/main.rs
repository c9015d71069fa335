//! `blink serve`, driven as its clients, its operators and its enemies drive it.
//!
//! | file | what it proves |
//! |---|---|
//! | `protocol.rs` | the Open Inference Protocol over HTTP, byte by byte |
//! | `clients.rs` | the clients that everybody has, unmodified: `../clients` |
//! | `hostile.rs`, `hostile_bytes.rs` | what no honest client sends is refused in words, and the server lives |
//! | `scaling.rs` | workers come by demand and go without it |
//! | `killed.rs` | workers that die, and how little of it is seen |
//! | `replaced.rs` | artifacts that are replaced, broken or gone |
//! | `poisoned.rs` | artifacts that are changed where they lie; what each level of checking finds |
//! | `refusals.rs` | no answer tells of the host |
//! | `signed.rs` | servers that ask for signatures; whose native code apps run |
//! | `ending.rs` | told to end with requests in flight |
//! | `going.rs` | clients that go, wait, or are too many |
//! | `device.rs` | models on a device, beside those on the CPU |
//! | `limits.rs` | memory, files and time that run out |
//! | `batching.rs` | answers are the same, run together or not |
//! | `apps.rs`, `apps_http.rs` | guests |
//! | `config.rs`, `sockets.rs` | how it is told what to do, and where it listens |
//!
//! A server lives in a home of its own, so with snapshots of its own, and must outlive its test.

mod apps;
mod apps_http;
mod batching;
mod clients;
mod config;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod device;
mod ending;
mod going;
mod hostile;
mod hostile_bytes;
mod http;
mod killed;
mod limits;
mod models;
mod poisoned;
mod protocol;
mod refusals;
mod replaced;
mod scaling;
mod server;
mod signed;
mod sockets;
#[path = "../support/mod.rs"]
mod support;
