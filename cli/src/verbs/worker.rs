//! `blink worker`: one worker of one artifact behind one listener, for platforms that do their own routing.
//!
//! It is the same server with nothing to decide: the worker is started at once and stays, nothing is looked for on
//! disk, and there is no page.

use std::path::PathBuf;

use blink_server::config::{Address, OrNone, Partial, PartialModel, Warm, resolve, values};

use super::serve::{ModelFlags, ServerFlags, until_told_to_end};

/// Serve one artifact by one worker, for platforms that do their own routing.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WorkerArgs {
    /// The artifact.
    #[arg(value_name = "ARTIFACT")]
    artifact: PathBuf,
    /// Where to listen, for REST and gRPC alike.
    #[arg(long, value_name = "IP:PORT | unix:PATH", value_parser = values::address)]
    listen: Address,
    #[command(flatten)]
    model: ModelFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// Serves until it is told to end.
pub(crate) fn run(args: &WorkerArgs) -> anyhow::Result<()> {
    // A file speaks of models by name, and a platform that routes by itself has no port for all.
    let variables = std::env::vars_os().filter(|(name, _)| name != "BLINK_CONFIG" && name != "PORT");
    until_told_to_end(resolve(args.partial(), None, variables)?)
}

impl WorkerArgs {
    fn partial(&self) -> Partial {
        let one = PartialModel { workers: Some((1, 1)), ..self.model.partial() };
        let own = Partial {
            models: Some(vec![self.artifact.clone()]),
            http: Some(vec![self.listen.clone()]),
            grpc: Some(Vec::new()),
            allow_repository_control: Some(false),
            poll: Some(OrNone(None)),
            warm: Some(Warm::Never),
            no_page: Some(true),
            defaults: one,
            ..Partial::default()
        };
        own.over(self.server.partial())
    }
}
