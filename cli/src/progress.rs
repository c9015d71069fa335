//! What stderr shows while one waits: a bar or a spinner where it is a terminal, nothing where it is not.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `bytes`.
pub(crate) fn bytes(what: &'static str, bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes).with_message(what);
    bar.set_style(style("{msg:>12} [{bar:30}] {bytes}/{total_bytes}"));
    bar
}

/// A bar over `steps`.
pub(crate) fn steps(what: String, steps: u64) -> ProgressBar {
    let bar = ProgressBar::new(steps).with_message(what);
    bar.set_style(style("{msg:>12} [{bar:30}] {pos}/{len}"));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant").progress_chars("=> ")
}
