//! Sockets, systemd, and the end.
//!
//! | file | what it holds |
//! |---|---|
//! | `bind.rs` | addresses become sockets |
//! | `unix.rs` | a Unix socket's file: its mode, who may replace it, its end |
//! | `inherited.rs` | sockets that systemd has opened |
//! | `listener.rs` | [`Listener`] and [`Stream`]: one type for both kinds |
//! | `notify.rs` | [`Notifier`]: tells systemd how it stands |
//! | `signals.rs` | [`Signals`]: told to end, told to look |
//! | `limits.rs` | room for as many descriptors as the system grants |
//!
//! A socket that is bound takes connections from that moment on, so none is refused while models are opened.

mod bind;
mod inherited;
mod limits;
mod listener;
mod notify;
mod signals;
mod unix;

pub use bind::{ListenError, Listeners};
pub use limits::raise_descriptor_limit;
pub use listener::{Listener, Stream};
pub use notify::Notifier;
pub use signals::{Signal, Signals};
