//! What an initialiser is given: no directory, no variable, no argument, no network, nothing on stdin. Its clocks and
//! its random numbers are the same in every run, so that the same guest gives the same artifact.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// What an initialiser may use at most.
pub(crate) const LIMITS: Limits = Limits { time: Duration::from_secs(60), memory: 1 << 30 };

/// Limits of an initialiser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From the instance to its end.
    pub(crate) time: Duration,
    /// Bytes of each memory.
    pub(crate) memory: usize,
}

/// Most bytes that it may write.
const OUTPUT: usize = 64 << 10;
/// Most lines of them that are told again.
const LINES: usize = 20;
/// Seed of its random numbers.
const SEED: u64 = 0x626c_696e_6b76_6d01;
/// Its wall clock: the first second of 2000, in seconds since 1970.
const THEN: Duration = Duration::from_secs(946_684_800);
/// By how much its monotonic clock goes on when it is asked, in nanoseconds.
const TICK: u64 = 1_000_000;

/// What host functions work on.
pub(super) struct State<W> {
    pub(super) wasi: W,
    pub(super) limits: StoreLimits,
}

/// The WASI of a component.
pub(super) struct ComponentWasi {
    pub(super) context: WasiCtx,
    pub(super) table: ResourceTable,
}

impl WasiView for State<ComponentWasi> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi.context, table: &mut self.wasi.table }
    }
}

/// A store with `wasi` in it, which ends what runs in it past the limits.
pub(super) fn store<W: Send>(engine: &Engine, wasi: W, limits: Limits) -> Store<State<W>> {
    let limits = StoreLimitsBuilder::new().memory_size(limits.memory).trap_on_grow_failure(true).build();
    let mut store = Store::new(engine, State { wasi, limits });
    store.limiter(|state| &mut state.limits);
    store.set_epoch_deadline(1);
    store.set_hostcall_fuel(usize::MAX);
    store
}

/// The WASI of an initialiser, which writes to `said`.
pub(super) fn wasi(said: &Said) -> WasiCtxBuilder {
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdout(said.0.clone())
        .stderr(said.0.clone())
        .wall_clock(Then)
        .monotonic_clock(Ticks(AtomicU64::new(0)))
        .secure_random(StdRng::seed_from_u64(SEED))
        .insecure_random(StdRng::seed_from_u64(!SEED))
        .insecure_random_seed(u128::from(SEED))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_blocking_current_thread(true);
    wasi
}

/// What an initialiser wrote to stdout and stderr.
pub(super) struct Said(MemoryOutputPipe);

impl Default for Said {
    fn default() -> Said {
        Said(MemoryOutputPipe::new(OUTPUT))
    }
}

impl Said {
    /// Its lines that are not empty, as far as they are told.
    pub(super) fn lines(&self) -> Vec<String> {
        let bytes = self.0.contents();
        let text = String::from_utf8_lossy(&bytes);
        let mut lines: Vec<_> = text.lines().map(super::super::error::one_line).filter(|l| !l.is_empty()).collect();
        if lines.len() > LINES {
            let more = lines.len() - LINES;
            lines.truncate(LINES);
            lines.push(format!("({more} more lines)"));
        }
        lines
    }
}

struct Then;

impl HostWallClock for Then {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        THEN
    }
}

struct Ticks(AtomicU64);

impl HostMonotonicClock for Ticks {
    fn resolution(&self) -> u64 {
        TICK
    }

    fn now(&self) -> u64 {
        self.0.fetch_add(TICK, Ordering::Relaxed)
    }
}

/// Ends what an engine runs, once its time is over. Gone with this value.
pub(super) struct Watch(#[allow(dead_code)] Sender<()>);

impl Watch {
    pub(super) fn over(engine: &Engine, time: Duration) -> Watch {
        let (alive, ended): (Sender<()>, Receiver<()>) = channel();
        let engine = engine.clone();
        std::thread::spawn(move || {
            if ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        });
        Watch(alive)
    }
}
