//! Fetching a pinned wheel with the user's own package client: `pip`, or `uv` where there is no pip.
//!
//! The client brings its own indexes, mirrors, proxies and certificates; nothing here names an address. It is told
//! the wheel's hash and to refuse any other file, and what it delivers is hashed once more when it is installed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::wheel::{Member, Wheel};

/// Lines of a failed client's stderr that an error shows.
const SHOWN_LINES: usize = 8;

/// Why the wheel could not be fetched.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub(crate) enum FetchError {
    #[error(
        "no package client found (tried {tried}): install pip for python3, or uv beside any python3; or fetch the \
         {} wheel of {wheel} elsewhere and run `{} --from FILE`",
        wheel.platform, wheel.command()
    )]
    NoClient { tried: String, wheel: &'static Wheel },
    #[error(
        "`{client}` failed to fetch {wheel}: check its settings and the network, or run `{} --from FILE`{}",
        wheel.command(), quoted(stderr)
    )]
    ClientFailed { client: String, wheel: &'static Wheel, stderr: String },
    #[error(
        "`{client}` was given another file than the pinned {wheel} (sha256 {}) and refused it: its index may be \
         stale or tampered with{}",
        wheel.sha256, quoted(stderr)
    )]
    HashMismatch { client: String, wheel: &'static Wheel, stderr: String },
    #[error("`{client}` reported success but left nothing of {wheel}: run `{} --from FILE`", wheel.command())]
    NothingDelivered { client: String, wheel: &'static Wheel },
    #[error("cannot use {path} to fetch into")]
    Directory { path: PathBuf, source: io::Error },
}

/// What a client said, on lines of its own at the end of a message.
fn quoted(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("\n    {}", stderr.replace('\n', "\n    ")) }
}

/// What a client left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// The wheel itself.
    Wheel(PathBuf),
    /// The directory that it was unpacked into.
    Unpacked(PathBuf),
}

impl Fetched {
    /// The file to install `member` from.
    pub(crate) fn source(&self, member: &Member) -> PathBuf {
        match self {
            Fetched::Wheel(wheel) => wheel.clone(),
            Fetched::Unpacked(directory) => directory.join(member.path),
        }
    }
}

/// How a client is spoken to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dialect {
    /// It delivers wheels.
    Pip,
    /// It delivers what is in them.
    Uv,
}

/// A package client, by the words that start it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    words: Vec<String>,
    dialect: Dialect,
}

impl Client {
    pub(super) fn new(words: &[&str], dialect: Dialect) -> Client {
        Client { words: words.iter().map(|word| (*word).to_owned()).collect(), dialect }
    }

    /// The clients that are looked for, best first.
    fn known() -> [Client; 4] {
        [
            Client::new(&["python3", "-m", "pip"], Dialect::Pip),
            Client::new(&["pip3"], Dialect::Pip),
            Client::new(&["pip"], Dialect::Pip),
            Client::new(&["uv", "pip"], Dialect::Uv),
        ]
    }

    /// The first of the known clients that this machine has.
    pub(crate) fn find(wheel: &'static Wheel) -> Result<Client, FetchError> {
        Client::find_among(&Client::known(), wheel)
    }

    fn find_among(clients: &[Client], wheel: &'static Wheel) -> Result<Client, FetchError> {
        clients.iter().find(|client| client.answers()).cloned().ok_or_else(|| {
            let tried: Vec<_> = clients.iter().map(|client| format!("`{}`", client.name())).collect();
            FetchError::NoClient { tried: tried.join(", "), wheel }
        })
    }

    /// The words that start it, for messages.
    pub(crate) fn name(&self) -> String {
        self.words.join(" ")
    }

    fn answers(&self) -> bool {
        // `uv pip` has no version of its own.
        let help = if matches!(self.dialect, Dialect::Pip) { "--version" } else { "--help" };
        self.command()
            .arg(help)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.words[0]);
        // A file is downloaded and nothing installed, so a rule that wants a virtual environment does not apply.
        command.args(&self.words[1..]).stdin(Stdio::null()).env("PIP_REQUIRE_VIRTUALENV", "0");
        command
    }

    /// Fetches `wheel` into `directory`, which must be empty. What the client puts away on its way stands there too,
    /// so that no other file system needs room for it.
    pub(crate) fn fetch(&self, wheel: &'static Wheel, directory: &Path) -> Result<Fetched, FetchError> {
        let unusable = |source| FetchError::Directory { path: directory.to_owned(), source };
        let requirements = directory.join("requirements.txt");
        fs::write(&requirements, wheel.requirement()).map_err(unusable)?;
        let target = directory.join("fetched");
        let scratch = directory.join("scratch");
        [&target, &scratch].into_iter().try_for_each(fs::create_dir).map_err(unusable)?;

        let mut command = self.command();
        match self.dialect {
            Dialect::Pip => {
                command
                    .args(["download", "--quiet", "--no-input", "--disable-pip-version-check", "--dest"])
                    .arg(&target);
                command.args(["--python-version", wheel.python, "--implementation", "cp"]);
                command.args(["--abi", &format!("cp{}", wheel.python), "--platform", wheel.platform]);
            }
            Dialect::Uv => {
                // uv would fetch a whole Python where it finds none; the wheel is all that was asked for.
                command.args(["install", "--quiet", "--no-python-downloads", "--link-mode", "copy"]);
                command.arg("--target").arg(&target);
                command.args(["--python-version", &wheel.python.replacen('3', "3.", 1)]);
            }
        }
        command.args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(&requirements);

        command.env("TMPDIR", &scratch);
        let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output();
        let output = output.map_err(|error| self.failed(wheel, error.to_string()))?;
        if !output.status.success() {
            let stderr = last_lines(&output.stderr);
            let lower = String::from_utf8_lossy(&output.stderr).to_lowercase();
            if lower.contains("do not match the hashes") || lower.contains("hash mismatch") {
                return Err(FetchError::HashMismatch { client: self.name(), wheel, stderr });
            }
            return Err(self.failed(wheel, stderr));
        }
        let nothing = || FetchError::NothingDelivered { client: self.name(), wheel };
        self.delivered(wheel, &target).map_err(unusable)?.ok_or_else(nothing)
    }

    fn failed(&self, wheel: &'static Wheel, stderr: String) -> FetchError {
        FetchError::ClientFailed { client: self.name(), wheel, stderr }
    }

    fn delivered(&self, wheel: &Wheel, target: &Path) -> io::Result<Option<Fetched>> {
        if matches!(self.dialect, Dialect::Uv) {
            let whole = wheel.members.iter().all(|member| target.join(member.path).exists());
            return Ok(whole.then(|| Fetched::Unpacked(target.to_owned())));
        }
        let files = fs::read_dir(target)?.map(|entry| entry.map(|entry| entry.path()));
        let files = files.collect::<io::Result<Vec<_>>>()?;
        let wheel = files.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "whl"));
        Ok(wheel.map(Fetched::Wheel))
    }
}

fn last_lines(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
