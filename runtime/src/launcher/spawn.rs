//! [`Spawned`]: a new process with one end of a socket, and memory shared with it.
//!
//! It is made by `posix_spawn`, so it costs the same whatever the size of the launcher. It gets descriptors 0 to 4, and
//! what the launcher's process leaves open for every child; all that is made here is closed in it.
#![allow(unsafe_code)]

use std::ffi::{CString, OsStr, OsString, c_char, c_int};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::ptr;

use rustix::process::Pid;

use super::body::Body;
use super::child::Child;
use super::{LaunchError, Stdio, WorkerSpec};
use crate::channel::{self, Orders, SharedMemory, high};

/// A process that was just spawned.
#[derive(Debug)]
pub(super) struct Spawned<B = Body> {
    pub(super) body: B,
    /// The launcher's end.
    pub(super) socket: UnixStream,
    pub(super) memory: SharedMemory,
}

impl From<Spawned<Child>> for Spawned {
    fn from(spawned: Spawned<Child>) -> Spawned {
        let Spawned { body, socket, memory } = spawned;
        Spawned { body: Body::Process(body), socket, memory }
    }
}

impl Spawned {
    /// Tells the worker of its walls, before anything else. One that is gone is told nothing: its first request says
    /// so.
    pub(super) fn tell(&self, orders: &Orders) -> Result<(), LaunchError> {
        match orders.send(&self.socket) {
            Err(source) if !matches!(source.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                Err(LaunchError::Orders { source })
            }
            _ => Ok(()),
        }
    }
}

/// Spawns `program` with `arguments`, and with environment, directory, stdio and limits as `spec` has them. The process
/// gets `memory`, the other end of the socket, and `file` where there is one, an image or an artifact, which must be a
/// [`high`] descriptor.
pub(super) fn spawn(
    program: &Path,
    arguments: &[OsString],
    spec: &WorkerSpec,
    memory: SharedMemory,
    file: Option<BorrowedFd<'_>>,
) -> Result<Spawned<Child>, LaunchError> {
    let name = c_string(program.as_os_str(), "program")?;
    let arguments = arguments.iter().map(|argument| c_string(argument, "argument"));
    let arguments: Vec<_> = [Ok(name.clone())].into_iter().chain(arguments).collect::<Result<_, _>>()?;
    let environment = match &spec.environment {
        Some(given) => given.iter().map(|(name, value)| variable(name, value)).collect::<Result<Vec<_>, _>>()?,
        None => std::env::vars_os().map(|(name, value)| variable(&name, &value)).collect::<Result<_, _>>()?,
    };
    let directory = spec.directory.as_deref().map(|path| c_string(path.as_os_str(), "directory")).transpose()?;
    let (here, there) = pair().map_err(|source| LaunchError::Socket { source })?;
    let failed = |source| LaunchError::Spawn { program: program.to_owned(), source };

    let mut actions = Actions::new().map_err(failed)?;
    let given = [(there.as_raw_fd(), channel::SOCKET), (memory.descriptor().as_raw_fd(), channel::MEMORY)];
    let file = file.map(|descriptor| (descriptor.as_raw_fd(), channel::IMAGE));
    (|| {
        for (number, _) in (0..).zip(spec.stdio).filter(|(_, stdio)| *stdio == Stdio::Null) {
            actions.open_null(number)?;
        }
        given.into_iter().chain(file).try_for_each(|(from, to)| actions.duplicate(from, to))?;
        directory.as_ref().map_or(Ok(()), |directory| actions.change_directory(directory))
    })()
    .map_err(failed)?;

    let (arguments, environment) = (pointers(&arguments), pointers(&environment));
    let attributes = Attributes::new(spec.own_group).map_err(failed)?;
    let mut pid = 0;
    // SAFETY: program, arguments and environment are NUL-terminated texts in NULL-terminated lists that outlive the
    // call, which only reads them; actions and attributes are initialised.
    let code = unsafe {
        let (actions, attributes) = (actions.0.as_ptr(), attributes.0.as_ptr());
        libc::posix_spawn(&mut pid, name.as_ptr(), actions, attributes, arguments.as_ptr(), environment.as_ptr())
    };
    result(code).map_err(failed)?;
    let pid = Pid::from_raw(pid).ok_or_else(|| failed(io::Error::other("it has no process id")))?;
    // Where a limit cannot be put on it, it is dropped here, and ends.
    let body = Child::new(pid);
    spec.limits.put_on(pid)?;
    Ok(Spawned { body, socket: here, memory })
}

