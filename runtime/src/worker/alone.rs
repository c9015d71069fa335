//! Ends a worker whose launcher has gone while it computes: one that waits learns of it by itself.

use std::sync::Arc;
use std::thread;

use super::line::Line;
use super::process;

/// Stack of the thread, which makes one system call, in bytes.
const STACK: usize = 64 << 10;

/// Ends the process as soon as nobody is at the other end of `line`. Without this, or where no thread can be started for
/// it, a run is finished first.
pub(super) fn end_when_alone(line: &Arc<Line>) {
    let line = Arc::clone(line);
    let watch = move || {
        line.wait_until_alone();
        process::end()
    };
    let _ = thread::Builder::new().name("blink-alone".into()).stack_size(STACK).spawn(watch);
}
