//! Models in plain Rust, and guests in WebAssembly text.

mod link;
mod models;

pub(crate) use link::{Done, link, native, run};
