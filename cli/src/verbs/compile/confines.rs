//! How far the process may go that reads what a user brought.

use std::time::Duration;

use blink_compiler::Confines;
use blink_runtime::sandbox::Sandbox;

use crate::{program, quantity};

/// The options that say so.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ConfineFlags {
    /// Walls around the process that reads the model: `strict` (all of them, or nothing is compiled), `standard` (what this
    /// kernel gives), or `off`.
    #[arg(long, value_name = "LEVEL", default_value_t, help_heading = "Limits")]
    sandbox: Sandbox,
    /// Most memory that the process may take, such as 4GiB [default: what this machine has].
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Limits")]
    memory: Option<u64>,
    /// Most time that it may take, such as 10m, or none.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = time, help_heading = "Limits")]
    time: Time,
}

/// `--time` as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(Option<Duration>);

impl ConfineFlags {
    /// What they mean.
    pub(super) fn confines(&self) -> anyhow::Result<Confines> {
        let Time(time) = self.time;
        Ok(Confines { sandbox: self.sandbox, memory: self.memory, time, ..Confines::new(program::path()?) })
    }
}

fn size(typed: &str) -> Result<u64, String> {
    let wrong = || format!("'{typed}' is not a size, such as 512MiB or 4GiB");
    quantity::bytes(typed).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

fn time(typed: &str) -> Result<Time, String> {
    let wrong = || format!("'{typed}' is not a duration, such as 90s, 10m or 2h, or none");
    if typed == "none" { Ok(Time(None)) } else { quantity::duration(typed).map(Some).map(Time).ok_or_else(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_typed() {
        assert_eq!((size("2GiB"), time("90s")), (Ok(2 << 30), Ok(Time(Some(Duration::from_secs(90))))));
        assert_eq!((time("1h"), time("none")), (Ok(Time(Some(Confines::TIME))), Ok(Time(None))));
        assert!(["0", "none", "1GB"].iter().all(|typed| size(typed).is_err()));
        assert!(["0s", "5", ""].iter().all(|typed| time(typed).is_err()));
    }
}
