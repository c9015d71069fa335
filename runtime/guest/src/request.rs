//! [`Request`]: what one run of a guest is given. What is not named in it, the guest does not have.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What the guest is asked as.
    #[serde(default)]
    pub call: Call,
    /// Arguments after the guest's own name.
    pub arguments: Vec<String>,
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// Directories.
    pub directories: Vec<Directory>,
    /// What it may use at most.
    pub limits: Limits,
    /// How coarse its clocks are; `None`: as the system's.
    pub clock_resolution: Option<Duration>,
    /// Seed of its random numbers; `None`: the system's own.
    pub random_seed: Option<u64>,
    /// Whether it may open sockets and resolve names (components alone: modules have no such calls). Outgoing requests
    /// of `wasi:http` are refused in any case.
    pub network: bool,
    /// Whether it may bring models of its own.
    pub load: bool,
}

/// What a guest is asked as. It must be one of that kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Call {
    /// A command: it reads its stdin, writes its stdout, and ends.
    #[default]
    Command,
    /// One HTTP request. In place of stdin it gets one end of a stream socket, on which HTTP/1.1 is spoken: one request
    /// is read there and answered, and the socket is closed.
    Http,
}

/// A directory of the host's that a guest may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Where it is. Absolute: whoever opens it may have another working directory.
    pub host: PathBuf,
    /// What the guest calls it.
    pub guest: String,
    /// Whether the guest may change what is in it.
    pub writable: bool,
}

/// What a run may use at most. Past any of them, the run ends and says which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of linear memory, all memories of the guest together.
    pub memory: u64,
    /// Elements of tables, all tables of the guest together.
    pub table: u64,
    /// Time from the instance to its end, the models' and waiting included; `None`: any.
    pub time: Option<Duration>,
    /// Bytes written to stdout and stderr together, and as the body of an answer.
    pub output: u64,
    /// Tensors, contexts and graphs held at once.
    pub tensors: u64,
    /// Bytes of the tensors held at once.
    pub tensor_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            memory: 1 << 30,
            table: 1_000_000,
            time: Some(Duration::from_secs(60)),
            output: 64 << 20,
            tensors: 4096,
            tensor_bytes: 1 << 30,
        }
    }
}
