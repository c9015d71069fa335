//! `blink serve`: models behind the Open Inference Protocol, by workers that come and go with the requests.
//!
//! | file | what it does |
//! |---|---|
//! | `flags.rs` | what can be typed, as the configuration's own [`Partial`] |
//! | `check.rs` | `--check`: what would be served, and where |

mod check;
mod flags;

use std::path::PathBuf;
use std::time::Duration;

use blink_server::config::{Address, OrNone, Partial, PartialModel, Resolved, ValueError, Warm, resolve, values};
use blink_server::{observe, serve};

use crate::output::Output;
use crate::program;
use crate::verbs::native;

pub(crate) use check::{CannotServe, not_served};
pub(super) use flags::{ModelFlags, ServerFlags, addresses};

/// Serve models: workers start on demand, from snapshots, and end when nobody needs them.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ServeArgs {
    /// Artifacts, and directories with NAME.blink or NAME/VERSION/model.blink in them.
    #[arg(value_name = "ARTIFACT | DIRECTORY")]
    models: Vec<PathBuf>,
    /// Where to speak HTTP [default: 127.0.0.1:8080]; each listener speaks gRPC too.
    #[arg(long, value_name = "IP:PORT | unix:PATH | none", value_parser = flags::address)]
    http: Vec<OrNone<Address>>,
    /// Where gRPC clients are told to come [default: 127.0.0.1:9000].
    #[arg(long, value_name = "IP:PORT | unix:PATH | none", value_parser = flags::address)]
    grpc: Vec<OrNone<Address>>,
    /// Fewest and most workers of each model [default: 0..1].
    #[arg(long, value_name = "FEWEST..MOST", value_parser = values::workers)]
    workers: Option<(usize, usize)>,
    /// How long a worker waits for work before it ends, above the fewest [default: 30s].
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    idle: Option<Duration>,
    /// Memory for the workers of all models; models that were not asked for longest sleep first [default: none].
    #[arg(long, value_name = "SIZE", value_parser = flags::size)]
    memory: Option<OrNone<u64>>,
    /// Runs at once, of all models [default: the CPUs it may use, or the most workers of a model].
    #[arg(long, value_name = "N", value_parser = flags::count)]
    running: Option<OrNone<usize>>,
    /// Let clients load and unload models.
    #[arg(long)]
    allow_repository_control: bool,
    /// How often directories are looked at [default: 2s].
    #[arg(long, value_name = "TIME | none", value_parser = flags::time)]
    poll: Option<OrNone<Duration>>,
    /// When snapshots are made: in the background as soon as a model is there, or never [default: load].
    #[arg(long, value_name = "load | never", value_parser = values::warm)]
    warm: Option<Warm>,
    /// Serve no web page.
    #[arg(long)]
    no_page: bool,
    /// The configuration file, in TOML; it also has settings for single models.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read all of the configuration, open every artifact, print what would be served, and start nothing.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    model: ModelFlags,
    #[command(flatten)]
    server: ServerFlags,
}

const AFTER_HELP: &str = "Each flag is a variable too (--max-body is BLINK_MAX_BODY) and a setting of the file \
(max_body). A flag comes before a variable, a variable before the file. PORT, where no --http and no --grpc is said: \
one listener for everything on 0.0.0.0:PORT.";

/// Serves until it is told to end, or checks.
pub(crate) fn run(args: &ServeArgs, output: &Output) -> anyhow::Result<()> {
    let resolved = resolve(args.partial()?, args.config.as_deref(), std::env::vars_os())?;
    if args.check { check::run(&resolved, output) } else { until_told_to_end(resolved) }
}

/// Serves as configured, until the process is told to end.
pub(super) fn until_told_to_end(resolved: Resolved) -> anyhow::Result<()> {
    observe::log::begin(resolved.config.log)?;
    resolved.tell();
    let program = program::path()?;
    Ok(serve::serve(resolved.config, &program, native::maker())?)
}

impl ServeArgs {
    fn partial(&self) -> Result<Partial, ValueError> {
        let workers = PartialModel { workers: self.workers, idle: self.idle, ..PartialModel::default() };
        let own = Partial {
            models: Some(self.models.clone()).filter(|models| !models.is_empty()),
            http: addresses(&self.http)?,
            grpc: addresses(&self.grpc)?,
            memory: self.memory,
            running: self.running,
            allow_repository_control: self.allow_repository_control.then_some(true),
            poll: self.poll,
            warm: self.warm,
            no_page: self.no_page.then_some(true),
            defaults: self.model.partial().over(workers),
            ..Partial::default()
        };
        Ok(own.over(self.server.partial()))
    }
}
