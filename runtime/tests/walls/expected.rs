//! What must come of each act, at each level.

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use blink_runtime::sandbox::{Sandbox, given};

use crate::acts::{self, DIRECTORY, LEVEL, PORT};

/// What comes of an act: words, or a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Done,
    /// The call failed with this error, at both levels: the path is judged, not the call.
    Failed(i32),
    /// The call is not on the list: it fails with `EPERM`, or costs the process at strict.
    NotListed,
    /// It died of this signal.
    Died(i32),
}

const EXPECTED: &[(&str, Came)] = &[
    ("read a file", Came::Failed(libc::EACCES)),
    ("read a system file", Came::Failed(libc::EACCES)),
    ("read own memory as a file", Came::Failed(libc::EACCES)),
    ("list a directory", Came::Failed(libc::EACCES)),
    ("make a file", Came::Failed(libc::EACCES)),
    ("remove a file", Came::NotListed),
    ("connect to a port", Came::NotListed),
    ("connect to a socket", Came::NotListed),
    ("start a process", Came::NotListed),
    ("become another program", Came::NotListed),
    ("fork", Came::NotListed),
    ("signal another process", Came::NotListed),
    ("map code", Came::NotListed),
    ("trace", Came::NotListed),
    ("put words into a terminal", Came::NotListed),
    ("make a ring", Came::NotListed),
    ("change a mode", Came::NotListed),
    ("leave the walls", Came::NotListed),
    ("read beside what may be read", Came::Failed(libc::EACCES)),
    ("write what may be read", Came::Failed(libc::EACCES)),
    ("remove what may be read", Came::NotListed),
    ("write beside what may be written", Came::Failed(libc::EACCES)),
    ("move out of what may be written", Came::Failed(libc::EACCES)),
    ("connect to a socket with the network", Came::Failed(libc::EAFNOSUPPORT)),
    ("read a file with the network", Came::Failed(libc::EACCES)),
    ("start a process with code", Came::NotListed),
    ("compute with threads", Came::Done),
    ("use what was open", Came::Done),
    ("catch a panic", Came::Done),
    ("die of an abort", Came::Died(libc::SIGABRT)),
    ("read what may be read", Came::Done),
    ("change what may be written", Came::Done),
    ("connect to a port with the network", Came::Done),
    ("look a name up", Came::Done),
    ("map code where it may", Came::Done),
];

/// A place for acts, and somebody to connect to.
struct Scene {
    directory: tempfile::TempDir,
    port: u16,
    _listeners: (TcpListener, UnixListener),
}

impl Scene {
    fn new() -> Scene {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(directory.path().join("in")).expect("a directory");
        for name in ["in/file", "out"] {
            std::fs::write(directory.path().join(name), "text").expect("a file");
        }
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let unix = UnixListener::bind(directory.path().join("socket")).expect("a socket");
        let port = tcp.local_addr().expect("a port").port();
        Scene { directory, port, _listeners: (tcp, unix) }
    }

    fn command(&self, act: &str, level: Sandbox) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let directory: &Path = self.directory.path();
        command.env("BLINK_TEST_ACT", act).env(LEVEL, level.name()).env(DIRECTORY, directory);
        command.env(PORT, self.port.to_string()).current_dir("/").stdin(Stdio::null());
        command
    }

    /// What came of an act.
    fn came(&self, act: &str, level: Sandbox) -> Result<Came, String> {
        let output = self.command(act, level).output().expect("this program starts");
        let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        match (said.as_str(), output.status.signal()) {
            ("", Some(signal)) => Ok(Came::Died(signal)),
            ("done", None) => Ok(Came::Done),
            (said, None) => said
                .parse()
                .map(Came::Failed)
                .map_err(|_| format!("{said} {}", String::from_utf8_lossy(&output.stderr))),
            (said, Some(signal)) => Err(format!("{said}, then signal {signal}")),
        }
    }
}

/// Checks all of it.
pub(crate) fn check() {
    let names: Vec<_> = acts::all().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, EXPECTED.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "each act is expected");
    let kernel = given();
    assert!(kernel.is_whole(), "this kernel does not give {}: the walls cannot be tried", kernel.missing());
    let mut checked = 0;
    for (act, expected) in EXPECTED {
        for level in [Sandbox::Standard, Sandbox::Strict] {
            let expected = match (expected, level) {
                // The second walls cannot be raised behind the first: the words say which.
                (Came::NotListed, _) if *act == "leave the walls" => continue,
                (Came::NotListed, Sandbox::Strict) => Came::Died(libc::SIGSYS),
                (Came::NotListed, _) => Came::Failed(libc::EPERM),
                (expected, _) => *expected,
            };
            assert_eq!(Scene::new().came(act, level), Ok(expected), "{act}, at {level}");
            checked += 1;
        }
        // Without walls each of these can be done: it is they that hold.
        if *expected == Came::Done || matches!(*expected, Came::Failed(_)) {
            assert_eq!(Scene::new().came(act, Sandbox::Off), Ok(Came::Done), "{act}, without walls");
            checked += 1;
        }
    }
    walls_stay();
    threads_are_told();
    the_kernel_says_so();
    println!("{checked} acts came to what they must");
}

/// Walls raised behind walls add nothing and take nothing down.
fn walls_stay() {
    let output = Scene::new().command("leave the walls", Sandbox::Standard).output().expect("this program starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.trim_end(), "done", "at standard what is missing is no error");
    assert_eq!(Scene::new().came("leave the walls", Sandbox::Strict), Ok(Came::Died(libc::SIGSYS)));
}

/// Walls around one of several threads are no walls.
fn threads_are_told() {
    for level in [Sandbox::Standard, Sandbox::Strict] {
        let output = Scene::new().command("raise with two threads", level).output().expect("this program starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("several threads"), "{said}");
    }
}

/// What the kernel says of a process behind walls.
fn the_kernel_says_so() {
    for (level, stands) in [(Sandbox::Standard, true), (Sandbox::Strict, true), (Sandbox::Off, false)] {
        let mut child = Scene::new()
            .command("wait", level)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let mut said = [0; 8];
        child.stdout.as_mut().expect("a pipe").read_exact(&mut said).expect("it says what stands");
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it waits");
        let line = |name: &str, yes: &str| status.lines().any(|line| line == format!("{name}:\t{yes}"));
        let found = (line("NoNewPrivs", "1"), line("Seccomp", "2"), line("Seccomp_filters", "1"));
        drop(child.stdin.take());
        assert!(child.wait().expect("it ends").success());
        assert_eq!(found, (stands, stands, stands), "{level}: {status}");
    }
}
