//! [`Folder`]: a directory that a test has to itself, and `blink` started in it.
//!
//! The first folder of a process sets ONNX Runtime up with `blink setup`, which does nothing where it is in place.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use blink_runtime::library::LIBRARY_VARIABLE;
use tempfile::TempDir;

use super::Ended;

/// The binary under test.
pub(crate) const BLINK: &str = env!("CARGO_BIN_EXE_blink");

/// Variables of whoever runs the tests that would change what a test sees. `CI` is one: it silences ONNX Runtime's
/// telemetry.
const FOREIGN: [&str; 5] = ["CI", "NO_COLOR", "CLICOLOR_FORCE", "ORT_DISABLE_TELEMETRY", "RUST_BACKTRACE"];

/// A directory that goes with this value.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// An empty folder.
    pub(crate) fn new() -> Folder {
        set_up();
        Folder(tempfile::tempdir().expect("a temporary directory"))
    }

    /// Where a file of that name is, or would be.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of everything in it, hidden files included, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// `blink` with the words of `arguments`, to run in this folder: names of its files need no path.
    pub(crate) fn blink(&self, arguments: &str) -> Blink {
        Blink::new(self.0.path(), arguments)
    }
}

/// One `blink` to be run, with no input and the user's own environment.
pub(crate) struct Blink {
    command: Command,
    stdin: Vec<u8>,
}

impl Blink {
    fn new(directory: &Path, arguments: &str) -> Blink {
        let mut command = Command::new(BLINK);
        command.args(arguments.split_whitespace()).current_dir(directory);
        FOREIGN.iter().for_each(|name| _ = command.env_remove(name));
        Blink { command, stdin: Vec::new() }
    }

    /// Adds one argument that may hold spaces.
    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Blink {
        self.command.arg(argument);
        self
    }

    /// Adds several arguments that may hold spaces.
    pub(crate) fn args<const N: usize>(self, arguments: [&str; N]) -> Blink {
        arguments.into_iter().fold(self, Blink::arg)
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Blink {
        self.command.env(name, value);
        self
    }

    /// Takes a variable out of its environment.
    pub(crate) fn without(mut self, name: &str) -> Blink {
        self.command.env_remove(name);
        self
    }

    /// What it reads on stdin.
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Blink {
        self.stdin = bytes.into();
        self
    }

    /// The same by way of `sh`, which runs `script`; there the command is `"$0" "$@"`.
    pub(crate) fn by(self, script: &str) -> Blink {
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(self.command.get_program()).args(self.command.get_args());
        command.current_dir(self.command.get_current_dir().expect("a folder"));
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Blink { command, ..self }
    }

    /// The command, to be started in another way than [`Blink::run`] does.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Ended {
        let line = format!("{:?}", self.command);
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
        let (mut pipe, bytes) = (child.stdin.take().expect("a pipe"), self.stdin);
        // A process that does not read its stdin closes it, which is its right.
        let writer = std::thread::spawn(move || _ = pipe.write_all(&bytes));
        let output = child.wait_with_output().unwrap_or_else(|error| panic!("{line}: {error}"));
        writer.join().expect("the writer does not panic");
        Ended::new(line, output)
    }

    /// Runs it; it must succeed.
    pub(crate) fn ok(self) -> Ended {
        self.run().ok()
    }

    /// Runs it; it must fail with this code and one line on stderr.
    pub(crate) fn refused(self, code: i32) -> super::Refusal {
        self.run().refused(code)
    }
}

/// Puts ONNX Runtime in place, once a process. A user who names a library of their own gets that one.
fn set_up() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        if std::env::var_os(LIBRARY_VARIABLE).is_some_and(|path| !path.is_empty()) {
            return;
        }
        let output = Command::new(BLINK).arg("setup").stdin(Stdio::null()).output().expect("blink starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "these tests need ONNX Runtime, and `blink setup` failed: {said}");
    });
}
