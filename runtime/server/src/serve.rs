//! [`serve`]: the whole server, from its configuration to its end.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use blink_runtime::engine::heap;
use blink_runtime::sandbox::{self, Sandbox};
use blink_runtime::{LaunchError, Launcher};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::config::Config;
use crate::devices::Devices;
use crate::guests::Guests;
use crate::listen::{ListenError, Listeners, Notifier, Signal, Signals, raise_descriptor_limit};
use crate::model::Model;
use crate::observe::RecentStarts;
use crate::observe::otlp::{self, OtlpError};
use crate::pool::{Pool, PoolLimits};
use crate::repository::{Repository, RepositoryError};
use crate::state::{Readiness, State};
use crate::{front, grpc};

/// How often the server looks whether it has answered all, once it was told to end.
const LOOK: Duration = Duration::from_millis(5);
/// How long spans that wait may take to be sent at the end.
const LAST_SPANS: Duration = Duration::from_secs(2);
/// How often memory that is free is given back: else the server keeps what its busiest moment took.
const TIDY: Duration = Duration::from_secs(5);
/// The most threads that read and write requests; else there is one for every two processors. Workers compute
/// elsewhere, and threads that find work for each other have to be woken.
const MOST_THREADS: u8 = 8;

/// Why a server did not run.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ServeError {
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Otlp(#[from] OtlpError),
    #[error("{0}")]
    Device(LaunchError),
    #[error("threads of the server could not be started: {0}")]
    Threads(std::io::Error),
}

/// Serves until the process is told to end. `program` is what workers run: a `blink` of this same build. `guests` makes
/// native code where there is none.
pub fn serve(config: Config, program: &Path, guests: Guests) -> Result<(), ServeError> {
    let allowed = std::thread::available_parallelism().map_or(1, |count| count.get());
    let threads = u8::try_from(allowed / 2).map_or(MOST_THREADS, |half| half.clamp(1, MOST_THREADS));
    heap::share_among_threads(threads);
    raise_descriptor_limit();
    if let Some(endpoint) = &config.otlp {
        otlp::begin(endpoint)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads.into()).enable_all().build();
    let runtime = runtime.map_err(ServeError::Threads)?;
    let result = runtime.block_on(run(config, program, guests, allowed));
    otlp::finish(LAST_SPANS);
    // What still runs there belongs to nobody any more.
    runtime.shutdown_background();
    result
}

/// Says which walls stand around workers here, and which do not.
fn tell_walls(config: &Config) {
    let levels: Vec<Sandbox> =
        config.named.values().chain([&config.defaults]).map(|settings| settings.sandbox).collect();
    let (given, is_asked) = (sandbox::given(), |level| levels.contains(&level));
    if !is_asked(Sandbox::Strict) && !is_asked(Sandbox::Standard) {
        warn!("workers have no sandbox: it is off");
    } else if given.is_whole() {
        info!("workers run behind {given}");
    } else if is_asked(Sandbox::Strict) {
        warn!("this kernel does not give {}: models that are to have a strict sandbox will not start", given.missing());
    } else {
        warn!("this kernel does not give {}: workers run behind {given}", given.missing());
    }
}

async fn run(config: Config, program: &Path, guests: Guests, allowed: usize) -> Result<(), ServeError> {
    let notifier = Notifier::from_environment();
    let mut signals = Signals::new()?;
    let listeners = Listeners::open(&config)?;
    let recent = RecentStarts::default();
    let most = config.named.values().chain([&config.defaults]).map(|settings| settings.workers.1).max();
    let limits =
        PoolLimits { memory: config.memory, running: config.running.unwrap_or_else(|| allowed.max(most.unwrap_or(1))) };
    tell_walls(&config);
    let launcher = Launcher::new(program);
    let launcher = match config.device_memory {
        Some(bytes) => launcher.with_device_memory(bytes),
        None => launcher,
    };
    let devices = tokio::task::block_in_place(|| Devices::begin(&config, &launcher)).map_err(ServeError::Device)?;
    let pool = Pool::new(launcher, devices, guests, limits, recent.clone());
    let starter = Arc::new(pool.clone());
    let (config, repository) =
        tokio::task::block_in_place(|| Repository::open(&config, starter).map(|found| (config, found)))?;
    let state = Arc::new(State {
        repository,
        pool,
        recent,
        readiness: Readiness::default(),
        started: SystemTime::now(),
        config,
    });
    let grpc = grpc::Service::new(Arc::clone(&state));
    tokio::spawn(async {
        loop {
            tokio::time::sleep(TIDY).await;
            heap::release();
        }
    });
    let mut accepting = JoinSet::new();
    let (close, closing) = watch::channel(false);
    let room = Arc::new(Semaphore::new(state.config.connections));
    for listener in listeners.into_listeners() {
        info!("listening on {}", listener.address());
        let (state, grpc) = (Arc::clone(&state), grpc.clone());
        accepting.spawn(front::accept(state, grpc, listener, Arc::clone(&room), closing.clone()));
    }
    state.readiness.loaded();
    notifier.ready();
    let index = state.repository.index();
    let is_app = |model: &Option<Arc<Model>>| model.as_ref().is_none_or(|model| model.entry.is_none());
    let known = index.iter().map(|entry| (entry.name.as_str(), is_app(&entry.model)));
    state.config.without_effect(known).iter().for_each(|words| warn!("{words}"));
    let models = index.iter().filter_map(|entry| entry.model.as_ref());
    models.filter_map(|model| model.without_effect()).for_each(|words| warn!("{words}"));
    info!("ready: {} models", index.iter().filter(|entry| entry.model.is_some()).count());
    while matches!(signals.next().await, Signal::Reload) {
        state.repository.look();
    }
    state.readiness.begin_draining();
    notifier.stopping();
    info!(in_flight = state.readiness.in_flight(), "told to end: not ready any more, answering what has come");
    tokio::select! {
        () = drain(&state, &close) => {}
        () = async { while !matches!(signals.next().await, Signal::End) {} } => warn!("told to end again: ending now"),
    }
    // A listener that goes takes its socket's name with it.
    let _ = close.send(true);
    accepting.join_all().await;
    let pool = state.pool.clone();
    // It fails where the server's threads are gone, and the workers with them.
    let _ = tokio::task::spawn_blocking(move || pool.stop()).await;
    info!("ended");
    Ok(())
}

/// Answers what has come and what still comes, for half the time there is; then takes no more, and answers the rest.
async fn drain(state: &State, close: &watch::Sender<bool>) {
    let began = Instant::now();
    let is_busy = || state.readiness.in_flight() > 0;
    while is_busy() && began.elapsed() < state.config.drain / 2 {
        tokio::time::sleep(LOOK).await;
    }
    let _ = close.send(true);
    while (is_busy() || state.readiness.connections() > 0) && began.elapsed() < state.config.drain {
        tokio::time::sleep(LOOK).await;
    }
    if is_busy() {
        warn!(in_flight = state.readiness.in_flight(), "time to end is over: these have no answer");
    }
}
