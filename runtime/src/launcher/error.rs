//! [`WorkerError`]: why a worker has given no answer.

use std::io;
use std::path::PathBuf;

use blink_artifact::OpenError;

use super::child::Ended;
use super::{LaunchError, Reason};
use crate::channel::{ChannelError, FailureClass};
use crate::worker::resident::LOST;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum WorkerError {
    /// The start or this run failed, in the words of the error that it would be in one process. The worker lives; one
    /// that could not start will say the same again.
    #[error("{message}")]
    Failed { class: FailureClass, message: String },
    /// The process is gone, and every later run says so.
    #[error("worker {pid} died: {ended}{}; launch another one", limited(*memory))]
    Died {
        pid: u32,
        ended: Ended,
        /// The most memory that it might take.
        memory: Option<u64>,
    },
    /// Its artifact is not what it was made as, or was cut or written to while it was in use. The process is gone, what it
    /// has computed is not given, and no other worker of that file would fare better.
    #[error(
        "worker {pid} was ended, because {artifact} is damaged, or changed while it was in use: {source}; put a whole \
         artifact in its place by renaming it, and never write to one in place",
        artifact = artifact.display()
    )]
    Poisoned { pid: u32, artifact: PathBuf, source: OpenError },
    /// It said what no worker of this build says, or could not be spoken to. It was ended.
    #[error("worker {pid} was ended, because it could not be {}", unheard(source))]
    Channel { pid: u32, source: ChannelError },
    /// It was to be restored, and a normal start was ruled out ([`super::StartMode::Snapshot`]).
    #[error("worker was not restored: {reason}")]
    NotRestored { reason: Reason },
    /// It was to be restored, could not be, and no normal worker could be started in its place.
    #[error("{reason}; and in its place {source}")]
    NoReplacement { reason: Reason, source: Box<LaunchError> },
    /// The worker was not asked, and can be used.
    #[error("request to a guest cannot be told to its worker: {source}; name directories by paths that are UTF-8")]
    Request { source: serde_json::Error },
    /// Likewise.
    #[error(
        "guest is to be given {lack}, which its worker's walls do not leave open: grant it when the worker is launched \
         (WorkerSpec::grants)"
    )]
    NotGranted { lack: String },
    /// Likewise.
    #[error("inputs do not fit in memory shared with a worker: {source}")]
    Memory { source: io::Error },
}

impl WorkerError {
    /// Whether its device was lost: in this run, or in one of another model in the same resident worker, which has ended.
    pub fn is_lost_device(&self) -> bool {
        match self {
            WorkerError::Failed { class, .. } => *class == FailureClass::DeviceLost,
            WorkerError::Died { ended, .. } => *ended == Ended::Code(LOST),
            _ => false,
        }
    }
}

fn unheard(source: &ChannelError) -> String {
    match source {
        ChannelError::Socket(error) => format!("spoken to: socket: {error}; launch another one"),
        source => format!("understood: {source}; use one build for both sides"),
    }
}

fn limited(memory: Option<u64>) -> String {
    memory.map_or_else(String::new, |bytes| format!("; it might take {bytes} bytes of memory, which may be too few"))
}