/// Both ends of a socket. Neither has a number that means something in the worker, or is a standard one here.
fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (here, there) = UnixStream::pair()?;
    Ok((high(here.into())?.into(), high(there.into())?.into()))
}

fn c_string(text: &OsStr, what: &'static str) -> Result<CString, LaunchError> {
    CString::new(text.as_bytes()).map_err(|_| LaunchError::Nul { what })
}

fn variable(name: &OsStr, value: &OsStr) -> Result<CString, LaunchError> {
    let mut variable = name.to_owned();
    variable.push("=");
    variable.push(value);
    CString::new(variable.into_vec()).map_err(|_| LaunchError::Nul { what: "environment" })
}

/// The texts as C lists them. They are only read, whatever the type says.
fn pointers(texts: &[CString]) -> Vec<*mut c_char> {
    texts.iter().map(|text| text.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

fn result(code: c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

/// What is done in the new process before its program starts, in order.
struct Actions(MaybeUninit<libc::posix_spawn_file_actions_t>);

impl Actions {
    fn new() -> io::Result<Actions> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the call initialises what it is given. Only where it did is there a value, and a drop.
        result(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        Ok(Actions(actions))
    }

    /// Descriptor `from` as number `to`, open beyond the start of the program. The two differ: see [`high`].
    fn duplicate(&mut self, from: RawFd, to: RawFd) -> io::Result<()> {
        // SAFETY: initialised in `new`.
        result(unsafe { libc::posix_spawn_file_actions_adddup2(self.0.as_mut_ptr(), from, to) })
    }

    fn open_null(&mut self, number: RawFd) -> io::Result<()> {
        let (actions, path) = (self.0.as_mut_ptr(), c"/dev/null".as_ptr());
        // SAFETY: initialised in `new`; the path is NUL-terminated.
        result(unsafe { libc::posix_spawn_file_actions_addopen(actions, number, path, libc::O_RDWR, 0) })
    }

    fn change_directory(&mut self, path: &CString) -> io::Result<()> {
        // SAFETY: initialised in `new`; the path is NUL-terminated, and copied.
        result(unsafe { libc::posix_spawn_file_actions_addchdir_np(self.0.as_mut_ptr(), path.as_ptr()) })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, and dropped once.
        unsafe { libc::posix_spawn_file_actions_destroy(self.0.as_mut_ptr()) };
    }
}

/// What the new process does not inherit: a mask of blocked signals, which was one thread's, and nobody's there; and its
/// launcher's process group, where it is to have its own.
struct Attributes(MaybeUninit<libc::posix_spawnattr_t>);

impl Attributes {
    fn new(own_group: bool) -> io::Result<Attributes> {
        let group = if own_group { libc::POSIX_SPAWN_SETPGROUP } else { 0 };
        let flags = libc::POSIX_SPAWN_SETSIGMASK | group;
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the call initialises what it is given. Only where it did is there a value, and a drop.
        result(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        let mut attributes = Attributes(attributes);
        let mut none = MaybeUninit::uninit();
        // SAFETY: `sigemptyset` initialises the set, which the call after it reads; the attributes are initialised.
        unsafe {
            libc::sigemptyset(none.as_mut_ptr());
            result(libc::posix_spawnattr_setsigmask(attributes.0.as_mut_ptr(), none.as_ptr()))?;
            // A group that is called by the process's own id, used where the flag is set.
            result(libc::posix_spawnattr_setpgroup(attributes.0.as_mut_ptr(), 0))?;
            result(libc::posix_spawnattr_setflags(attributes.0.as_mut_ptr(), flags as _))?;
        }
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, and dropped once.
        unsafe { libc::posix_spawnattr_destroy(self.0.as_mut_ptr()) };
    }
}
