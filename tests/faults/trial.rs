//! [`Trial`]: one run in which at most one call fails, and how it ended.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::kind::Kind;
use crate::listener::{self, Event, Listener};
use crate::memory::Allocations;

/// Longer than any run takes that is not hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// What Rust's, the C and the C++ library say where there is no memory and they cannot go on.
pub(crate) const WORDS: [&str; 6] = [
    // Of the C library, where a thread that begins or one that ends wants some.
    "failed to register TLS destructor",
    "memory allocation of",
    "std::bad_alloc",
    // Of Rust's library, before it enters `main` or a thread.
    "failed to allocate an alternative stack",
    "failed to set up alternative stack guard page",
    "cannot allocate memory",
];

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// With what was asked for.
    Success,
    /// With an error in words.
    Error,
    /// The process stopped where it stood, for want of memory.
    Abort,
    /// ONNX Runtime, in this very process, did not survive it.
    Crash,
    /// The system could not load the program: its own code never ran.
    NotStarted,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Trial {
    /// Calls of the kind, in all of its processes.
    pub(crate) calls: u64,
    /// Whether the one that failed was the system's own, which loads the program.
    is_of_loader: bool,
    /// Its exit status.
    pub(crate) status: ExitStatus,
    /// What it printed, for messages.
    #[allow(dead_code)]
    stdout: String,
    /// What it said.
    pub(crate) stderr: String,
}

impl Trial {
    /// Runs `command` to its end; call number `fails` of `kind` fails, none where that is 0. It must end, and leave no
    /// process.
    pub(crate) fn run(mut command: Command, kind: Kind, fails: u64) -> Trial {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        if kind == Kind::Allocation {
            let allocations = Allocations::failing(fails);
            allocations.in_command(&mut command);
            let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
            let (stdout, stderr) = readers(&mut child);
            let began = Instant::now();
            let status = loop {
                if let Some(status) = child.try_wait().expect("a child") {
                    break status;
                }
                within(&began, &child, fails, kind);
                thread::sleep(Duration::from_millis(1));
            };
            let (calls, is_of_loader) = (allocations.count(), false);
            return Trial { calls, is_of_loader, status, stdout: read(stdout), stderr: read(stderr) };
        }
        let (mut child, listener) = listener::spawn(command, kind);
        let (stdout, stderr) = readers(&mut child);
        let (calls, is_of_loader) = serve(&listener, &child, kind, fails);
        let status = child.wait().expect("a child");
        Trial { calls, is_of_loader, status, stdout: read(stdout), stderr: read(stderr) }
    }

    /// How it ended. What is no end in good order fails the test. `in_engine`: whether ONNX Runtime is in this process.
    pub(crate) fn outcome(&self, kind: Kind, in_engine: bool) -> Outcome {
        let said = &self.stderr;
        if self.status.success() {
            return Outcome::Success;
        }
        if self.is_of_loader {
            return Outcome::NotStarted;
        }
        if kind.is_memory() && self.is_out_of_memory() {
            return Outcome::Abort;
        }
        if in_engine && self.status.signal() == Some(libc::SIGSEGV) {
            return Outcome::Crash;
        }
        // A worker's library may have given up for want of memory; its last words are part of what is told.
        let is_told = kind.is_memory() && WORDS.iter().any(|words| said.contains(words));
        assert!(is_told || !said.contains("panicked"), "it panicked: {self:?}");
        let lines: Vec<_> = said.lines().collect();
        let is_message = |line: &&&str| line.starts_with("blink: ") && !line.starts_with("blink: warning: ");
        let told: Vec<_> = lines.iter().filter(is_message).collect();
        assert!(matches!(self.status.code(), Some(1..=7)), "it ended in no good order: {self:?}");
        assert!(
            told.len() == 1 && lines.last() == told.first().copied(),
            "not one line that says what failed: {self:?}"
        );
        Outcome::Error
    }

    /// Whether it was ended for want of memory by Rust's or the C++ library, which cannot go on.
    fn is_out_of_memory(&self) -> bool {
        let ended = self.status.signal() == Some(libc::SIGABRT) || self.status.code() == Some(101);
        ended && WORDS.iter().any(|words| self.stderr.contains(words))
    }
}

/// Answers calls until no process is left; how many there were, and whether the loader's was to fail.
fn serve(listener: &Listener, child: &Child, kind: Kind, fails: u64) -> (u64, bool) {
    let (mut calls, mut begun, mut is_of_loader, began) = (0, false, false, Instant::now());
    loop {
        match listener.wait(1000) {
            Event::Call(call) if call.begins => {
                begun |= call.task == child.id();
                listener.answer(call, None);
            }
            Event::Call(call) => {
                let error = call.error(kind);
                calls += u64::from(error.is_some());
                is_of_loader |= calls == fails && !begun;
                listener.answer(call, error.filter(|_| calls == fails));
            }
            Event::Nothing => within(&began, child, fails, kind),
            Event::Ended => return (calls, is_of_loader),
        }
    }
}

/// It has not run for too long; else it is ended, and the test has failed.
fn within(began: &Instant, child: &Child, fails: u64, kind: Kind) {
    if began.elapsed() > PATIENCE {
        let group = Pid::from_raw(child.id().cast_signed()).expect("a process id");
        let _ = kill_process_group(group, Signal::KILL);
        panic!("{kind:?} {fails}: it, or what it has started, runs for ever");
    }
}

type Reader = JoinHandle<String>;

fn readers(child: &mut Child) -> (Reader, Reader) {
    (reader(child.stdout.take().expect("a pipe")), reader(child.stderr.take().expect("a pipe")))
}

fn reader(mut pipe: impl Read + Send + 'static) -> Reader {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn read(reader: Reader) -> String {
    reader.join().expect("it does not panic")
}
