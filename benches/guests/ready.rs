//! A model and guests around it, compiled with the binary under test, their snapshots made; and the ways to start them.
//!
//! The model is compiled once and taken over into each guest's artifact as it is, so that all of them compute the same
//! bits. Each guest reads the model's inputs on stdin and writes the bytes of its output: those of the model alone are
//! what every start must give.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use blink_benches::ask::{Ask, GuestRun};
use blink_benches::launch::Expected;
use blink_benches::record::{COMPONENT, GuestProgram, NO_GUEST, SIZES};
use blink_benches::subject::{Subject, Written};
use blink_benches::worker::WorkerLaunch;
use blink_examples::guests::{self, Interface, Size};
use blink_runtime::{GuestRequest, Launcher, StartMode, StartOptions, Stdio, WorkerSpec};
use blink_tensors::{Tensor, npy};

use crate::built::{Built, said};
use crate::say;

/// A model and its guests, to be started.
pub(crate) struct Ready {
    pub(crate) subject: Subject,
    pub(crate) written: Written,
    /// The artifact without a guest.
    pub(crate) artifact: PathBuf,
    /// What every guest is given.
    pub(crate) run: GuestRun,
    /// What the model alone has answered.
    pub(crate) answer: Tensor,
    pub(crate) guests: Vec<GuestProgram>,
    pub(crate) ways: Vec<ReadyWay>,
    /// What cannot be measured, and why.
    pub(crate) left_out: Vec<String>,
    launcher: Launcher,
    threads: usize,
}

/// One way to the model's answer.
pub(crate) struct ReadyWay {
    /// What asks the model.
    pub(crate) guest: &'static str,
    /// `restored` or `normal`.
    pub(crate) start: &'static str,
    pub(crate) launch: WorkerLaunch,
}

