//! [`Log`]: what the stand-ins for NVIDIA's libraries wrote down, one line for each event.
//!
//! | event | what it tells |
//! |---|---|
//! | `alloc device`, `free device`, `refuse device` | bytes, device |
//! | `alloc pinned`, `free pinned`, `register pinned`, `unregister pinned` | bytes |
//! | `copy to-device`, `copy to-host`, `copy on-device`, `copy on-host` | bytes, device |
//! | `context retain`, `context release`, `stream create`, `stream destroy` | device |
//! | `blas create`, `blas-lt create`, `dnn create`, and `destroy` of each | device |
//! | `blas math` | mode of the products that follow: 3 is TF32 |
//! | `gemm` | rows, columns, depth, batch |
//! | `launch` | the kernel's name, as the linker has it |
//! | `fail`, `lost` | function, code |

use std::fs;
use std::path::Path;

/// One event: which process, and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The process's id.
    pub(crate) process: u32,
    /// What happened, in the words of the table above.
    pub(crate) words: String,
}

impl Event {
    /// Whether it starts with these whole words.
    fn is(&self, words: &str) -> bool {
        self.words.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    }
}

/// Events, in the order in which they happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Vec<Event>);

impl Log {
    /// Reads a log; one that nobody has written to is empty.
    pub(crate) fn read(path: &Path) -> Log {
        let text = fs::read_to_string(path).unwrap_or_default();
        let events = text.lines().map(|line| {
            let (process, words) = line.split_once(' ').expect("a process's id and words");
            Event { process: process.parse().expect("a process's id"), words: words.to_owned() }
        });
        Log(events.collect())
    }

    /// Every event.
    pub(crate) fn events(&self) -> &[Event] {
        &self.0
    }

    /// What came after the first `count` events: those of a log that was read before.
    pub(crate) fn after(&self, before: &Log) -> Log {
        Log(self.0[before.0.len()..].to_vec())
    }

    /// What one process did.
    pub(crate) fn of(&self, process: u32) -> Log {
        Log(self.0.iter().filter(|event| event.process == process).cloned().collect())
    }

    /// How many events start with these words.
    pub(crate) fn count(&self, words: &str) -> usize {
        self.0.iter().filter(|event| event.is(words)).count()
    }

    /// The bytes of each event that starts with these words.
    pub(crate) fn sizes(&self, words: &str) -> Vec<u64> {
        let rests = self.0.iter().filter(|event| event.is(words)).map(|event| &event.words[words.len()..]);
        rests.map(|rest| rest.split_whitespace().next().and_then(|word| word.parse().ok()).expect("bytes")).collect()
    }

    /// All the bytes of the events that start with these words.
    pub(crate) fn bytes(&self, words: &str) -> u64 {
        self.sizes(words).iter().sum()
    }

    /// How much memory of this kind, `device` or `pinned`, is held: what was taken less what was given back.
    pub(crate) fn held(&self, kind: &str) -> u64 {
        self.bytes(&format!("alloc {kind}")) - self.bytes(&format!("free {kind}"))
    }

    /// The kernels that were launched, as the linker has their names.
    pub(crate) fn kernels(&self) -> Vec<&str> {
        self.0.iter().filter_map(|event| event.words.strip_prefix("launch ")).collect()
    }
}
