//! Fetching the pinned wheel with the user's own package client: `pip`, or `uv` where there is no pip.
//!
//! The client brings its own indexes, mirrors, proxies and certificates; nothing here names an address. It is told
//! the wheel's hash and to refuse any other file, and what it delivers is hashed once more when it is installed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use blink_runtime::library::ORT_VERSION;

use super::table::Pinned;

/// Lines of a failed client's stderr that an error shows.
const SHOWN_LINES: usize = 8;

/// Why the wheel could not be fetched.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub(crate) enum FetchError {
    #[error(
        "no package client found (tried {tried}): install pip for python3, or uv beside any python3; or fetch the \
         {platform} wheel of onnxruntime {ORT_VERSION} elsewhere and run `blink setup --from FILE`"
    )]
    NoClient { tried: String, platform: &'static str },
    #[error(
        "`{client}` failed: check its settings and the network, or run `blink setup --from FILE`{}",
        quoted(stderr)
    )]
    ClientFailed { client: String, stderr: String },
    #[error(
        "`{client}` was given another file than the pinned one (sha256 {expected}) and refused it: its index may be \
         stale or tampered with{}",
        quoted(stderr)
    )]
    HashMismatch { client: String, expected: &'static str, stderr: String },
    #[error("`{client}` reported success but left no wheel and no library: run `blink setup --from FILE`")]
    NothingDelivered { client: String },
    #[error("cannot use {path} to fetch into")]
    Directory { path: PathBuf, source: io::Error },
}

/// What a client said, on lines of its own at the end of a message.
fn quoted(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("\n    {}", stderr.replace('\n', "\n    ")) }
}

/// How a client is spoken to.
#[derive(Clone, Copy, Debug)]
enum Dialect {
    Pip,
    Uv,
}

/// A package client, by the words that start it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    words: Vec<String>,
    dialect: Dialect,
}

