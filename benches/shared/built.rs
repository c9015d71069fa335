//! [`Built`]: the `blink` binary that was built before, which is what the benches launch. One of another version is
//! refused.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

/// What was built.
pub(crate) struct Built {
    /// The target directory.
    pub(crate) target: PathBuf,
    /// The `blink` binary.
    pub(crate) blink: PathBuf,
    /// Its size.
    pub(crate) binary_bytes: u64,
}

impl Built {
    /// Looks beside this bench's own executable: `TARGET/release/deps/NAME-HASH`.
    pub(crate) fn find() -> anyhow::Result<Built> {
        let own = std::env::current_exe()?;
        let profile = own.parent().and_then(Path::parent).context("this executable is not in a target directory")?;
        let target = profile.parent().context("this executable is not in a target directory")?.to_owned();
        let blink = profile.join("blink");
        let build = "run `cargo build --release` first";
        let metadata = std::fs::metadata(&blink).with_context(|| format!("{} not found: {build}", blink.display()))?;
        let version = said(Command::new(&blink).arg("--version"))?;
        let expected = format!("blink {}", env!("CARGO_PKG_VERSION"));
        ensure!(version == expected, "{} is '{version}', expected '{expected}': {build}", blink.display());
        Ok(Built { target, blink, binary_bytes: metadata.len() })
    }
}

/// What a command prints, without the end of its line.
pub(crate) fn said(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{} could not be run", command.get_program().display()))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}: {}", command.get_program().display(), output.status, stderr.trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// Removes a directory and what is in it; one that is not there is as good.
pub(crate) fn remove(directory: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| directory.display().to_string())
        }
        _ => Ok(()),
    }
}
