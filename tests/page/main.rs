//! The web page as people get it: a real `blink serve`, looked at and used in a real Chromium.
//!
//! | file | what it drives |
//! |---|---|
//! | `layout.rs` | how the page is laid out: in windows of three sizes, light and dark; and that nobody else is asked |
//! | `keys.rs` | the page used by keys alone |
//! | `tab.rs`, `pipe.rs` | a page in Chromium, and how it is spoken to |
//!
//! `BLINK_REPORT_SHOTS=DIR` keeps pictures of the page, to be looked at.

#[allow(dead_code)]
#[path = "../serve/http.rs"]
mod http;
mod keys;
mod layout;
mod pipe;
#[allow(dead_code)]
#[path = "../serve/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;
mod tab;
