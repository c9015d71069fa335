//! Flags that `blink serve` and `blink worker` share. Their values are read as the configuration reads its own.

use std::path::PathBuf;
use std::time::Duration;

use blink_runtime::sandbox::Sandbox;
use blink_runtime::{Device, Level, StartMode};
use blink_server::config::{Address, LogFormat, OrNone, Partial, PartialModel, ValueError, values};

/// How each model is served.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ModelFlags {
    /// Requests that may wait for a model; more are told to come again [default: 128].
    #[arg(long, value_name = "N", value_parser = values::count_or_zero)]
    queue: Option<usize>,
    /// How long a request may take, waiting included, where the client does not say [default: 60s].
    #[arg(long, value_name = "TIME", value_parser = values::time_above_zero)]
    timeout: Option<Duration>,
    /// How long one run may take, its worker's start not included [default: none].
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<OrNone<Duration>>,
    /// Most memory that one worker may take for itself [default: none].
    #[arg(long, value_name = "SIZE", value_parser = size)]
    worker_memory: Option<OrNone<u64>>,
    /// Most CPUs that one worker may use, such as 1.5 [default: none].
    #[arg(long, value_name = "CPUS", value_parser = cpus)]
    worker_cpu: Option<OrNone<u32>>,
    /// Threads of a run [default: what the CPU quota allows].
    #[arg(long, value_name = "N", value_parser = count)]
    threads: Option<OrNone<usize>>,
    /// How workers come up: `auto` takes a snapshot where there is a valid one [default: auto].
    #[arg(long, value_name = "auto | snapshot | normal", value_parser = values::start)]
    start: Option<StartMode>,
    /// The walls around workers: strict (all of them, or nothing runs), standard (what this kernel gives) or off
    /// [default: standard].
    #[arg(long, value_name = "strict | standard | off", value_parser = values::sandbox)]
    sandbox: Option<Sandbox>,
    /// Where artifacts for CUDA run: cpu, cuda, cuda:N, or cuda-or-cpu, which falls back and says so; those for the CPU
    /// run there in any case [default: none, and artifacts for CUDA are not served].
    #[arg(long, value_name = "DEVICE | none", value_parser = device)]
    device: Option<OrNone<Device>>,
    /// Refuse models of which a device leaves nodes to the CPU.
    #[arg(long)]
    strict_placement: bool,
    /// Run up to this many requests together, where a model has a free batch dimension [default: none].
    #[arg(long, value_name = "SIZE", value_parser = count)]
    batch: Option<OrNone<usize>>,
    /// How long the first request of a batch waits for others [default: 2ms].
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    batch_wait: Option<Duration>,
}

/// How the server treats its clients, what it may take of a device, and what it tells.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ServerFlags {
    /// Serve only what a trusted key has signed; every byte is checked before a worker starts.
    #[arg(long)]
    require_signature: bool,
    /// The directory of trusted public keys [default: blink/trust in the user's configuration directory].
    #[arg(long, value_name = "DIR", value_parser = values::directory)]
    trust: Option<PathBuf>,
    /// How much of an artifact is checked: `code`: what can execute; `lazy`: every byte, after the first answer; `full`:
    /// every byte, before it is served [default: code].
    #[arg(long, value_name = "code | lazy | full", value_parser = values::level)]
    verify: Option<Level>,
    /// Most bytes of a request, and of an answer [default: 64MiB].
    #[arg(long, value_name = "SIZE", value_parser = values::body_size)]
    max_body: Option<usize>,
    /// How long a client may take to send a request's head, and between two parts of its body [default: 30s].
    #[arg(long, value_name = "TIME", value_parser = values::time_above_zero)]
    client_timeout: Option<Duration>,
    /// Most connections at once [default: 1024].
    #[arg(long, value_name = "N", value_parser = values::count)]
    connections: Option<usize>,
    /// How long requests in flight may take once the server was told to end [default: 25s].
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    drain: Option<Duration>,
    /// Most memory of each device that the models there may hold, those that sleep included [default: most of what is
    /// free].
    #[arg(long, value_name = "SIZE", value_parser = size)]
    device_memory: Option<OrNone<u64>>,
    /// How logs are written to stderr [default: text].
    #[arg(long, value_name = "text | json", value_parser = values::log_format)]
    log: Option<LogFormat>,
    /// Send spans here, as OTLP over HTTP, in builds with feature `otlp` [default: none].
    #[arg(long, value_name = "URL", value_parser = collector)]
    otlp: Option<OrNone<String>>,
}

impl ModelFlags {
    pub(crate) fn partial(&self) -> PartialModel {
        PartialModel {
            workers: None,
            idle: None,
            queue: self.queue,
            timeout: self.timeout,
            time: self.time,
            worker_memory: self.worker_memory,
            worker_cpu: self.worker_cpu,
            threads: self.threads,
            start: self.start,
            sandbox: self.sandbox,
            device: self.device,
            strict_placement: self.strict_placement.then_some(true),
            batch: self.batch,
            batch_wait: self.batch_wait,
            prefix: None,
        }
    }
}

impl ServerFlags {
    pub(crate) fn partial(&self) -> Partial {
        Partial {
            require_signature: self.require_signature.then_some(true),
            trust: self.trust.clone(),
            level: self.verify,
            max_body: self.max_body,
            client_timeout: self.client_timeout,
            connections: self.connections,
            drain: self.drain,
            device_memory: self.device_memory,
            log: self.log,
            otlp: self.otlp.clone(),
            ..Partial::default()
        }
    }
}

/// Addresses as they were given; `none` stands alone.
pub(crate) fn addresses(given: &[OrNone<Address>]) -> Result<Option<Vec<Address>>, ValueError> {
    let named: Vec<Address> = given.iter().filter_map(|OrNone(address)| address.clone()).collect();
    match given {
        [] => Ok(None),
        [OrNone(None)] => Ok(Some(Vec::new())),
        _ if named.len() == given.len() => Ok(Some(named)),
        _ => Err(ValueError { found: "none".into(), expected: "an address to listen on beside others" }),
    }
}

pub(super) fn address(text: &str) -> Result<OrNone<Address>, ValueError> {
    values::or_none(text, values::address)
}

pub(super) fn time(text: &str) -> Result<OrNone<Duration>, ValueError> {
    values::or_none(text, values::time_above_zero)
}

pub(super) fn size(text: &str) -> Result<OrNone<u64>, ValueError> {
    values::or_none(text, values::size)
}

pub(super) fn count(text: &str) -> Result<OrNone<usize>, ValueError> {
    values::or_none(text, values::count)
}

fn device(text: &str) -> Result<OrNone<Device>, ValueError> {
    values::or_none(text, values::device)
}

fn cpus(text: &str) -> Result<OrNone<u32>, ValueError> {
    values::or_none(text, values::cpus)
}

fn collector(text: &str) -> Result<OrNone<String>, ValueError> {
    values::or_none(text, values::collector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_no_address_and_stands_alone() {
        let named = OrNone(Some(Address::Unix("/a".into())));
        assert_eq!(addresses(&[]), Ok(None));
        assert_eq!(addresses(&[OrNone(None)]), Ok(Some(vec![])));
        assert_eq!(addresses(&[named.clone(), named.clone()]).unwrap().map(|all| all.len()), Some(2));
        assert!(addresses(&[named, OrNone(None)]).is_err());
    }
}
