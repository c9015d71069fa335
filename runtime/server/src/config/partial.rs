//! [`Partial`]: what one source says of the configuration. Where several speak, the higher one wins, value by value.
//!
//! Results are written out field by field: a new setting does not compile until it is decided here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use blink_runtime::sandbox::Sandbox;
use blink_runtime::{Device, Level, StartMode};

use super::values::OrNone;
use super::{Address, LogFormat, Warm};

/// What flags, variables or the file say; `None`: nothing. Meanings are those of [`super::Config`].
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Partial {
    pub models: Option<Vec<PathBuf>>,
    pub require_signature: Option<bool>,
    /// The directory of keys.
    pub trust: Option<PathBuf>,
    pub level: Option<Level>,
    pub http: Option<Vec<Address>>,
    pub grpc: Option<Vec<Address>>,
    pub max_body: Option<usize>,
    pub client_timeout: Option<Duration>,
    pub connections: Option<usize>,
    pub memory: Option<OrNone<u64>>,
    pub device_memory: Option<OrNone<u64>>,
    pub running: Option<OrNone<usize>>,
    pub allow_repository_control: Option<bool>,
    pub poll: Option<OrNone<Duration>>,
    pub drain: Option<Duration>,
    pub warm: Option<Warm>,
    pub log: Option<LogFormat>,
    pub otlp: Option<OrNone<String>>,
    pub no_page: Option<bool>,
    /// Of every model.
    pub defaults: PartialModel,
    /// Of models by name: only the file can say this.
    pub named: BTreeMap<String, PartialModel>,
}

/// What a source says of one model, or of all. Meanings are those of [`super::ModelSettings`].
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct PartialModel {
    pub workers: Option<(usize, usize)>,
    pub idle: Option<Duration>,
    pub queue: Option<usize>,
    pub timeout: Option<Duration>,
    pub time: Option<OrNone<Duration>>,
    pub worker_memory: Option<OrNone<u64>>,
    pub worker_cpu: Option<OrNone<u32>>,
    pub threads: Option<OrNone<usize>>,
    pub start: Option<StartMode>,
    pub sandbox: Option<Sandbox>,
    pub device: Option<OrNone<Device>>,
    pub strict_placement: Option<bool>,
    /// Most elements of a batch; `none`: no batching.
    pub batch: Option<OrNone<usize>>,
    pub batch_wait: Option<Duration>,
    /// Only for a guest by name.
    pub prefix: Option<String>,
}

impl Partial {
    /// What this says, and where it says nothing, what `lower` says.
    pub fn over(self, lower: Partial) -> Partial {
        let mut named = lower.named;
        for (name, higher) in self.named {
            let below = named.remove(&name).unwrap_or_default();
            named.insert(name, higher.over(below));
        }
        Partial {
            models: self.models.or(lower.models),
            require_signature: self.require_signature.or(lower.require_signature),
            trust: self.trust.or(lower.trust),
            level: self.level.or(lower.level),
            http: self.http.or(lower.http),
            grpc: self.grpc.or(lower.grpc),
            max_body: self.max_body.or(lower.max_body),
            client_timeout: self.client_timeout.or(lower.client_timeout),
            connections: self.connections.or(lower.connections),
            memory: self.memory.or(lower.memory),
            device_memory: self.device_memory.or(lower.device_memory),
            running: self.running.or(lower.running),
            allow_repository_control: self.allow_repository_control.or(lower.allow_repository_control),
            poll: self.poll.or(lower.poll),
            drain: self.drain.or(lower.drain),
            warm: self.warm.or(lower.warm),
            log: self.log.or(lower.log),
            otlp: self.otlp.or(lower.otlp),
            no_page: self.no_page.or(lower.no_page),
            defaults: self.defaults.over(lower.defaults),
            named,
        }
    }
}

impl PartialModel {
    /// What this says, and where it says nothing, what `lower` says.
    pub fn over(self, lower: PartialModel) -> PartialModel {
        PartialModel {
            workers: self.workers.or(lower.workers),
            idle: self.idle.or(lower.idle),
            queue: self.queue.or(lower.queue),
            timeout: self.timeout.or(lower.timeout),
            time: self.time.or(lower.time),
            worker_memory: self.worker_memory.or(lower.worker_memory),
            worker_cpu: self.worker_cpu.or(lower.worker_cpu),
            threads: self.threads.or(lower.threads),
            start: self.start.or(lower.start),
            sandbox: self.sandbox.or(lower.sandbox),
            device: self.device.or(lower.device),
            strict_placement: self.strict_placement.or(lower.strict_placement),
            batch: self.batch.or(lower.batch),
            batch_wait: self.batch_wait.or(lower.batch_wait),
            prefix: self.prefix.or(lower.prefix),
        }
    }
}
