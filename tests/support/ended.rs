//! [`Ended`]: how a `blink` ended. What is expected of every end is checked here, whatever the test is about.

use std::process::Output;

/// A process that has ended.
pub(crate) struct Ended {
    /// The command, for messages.
    line: String,
    code: Option<i32>,
    /// What it wrote to stdout.
    pub(crate) stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub(crate) stderr: String,
}

/// The one line of a failure.
pub(crate) struct Refusal(String);

impl Ended {
    /// Takes over what a process left. It must have ended by itself, and not in a panic.
    pub(crate) fn new(line: String, output: Output) -> Ended {
        let stderr = String::from_utf8(output.stderr).expect("stderr is UTF-8");
        let ended = Ended { line, code: output.status.code(), stdout: output.stdout, stderr };
        assert!(ended.code.is_some(), "ended by a signal ({:?}): {}", output.status, ended.told());
        assert!(!ended.stderr.contains("panicked") && ended.code != Some(101), "panicked: {}", ended.told());
        ended
    }

    /// It succeeded.
    pub(crate) fn ok(self) -> Ended {
        assert_eq!(self.code, Some(0), "expected success: {}", self.told());
        self
    }

    /// It failed with `code`: nothing on stdout, and one line on stderr that says everything once.
    pub(crate) fn refused(self, code: i32) -> Refusal {
        assert_eq!(self.code, Some(code), "expected exit code {code}: {}", self.told());
        assert!(self.stdout.is_empty(), "a failure prints no data: {}", self.told());
        let lines: Vec<_> = self.stderr.lines().collect();
        let [line] = lines[..] else { panic!("expected one line on stderr: {}", self.told()) };
        let Some(message) = line.strip_prefix("blink: ") else {
            panic!("expected a line that starts with 'blink: ': {}", self.told())
        };
        assert!(!message.contains('\u{1b}'), "expected no escape codes: {}", self.told());
        let parts: Vec<_> = message.split(": ").collect();
        for (index, part) in parts.iter().enumerate() {
            assert!(part.len() < 12 || !parts[..index].contains(part), "'{part}' is said twice: {}", self.told());
        }
        Refusal(message.to_owned())
    }

    /// It used the command line wrongly in a way that the parser found: exit code 2, help on stderr, several lines.
    pub(crate) fn misused(self) -> Refusal {
        assert_eq!(self.code, Some(2), "expected exit code 2: {}", self.told());
        assert!(self.stdout.is_empty(), "a failure prints no data: {}", self.told());
        assert!(self.stderr.starts_with("error: "), "expected the parser's own words: {}", self.told());
        Refusal(self.stderr)
    }

    /// It failed with `code`, whatever it printed.
    pub(crate) fn failed(self, code: i32) -> Ended {
        assert_eq!(self.code, Some(code), "expected exit code {code}: {}", self.told());
        self
    }

    /// Whether it succeeded, for tests that collect failures.
    pub(crate) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Its stdout as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap_or_else(|_| panic!("stdout is not UTF-8: {}", self.told()))
    }

    /// Its stdout as one JSON document, which says its `schema`.
    pub(crate) fn json(&self, schema: &str) -> serde_json::Value {
        let value: serde_json::Value =
            serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.told()));
        assert_eq!(value["schema"], schema, "{}", self.told());
        value
    }

    /// It said nothing on stderr.
    pub(crate) fn quiet(self) -> Ended {
        assert!(self.stderr.is_empty(), "expected nothing on stderr: {}", self.told());
        self
    }

    fn told(&self) -> String {
        let stdout = String::from_utf8_lossy(&self.stdout);
        format!("{}\ncode {:?}\nstdout: {stdout}\nstderr: {}", self.line, self.code, self.stderr)
    }
}

impl Refusal {
    /// The line holds each of `facts`.
    pub(crate) fn names(&self, facts: &[&str]) -> &Refusal {
        for fact in facts {
            assert!(self.0.contains(fact), "expected '{fact}' in: {}", self.0);
        }
        self
    }
}
