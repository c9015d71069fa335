//! A model compiled with the binary under test, its input as requests of both carriers, and its answer, computed by a
//! worker without a server.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use blink_benches::ask::Ask;
use blink_benches::serve::{ClientError, Grpc, Http, Server, Tensor, grpc_infer, grpc_output, rest_infer, rest_output};
use blink_benches::subject::Subject;
use blink_benches::worker::WorkerLaunch;
use blink_runtime::{Launcher, StartMode, Stdio, WorkerSpec};
use blink_tensors::{DType, npy};

use crate::built::{Built, said};
use crate::say;

/// What gRPC clients call.
const INFER: &str = "/inference.GRPCInferenceService/ModelInfer";
/// How long snapshots may take to be made.
const PATIENCE: Duration = Duration::from_secs(600);

/// A model to serve, and what to ask it.
pub(crate) struct Ready<'a> {
    pub(crate) built: &'a Built,
    pub(crate) subject: Subject,
    pub(crate) artifact: PathBuf,
    pub(crate) scratch: PathBuf,
    pub(crate) input_bytes: usize,
    /// A whole REST request to the model of the subject's name.
    pub(crate) rest: Vec<u8>,
    /// A gRPC message to it.
    pub(crate) grpc: Vec<u8>,
    /// The elements of its answer.
    pub(crate) expected: Vec<u8>,
    name: String,
    shape: Vec<usize>,
    elements: Vec<u8>,
}

impl<'a> Ready<'a> {
    /// Makes `subject` ready, with files in `scratch`.
    pub(crate) fn make(subject: Subject, built: &'a Built, scratch: &Path) -> anyhow::Result<Ready<'a>> {
        say(&format!("{}: compiling", subject.name()));
        let written = subject.write(scratch).with_context(|| scratch.display().to_string())?;
        let artifact = scratch.join(subject.name()).with_extension("blink");
        let mut command = Command::new(&built.blink);
        command.arg("compile").arg(&written.onnx).arg("--output").arg(&artifact);
        for (dim, size) in &written.dims {
            command.args(["--golden-dim", &format!("{dim}={size}")]);
        }
        said(&mut command)?;
        let inputs = written.tensors()?;
        let [(name, tensor)] = &inputs[..] else {
            bail!("{} takes {} inputs: this bench gives one", subject.name(), inputs.len());
        };
        let view = tensor.view();
        ensure!(view.dtype() == DType::F32, "{} takes {}: this bench gives f32", subject.name(), view.dtype());
        let elements = view.bytes().context("strings have no bytes of their own")?.to_vec();
        let (name, shape) = (name.clone(), view.shape().to_vec());
        let tensor = Tensor { name: &name, datatype: "FP32", shape: &shape, elements: &elements };
        let (rest, grpc) = (rest_infer(subject.name(), tensor), grpc_infer(subject.name(), tensor));

        let ask = Ask::Tensors { inputs: inputs.clone(), output: written.output.to_owned() };
        let stdio = [Stdio::Null, Stdio::Null, Stdio::Inherit];
        let spec = WorkerSpec { start: StartMode::Normal, stdio, ..WorkerSpec::new(&artifact) };
        let alone = WorkerLaunch { launcher: Launcher::new(&built.blink), spec, ask, expected: None, device: None };
        let answer = npy::decode(&alone.launch_and(0, |_| ()).context("the model alone")?.output)?;
        let expected = answer.view().bytes().context("strings have no bytes of their own")?.to_vec();
        Ok(Ready {
            built,
            subject,
            artifact,
            scratch: scratch.to_owned(),
            input_bytes: elements.len(),
            rest,
            grpc,
            expected,
            name,
            shape,
            elements,
        })
    }

    /// A REST request to a model called otherwise, with the same input.
    pub(crate) fn rest_to(&self, model: &str) -> Vec<u8> {
        rest_infer(model, Tensor { name: &self.name, datatype: "FP32", shape: &self.shape, elements: &self.elements })
    }

    /// Serves the model with these options, and waits until its snapshot is there.
    pub(crate) fn serve(&self, options: &[&str]) -> anyhow::Result<Server> {
        self.serve_all(&self.artifact, options, 1)
    }

    /// Serves `count` models of `artifacts`, which is a file or a directory.
    pub(crate) fn serve_all(&self, artifacts: &Path, options: &[&str], count: usize) -> anyhow::Result<Server> {
        let mut arguments: Vec<OsString> = vec![artifacts.into()];
        arguments.extend(options.iter().map(OsString::from));
        let cache = self.scratch.join(format!("cache-{count}-{}", self.subject.name()));
        let server = Server::start(&self.built.blink, &arguments, &cache)?;
        say(&format!("{}: waiting for {count} snapshots", self.subject.name()));
        let begun = Instant::now();
        while images(&cache.join("snapshots"))? < count {
            ensure!(begun.elapsed() < PATIENCE, "snapshots were not made within {} s", PATIENCE.as_secs());
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }

    /// A REST client.
    pub(crate) fn http(&self, server: &Server) -> anyhow::Result<Http> {
        Ok(Http::open(server.http)?)
    }

    /// A gRPC client of inference.
    pub(crate) fn grpc_client(&self, server: &Server) -> anyhow::Result<Grpc> {
        Ok(Grpc::open(server.grpc, INFER)?)
    }

    /// Asks over REST; a wrong answer is an error.
    pub(crate) fn ask(&self, client: &mut Http) -> Result<(), ClientError> {
        let reply = client.ask(&self.rest)?;
        self.same(rest_output(&reply))
    }

    /// Asks over gRPC; a wrong answer is an error.
    pub(crate) fn ask_grpc(&self, client: &mut Grpc) -> Result<(), ClientError> {
        self.same(grpc_output(client.ask(&self.grpc)?))
    }

    /// Whether an answer is the expected one.
    pub(crate) fn same(&self, output: Option<&[u8]>) -> Result<(), ClientError> {
        if output == Some(&self.expected) { Ok(()) } else { Err(ClientError::Wrong) }
    }
}

/// How many snapshots there are.
fn images(directory: &Path) -> anyhow::Result<usize> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        entries => entries.with_context(|| directory.display().to_string())?,
    };
    let mut count = 0;
    for entry in entries {
        let path = entry.with_context(|| directory.display().to_string())?.path();
        count += usize::from(path.extension().is_some_and(|extension| extension == "image"));
    }
    Ok(count)
}
