//! What is counted, logged and traced.
//!
//! | file | what it is |
//! |---|---|
//! | `statistics.rs`, `histogram.rs` | what is counted of one model |
//! | `recent.rs` | the last starts |
//! | `view.rs` | the server at one moment, which `/metrics` and the page show |
//! | `metrics/` | `/metrics` |
//! | `log.rs` | lines on stderr |
//! | `trace.rs` | a request's place in its caller's trace |
//! | `otlp/` | spans to a collector |

mod histogram;
pub mod log;
pub mod metrics;
pub mod otlp;
mod recent;
mod statistics;
pub mod trace;
pub(crate) mod view;

pub use histogram::Histogram;
pub use recent::RecentStarts;
pub use statistics::{Counts, Event, StartCounts, StartSeen, Statistics, Timed, Times};
pub use trace::Outcome;
