//! [`Wasmtime`]: the same guest, unmodified, by `wasmtime run -S nn`, with ONNX Runtime behind WASI-NN.
//!
//! All that it can make beforehand is made beforehand: the guest is compiled, and the model is optimised by
//! `benches/peers/python_wasmtime.py`, which needs the peer `python`. The directory of the model has the model's name,
//! which is what the guest asks for. Beside the program lies the ONNX Runtime that it loads.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use blink_benches::process::ProcessLaunch;
use blink_benches::record::SIZES;

use crate::built::{Built, said};
use crate::ready::{Ready, wasm};
use crate::say;

/// The peer, to be launched again and again.
pub(crate) struct Wasmtime {
    /// What it is.
    pub(crate) version: String,
    /// The guest that it runs.
    pub(crate) guest: &'static str,
    pub(crate) launch: ProcessLaunch,
}

impl Wasmtime {
    /// Makes model and guest ready for `program`, with files in `scratch`.
    pub(crate) fn make(
        program: &Path,
        ready: &Ready,
        scratch: &Path,
        built: &Built,
        threads: usize,
    ) -> anyhow::Result<Wasmtime> {
        let set_up = "run `benches/peers/setup.sh wasmtime` first";
        let python = built.target.join("peers/python/bin/python");
        for path in [program, &python] {
            ensure!(path.exists(), "{} not found: {set_up}", path.display());
        }
        say("wasmtime: compiling the guest, optimising the model");
        let guest = SIZES[0];
        let directory = scratch.join("wasmtime").join(ready.subject.name());
        let mut prepare = Command::new(python);
        prepare.arg(peers().join("python_wasmtime.py")).arg(&directory).arg("--prepare").arg(&ready.written.onnx);
        for (name, path) in &ready.written.inputs {
            let mut input = std::ffi::OsString::from(format!("{name}="));
            input.push(path);
            prepare.arg("--input").arg(input);
        }
        said(prepare.args(["--threads", &threads.to_string()]))?;
        let code = scratch.join("wasmtime/guest.cwasm");
        said(Command::new(program).arg("compile").arg(wasm(guest)?).arg("-o").arg(&code))?;

        let mut graph = std::ffi::OsString::from("nn-graph=onnx::");
        graph.push(&directory);
        let mut arguments = vec!["run".into(), "--allow-precompiled".into(), "-S".into(), "nn".into(), "-S".into()];
        arguments.extend([graph, code.into_os_string()]);
        arguments.extend(ready.run.request.arguments.iter().map(Into::into));
        let launch = ProcessLaunch {
            program: program.to_owned(),
            arguments,
            stdin: Some(ready.run.stdin.clone()),
            timeline: None,
            must_write: true,
            expected: None,
        };
        Ok(Wasmtime { version: version(program)?, guest, launch })
    }
}

/// What it says it is; what setup.sh builds does not say, and is the version of its `Cargo.toml`.
fn version(program: &Path) -> anyhow::Result<String> {
    if let Ok(version) = said(Command::new(program).arg("--version")) {
        return Ok(version);
    }
    let path = peers().join("wasmtime/Cargo.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let line = text.lines().find_map(|line| line.strip_prefix("wasmtime = "));
    let version = line.and_then(|line| line.split_once("\"=")).and_then(|(_, rest)| rest.split_once('"'));
    let (version, _) = version.with_context(|| format!("{} names no version of wasmtime", path.display()))?;
    Ok(format!("wasmtime {version}"))
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}
