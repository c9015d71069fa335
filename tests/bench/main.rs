//! `blink bench` as a user drives it, on a small model: what it measures, what it refuses, what its files hold.
//!
//! | file | what it drives |
//! |---|---|
//! | `here.rs` | what the others share: a model to measure, a run of few launches |
//! | `starts.rs` | the measurement: ways, states, phases, costs |
//! | `answers.rs` | every wrong answer is a failed bench |
//! | `peers.rs` | `--against` |
//! | `guests.rs` | `--stdin`: an artifact's guest |
//! | `budgets.rs` | `--budget` |
//! | `device.rs` | `--device` |
//! | `ab.rs` | two builds |
//!
//! No speed is asserted here: only what is measured, and that it adds up.
#![cfg(target_os = "linux")]

mod ab;
mod answers;
mod budgets;
#[cfg(target_arch = "x86_64")]
mod device;
mod guests;
mod here;
mod peers;
#[path = "../guests/programs.rs"]
mod programs;
mod starts;
#[path = "../support/mod.rs"]
mod support;