impl Client {
    fn new(words: &[&str], dialect: Dialect) -> Client {
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
    pub(crate) fn find(pinned: &Pinned) -> Result<Client, FetchError> {
        Client::find_among(&Client::known(), pinned)
    }

    fn find_among(clients: &[Client], pinned: &Pinned) -> Result<Client, FetchError> {
        clients.iter().find(|client| client.answers()).cloned().ok_or_else(|| {
            let tried: Vec<_> = clients.iter().map(|client| format!("`{}`", client.name())).collect();
            FetchError::NoClient { tried: tried.join(", "), platform: pinned.platform }
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

    /// Fetches the pinned wheel into `directory`, which must be empty; returns the wheel's path, or that of the
    /// library where the client unpacks wheels itself.
    pub(crate) fn fetch(&self, pinned: &'static Pinned, directory: &Path) -> Result<PathBuf, FetchError> {
        let unusable = |source| FetchError::Directory { path: directory.to_owned(), source };
        let requirements = directory.join("requirements.txt");
        fs::write(&requirements, pinned.requirement()).map_err(unusable)?;
        let target = directory.join("fetched");
        fs::create_dir(&target).map_err(unusable)?;

        let mut command = self.command();
        match self.dialect {
            Dialect::Pip => {
                command
                    .args(["download", "--quiet", "--no-input", "--disable-pip-version-check", "--dest"])
                    .arg(&target);
                command.args(["--python-version", pinned.python, "--implementation", "cp"]);
                command.args(["--abi", &format!("cp{}", pinned.python), "--platform", pinned.platform]);
            }
            Dialect::Uv => {
                // uv would fetch a whole Python where it finds none; the wheel is all that was asked for.
                command.args(["install", "--quiet", "--no-python-downloads", "--link-mode", "copy"]);
                command.arg("--target").arg(&target);
                command.args(["--python-version", &pinned.python.replacen('3', "3.", 1)]);
            }
        }
        command.args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(&requirements);

        let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output();
        let output = output.map_err(|error| self.failed(error.to_string()))?;
        if !output.status.success() {
            let stderr = last_lines(&output.stderr);
            let lower = String::from_utf8_lossy(&output.stderr).to_lowercase();
            if lower.contains("do not match the hashes") || lower.contains("hash mismatch") {
                return Err(FetchError::HashMismatch { client: self.name(), expected: pinned.wheel_sha256, stderr });
            }
            return Err(self.failed(stderr));
        }
        self.delivered(pinned, &target).map_err(unusable)?.ok_or(FetchError::NothingDelivered { client: self.name() })
    }

    fn failed(&self, stderr: String) -> FetchError {
        FetchError::ClientFailed { client: self.name(), stderr }
    }

    fn delivered(&self, pinned: &Pinned, target: &Path) -> io::Result<Option<PathBuf>> {
        if matches!(self.dialect, Dialect::Uv) {
            let library = target.join(pinned.member);
            return Ok(library.exists().then_some(library));
        }
        let files = fs::read_dir(target)?.map(|entry| entry.map(|entry| entry.path()));
        let files = files.collect::<io::Result<Vec<_>>>()?;
        Ok(files.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "whl")))
    }
}

fn last_lines(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::table::TABLE;
    use super::*;

    const PINNED: &Pinned = &TABLE[0];

    /// A client that is a shell script; `$dest` is where it is told to deliver, and `--version` succeeds.
    fn scripted(directory: &Path, script: &str, dialect: Dialect) -> Client {
        let path = directory.join("client.sh");
        let parse = "case $1 in --version|--help) exit 0;; esac\n\
                     for word in \"$@\"; do case $before in --dest|--target) dest=$word;; --requirement) list=$word;; esac; \
                     before=$word; done\n";
        fs::write(&path, format!("{parse}{script}\n")).unwrap();
        Client::new(&["sh", path.to_str().unwrap()], dialect)
    }

    fn fetch(script: &str, dialect: Dialect) -> Result<PathBuf, FetchError> {
        let (scripts, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let fetched = scripted(scripts.path(), script, dialect).fetch(PINNED, into.path())?;
        assert!(fetched.exists());
        Ok(fetched.strip_prefix(into.path()).unwrap().to_owned())
    }

    #[test]
    fn the_client_is_given_the_pinned_hash_and_told_to_require_it() {
        let strict = "case \" $* \" in *' --require-hashes '*) ;; *) exit 3;; esac\n\
                      case \" $* \" in *' --no-deps '*) ;; *) exit 4;; esac\n";
        let hash = PINNED.wheel_sha256;
        let deliver = format!("{strict}grep -q 'onnxruntime==1.31.1 --hash=sha256:{hash}' $list && touch $dest/a.whl");
        assert_eq!(fetch(&deliver, Dialect::Pip).unwrap(), Path::new("fetched/a.whl"));
    }

    #[test]
    fn a_client_that_unpacks_delivers_the_library() {
        let deliver = format!("mkdir -p $dest/onnxruntime/capi && touch $dest/{}", PINNED.member);
        assert_eq!(fetch(&deliver, Dialect::Uv).unwrap(), Path::new("fetched").join(PINNED.member));
    }

    #[test]
    fn a_failed_client_is_quoted() {
        let error = fetch("echo first >&2; for n in 1 2 3 4 5 6 7 8; do echo line $n >&2; done; exit 1", Dialect::Pip);
        let Err(FetchError::ClientFailed { stderr, .. }) = error else { panic!("{error:?}") };
        assert_eq!(stderr.lines().count(), SHOWN_LINES);
        assert!(stderr.starts_with("line 1\n") && stderr.ends_with("line 8"));
    }

    #[test]
    fn another_file_than_the_pinned_one_is_told_apart() {
        let pip = "echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.' >&2; exit 1";
        assert!(matches!(fetch(pip, Dialect::Pip), Err(FetchError::HashMismatch { .. })));
        let uv = "echo '  cause: Hash mismatch for `onnxruntime==1.31.1`' >&2; exit 1";
        assert!(matches!(fetch(uv, Dialect::Uv), Err(FetchError::HashMismatch { .. })));
    }

    #[test]
    fn success_without_a_file_is_an_error() {
        assert!(matches!(fetch("exit 0", Dialect::Pip), Err(FetchError::NothingDelivered { .. })));
        assert!(matches!(fetch("exit 0", Dialect::Uv), Err(FetchError::NothingDelivered { .. })));
    }

    #[test]
    fn clients_that_are_absent_or_broken_are_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let absent = Client::new(&["a-client-that-does-not-exist"], Dialect::Pip);
        let broken = Client::new(&["sh", "-c", "exit 1"], Dialect::Pip);
        let whole = scripted(directory.path(), "", Dialect::Pip);
        let found = Client::find_among(&[absent.clone(), broken.clone(), whole.clone()], PINNED).unwrap();
        assert_eq!(found.name(), whole.name());
        let none = Client::find_among(&[absent, broken], PINNED);
        assert!(matches!(none, Err(FetchError::NoClient { .. })));
    }
}
