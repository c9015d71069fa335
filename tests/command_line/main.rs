//! The command line as a user drives it, on small models: every verb, every form of input and output.
//!
//! | file | what it drives |
//! |---|---|
//! | `cuda.rs` | the CUDA build: what setup refuses, and what doctor says of it |
//! | `machine.rs` | what concerns no model: setup, doctor, completions, manual, help, version |
//! | `compile.rs` | `blink compile` and what it says |
//! | `confined.rs` | the child of `blink compile`: its walls, its limits, its end |
//! | `devices.rs` | `blink compile --device cuda`, as far as no device is needed |
//! | `several.rs` | several models in one artifact |
//! | `guests.rs` | guests: compiled, inspected, refused |
//! | `inputs.rs` | every form of `--input` |
//! | `outputs.rs` | every form of `--output` |
//! | `reports.rs` | what run, inspect and verify print |
//! | `streams.rs` | stdout is data, stderr is everything else, and either may be closed |

mod compile;
mod confined;
mod cuda;
mod devices;
mod guests;
mod inputs;
mod machine;
mod outputs;
mod reports;
mod several;
mod streams;
#[path = "../support/mod.rs"]
mod support;
