//! Cold starts, measured: what the benches and the command line share.
//!
//! A cold start is the time from just before a process is spawned to the first output in its parent's hands. Warm is
//! a later run in the same process. "Over" is cold minus warm: what the start itself costs.
//!
//! | module | what it holds |
//! |---|---|
//! | [`launch`] | one fresh process, clocked from outside |
//! | [`interleave`] | several commands in turns, so that they share the machine's moods |
//! | [`statistics`] | percentiles, and how sure they are |
//! | [`memory`] | what a running process has to itself |
//! | [`machine`] | what a figure was measured on |
//! | [`record`] | the files under `benches/runs/` |
//! | [`agreement`] | whether two answers are the same answer |
//! | [`subject`] | the models that are measured |
//! | [`waterfall`], [`table`] | figures as text |
//!
//! Nothing here judges a figure, and no test asserts a speed.

pub mod agreement;
pub mod interleave;
pub mod launch;
pub mod machine;
pub mod memory;
mod reap;
pub mod record;
pub mod statistics;
pub mod subject;
pub mod table;
pub mod waterfall;
mod worker;

pub use worker::{PhaseTime, WorkerTimeline};
