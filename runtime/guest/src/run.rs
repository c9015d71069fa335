//! One run of a guest: an instance, from its making to its end.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use wasmtime::component::ResourceTable;
use wasmtime::{AsContextMut, InstancePre, Store, Trap, UpdateDeadline, WasmBacktrace};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

use crate::cancel::Cancel;
use crate::clocks::CoarseClock;
use crate::guest::{Guest, Program, words};
use crate::host::{ComponentWasi, Host, ModuleWasi};
use crate::limiter::Limiter;
use crate::models::Models;
use crate::report::{Ended, Limit, LimitExceeded, Report, Used};
use crate::request::{Call, Directory, Limits, Request};
use crate::stdio::{Input, Output, Stdio, Written};
use crate::waiting::on_a_runtime;
use crate::watchdog::{self, Watched};
use crate::{http, nn};

/// Bytes that one call may copy from a guest, beside as many as its memory has.
const CALL: usize = 16 << 20;

impl Guest {
    /// Runs the guest once, in an instance of its own, until it ends or is ended.
    ///
    /// The calling thread is the guest's: it computes there, and uses its streams. Files are used on threads of their own,
    /// so that one that makes it wait does not keep it from being ended; so is the socket of an HTTP request.
    pub fn run(&self, models: Arc<dyn Models>, request: &Request, stdio: Stdio) -> Report {
        let begin = Instant::now();
        let cancel = Arc::new(Cancel::default());
        let run = Run { guest: self, request, cancel: &cancel, written: Written::new(request.limits.output), begin };
        let nn = nn::State::new(models, Arc::clone(&cancel), &request.limits, request.load);
        let (ended, mut used, refused) = run.begin(stdio, nn);
        used.output = run.written.count();
        used.total_ns = nanoseconds(begin.elapsed());
        Report { ended, used, refused }
    }
}

/// How a run ended, what it used, and what was refused it last.
pub(crate) type Outcome = (Ended, Used, Option<String>);

/// A run being made.
pub(crate) struct Run<'a> {
    pub(crate) guest: &'a Guest,
    request: &'a Request,
    pub(crate) cancel: &'a Arc<Cancel>,
    pub(crate) written: Arc<Written>,
    begin: Instant,
}

