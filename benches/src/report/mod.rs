//! A measurement shown: as a page for people, as a picture, as files for other programs.
//!
//! Every figure here is computed from the raw values of the measurement, and none is rounded before it is shown. What
//! comes from the file is text to be escaped, whatever it says: names and commands are a user's.
//!
//! | file | what it makes |
//! |---|---|
//! | `html/` | one self-contained page: no network, no script |
//! | `svg.rs` | the median cold starts of several measurements, as a picture of its own |
//! | `markdown.rs` | a summary for a CI job |
//! | `junit.rs` | budgets as test cases |
//! | `github.rs` | figures for github-action-benchmark |
//! | `bencher.rs` | figures for Bencher |
//!
//! | file | what they share |
//! |---|---|
//! | `view.rs` | a measurement made ready: summaries, names, colours |
//! | `exported.rs` | the figures that other programs get |
//! | `plots/` | the plots |
//! | `canvas.rs`, `scale.rs` | what plots are drawn with |
//! | `escape.rs`, `show.rs`, `repeat.rs` | text, numbers, and the command that measures again |

pub mod bencher;
mod canvas;
mod escape;
mod exported;
pub mod github;
pub mod html;
pub mod junit;
pub mod markdown;
mod plots;
mod repeat;
mod scale;
mod show;
pub mod svg;
mod view;

/// A JSON document with a line break at its end.
fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value);
    text.expect("text and finite numbers under text keys are JSON") + "\n"
}

#[cfg(test)]
mod tests;
