//! [`Context`]: what is known of a request beside what it asks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::HeaderMap;
use rand::RngExt;

use crate::model::Model;
use crate::observe::Times;
use crate::observe::trace::TraceContext;

/// The longest id that is taken from a client.
const LONGEST_ID: usize = 128;

tokio::task_local! {
    /// The request that this task works on.
    static CURRENT: Context;
}

/// One request. Clones are the same request.
#[derive(Clone, Debug)]
pub struct Context {
    /// Its id: the client's `x-request-id` where that is short and plain, else one of our own.
    pub request_id: Arc<str>,
    /// Its place in a trace.
    pub trace: TraceContext,
    /// When its head had come.
    pub arrived: Instant,
    seen: Arc<Mutex<Seen>>,
}

/// What its handler found out.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The model it was for, and its version.
    pub model: Option<(String, u64)>,
    /// Where its time went, where it was answered.
    pub times: Option<Times>,
}

impl Context {
    /// Of a request with these headers.
    pub(super) fn new(headers: &HeaderMap) -> Context {
        let given = headers.get("x-request-id").and_then(|id| id.to_str().ok());
        let plain = |id: &&str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
            !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(is_plain)
        };
        let request_id =
            given.filter(plain).map_or_else(|| format!("{:032x}", rand::rng().random::<u128>()), Into::into);
        let trace = TraceContext::parse(headers).map_or_else(TraceContext::begin, |parent| parent.child());
        Context { request_id: request_id.into(), trace, arrived: Instant::now(), seen: Arc::default() }
    }

    /// Does `work` as this request's.
    pub(super) async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Notes what the current request was for, and where its time went. Outside a request it does nothing.
pub fn note(model: &Model, times: Option<Times>) {
    let _ = CURRENT.try_with(|context| {
        let seen = Seen { model: Some((model.name.clone(), model.version)), times };
        *context.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(given: &str) -> Arc<str> {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", given.parse().unwrap());
        Context::new(&headers).request_id
    }

    #[test]
    fn an_id_is_taken_where_it_is_plain() {
        assert_eq!(&*id_of("a-1_b.2"), "a-1_b.2");
        for bad in ["", "two words", "\"quoted\"", &"x".repeat(LONGEST_ID + 1)] {
            let id = id_of(bad);
            assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        }
        assert_ne!(id_of(""), id_of(""));
    }
}
