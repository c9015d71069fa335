//! What is launched: the `blink` binary that was built before, and Python's onnxruntime where it is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

/// Programs, found once.
pub(crate) struct Programs {
    /// The target directory.
    pub(crate) target: PathBuf,
    /// The `blink` binary.
    pub(crate) blink: PathBuf,
    /// Its size.
    pub(crate) binary_bytes: u64,
    /// Python's onnxruntime.
    pub(crate) python: Option<Python>,
    /// What is not there, and how to get it.
    pub(crate) left_out: Vec<String>,
}

/// An interpreter that has onnxruntime.
pub(crate) struct Python {
    /// It.
    pub(crate) program: PathBuf,
    /// Versions of the three that matter.
    pub(crate) versions: String,
}

impl Programs {
    /// Looks beside this bench's own executable: `TARGET/release/deps/cold_start-HASH`.
    pub(crate) fn find(no_python: bool) -> anyhow::Result<Programs> {
        let own = std::env::current_exe()?;
        let profile = own.parent().and_then(Path::parent).context("this executable is not in a target directory")?;
        let target = profile.parent().context("this executable is not in a target directory")?.to_owned();
        let blink = profile.join("blink");
        let build = "run `cargo build --release` first";
        let metadata = std::fs::metadata(&blink).with_context(|| format!("{} not found: {build}", blink.display()))?;
        let version = said(Command::new(&blink).arg("--version"))?;
        let expected = format!("blink {}", env!("CARGO_PKG_VERSION"));
        ensure!(version == expected, "{} is '{version}', expected '{expected}': {build}", blink.display());

        let (mut python, mut left_out) = (None, Vec::new());
        let program = target.join("peers/python/bin/python");
        if no_python {
            left_out.push("python onnxruntime, as asked for (--no-python)".to_owned());
        } else if !program.exists() {
            left_out.push("python onnxruntime, which is not installed: run benches/peers/setup.sh".to_owned());
        } else {
            let script = "import platform, numpy, onnxruntime; print('python', platform.python_version(), 'onnxruntime', \
                          onnxruntime.__version__, 'numpy', numpy.__version__)";
            let versions = said(Command::new(&program).args(["-c", script]).env("ORT_DISABLE_TELEMETRY", "1"))?;
            python = Some(Python { program, versions });
        }
        Ok(Programs { target, blink, binary_bytes: metadata.len(), python, left_out })
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
