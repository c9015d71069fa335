//! A worker that is written down: it starts, warms up, parks, and goes on as a server in every process that is restored
//! from its snapshot.
//!
//! The start is made on threads of its own, which end before the worker parks: one before its walls are raised, which
//! takes a process with one thread, and one behind them. So nothing that a thread keeps for itself gets into the
//! snapshot: scratch buffers of kernels, and the seeds of hash tables, which each restored worker draws anew.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use blink_snapshots::{Restored, close_inherited, park};

use super::process::{self, Given};
use super::serve::Server;
use super::start::{Opened, Started};
use super::walls;
use crate::channel::{Arguments, Failure, FailureClass, Mode};
use crate::golden;
use crate::instance::Instance;
use crate::sandbox::{Sandbox, Walls};
use crate::timeline::{Phase, Recorded, Timeline, now};

/// Runs before the worker parks: the first maps what later ones use again, the others show that they do.
const WARM_UP_RUNS: usize = 3;
/// Stack of the thread that starts, in bytes: what a main thread has.
const STACK: usize = 8 << 20;

/// Is the worker of `arguments`, and parks. Returns in restored processes, with what is to serve there. A process that
/// cannot be parked says why on stderr and ends with code 1.
pub(super) fn enter(arguments: Arguments) -> Server {
    close_inherited(3);
    let started = match arguments.mode {
        Mode::Probe => {
            raise(arguments.sandbox);
            Err(Failure { class: FailureClass::Request, message: "it was started without a model".into() })
        }
        _ => Ok(warmed(arguments)),
    };
    match park() {
        Ok(restored) => server(started, restored),
        Err(error) => give_up(&error.to_string()),
    }
}

/// Opens, raises the walls, and warms up.
fn warmed(arguments: Arguments) -> Started {
    crate::engine::Engine::share_heap();
    let arguments = Arc::new(arguments);
    let given = Arc::clone(&arguments);
    let opened = on_a_thread(move || Opened::open(&given, None, None, &mut Timeline::new()));
    raise(arguments.sandbox);
    on_a_thread(move || warm(opened, &arguments))
}

/// Raises the walls. They are this process's alone: those restored from it raise their own.
fn raise(level: Sandbox) {
    if let Err(error) = Walls::new().raise(level) {
        give_up(&error.to_string());
    }
}

/// Does `work` on a thread that is gone when this returns.
fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> T {
    let begun = thread::Builder::new().stack_size(STACK).spawn(work);
    match begun.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(done))) => done,
        Ok(Ok(Err(failure))) => give_up(&failure.message),
        Ok(Err(_)) => give_up("the thread that starts the model has panicked"),
        Err(error) => give_up(&format!("a thread cannot be started: {error}")),
    }
}

/// Starts the models and runs each, with the inputs of its golden run where it has one. A guest is linked and not run: it
/// has state of its own in its instance alone.
fn warm(opened: Opened, arguments: &Arguments) -> Result<Started, Failure> {
    let started = opened.start(arguments, &mut Timeline::new())?;
    started.instances().iter().try_for_each(|instance| warm_up(instance))?;
    Ok(started)
}

fn warm_up(instance: &Instance) -> Result<(), Failure> {
    // A model without a golden run has inputs that nobody has given shapes: it parks started and not warmed up.
    let inputs = golden::inputs(instance.model().record()).unwrap_or_default().unwrap_or_default();
    if !inputs.is_empty() || instance.model().record().inputs.is_empty() {
        let inputs: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
        for _ in 0..WARM_UP_RUNS {
            instance.run_alone(&inputs).map_err(|error| Failure::of(&error))?;
        }
    }
    drop(inputs);
    instance.release_memory();
    Ok(())
}

/// What is to answer in a restored process.
fn server(started: Result<Started, Failure>, restored: Restored) -> Server {
    let Some(Given { socket, memory, .. }) = process::adopt(false) else { process::refuse() };
    let mut timeline = Timeline::begin(Some(restored.entered), restored.entered);
    timeline.add(Recorded { phase: Phase::Restore, begin: restored.entered, end: now() });
    // The walls of this process; those of the one that was written down were its own.
    let standing = walls::raise(&socket);
    let started = standing.clone().and(started);
    Server::new(socket, memory, started, timeline).behind(standing.ok().flatten())
}

fn give_up(why: &str) -> ! {
    // Nobody need be listening; the code still tells.
    let _ = writeln!(io::stderr(), "{why}");
    std::process::exit(1)
}