impl Ready {
    /// Makes `subject` and the guests called `names` ready, with files in `scratch`.
    pub(crate) fn make(
        subject: Subject,
        names: &[&'static str],
        scratch: &Path,
        built: &Built,
        threads: usize,
    ) -> anyhow::Result<Ready> {
        say(&format!("{}: compiling", subject.name()));
        let written = subject.write(scratch).with_context(|| scratch.display().to_string())?;
        let artifact = scratch.join(subject.name()).with_extension("blink");
        let mut words = vec![written.onnx.clone().into_os_string()];
        for (dim, size) in &written.dims {
            words.extend(["--golden-dim".into(), format!("{dim}={size}").into()]);
        }
        compile(built, words, &artifact, threads)?;

        let launcher = Launcher::new(&built.blink).with_snapshots(scratch.join("snapshots"));
        let inputs = written.tensors()?;
        let ask = Ask::Tensors { inputs: inputs.clone(), output: written.output.to_owned() };
        let spec = spec(&artifact, threads);
        let mut alone = WorkerLaunch { launcher: launcher.clone(), spec, ask, expected: None, device: None };
        let first = alone.launch_and(0, |_| ()).context("the model alone")?;
        alone.expected = Some(first.expected());
        let answer = npy::decode(&first.output)?;
        let run = guest_run(subject, &written, &inputs, &answer, scratch)?;
        let mut ready = Ready {
            subject,
            written,
            artifact,
            run,
            answer,
            guests: Vec::new(),
            ways: Vec::new(),
            left_out: Vec::new(),
            launcher,
            threads,
        };
        ready.add_ways(NO_GUEST, &alone);
        for name in names {
            ready.add_guest(name, scratch, built)?;
        }
        Ok(ready)
    }

    fn add_guest(&mut self, name: &'static str, scratch: &Path, built: &Built) -> anyhow::Result<()> {
        say(&format!("{name}: compiling"));
        let artifact = scratch.join(name).with_extension("blink");
        let mut model = std::ffi::OsString::from(format!("{}=", self.subject.name()));
        model.push(&self.artifact);
        let words = vec!["--model".into(), model, "--guest".into(), wasm(name)?.into_os_string()];
        let summary = compile(built, words, &artifact, self.threads)?;
        let bytes = |value: &serde_json::Value| {
            value.as_u64().with_context(|| format!("the compiler's summary lacks sizes of the guest: {summary}"))
        };
        self.guests.push(GuestProgram {
            guest: name,
            wasm_bytes: bytes(&summary["guest"]["bytes_after"])?,
            code_bytes: bytes(&summary["guest"]["code_bytes"])?,
            artifact_bytes: bytes(&summary["bytes"])?,
        });
        let expected = bytes_of(&self.answer)?;
        let expected = Expected { digest: blake3::hash(expected).to_hex().to_string(), len: expected.len() };
        let (launcher, spec) = (self.launcher.clone(), spec(&artifact, self.threads));
        let ask = Ask::Guest(Box::new(self.run.clone()));
        self.add_ways(name, &WorkerLaunch { launcher, spec, ask, expected: Some(expected), device: None });
        Ok(())
    }

    /// Both starts of `launch`, which starts normally; the other is left out where no snapshot can be made.
    fn add_ways(&mut self, guest: &'static str, launch: &WorkerLaunch) {
        match self.launcher.warm(&launch.spec) {
            Ok(_) => {
                let spec = WorkerSpec { start: StartMode::Snapshot, ..launch.spec.clone() };
                let launch = WorkerLaunch { spec, ..launch.clone() };
                self.ways.push(ReadyWay { guest, start: "restored", launch });
            }
            Err(error) => self.left_out.push(format!("{guest} of {}, restored: {error}", self.subject.name())),
        }
        self.ways.push(ReadyWay { guest, start: "normal", launch: launch.clone() });
    }

    /// The first way of a guest: the restored one where there is one.
    pub(crate) fn first(&self, guest: &str) -> Option<&WorkerLaunch> {
        self.ways.iter().find(|way| way.guest == guest).map(|way| &way.launch)
    }
}

/// The elements of a tensor as a guest reads and writes them.
pub(crate) fn bytes_of(tensor: &Tensor) -> anyhow::Result<&[u8]> {
    tensor.view().bytes().context("strings have no bytes of their own")
}

/// The `.wasm` file of a guest, built where it is not there.
pub(crate) fn wasm(name: &str) -> anyhow::Result<PathBuf> {
    let (size, interface) = match name {
        COMPONENT => (Size::Small, Interface::Component),
        _ if name == SIZES[0] => (Size::Small, Interface::Module),
        _ if name == SIZES[1] => (Size::Medium, Interface::Module),
        _ if name == SIZES[2] => (Size::Large, Interface::Module),
        _ => bail!("guest '{name}' is not known"),
    };
    Ok(guests::sized(size, interface)?)
}

/// What the guest `bytes` is given to run the model once: inputs on stdin, their shapes as arguments.
fn guest_run(
    subject: Subject,
    written: &Written,
    inputs: &[(String, Tensor)],
    answer: &Tensor,
    scratch: &Path,
) -> anyhow::Result<GuestRun> {
    let stdin = scratch.join("stdin.bin");
    let mut file = std::fs::File::create(&stdin).with_context(|| stdin.display().to_string())?;
    let mut arguments = vec![subject.name().to_owned()];
    for (name, tensor) in inputs {
        let dims: Vec<_> = tensor.shape().iter().map(usize::to_string).collect();
        arguments.push(format!("{name}:{}:{}", tensor.dtype(), dims.join("x")));
        file.write_all(bytes_of(tensor)?)?;
    }
    arguments.extend(["--".to_owned(), format!("{}:{}", written.output, bytes_of(answer)?.len())]);
    Ok(GuestRun { request: GuestRequest { arguments, ..GuestRequest::default() }, stdin })
}

fn spec(artifact: &Path, threads: usize) -> WorkerSpec {
    let options = StartOptions { threads: Some(threads), ..StartOptions::default() };
    let stdio = [Stdio::Null, Stdio::Null, Stdio::Inherit];
    WorkerSpec { options, start: StartMode::Normal, stdio, ..WorkerSpec::new(artifact) }
}

/// Compiles with the binary under test, and gives its summary.
fn compile(
    built: &Built,
    words: Vec<std::ffi::OsString>,
    artifact: &Path,
    threads: usize,
) -> anyhow::Result<serde_json::Value> {
    let mut command = Command::new(&built.blink);
    command.arg("compile").args(words).arg("--output").arg(artifact);
    command.args(["--format", "json", "--threads", &threads.to_string()]);
    Ok(serde_json::from_str(&said(&mut command)?)?)
}
