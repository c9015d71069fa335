//! [`Config`] and [`ModelSettings`]: what is meant, wherever it was said.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use blink_artifact::signature::TrustStore;
use blink_runtime::sandbox::Sandbox;
use blink_runtime::{Device, Level, StartMode};

/// How a server runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// Artifacts, and directories of them.
    pub models: Vec<PathBuf>,
    /// Whether one of the trusted keys must have signed every artifact. There are such keys then.
    pub require_signature: bool,
    /// The trusted keys, as they were at the start: what they have signed may bring its own native code. `None`: there
    /// are none.
    pub trust: Option<Arc<TrustStore>>,
    /// How much of an artifact is checked, and when.
    pub level: Level,
    /// Where HTTP is spoken; every listener takes HTTP/1.1 and HTTP/2, REST and gRPC.
    pub http: Vec<Address>,
    /// Where gRPC clients are told to come.
    pub grpc: Vec<Address>,
    /// Most bytes of a request and of an answer that is parsed, after decompression.
    pub max_body: usize,
    /// How long a client may take to send a request's head, and between two parts of its body.
    pub client_timeout: Duration,
    /// Most connections at once.
    pub connections: usize,
    /// Memory for all workers, in bytes; `None`: any.
    pub memory: Option<u64>,
    /// Memory of each device that its models may hold, in bytes; `None`: most of what is free at the start.
    pub device_memory: Option<u64>,
    /// Runs at once on this host, all models together; `None`: the CPUs it may use, or the most workers of a model.
    pub running: Option<usize>,
    /// Whether clients may load and unload models.
    pub repository_control: bool,
    /// How often directories of models are looked at; `None`: never.
    pub poll: Option<Duration>,
    /// How long requests in flight may take once the server was told to end.
    pub drain: Duration,
    /// When snapshots are made.
    pub warm: Warm,
    /// How logs are written.
    pub log: LogFormat,
    /// Where spans go, as OTLP over HTTP; `None`: nowhere.
    pub otlp: Option<String>,
    /// Whether the web page is served.
    pub page: bool,
    /// How a model is served that nothing else is said of.
    pub defaults: ModelSettings,
    /// How the models of these names are.
    pub named: BTreeMap<String, ModelSettings>,
}

impl Config {
    /// How the model of this name is served.
    pub fn settings(&self, name: &str) -> &ModelSettings {
        self.named.get(name).unwrap_or(&self.defaults)
    }

    /// Every device that some model may run on.
    pub fn devices(&self) -> BTreeSet<u32> {
        let settings = self.named.values().chain([&self.defaults]);
        settings.filter_map(|settings| settings.device?.ordinal()).collect()
    }

    /// Whether models may run on device `ordinal` alone, and not on the CPU in its place.
    pub fn is_bound_to(&self, ordinal: u32) -> bool {
        let mut settings = self.named.values().chain([&self.defaults]);
        settings.any(|settings| settings.device == Some(Device::Cuda(ordinal)))
    }

    /// Settings that change nothing, in words: of names that are not among `known`, and of models as apps. `known`: each
    /// name, and whether it is an app's or may be one's.
    pub fn without_effect<'a>(&self, known: impl IntoIterator<Item = (&'a str, bool)>) -> Vec<String> {
        let known: BTreeMap<&str, bool> = known.into_iter().collect();
        let words = |(name, settings): (&String, &ModelSettings)| match known.get(name.as_str()) {
            None => Some(format!("settings of '{name}' have no effect: nothing of that name is there")),
            Some(false) if settings.prefix.is_some() => {
                Some(format!("'{name}' is a model and no app: its prefix has no effect"))
            }
            Some(_) => None,
        };
        self.named.iter().filter_map(words).collect()
    }
}

/// How one model is served.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSettings {
    /// Fewest and most workers.
    pub workers: (usize, usize),
    /// How long a worker waits for work before it ends, above the fewest.
    pub idle: Duration,
    /// Requests that may wait.
    pub queue: usize,
    /// How long a request may take, waiting included, where the client does not say.
    pub timeout: Duration,
    /// How long one run may take, the start not included; `None`: any.
    pub time: Option<Duration>,
    /// Most bytes that a worker may take for itself; `None`: any.
    pub memory: Option<u64>,
    /// Most CPUs that a worker may use, in hundredths; `None`: any.
    pub cpu: Option<u32>,
    /// Threads of a run; `None`: what the CPU quota allows.
    pub threads: Option<usize>,
    /// Which start its workers take.
    pub start: StartMode,
    /// The walls around its workers.
    pub sandbox: Sandbox,
    /// Where an artifact for CUDA runs; `None`: it is not served. One for the CPU runs there whatever this says.
    pub device: Option<Device>,
    /// Whether nodes that a device leaves to the CPU are an error.
    pub strict_placement: bool,
    /// Requests run together; `None`: each alone.
    pub batching: Option<Batching>,
    /// For a guest: where its paths begin; `None`: `/apps/NAME`.
    pub prefix: Option<String>,
}

impl Default for ModelSettings {
    fn default() -> ModelSettings {
        ModelSettings {
            workers: (0, 1),
            idle: Duration::from_secs(30),
            queue: 128,
            timeout: Duration::from_secs(60),
            time: None,
            memory: None,
            cpu: None,
            threads: None,
            start: StartMode::Auto,
            sandbox: Sandbox::default(),
            device: None,
            strict_placement: false,
            batching: None,
            prefix: None,
        }
    }
}

impl ModelSettings {
    /// What of this has no effect on a model of an artifact for CUDA that runs on `device`: there it lives in one
    /// process with others, and no snapshot is made of it.
    pub fn without_effect_on(&self, device: Device) -> Vec<&'static str> {
        let is_there = matches!(device, Device::Cuda(_));
        let all = [
            (is_there && self.memory.is_some(), "worker_memory"),
            (is_there && self.cpu.is_some(), "worker_cpu"),
            (self.start == StartMode::Snapshot, "start"),
        ];
        all.into_iter().filter(|(is_said, _)| *is_said).map(|(_, name)| name).collect()
    }
}

/// How requests are run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Most elements of the batch dim in one run.
    pub size: usize,
    /// How long the first may wait for others.
    pub wait: Duration,
}

/// When snapshots are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warm {
    /// In the background, as soon as a model is there.
    #[default]
    Load,
    /// Never: those that are there are used.
    Never,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A TCP address; port 0: any free one.
    Tcp(SocketAddr),
    /// A Unix socket's path.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    /// As it is written in a configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "{address}"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
