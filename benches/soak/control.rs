//! [`Control`]: a process that leaks as much as it is told, watched and judged as the server is.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

/// How often it leaks.
const TICK: Duration = Duration::from_millis(100);

/// A process that leaks; it ends with this value.
pub(crate) struct Control(Child);

impl Control {
    /// Starts this program again, to leak so many bytes an hour.
    pub(crate) fn start(per_hour: u64) -> anyhow::Result<Control> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--leaking", &per_hour.to_string()]).stdin(Stdio::piped());
        Ok(Control(command.spawn().context("the process that leaks could not be started")?))
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // It ends as its stdin does; nothing is to be done where it is gone already.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Leaks until stdin ends.
pub(crate) fn leak(per_hour: u64) -> anyhow::Result<()> {
    thread::spawn(move || {
        let began = Instant::now();
        let mut leaked = Vec::new();
        loop {
            thread::sleep(TICK);
            let due = began.elapsed().as_secs_f64() / 3600.0 * per_hour as f64;
            leaked.resize(leaked.len().max(due as usize), 1u8);
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new()).context("stdin")?;
    Ok(())
}
