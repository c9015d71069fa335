//! Answers under load: servers that are asked again and again, in a closed or an open loop, each answer checked.
//!
//! | file | what it holds |
//! |---|---|
//! | `server.rs` | [`Server`]: one process, one request at a time |
//! | `worker.rs` | a worker as a server |
//! | `peer.rs` | somebody else's process as a server: one line asks, one line answers |
//! | `arrivals.rs` | when the requests of an open loop come |
//! | `drive.rs` | [`Load`]: both loops, a thread for each server |
//! | `turns.rs` | [`Plan`]: every way under every load, in turns |
//!
//! A server that dies, falls silent or answers otherwise than at first ends the measurement: there is no figure of
//! wrong answers, and no client that waits for ever.

mod arrivals;
mod drive;
mod peer;
mod server;
mod turns;
mod worker;

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

pub(crate) use drive::shares;
pub use drive::{Load, MAX_ANSWERS};
pub use peer::Patience;
pub use server::Server;
pub use turns::Plan;

use crate::launch::LaunchError;

/// Why there are no figures of answers under load.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LoadError {
    #[error("{name} could not be started: {source}")]
    Start { name: String, source: Box<LaunchError> },
    #[error("{name}: {source}")]
    Worker { name: String, source: Box<LaunchError> },
    #[error("{name} (worker {pid}) gave another answer under load: output '{output}' differs from its first one")]
    WrongAnswer { name: String, pid: u32, output: String },
    #[error("{name} (process {pid}) gave another answer under load: it wrote '{found}', and '{expected}' at first")]
    OtherLine { name: String, pid: u32, found: String, expected: String },
    #[error(
        "{name} (process {pid}) wrote '{found}' before it was asked, expected a line 'ready': under load a peer is \
         started with --serve, and answers each line of its stdin with one line"
    )]
    NotReady { name: String, pid: u32, found: String },
    #[error("{name} (process {pid}) wrote more than one line for one request, expected one: '{found}' is left over")]
    OutOfTurn { name: String, pid: u32, found: String },
    #[error("{name} (process {pid}) wrote a line of more than {most} bytes, expected a digest of its answer")]
    LongLine { name: String, pid: u32, most: usize },
    #[error("{name} (process {pid}) wrote nothing for {seconds} s, and was ended", seconds = waited.as_secs_f64())]
    Silent { name: String, pid: u32, waited: Duration },
    #[error("{name} (process {pid}) died under load: {status}{stderr}")]
    Died { name: String, pid: u32, status: ExitStatus, stderr: String },
    #[error("{name}: {source}")]
    Pipe { name: String, source: io::Error },
    #[error("rate {rate} for {seconds} s makes no open loop: give at least one request, and at most {MAX_ANSWERS}")]
    Rate { rate: f64, seconds: f64 },
    #[error("concurrency is 0: give at least one worker to ask")]
    NoServers,
}

#[cfg(test)]
mod tests;
