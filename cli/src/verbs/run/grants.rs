//! What a guest is given, as typed ([`Grants`]) and as it is meant ([`Granted`]). What is not named, it does not have.

use std::path::PathBuf;

use anyhow::Context;
use blink_artifact::Artifact;
use blink_runtime::{Directory, GuestCall, GuestRequest, Limits};

use super::WrongUse;
use crate::quantity::{bytes, duration};

/// The options of a run that concern a guest.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Grants {
    /// Run this guest, with the models of --model, without compiling them together.
    #[arg(long, value_name = "FILE.wasm", conflicts_with_all = ["artifact", "input", "output"], help_heading = "Guests")]
    pub(crate) guest: Option<PathBuf>,
    /// A directory that the guest may read; it is called GUEST there [default: as typed].
    #[arg(long, value_name = "HOST[::GUEST]", help_heading = "Guests")]
    pub(crate) dir: Vec<String>,
    /// A directory that the guest may read and change.
    #[arg(long, value_name = "HOST[::GUEST]", help_heading = "Guests")]
    pub(crate) dir_rw: Vec<String>,
    /// A variable of the guest's environment; without a value, as this process has it.
    #[arg(long, value_name = "NAME[=VALUE]", help_heading = "Guests")]
    pub(crate) env: Vec<String>,
    /// What the guest may use at most: memory, table, time, output, tensors, tensor-bytes (such as memory=256MiB,
    /// time=5s, time=none).
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Guests")]
    pub(crate) limit: Vec<String>,
    /// How coarse the guest's clocks are [default: as the system's].
    #[arg(long, value_name = "DURATION", help_heading = "Guests")]
    pub(crate) clock_resolution: Option<String>,
    /// Seed of the guest's random numbers [default: the system's].
    #[arg(long, value_name = "N", help_heading = "Guests")]
    pub(crate) random_seed: Option<u64>,
    /// Let the guest use the network.
    #[arg(long, help_heading = "Guests")]
    pub(crate) network: bool,
    /// Let the guest bring models of its own: they are compiled, and kept in the cache.
    #[arg(long, help_heading = "Guests")]
    pub(crate) allow_load: bool,
    /// Write how the guest ended and what it used here, as JSON.
    #[arg(long, value_name = "FILE", help_heading = "Guests")]
    pub(crate) report: Option<PathBuf>,
    /// Arguments of the guest.
    #[arg(last = true, value_name = "ARGS", help_heading = "Guests")]
    pub(crate) arguments: Vec<String>,
}

/// What a guest is given.
pub(super) struct Granted {
    pub(super) request: GuestRequest,
    /// Whether anything was typed that only a guest can use.
    is_for_a_guest: bool,
}

impl Grants {
    /// Takes apart what was typed.
    pub(super) fn resolve(&self) -> anyhow::Result<Granted> {
        let read = self.dir.iter().map(|typed| directory(typed, false));
        let written = self.dir_rw.iter().map(|typed| directory(typed, true));
        let mut limits = Limits::default();
        self.limit.iter().try_for_each(|typed| set(&mut limits, typed))?;
        let resolution = self.clock_resolution.as_deref().map(|typed| {
            let wrong = || WrongUse(format!("--clock-resolution '{typed}' is not a duration, such as 1ms"));
            duration(typed).ok_or_else(wrong)
        });
        let request = GuestRequest {
            call: GuestCall::Command,
            arguments: self.arguments.clone(),
            environment: self.env.iter().map(|typed| variable(typed)).collect::<Result<_, _>>()?,
            directories: read.chain(written).collect::<Result<_, _>>()?,
            limits,
            clock_resolution: resolution.transpose()?,
            random_seed: self.random_seed,
            network: self.network,
            load: self.allow_load,
        };
        let is_for_a_guest = request != GuestRequest::default() || self.report.is_some();
        Ok(Granted { request, is_for_a_guest })
    }
}

