//! Reports as a user gets them: every form by `blink bench report`, and the page as a browser lays it out.
//!
//! | file | what it drives |
//! |---|---|
//! | `forms.rs` | the forms, and what is refused |
//! | `page.rs` | the page in Chromium: in windows of four sizes, light and dark |
//! | `picture.rs` | the picture that stands alone, in Chromium |
//! | `browser.rs` | the page in frames of several sizes |
//! | `made_up.rs`, `parts.rs` | the measurements that are reported, and what they are put together from |
//!
//! `ci/browser.sh` finds or installs the browser. Where none can be had, its tests fail; with
//! `BLINK_TESTS_WITHOUT_BROWSER=1` they say that they looked at nothing. `BLINK_REPORT_SHOTS=DIR` keeps pictures of the
//! pages, to be looked at.

mod browser;
mod forms;
mod made_up;
mod page;
mod parts;
mod picture;
#[path = "../support/mod.rs"]
mod support;
