//! [`Ask`]: what a worker is asked, and how often it likes: a run of its model on tensors, or a run of its guest.
//!
//! Everything that a caller would have ready is made before a clock is read: views of the inputs, the opened stdin, the
//! memory that takes the guest's stdout. That memory is a file without a name: it takes any amount without being read,
//! so a guest never waits for the bench. What it holds is read once the report is there, and that counts.
//!
//! A guest that ends in any way but with exit code 0 has given no answer.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::path::PathBuf;

use blink_runtime::{Answer, GuestEnded, GuestReport, GuestRequest, GuestUsed, Worker, golden};
use blink_tensors::{Tensor, TensorView, npy};

use crate::launch::LaunchError;
use crate::process::tail;

/// The most that is put aside for a guest's stdout before it is read, in bytes.
const MOST_AT_ONCE: usize = 64 << 20;

/// What a worker is asked.
#[derive(Clone, Debug)]
pub enum Ask {
    /// A run of its model.
    Tensors {
        /// The inputs, by name.
        inputs: Vec<(String, Tensor)>,
        /// The output that stands for its answer beside those of processes.
        output: String,
    },
    /// A run of its guest.
    Guest(Box<GuestRun>),
}

/// One run of a guest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestRun {
    /// What it is given.
    pub request: GuestRequest,
    /// The file that it reads on stdin.
    pub stdin: PathBuf,
}

/// An [`Ask`] with everything that it needs at hand.
pub(crate) struct Prepared<'a>(Kind<'a>);

enum Kind<'a> {
    Tensors(Vec<(&'a str, TensorView<'a>)>, &'a str),
    Guest(&'a GuestRequest, Streams),
}

/// A guest's stdin, stdout and stderr.
struct Streams {
    stdin: File,
    stdout: File,
    stderr: File,
}

/// What a worker answered.
pub(crate) enum Given<'w> {
    /// The outputs, where the worker put them; and the name of the one that stands for all.
    Tensors(Answer<'w>, &'w str),
    /// What the guest wrote to stdout, and what it used.
    Guest(Vec<u8>, GuestUsed),
}

impl Ask {
    /// Makes ready what one run needs.
    pub(crate) fn prepare(&self) -> Result<Prepared<'_>, LaunchError> {
        Ok(Prepared(match self {
            Ask::Tensors { inputs, output } => Kind::Tensors(views(inputs), output),
            Ask::Guest(run) => Kind::Guest(&run.request, Streams::of(run)?),
        }))
    }
}

impl GuestRun {
    /// Runs the guest of `worker` once: what it wrote to stdout, and how it ended, with the end of what it wrote to
    /// stderr.
    pub fn run(&self, worker: &mut Worker) -> Result<(Vec<u8>, GuestReport, String), LaunchError> {
        let mut streams = Streams::of(self)?;
        let (written, report) = streams.run(worker, &self.request)?;
        Ok((written, report, tail(&mut streams.stderr)))
    }
}

impl<'a> Prepared<'a> {
    /// Asks `worker`, and waits for all of its answer. A guest is asked but once: its stdin is read then.
    pub(crate) fn put<'w>(&mut self, worker: &'w mut Worker) -> Result<Given<'w>, LaunchError>
    where
        'a: 'w,
    {
        match &mut self.0 {
            Kind::Tensors(inputs, output) => Ok(Given::Tensors(worker.run(inputs)?, output)),
            Kind::Guest(request, streams) => {
                let (written, report) = streams.run(worker, request)?;
                match report.ended {
                    GuestEnded::Exit(0) => Ok(Given::Guest(written, report.used)),
                    ended => Err(LaunchError::Guest { ended: words(&ended), stderr: tail(&mut streams.stderr) }),
                }
            }
        }
    }
}

impl Given<'_> {
    /// BLAKE3, in hex: over the bytes of every output, in order; of a guest, over its stdout.
    pub(crate) fn digest(&self) -> String {
        match self {
            Given::Tensors(answer, _) => digest(answer),
            Given::Guest(written, _) => blake3::hash(written).to_hex().to_string(),
        }
    }

    /// What stands for the answer beside those of processes: one output as `.npy`; of a guest, its stdout.
    pub(crate) fn output(&self) -> Result<Vec<u8>, LaunchError> {
        match self {
            Given::Guest(written, _) => Ok(written.clone()),
            Given::Tensors(answer, output) => {
                let found = answer.iter().find(|(name, _)| name == output);
                let (_, view) = found.ok_or_else(|| LaunchError::OutputName { name: (*output).to_owned() })?;
                let mut bytes = Vec::new();
                npy::encode(view, &mut bytes)?;
                Ok(bytes)
            }
        }
    }

    /// What the guest used.
    pub(crate) fn used(&self) -> Option<GuestUsed> {
        match self {
            Given::Tensors(..) => None,
            Given::Guest(_, used) => Some(*used),
        }
    }
}

impl Streams {
    fn of(run: &GuestRun) -> Result<Streams, LaunchError> {
        let stdin = File::open(&run.stdin);
        let stdin = stdin.map_err(|source| LaunchError::Stdin { path: run.stdin.clone(), source })?;
        let nameless = || nameless().map_err(|source| LaunchError::Streams { source });
        Ok(Streams { stdin, stdout: nameless()?, stderr: nameless()? })
    }

    /// Runs the guest; what it wrote to stdout, and its report.
    fn run(&mut self, worker: &mut Worker, request: &GuestRequest) -> Result<(Vec<u8>, GuestReport), LaunchError> {
        let streams = [self.stdin.as_fd(), self.stdout.as_fd(), self.stderr.as_fd()];
        let refused = &mut |_: &[u8]| Err("a bench compiles no models that a guest brings".to_owned());
        let report = worker.run_guest(request, streams, refused)?;
        let mut written = Vec::with_capacity(usize::try_from(report.used.output).unwrap_or(0).min(MOST_AT_ONCE));
        let read = self.stdout.rewind().and_then(|()| self.stdout.read_to_end(&mut written));
        read.map_err(|source| LaunchError::Streams { source })?;
        Ok((written, report))
    }
}

/// How a guest ended, in words.
pub fn words(ended: &GuestEnded) -> String {
    match ended {
        GuestEnded::Exit(code) => format!("guest ended with exit code {code}, expected 0"),
        GuestEnded::Trap { message, .. } => format!("guest trapped: {message}"),
        GuestEnded::Limit(limit) => limit.to_string(),
        GuestEnded::Abandoned => "nobody listened to the guest's answer".into(),
        GuestEnded::Refused(why) => why.clone(),
    }
}

/// Named tensors, as `Worker::run` takes them.
pub(crate) fn views(tensors: &[(String, Tensor)]) -> Vec<(&str, TensorView<'_>)> {
    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect()
}

/// BLAKE3, in hex, over the bytes of every output, in order.
pub(crate) fn digest(answer: &Answer<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (_, view) in answer.iter() {
        hasher.update(&golden::bytes_of(view));
    }
    hasher.finalize().to_hex().to_string()
}

/// A file that only its descriptors know: in memory where the system has such files.
#[cfg(target_os = "linux")]
fn nameless() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};

    Ok(memfd_create("bench", MemfdFlags::CLOEXEC)?.into())
}

#[cfg(not(target_os = "linux"))]
fn nameless() -> io::Result<File> {
    tempfile::tempfile()
}
