//! `blink bench` as a user drives it, on a small model: what it measures, what it refuses, what its files hold.
//!
//! | file | what it drives |
//! |---|---|
//! | `here.rs` | what the others share: a model to measure, a run of few launches |
//! | `starts.rs` | the measurement: ways, states, phases, costs |
//! | `answers.rs` | every wrong answer is a failed bench |
//! | `peers.rs` | `--against` |
//! | `budgets.rs` | `--budget` |
//! | `ab.rs` | two builds |
//!
//! No speed is asserted here: only what is measured, and that it adds up.
#![cfg(target_os = "linux")]

mod ab;
mod answers;
mod budgets;
mod here;
mod peers;
mod starts;
#[path = "../support/mod.rs"]
mod support;