impl Granted {
    /// What its worker's walls leave open: what the guest may use, and the models that are made of what it brings.
    pub(super) fn of_worker(&self) -> anyhow::Result<blink_runtime::Grants> {
        let mut grants = blink_runtime::Grants::of(&self.request);
        if self.request.load {
            let directory = super::load::directory()?;
            std::fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
            grants.read.push(directory);
        }
        Ok(grants)
    }

    /// Refuses what was given where there is nobody to give it to.
    pub(super) fn refuse_without_guest(&self, artifact: &Artifact) -> Result<(), WrongUse> {
        if !self.is_for_a_guest {
            return Ok(());
        }
        let why = match &artifact.manifest().guest {
            None => format!("{} has no guest", artifact.path().display()),
            Some(_) => "with --input, --output or --model the model is run, and not the guest".into(),
        };
        Err(WrongUse(format!("{why}: leave out what only a guest can use (its arguments, --dir, --env, --limit, ...)")))
    }
}

fn directory(typed: &str, writable: bool) -> Result<Directory, WrongUse> {
    let (host, guest) = typed.split_once("::").unwrap_or((typed, typed));
    if host.is_empty() || guest.is_empty() {
        return Err(WrongUse(format!("'{typed}' is not HOST or HOST::GUEST, such as ./photos or ./photos::/photos")));
    }
    let host = std::path::absolute(host).map_err(|error| WrongUse(format!("'{host}': {error}")))?;
    Ok(Directory { host, guest: guest.to_owned(), writable })
}

fn variable(typed: &str) -> Result<(String, String), WrongUse> {
    match typed.split_once('=') {
        Some(("", _)) => Err(WrongUse(format!("--env '{typed}' is not NAME or NAME=VALUE"))),
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => match std::env::var(typed) {
            Ok(value) => Ok((typed.to_owned(), value)),
            Err(error) => Err(WrongUse(format!("--env {typed}: {error}; give it a value with {typed}=VALUE"))),
        },
    }
}

/// Sets the limit that `typed` names.
fn set(limits: &mut Limits, typed: &str) -> Result<(), WrongUse> {
    let wrong = || {
        WrongUse(format!(
            "--limit '{typed}' is not NAME=VALUE: memory, output and tensor-bytes take sizes (256MiB), table and tensors \
             numbers, time a duration (5s, 500ms) or none"
        ))
    };
    let (name, value) = typed.split_once('=').ok_or_else(wrong)?;
    let place = match name {
        "time" => {
            limits.time = if value == "none" { None } else { Some(duration(value).ok_or_else(wrong)?) };
            return Ok(());
        }
        "memory" => &mut limits.memory,
        "output" => &mut limits.output,
        "tensor-bytes" => &mut limits.tensor_bytes,
        "table" => &mut limits.table,
        "tensors" => &mut limits.tensors,
        _ => return Err(wrong()),
    };
    let number = if matches!(name, "table" | "tensors") { value.parse().ok() } else { bytes(value) };
    *place = number.ok_or_else(wrong)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_have_two_names() {
        let given = directory("/a::/b", true).unwrap();
        assert_eq!((given.host, &*given.guest, given.writable), ("/a".into(), "/b", true));
        let same = directory("photos", false).unwrap();
        assert!(same.host.is_absolute() && same.guest == "photos");
        assert!(directory("::", false).is_err() && directory("", false).is_err());
    }

    #[test]
    fn limits_are_named() {
        let mut limits = Limits::default();
        for typed in ["memory=1MiB", "time=none", "tensors=3", "output=0"] {
            set(&mut limits, typed).unwrap();
        }
        assert_eq!((limits.memory, limits.time, limits.tensors, limits.output), (1 << 20, None, 3, 0));
        for typed in ["memory", "memory=", "memory=1", "stack=1", "time=1", "tensors=1KiB"] {
            assert_eq!(set(&mut limits, typed).is_ok(), typed == "memory=1", "{typed}");
        }
    }
}
