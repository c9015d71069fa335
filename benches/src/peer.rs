//! [`Peer`]: a command of somebody else's, to measure a start against.
//!
//! It is started without a shell, so that no shell is in its figure: words are split by a shell's rules of quoting,
//! and that is all.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use crate::process::ProcessLaunch;

/// What a way may not be called, since budgets use these characters.
const RESERVED: [char; 5] = [':', '@', '/', '<', '='];
/// Names of our own ways.
const TAKEN: [&str; 4] = ["snapshot", "normal", "base", "new"];

/// A peer, as it was typed: `[NAME=]COMMAND`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name: as typed, else its program's.
    pub name: String,
    /// The command.
    pub command: String,
    words: Vec<String>,
}

/// What a peer's command is completed with.
#[derive(Clone, Debug)]
pub struct Given {
    /// For `{threads}`.
    pub threads: usize,
    /// For `{inputs}`: each input's name and `.npy` file.
    pub inputs: Vec<(String, PathBuf)>,
    /// The file that it reads on stdin; `None`: nothing.
    pub stdin: Option<PathBuf>,
}

/// Why a text is no peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum PeerError {
    #[error("peer '{command}' has a quote without its end: close it, or write \\ before it")]
    Quotes { command: String },
    #[error("peer '{typed}' has no command: expected [NAME=]COMMAND")]
    Empty { typed: String },
    #[error("peer cannot be called '{name}', which is a way of our own: write NAME=COMMAND with another name")]
    Taken { name: String },
    #[error("peer cannot be called '{name}': a name has none of the characters : @ / < =")]
    Name { name: String },
}

impl FromStr for Peer {
    type Err = PeerError;

    fn from_str(typed: &str) -> Result<Peer, PeerError> {
        let (name, command) = match typed.split_once('=') {
            Some((name, command)) if is_name(name) => (Some(name.to_owned()), command.trim()),
            _ => (None, typed.trim()),
        };
        let command = command.to_owned();
        let words = shlex::split(&command).ok_or_else(|| PeerError::Quotes { command: command.clone() })?;
        let Some(program) = words.first().filter(|word| !word.is_empty()) else {
            return Err(PeerError::Empty { typed: typed.to_owned() });
        };
        let program = || program.rsplit('/').next().unwrap_or_default().to_owned();
        let name = name.unwrap_or_else(program);
        if TAKEN.contains(&name.as_str()) {
            return Err(PeerError::Taken { name });
        }
        if name.is_empty() || name.contains(RESERVED) {
            return Err(PeerError::Name { name });
        }
        Ok(Peer { name, command, words })
    }
}

/// Whether what stands before a `=` is a name, and not a command with a `=` further on.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

impl Peer {
    /// The words of its command with `given` in their places, and `more` at their end.
    pub fn words(&self, given: &Given, more: &[&str]) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        for word in &self.words {
            if word == "{inputs}" {
                for (name, path) in &given.inputs {
                    let mut input = OsString::from(format!("{name}="));
                    input.push(path);
                    words.extend(["--input".into(), input]);
                }
            } else {
                words.push(word.replace("{threads}", &given.threads.to_string()).into());
            }
        }
        words.extend(more.iter().map(OsString::from));
        words
    }

    /// How it is launched for one answer.
    pub fn launch(&self, given: &Given) -> ProcessLaunch {
        let mut words = self.words(given, &[]).into_iter();
        ProcessLaunch {
            program: words.next().unwrap_or_default().into(),
            arguments: words.collect(),
            stdin: given.stdin.clone(),
            timeline: None,
            must_write: false,
            expected: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given {
        let inputs = vec![("x".into(), "a b.npy".into()), ("y".into(), "c.npy".into())];
        Given { threads: 2, inputs, stdin: Some("d.bin".into()) }
    }

    #[test]
    fn words_are_split_as_a_shell_would_and_completed() {
        let peer: Peer = "my-peer=python3 -c 'a = 1; print(a)' {inputs} --threads={threads}".parse().unwrap();
        assert_eq!(peer.name, "my-peer");
        let words = peer.words(&given(), &["--serve"]);
        let inputs = ["--input", "x=a b.npy", "--input", "y=c.npy"];
        let expected = [&["python3", "-c", "a = 1; print(a)"][..], &inputs, &["--threads=2", "--serve"]].concat();
        assert_eq!(words, expected);
        let launch = peer.launch(&given());
        assert_eq!((launch.program, launch.arguments.len()), ("python3".into(), 7));
        assert_eq!(launch.stdin, Some("d.bin".into()));
    }

    #[test]
    fn a_name_is_the_programs_where_none_is_given() {
        let name = |typed: &str| typed.parse::<Peer>().map(|peer| peer.name);
        assert_eq!(name("/usr/bin/python3 run.py").unwrap(), "python3");
        assert_eq!(name("env A=1 ./peer").unwrap(), "env");
        assert_eq!(name("python -c 'x=1'").unwrap(), "python");
        assert_eq!(name("openvino=./peer --x=1").unwrap(), "openvino");
    }

    #[test]
    fn what_is_no_peer_is_refused() {
        let refusal = |typed: &str| typed.parse::<Peer>().unwrap_err();
        assert!(matches!(refusal("a 'b"), PeerError::Quotes { .. }));
        assert!(matches!(refusal("  "), PeerError::Empty { .. }));
        assert!(matches!(refusal("name="), PeerError::Empty { .. }));
        assert!(matches!(refusal("''"), PeerError::Empty { .. }));
        assert!(matches!(refusal("snapshot=true"), PeerError::Taken { .. }));
        assert!(matches!(refusal("./normal"), PeerError::Taken { .. }));
        assert!(matches!(refusal("./a:b"), PeerError::Name { .. }));
        assert!(matches!(refusal("./a/"), PeerError::Name { .. }));
    }
}
