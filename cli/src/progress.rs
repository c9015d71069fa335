//! What stderr shows while one waits: a bar or a spinner where it is a terminal, nothing where it is not.

use std::thread;
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
    if !bar.is_hidden() {
        keep_moving(&bar);
    }
    bar
}

/// Draws it again and again, from a thread of its own. Where there is none to be had, it moves by its steps.
fn keep_moving(bar: &ProgressBar) {
    let bar = bar.downgrade();
    let draw = move || {
        while let Some(bar) = bar.upgrade().filter(|bar| !bar.is_finished()) {
            bar.tick();
            drop(bar);
            thread::sleep(Duration::from_millis(100));
        }
    };
    let _ = thread::Builder::new().name("blink-progress".into()).spawn(draw);
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant").progress_chars("=> ")
}