impl Run<'_> {
    /// The WASI that the request describes, without a stdin, or why there is none.
    fn wasi(&self, stdout: OwnedFd, stderr: OwnedFd) -> Result<WasiCtxBuilder, String> {
        let Request { arguments, environment, directories, clock_resolution, random_seed, network, .. } = self.request;
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(Output::new(stdout, &self.written, self.cancel))
            .stderr(Output::new(stderr, &self.written, self.cancel))
            .arg(&self.guest.name)
            .args(arguments)
            .envs(environment);
        for Directory { host, guest, writable } in directories {
            let permissions = if *writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
            wasi.preopened_dir(host, guest, permissions)
                .map_err(|error| format!("directory {} cannot be given to the guest: {error}", host.display()))?;
        }
        if let Some(resolution) = clock_resolution {
            let clock = CoarseClock::new(*resolution);
            wasi.wall_clock(clock).monotonic_clock(clock);
        }
        if let Some(seed) = *random_seed {
            wasi.secure_random(StdRng::seed_from_u64(seed))
                .insecure_random(StdRng::seed_from_u64(!seed))
                .insecure_random_seed(u128::from(seed));
        }
        if *network {
            wasi.inherit_network().allow_tcp(true).allow_udp(true).allow_ip_name_lookup(true);
        }
        Ok(wasi)
    }

    fn begin(&self, Stdio { stdin, stdout, stderr }: Stdio, nn: nn::State) -> Outcome {
        let mut wasi = match self.wasi(stdout, stderr) {
            Ok(wasi) => wasi,
            Err(why) => return refused(why),
        };
        let limiter = Limiter::new(&self.request.limits);
        match (&self.guest.program, self.request.call) {
            (Program::Http(_), Call::Command) => refused(IS_HTTP.into()),
            (Program::Module(_) | Program::Component(_), Call::Http) => refused(IS_COMMAND.into()),
            (Program::Module(module), Call::Command) => {
                wasi.stdin(Input::new(stdin));
                let store = self.store(Host { wasi: wasi.build_p1(), nn, limiter });
                self.finish(store, async |store, instantiated| start_module(module, store, instantiated).await)
            }
            (Program::Component(component), Call::Command) => {
                wasi.stdin(Input::new(stdin));
                let store = self.store(Host { wasi: self.component_wasi(wasi), nn, limiter });
                self.finish(store, async |store, instantiated| start_component(component, store, instantiated).await)
            }
            (Program::Http(proxy), Call::Http) => {
                http::serve(self, proxy, self.store(Host { wasi: self.component_wasi(wasi), nn, limiter }), stdin)
            }
        }
    }

    fn component_wasi(&self, mut wasi: WasiCtxBuilder) -> ComponentWasi {
        let mut table = ResourceTable::new();
        let capacity = usize::try_from(self.request.limits.tensors).unwrap_or(usize::MAX);
        table.set_max_capacity(capacity.saturating_add(MORE_RESOURCES));
        ComponentWasi::new(wasi.build(), table)
    }

    fn store<W: Send>(&self, host: Host<W>) -> Store<Host<W>> {
        let mut store = Store::new(&self.guest.engine, host);
        store.limiter(|host| &mut host.limiter);
        store.set_epoch_deadline(1);
        let (cancel, limits) = (Arc::clone(self.cancel), self.request.limits.clone());
        store.epoch_deadline_callback(move |_| {
            // The epoch is the engine's; another of its guests may have been meant.
            if cancel.is_cancelled() {
                Err(wasmtime::Error::new(out_of_time(&limits)))
            } else {
                Ok(UpdateDeadline::Continue(1))
            }
        });
        // No list is longer than the memory it comes from, so it is the limits that end a guest, each by its name.
        let memory = usize::try_from(self.request.limits.memory).unwrap_or(usize::MAX);
        store.set_hostcall_fuel(memory.saturating_add(CALL));
        store
    }

    /// Drives `start` to its end, or to the end of its time.
    fn finish<W: Send>(
        &self,
        mut store: Store<Host<W>>,
        start: impl AsyncFnOnce(&mut Store<Host<W>>, &mut Option<Instant>) -> wasmtime::Result<()>,
    ) -> Outcome {
        let watched = match self.watch() {
            Ok(watched) => watched,
            Err(why) => return refused(why),
        };
        let mut instantiated = None;
        let running = async { self.ended(self.in_time(start(&mut store, &mut instantiated)).await) };
        let ended = on_a_runtime(self.request.network, running).unwrap_or_else(Ended::Refused);
        drop(watched);
        (ended, self.used(&store, instantiated), store.data().nn.last_error().map(str::to_owned))
    }

    /// Has the run cancelled when its time is over, while what this gives lives.
    pub(crate) fn watch(&self) -> Result<Option<Watched>, String> {
        let watch = |time| watchdog::watch(self.begin + time, &self.guest.engine, self.cancel);
        let watched = self.request.limits.time.map(watch).transpose();
        watched.map_err(|error| format!("no thread can watch over the guest: {error}"))
    }

    /// Does `work` as long as there is time.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
        match self.request.limits.time.map(|time| time.saturating_sub(self.begin.elapsed())) {
            None => work.await,
            Some(left) => tokio::time::timeout(left, work)
                .await
                .unwrap_or_else(|_| Err(wasmtime::Error::new(out_of_time(&self.request.limits)))),
        }
    }

    /// What an instance has used that was ready at `instantiated`.
    pub(crate) fn used<W: Send>(&self, store: &Store<Host<W>>, instantiated: Option<Instant>) -> Used {
        let host = store.data();
        let (computes, compute_ns) = host.nn.computes();
        let instantiate_ns = nanoseconds(instantiated.unwrap_or(self.begin).duration_since(self.begin));
        Used { memory: host.limiter.memory(), computes, compute_ns, instantiate_ns, ..Used::default() }
    }

    /// What the end of a call says.
    pub(crate) fn ended(&self, result: wasmtime::Result<()>) -> Ended {
        let Err(error) = result else { return Ended::Exit(0) };
        if let Some(I32Exit(code)) = error.downcast_ref() {
            return Ended::Exit(*code);
        }
        if let Some(limit) = error.downcast_ref::<LimitExceeded>() {
            return Ended::Limit(*limit);
        }
        if self.cancel.is_cancelled() {
            return Ended::Limit(out_of_time(&self.request.limits));
        }
        let backtrace = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::to_string).unwrap_or_default();
        let message = error.downcast_ref::<Trap>().map_or_else(|| cause(&error), Trap::to_string);
        // The first line says only that a backtrace follows.
        let backtrace = backtrace.lines().skip(1).map(|line| line.trim().to_owned()).collect();
        Ended::Trap { message, backtrace }
    }
}

/// Resources of a component's WASI (streams, files, pollables) that do not count as tensors.
const MORE_RESOURCES: usize = 16 << 10;

const IS_HTTP: &str = "guest answers HTTP requests and is no command: serve it with `blink serve ARTIFACT`";
const IS_COMMAND: &str = "guest is a command and answers no HTTP requests: give it bytes on its stdin";

pub(crate) fn refused(why: String) -> Outcome {
    (Ended::Refused(why), Used::default(), None)
}

async fn start_module(
    module: &InstancePre<Host<ModuleWasi>>,
    store: &mut Store<Host<ModuleWasi>>,
    instantiated: &mut Option<Instant>,
) -> wasmtime::Result<()> {
    let instance = module.instantiate_async(&mut *store).await?;
    *instantiated = Some(Instant::now());
    let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
    start.call_async(store.as_context_mut(), ()).await
}

async fn start_component(
    component: &CommandPre<Host<ComponentWasi>>,
    store: &mut Store<Host<ComponentWasi>>,
    instantiated: &mut Option<Instant>,
) -> wasmtime::Result<()> {
    let command = component.instantiate_async(&mut *store).await?;
    *instantiated = Some(Instant::now());
    let result = command.wasi_cli_run().call_run(store.as_context_mut()).await?;
    // What `main` returns as an error is exit code 1, as it is for a process.
    result.map_err(|()| wasmtime::Error::new(I32Exit(1)))
}

/// The innermost cause that is not about where it happened.
fn cause(error: &wasmtime::Error) -> String {
    words(error).split_once("error while executing").map_or_else(|| words(error), |_| error.root_cause().to_string())
}

fn out_of_time(limits: &Limits) -> LimitExceeded {
    let allowed = limits.time.unwrap_or_default().as_millis();
    LimitExceeded { limit: Limit::Time, allowed: u64::try_from(allowed).unwrap_or(u64::MAX) }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
