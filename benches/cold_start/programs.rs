//! What is launched: the `blink` binary that was built before, and Python's onnxruntime where it is installed.

use std::path::PathBuf;
use std::process::Command;

use crate::built::{Built, said};

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
    /// Looks beside this bench's own executable.
    pub(crate) fn find(no_python: bool) -> anyhow::Result<Programs> {
        let Built { target, blink, binary_bytes } = Built::find()?;
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
        Ok(Programs { target, blink, binary_bytes, python, left_out })
    }
}
