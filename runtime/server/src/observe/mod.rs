//! What is counted, logged and traced.

mod histogram;
mod statistics;

pub use histogram::Histogram;
pub use statistics::{Counts, Event, StartCounts, StartSeen, Statistics, Timed, Times};
/// Signatures; the real ones come from their branch.
#[allow(missing_docs, unused_variables, clippy::unimplemented)]
mod stand_in {
    use super::StartSeen;
    #[derive(Clone, Default)]
    pub struct RecentStarts;
    impl RecentStarts {
        pub fn push(&self, seen: StartSeen) {
            unimplemented!()
        }
        pub fn list(&self) -> Vec<StartSeen> {
            unimplemented!()
        }
    }
    pub struct Outcome<'a> {
        pub context: &'a crate::front::Context,
        pub seen: &'a crate::front::Seen,
        pub method: &'a http::Method,
        pub path: &'a str,
        pub status: http::StatusCode,
    }
    pub mod trace {
        #[derive(Clone, Debug)]
        pub struct TraceContext;
        impl TraceContext {
            pub fn parse(headers: &http::HeaderMap) -> Option<TraceContext> {
                unimplemented!()
            }
            pub fn begin() -> TraceContext {
                unimplemented!()
            }
            pub fn child(&self) -> TraceContext {
                unimplemented!()
            }
            pub fn header(&self) -> String {
                unimplemented!()
            }
            pub fn trace_id(&self) -> String {
                unimplemented!()
            }
        }
        pub fn finished(outcome: &super::Outcome<'_>) {
            unimplemented!()
        }
    }
    pub mod metrics {
        pub fn answer(state: &std::sync::Arc<crate::state::State>) -> http::Response<crate::front::Body> {
            unimplemented!()
        }
    }
}
pub use stand_in::{Outcome, RecentStarts, metrics, trace};
