//! Connections and requests, before anybody knows what they ask.
//!
//! | file | what it does |
//! |---|---|
//! | `connection.rs` | accepts, speaks HTTP/1.1 or HTTP/2, ends in good order |
//! | `patience.rs` | cuts off a client that takes no more of its answer |
//! | `context.rs` | what is known of a request: its id, its trace, its times |
//! | `route.rs` | which handler a request is for |
//! | `body.rs` | reading a body within its limits |

mod body;
mod connection;
mod context;
mod patience;
mod route;

pub use body::read_body;
pub use connection::accept;
pub use context::{Context, Seen, note};
pub(crate) use route::guarded;

/// What an answer carries.
pub type Body = tonic::body::Body;
