//! What is counted, logged and traced.

mod histogram;
mod statistics;

pub use histogram::Histogram;
pub use statistics::{Counts, Event, StartCounts, StartSeen, Statistics, Timed, Times};
