//! What lies beneath fails: the n-th allocation, open, read, write, map, and whatever else can, for n = 1..N, in every
//! process that a verb starts. What a verb was to replace is then the old one or the new one, and nothing in between.
//!
//! | file | what it is |
//! |---|---|
//! | `kind.rs` | what can fail, and how |
//! | `listener.rs` | system calls that are answered by this process (seccomp) |
//! | `memory.rs`, `shim.c` | allocations that fail |
//! | `trial.rs` | one run, and how it ended |
//! | `sweep.rs` | an operation, over all kinds and all n |
//! | `surroundings.rs` | less than a process is used to, and numbers that are none |
//! | `install.rs`, `compile.rs`, `warm.rs`, `run.rs`, `serve.rs`, `sign.rs` | the operations |
//!
//! A first run counts; then each n that is chosen fails in a run of its own. Where there are many, the first and the
//! last are taken, and as many between them at one distance. `BLINK_FAULTS=all` takes every n, and hours;
//! `BLINK_FAULTS=40` takes 40 of each kind. What was injected and what came of it is written to stderr.
//!
//! Linux on x86-64, where a process may answer another's system calls.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[allow(dead_code)]
#[path = "../serve/http.rs"]
mod http;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[allow(dead_code)]
#[path = "../serve/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod compile;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod install;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod kind;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod listener;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod run;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod serve;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod sign;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod surroundings;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod sweep;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod trial;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod warm;
