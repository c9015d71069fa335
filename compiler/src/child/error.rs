//! Why a child has made nothing ([`ChildError`]), and errors as it told them ([`Told`]).

use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Blame, CompileError};

/// Why a child has made nothing, where that is no error of the compilation itself.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ChildError {
    #[error("compiler could not be started in a process of its own: {source}")]
    Spawn { source: io::Error },
    #[error("compiler's process could not be understood: {source}; use one build of blink")]
    Line { source: io::Error },
    #[error("compiler's {what}")]
    Sandbox { what: String },
    #[error("compiler's memory cannot be limited to {bytes} bytes: {source}; leave --memory out")]
    Limit { bytes: u64, source: io::Error },
    #[error(
        "model needs more than {} of memory to be compiled, which is the most that it may take ({what}): give more \
         with --memory", size(*bytes)
    )]
    Memory { bytes: u64, what: String },
    #[error(
        "model takes more than {} to be compiled, which is the most that it may take: give more with --time",
        span(*time)
    )]
    Time { time: Duration },
    #[error("compiler's process crashed on this model ({how}){words}: nothing was written, and nothing else is harmed")]
    Crashed { how: String, words: String },
    #[error(
        "compiler's process was ended (SIGSYS), because it asked the system for what is not allowed to it{words}: the \
         model may be hostile; `--sandbox standard` refuses such calls instead"
    )]
    Forbidden { words: String },
    #[error("compiler's process was ended by somebody else ({how})")]
    Ended { how: String },
    #[error("compiler failed: {what}; this is a bug, please report it with the model")]
    Panic { what: String },
    #[error("a cache of native code cannot be given to a compiler in a process of its own: compile here")]
    Cache,
}

impl ChildError {
    /// Whose it is.
    pub(crate) fn blame(&self) -> Blame {
        match self {
            ChildError::Memory { .. } | ChildError::Time { .. } => Blame::Model,
            ChildError::Crashed { .. } | ChildError::Forbidden { .. } => Blame::Model,
            ChildError::Spawn { .. } | ChildError::Line { .. } | ChildError::Sandbox { .. } => Blame::Other,
            ChildError::Limit { .. } | ChildError::Ended { .. } => Blame::Other,
            ChildError::Panic { .. } | ChildError::Cache => Blame::Other,
        }
    }
}

/// An error of a compilation, as the child that it happened in told it: its words, those of its causes, whose it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    words: String,
    cause: Option<Box<Told>>,
    #[serde(with = "blame")]
    pub(crate) blame: Blame,
}

/// Whose an error is, as a number: 0 to 2, or that of a class after them.
mod blame {
    use blink_runtime::FailureClass;
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::error::Blame;

    const CLASSES: u32 = 100;

    pub(super) fn serialize<S: Serializer>(blame: &Blame, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u32(match blame {
            Blame::Other => 0,
            Blame::Request => 1,
            Blame::Model => 2,
            Blame::Class(class) => CLASSES + *class as u32,
        })
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Blame, D::Error> {
        let number = u32::deserialize(from)?;
        let class = || FailureClass::ALL.into_iter().find(|class| CLASSES + *class as u32 == number);
        match number {
            0 => Ok(Blame::Other),
            1 => Ok(Blame::Request),
            2 => Ok(Blame::Model),
            _ => class().map(Blame::Class).ok_or_else(|| de::Error::custom("no such blame")),
        }
    }
}

impl Told {
    /// What is told of `error`.
    pub(super) fn of(error: &CompileError) -> Told {
        let blame = error.blame();
        let mut words: Vec<String> = Vec::new();
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = next {
            words.push(error.to_string());
            next = error.source();
        }
        let last = Told { words: words.pop().unwrap_or_default(), cause: None, blame };
        words.into_iter().rev().fold(last, |cause, words| Told { words, cause: Some(Box::new(cause)), blame })
    }

    /// The same without what could steer a terminal: a child's words are a stranger's.
    pub(super) fn plain(self) -> Told {
        let Told { words, cause, blame } = self;
        Told { words: plain(&words), cause: cause.map(|cause| Box::new(cause.plain())), blame }
    }

    /// Whether it, or a cause of it, is want of memory.
    pub(super) fn is_of_memory(&self) -> bool {
        is_of_memory(&self.words) || self.cause.as_ref().is_some_and(|cause| cause.is_of_memory())
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Told {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// Text without control characters, line breaks excepted.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// How Rust says that there was no memory, and the child with it.
pub(super) const NO_MEMORY: &str = "memory allocation of";

/// Whether these words say that there was no memory: the system's own, those of C++, of ONNX Runtime, and of Rust.
pub(crate) fn is_of_memory(words: &str) -> bool {
    let said = ["annot allocate memory", "bad_alloc", "bad allocation", "Failed to allocate memory", NO_MEMORY];
    said.iter().any(|said| words.contains(said))
}

/// Bytes in words.
fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let whole = units.iter().find(|(_, shift)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    whole.map_or_else(|| format!("{bytes} bytes"), |(unit, shift)| format!("{} {unit}", bytes >> shift))
}

/// A time in words.
fn span(time: Duration) -> String {
    if time.subsec_nanos() == 0 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_words_its_causes_and_its_blame() {
        let source = io::Error::other("\u{1b}[2J no room");
        let error = CompileError::from(blink_artifact::WriteError::Io { path: "a.blink".into(), source });
        let expected: Vec<_> = chain(&error);
        let told = Told::of(&error);
        let read: Told = serde_json::from_slice(&serde_json::to_vec(&told).unwrap()).unwrap();
        assert_eq!(chain(&read), expected);
        assert_eq!(read.blame, error.blame());
        assert!(!chain(&read.plain()).concat().contains('\u{1b}'));
    }

    fn chain(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
        std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect()
    }

    #[test]
    fn limits_are_told_in_words() {
        assert_eq!([size(64 << 20), size(3 << 30), size(1025), size(0)], ["64 MiB", "3 GiB", "1025 bytes", "0 bytes"]);
        assert_eq!([span(Duration::from_secs(90)), span(Duration::from_millis(1500))], ["90 s", "1500 ms"]);
    }

    #[test]
    fn want_of_memory_is_known_by_its_words() {
        for words in
            ["std::bad_alloc", "memory allocation of 7 bytes failed", "x: Cannot allocate memory (os error 12)"]
        {
            assert!(is_of_memory(words), "{words}");
        }
        assert!(!is_of_memory("model has no graph"));
    }
}
