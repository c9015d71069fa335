//! Each wall holds: a process behind walls tries what it must not, and does what it must still be able to.
//!
//! The process is this very program, started again. It has no harness, because walls are raised with one thread.
//!
//! | file | what it holds |
//! |---|---|
//! | `acts.rs` | what is tried, and behind which walls |
//! | `expected.rs` | what must come of it, at each level |

#[cfg(target_os = "linux")]
mod acts;
#[cfg(target_os = "linux")]
mod expected;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: there are walls on Linux only");
}

#[cfg(target_os = "linux")]
fn main() {
    match std::env::var("BLINK_TEST_ACT") {
        Ok(act) => acts::run(&act),
        Err(_) => expected::check(),
    }
}
