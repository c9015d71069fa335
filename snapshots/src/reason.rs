//! [`Reason`]: why a snapshot is not used. Its words and its short names stand here and nowhere else.
//!
//! Whoever lists snapshots and whoever starts workers tell the same reasons. None is an error to the user's request,
//! which is answered by a normal start; each says what to do about it.

use std::path::PathBuf;

use blink_restorer::refusal::Step;

/// Why a file or a directory is not trusted. An image becomes a process: whoever can change it runs code as its user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Distrust {
    #[error("it is not a directory of its own (a symbolic link is not followed)")]
    NotADirectory,
    #[error("it is not a regular file (a symbolic link is not followed)")]
    NotAFile,
    #[error("it belongs to user {found}, expected {expected} or root")]
    Owner { found: u32, expected: u32 },
    #[error("group or others may write there (mode {mode:04o}), expected that only its owner may")]
    Writable { mode: u32 },
    #[error("its mode is {mode:04o}, expected 0400")]
    Mode { mode: u32 },
}

/// Why a start was a normal one where a snapshot was wanted, or will be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Reason {
    #[error("no snapshot was made of this model with these options: run `blink warm ARTIFACT`")]
    NoneMade,
    #[error("{path} is not trusted: {why}; correct or remove it, then run `blink warm ARTIFACT` again", path = path.display())]
    NotTrusted { path: PathBuf, why: Distrust },
    /// The image, or a file that it maps: gone, or closed to this user.
    #[error("{path} cannot be read: {error}; run `blink warm ARTIFACT` again", path = path.display())]
    Unreadable { path: PathBuf, error: String },
    #[error("snapshot is damaged: {how}; run `blink warm ARTIFACT` again")]
    Damaged { how: &'static str },
    #[error("snapshot has format version {found}, expected {expected}: run `blink warm ARTIFACT` again", expected = blink_restorer::image::VERSION)]
    Format { found: u32 },
    #[error("snapshot is of another model or of other options than its name says: run `blink warm ARTIFACT` again")]
    OtherKey,
    /// Release and build of the kernel it was made on.
    #[error("kernel is another one than {made_on}, where the snapshot was made: run `blink warm ARTIFACT` again")]
    Kernel { made_on: String },
    #[error("processor has other features than where the snapshot was made: run `blink warm ARTIFACT` again")]
    Cpu,
    #[error("kernel gives processes another vDSO than when the snapshot was made: run `blink warm ARTIFACT` again")]
    Vdso,
    #[error("{path} was changed or replaced since the snapshot was made: run `blink warm ARTIFACT` again", path = path.display())]
    FileChanged { path: PathBuf },
    #[error(
        "{path} names another file than the one that is held open, and a snapshot is of a name: nothing is to be done",
        path = path.display()
    )]
    Replaced { path: PathBuf },
    /// A [`Step`] by its number, and the error number.
    #[error("kernel or sandbox forbids {what}: {error}; workers start normally here", what = step_words(*step), error = os_error(*error))]
    Forbidden { step: u32, error: u32 },
    /// The restorer cannot be executed.
    #[error("restorer cannot be started: {error}; workers start normally here")]
    NoRestorer { error: String },
    #[error("snapshots are not made on this system: x86-64 Linux only")]
    Unsupported,
    /// How it ended.
    #[error(
        "restored worker died before it answered ({how}), and its snapshot was removed: run `blink warm ARTIFACT` again"
    )]
    Crashed { how: String },
    /// How it ended.
    #[error(
        "restored worker was ended from outside before it answered ({how}), and its snapshot kept: nothing is to be done"
    )]
    Ended { how: String },
}

impl Reason {
    /// The short name that counts go by. It stays when the words change.
    pub const fn name(&self) -> &'static str {
        match self {
            Reason::NoneMade => "none-made",
            Reason::NotTrusted { .. } => "not-trusted",
            Reason::Unreadable { .. } => "unreadable",
            Reason::Damaged { .. } => "damaged",
            Reason::Format { .. } => "format",
            Reason::OtherKey => "other-key",
            Reason::Kernel { .. } => "kernel",
            Reason::Cpu => "cpu",
            Reason::Vdso => "vdso",
            Reason::FileChanged { .. } => "file-changed",
            Reason::Replaced { .. } => "replaced",
            Reason::Forbidden { .. } => "forbidden",
            Reason::NoRestorer { .. } => "no-restorer",
            Reason::Unsupported => "unsupported",
            Reason::Crashed { .. } => "crashed",
            Reason::Ended { .. } => "ended",
        }
    }
}

fn step_words(step: u32) -> &'static str {
    Step::ALL.get(step as usize).map_or("a step of the restorer", |step| step.words())
}

pub(crate) fn os_error(error: u32) -> std::io::Error {
    std::io::Error::from_raw_os_error(error.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Reason> {
        let path = || PathBuf::from("/models/a.blink");
        vec![
            Reason::NoneMade,
            Reason::NotTrusted { path: path(), why: Distrust::Owner { found: 65534, expected: 1000 } },
            Reason::Unreadable { path: path(), error: os_error(2).to_string() },
            Reason::Damaged { how: "its sum is another one" },
            Reason::Format { found: 7 },
            Reason::OtherKey,
            Reason::Kernel { made_on: "6.1.0 #1 SMP".into() },
            Reason::Cpu,
            Reason::Vdso,
            Reason::FileChanged { path: path() },
            Reason::Replaced { path: path() },
            Reason::Forbidden { step: Step::Vdso as u32, error: 1 },
            Reason::NoRestorer { error: os_error(13).to_string() },
            Reason::Unsupported,
            Reason::Crashed { how: "signal 11".into() },
            Reason::Ended { how: "signal 9".into() },
        ]
    }

    #[test]
    fn every_reason_has_a_name_of_its_own_and_says_what_to_do() {
        let mut names: Vec<_> = all().iter().map(Reason::name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        for reason in all() {
            let words = reason.to_string();
            let says =
                ["nothing is to be done", "blink warm ARTIFACT", "workers start normally here", "x86-64 Linux only"];
            assert!(says.iter().any(|advice| words.contains(advice)), "{words}");
            assert!(!words.contains('\n') && !words.ends_with('.'), "{words}");
        }
    }

    #[test]
    fn a_step_that_is_not_known_has_words_too() {
        let words = Reason::Forbidden { step: 99, error: 1 }.to_string();
        assert!(words.contains("a step of the restorer") && words.contains("not permitted"), "{words}");
        assert!(Reason::Forbidden { step: Step::Map as u32, error: 12 }.to_string().contains("mapping a segment"));
    }
}
