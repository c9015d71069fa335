//! The child: takes its order, gives up what it may not have, compiles, and tells what came of it.
//!
//! Until the walls stand it reads nothing but its order, which is its parent's. It loads ONNX Runtime and makes its
//! temporary files before that, so that it needs no right to do so later.

use std::cell::RefCell;
use std::env;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use blink_runtime::sandbox::{Sandbox, Walls};
use blink_snapshots::close_inherited;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::asking::Asking;
use super::line::{Line, Said};
use super::order::Order;
use super::{ChildError, Told, VERB};
use crate::error::CompileError;
use crate::pipeline;
use crate::request::Request;
use crate::summary::Summary;
use crate::surroundings::start_engine;
use crate::temporary::{self, Temporaries};

/// What a panic said, and where.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Whether this process is to be such a child: its first argument says so.
pub fn is_asked_for() -> bool {
    env::args_os().nth(1).is_some_and(|verb| verb == VERB)
}

/// Is a child until it is told to end: its parent ends it, once it has heard what came of the order.
///
/// To be called first thing in `main`, where [`is_asked_for`] says so: it closes every descriptor but the standard ones.
/// A process that no parent has spawned ends with exit code 2 and a line on stderr.
pub fn enter() -> ! {
    close_inherited(3);
    let Some(line) = adopt() else {
        // Stderr may be closed; the code still tells.
        let _ = writeln!(io::stderr(), "blink: {VERB} is started by blink itself: use `blink compile`");
        std::process::exit(2)
    };
    panic::set_hook(Box::new(|panic| {
        let words = PANIC.lock().map(|mut words| *words = Some(panic.to_string()));
        debug_assert!(words.is_ok());
    }));
    let said = match order(&line) {
        // Nobody is left to hear.
        None => std::process::exit(1),
        Some(order) => match do_it(order, &line) {
            Ok(summary) => Said::Done(Box::new(summary)),
            Err(error) => Said::Failed(Told::of(&error)),
        },
    };
    if line.say(&said, b"", None).is_err() {
        std::process::exit(1)
    }
    // Nothing is torn down here that ends with the process: the parent ends it, or is gone.
    let mut rest = Vec::new();
    let _ = UnixStream::from(line.as_fd().try_clone_to_owned().unwrap_or_else(|_| std::process::exit(1)))
        .read_to_end(&mut rest);
    std::process::exit(1)
}

/// The socket that a parent has put in the place of stdin. From now on the process ends with its parent.
fn adopt() -> Option<Line> {
    let socket = io::stdin().as_fd().try_clone_to_owned().ok()?;
    let is_socket = rustix::fs::fstat(&socket)
        .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Socket);
    if !is_socket {
        return None;
    }
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).ok()?;
    Some(Line::new(socket.into()))
}

/// The order. A parent that went before its end could be told here has closed its end, too.
fn order(line: &Line) -> Option<Order> {
    line.hear().ok()?.map(|heard| heard.said)
}

fn do_it(order: Order, line: &Line) -> Result<Summary, CompileError> {
    let request = order.request();
    limit(order.memory)?;
    let count = temporary::MOST * request.models.len();
    let files = Temporaries::made_beside(&request.output, count);
    let engine = RefCell::new(Some(start_engine()));
    let sandbox: Sandbox = order.sandbox.parse().map_err(|what| ChildError::Sandbox { what })?;
    let standing = walls(&request, &files).raise(sandbox);
    let standing = standing.map_err(|error| ChildError::Sandbox { what: error.to_string() })?;
    let missing = standing.walls().into_iter().filter(|(_, stands)| !stands && sandbox != Sandbox::Off);
    let missing = missing.map(|(name, _)| name.to_owned()).collect();

    let line = UnixStream::from(line.as_fd().try_clone_to_owned().map_err(|source| ChildError::Line { source })?);
    let asking = Asking { line: Line::new(line), output: request.output.clone(), files, engine };
    asking.line.say(&Said::Walled { missing }, b"", None).map_err(|source| ChildError::Line { source })?;
    let made = panic::catch_unwind(AssertUnwindSafe(|| {
        pipeline::make(&request, &asking, &mut |stage, file| asking.tell(stage, file))
    }));
    match made {
        // What was written is in the file that the parent has, too.
        Ok(made) => Ok(made?.1),
        Err(_) => {
            let said = PANIC.lock().ok().and_then(|mut words| words.take());
            Err(ChildError::Panic { what: said.unwrap_or_default() }.into())
        }
    }
}

/// Puts limits on this process: memory, as asked for, and no picture of it on a disk where it dies. It may have as many
/// files open as its user may.
fn limit(memory: Option<u64>) -> Result<(), ChildError> {
    let exactly = |value| Rlimit { current: Some(value), maximum: Some(value) };
    if let Some(bytes) = memory {
        let refused = |error: rustix::io::Errno| ChildError::Limit { bytes, source: error.into() };
        // A lower one that stands already cannot be raised.
        let most = getrlimit(Resource::Data).maximum.map_or(bytes, |most| most.min(bytes));
        setrlimit(Resource::Data, exactly(most)).map_err(refused)?;
    }
    // Neither is worth an error.
    let _ = setrlimit(Resource::Core, exactly(0));
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    Ok(())
}

/// What the child may still open: the directories of the models, where their external data is, the guest, and its own
/// temporary files. Only a guest needs memory that can be made executable.
fn walls(request: &Request, files: &Temporaries) -> Walls {
    let mut walls = Walls::new();
    for model in &request.models {
        walls = walls.may_read(directory(&model.path));
        // A model may be a link to one elsewhere.
        walls = walls.may_read(model.path.clone());
    }
    if let Some(guest) = &request.guest {
        walls = walls.may_read(guest.path.clone()).may_map_code();
    }
    files.paths().into_iter().fold(walls, Walls::may_write)
}

fn directory(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}
