//! One model made ready: written, compiled, its snapshots made, and the ways to start it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use blink_benches::ask::Ask;
use blink_benches::process::ProcessLaunch;
use blink_benches::record::{Settings, SnapshotMade};
use blink_benches::subject::{Subject, Written};
use blink_benches::way::{Launch, Way};
use blink_benches::worker::WorkerLaunch;
use blink_runtime::{Launcher, StartMode, StartOptions, Stdio, WorkerSpec};

use crate::built::said;
use crate::programs::Programs;
use crate::say;

/// A model that can be started.
pub(crate) struct Ready {
    pub(crate) written: Written,
    pub(crate) artifact: PathBuf,
    /// What the compiler said of the model.
    pub(crate) summary: serde_json::Value,
    /// Whether the artifact packs weights at start.
    pub(crate) prepack: bool,
    pub(crate) launcher: Launcher,
    pub(crate) directory_of_snapshots: PathBuf,
    /// Every way; the first is the normal start.
    pub(crate) ways: Vec<Way>,
    pub(crate) snapshots: Vec<(SnapshotMade, PathBuf)>,
    /// What cannot be measured, and why.
    pub(crate) left_out: Vec<String>,
}

impl Ready {
    /// Makes `subject` ready, with its files in `scratch`.
    pub(crate) fn make(
        subject: Subject,
        scratch: &Path,
        programs: &Programs,
        settings: &Settings,
    ) -> anyhow::Result<Ready> {
        say(&format!("{}: writing", subject.name()));
        let written = subject.write(scratch).with_context(|| scratch.display().to_string())?;
        let artifact = scratch.join(subject.name()).with_extension("blink");
        say(&format!("{}: compiling", subject.name()));
        let summary = compile(programs, &written, &artifact, settings.threads)?;
        let prepack = summary["prepack"].as_bool();
        let prepack = prepack.with_context(|| format!("the compiler's summary has no 'prepack': {summary}"))?;
        let directory_of_snapshots = scratch.join("snapshots");
        let mut ready = Ready {
            written,
            artifact,
            summary,
            prepack,
            launcher: Launcher::new(&programs.blink).with_snapshots(&directory_of_snapshots),
            directory_of_snapshots,
            ways: Vec::new(),
            snapshots: Vec::new(),
            left_out: Vec::new(),
        };

        say(&format!("{}: making snapshots", subject.name()));
        let inputs = ready.written.tensors()?;
        ready.add_worker("normal", StartMode::Normal, None, settings, &inputs);
        ready.add_worker("restored", StartMode::Snapshot, None, settings, &inputs);
        if !prepack && !ready.add_worker("restored-packed", StartMode::Snapshot, Some(true), settings, &inputs) {
            ready.add_worker("normal-packed", StartMode::Normal, Some(true), settings, &inputs);
        }
        ready.add_process("stock", &programs.blink, ["stock".into()], settings);
        if let Some(python) = &programs.python {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/python_onnxruntime.py");
            ready.add_process("python", &python.program, [script.into()], settings);
        }
        Ok(ready)
    }

    /// Adds a worker, and makes its snapshot where it starts from one. Without one it is left out; whether it was added.
    fn add_worker(
        &mut self,
        name: &'static str,
        start: StartMode,
        prepack: Option<bool>,
        settings: &Settings,
        inputs: &[(String, blink_tensors::Tensor)],
    ) -> bool {
        let options = StartOptions { threads: Some(settings.threads), prepack, ..StartOptions::default() };
        let stdio = [Stdio::Null, Stdio::Null, Stdio::Inherit];
        let spec = WorkerSpec { options, start, stdio, ..WorkerSpec::new(&self.artifact) };
        if start == StartMode::Snapshot {
            match self.launcher.warm(&spec) {
                Ok(made) => {
                    let path = made.path.clone();
                    let made = SnapshotMade {
                        way: name,
                        bytes: made.bytes,
                        saved_bytes: made.saved,
                        mappings: made.segments,
                        elapsed_ms: made.elapsed.as_secs_f64() * 1e3,
                    };
                    self.snapshots.push((made, path));
                }
                Err(error) => {
                    let artifact = self.artifact.file_stem().unwrap_or_default().display();
                    self.left_out.push(format!("{name} of {artifact}: {error}"));
                    return false;
                }
            }
        }
        let launch = WorkerLaunch {
            launcher: self.launcher.clone(),
            spec,
            ask: Ask::Tensors { inputs: inputs.to_vec(), output: self.written.output.to_owned() },
            expected: None,
            device: None,
        };
        self.ways.push(Way { name: name.to_owned(), launch: Launch::Worker(Box::new(launch)) });
        true
    }

    fn add_process(&mut self, name: &'static str, program: &Path, first: [OsString; 1], settings: &Settings) {
        let mut arguments = first.to_vec();
        arguments.push((&self.written.onnx).into());
        arguments.extend(self.written.arguments());
        arguments.extend(["--threads".into(), settings.threads.to_string().into()]);
        let timeline = Some(self.artifact.with_extension("timeline.json"));
        let program = program.to_owned();
        let launch = ProcessLaunch { program, arguments, stdin: None, timeline, must_write: true, expected: None };
        self.ways.push(Way { name: name.to_owned(), launch: Launch::Process(launch) });
    }

    /// The worker called `name`, where there is one.
    pub(crate) fn worker(&self, name: &str) -> Option<&WorkerLaunch> {
        self.ways.iter().find(|way| way.name == name).and_then(|way| match &way.launch {
            Launch::Worker(worker) => Some(&**worker),
            Launch::Process(_) => None,
        })
    }

    /// Removes every file.
    pub(crate) fn remove(&self) -> anyhow::Result<()> {
        self.written.remove()?;
        std::fs::remove_file(&self.artifact)?;
        for (_, path) in &self.snapshots {
            std::fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// Compiles with the binary under test, and gives its summary of the one model.
fn compile(
    programs: &Programs,
    written: &Written,
    artifact: &Path,
    threads: usize,
) -> anyhow::Result<serde_json::Value> {
    let mut command = Command::new(&programs.blink);
    command.arg("compile").arg(&written.onnx).arg("--output").arg(artifact);
    command.args(["--format", "json", "--threads", &threads.to_string()]);
    for (dim, size) in &written.dims {
        command.arg("--golden-dim").arg(format!("{dim}={size}"));
    }
    let summary: serde_json::Value = serde_json::from_str(&said(&mut command)?)?;
    let model = summary["models"].get(0).cloned();
    model.with_context(|| format!("the compiler's summary has no 'models': {summary}"))
}
