//! The worker: a process of its own that starts one model and answers for it until its launcher is gone.
//!
//! | file | what it does |
//! |---|---|
//! | `process.rs` | takes over what the launcher gave the process, and ends it |
//! | `start.rs` | opens the artifact and the library, links its guest, then starts its models |
//! | `walls.rs` | raises its walls between these |
//! | `park.rs` | is written down, and goes on in those restored from it |
//! | `serve.rs` | answers, one request at a time |
//! | `guest.rs` | runs the guest on a request |
//! | `line.rs` | socket and shared memory, for both of these |
//! | `alone.rs` | ends a worker at work whose launcher is gone |
//! | `resident.rs` | the worker of a device, which many models share |
//! | `facts.rs` | what the worker believes about itself |
//!
//! Nothing stands between `main` and the start but these files: no argument parser, no runtime, no network. The
//! worker prints nothing: whatever there is to say goes to its launcher.

mod alone;
mod facts;
mod guest;
mod line;
mod park;
mod process;
pub(crate) mod resident;
mod serve;
mod start;
mod walls;

use std::env;

use crate::channel::{self, Arguments, Mode};
use crate::timeline::{Timeline, now};
use process::Given;
use serve::Server;
use start::Opened;

/// Whether this process is to be a worker: its first argument says so.
pub fn is_asked_for() -> bool {
    env::args_os().nth(1).is_some_and(|verb| verb == channel::VERB || verb == channel::RESIDENT_VERB)
}

/// Is a worker until the launcher is gone, then ends the process.
///
/// To be called first thing in `main`, where [`is_asked_for`] says so: it takes over descriptors 3 and 4, and 5 where
/// it is an artifact, and closes those above. A process that no launcher has spawned ends with exit code 2 and a line on stderr.
pub fn enter() -> ! {
    let entered = now();
    if env::args_os().nth(1).is_some_and(|verb| verb == channel::RESIDENT_VERB) {
        resident::enter()
    }
    let Some(arguments) = Arguments::parse(env::args_os().skip(2)) else { process::refuse() };
    let mut server = match arguments.mode {
        Mode::Park | Mode::Probe => park::enter(arguments),
        Mode::Serve => {
            let Some(Given { socket, memory, artifact }) = process::adopt(arguments.held) else { process::refuse() };
            let mut timeline = Timeline::begin(Some(entered), entered);
            let opened = Opened::open(&arguments, artifact, None, &mut timeline);
            let standing = walls::raise(&socket);
            let started = opened.and_then(|opened| {
                standing.clone()?;
                opened.start(&arguments, &mut timeline)
            });
            Server::new(socket, memory, started, timeline).behind(standing.ok().flatten())
        }
    };
    server.serve(alone::end_when_alone);
    // The server is not dropped: the kernel frees more quickly than it could.
    process::end()
}
