//! A compilation that is killed leaves nothing: the directory holds what it held before, or the complete new artifact.
//!
//! There is one exception, and it mends itself. A file that replaces another must have a name of its own for a moment,
//! since no system call puts a nameless file in the place of a named one. Killed in that moment, a compilation leaves
//! that name, and the next compilation in the directory removes it. File systems without nameless files (`O_TMPFILE`)
//! are in that state from the beginning; there the tests hold the next compilation to it, and say so.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::time::Instant;

use blink_examples::Random;
use blink_examples::large::Large;

use crate::support::Folder;

const MODEL: [&str; 2] = ["large.onnx", "large.onnx.data"];
/// The settings are fixed, so that there is one old artifact and one new one.
const OLD: &str = "compile large.onnx -o large.blink --prepack off --seed 1";
const NEW: &str = "compile large.onnx -o large.blink --prepack off --seed 2";

/// A folder with a model of 8 MiB, and the bytes of its old and its new artifact.
fn prepared() -> (Folder, Vec<u8>, Vec<u8>) {
    let folder = Folder::new();
    Large { layers: 8, width: 512, seed: 3 }.write(&folder.path("")).expect("the model is written");
    let [old, new] = [OLD, NEW].map(|line| {
        folder.blink(line).ok();
        let artifact = folder.read("large.blink");
        reset(&folder, None);
        artifact
    });
    assert!(old != new && old.len() > 8 << 20);
    (folder, old, new)
}

/// Puts the folder in its first state: the model, and the old artifact where `old` is given.
fn reset(folder: &Folder, old: Option<&[u8]>) {
    for name in folder.names().iter().filter(|name| !MODEL.contains(&name.as_str())) {
        std::fs::remove_file(folder.path(name)).expect("the folder is ours");
    }
    if let Some(old) = old {
        folder.write("large.blink", old);
    }
}

/// Whether the folder's file system has files without a name.
fn has_nameless_files(folder: &Folder) -> bool {
    let mut options = OpenOptions::new();
    let has = options.read(true).write(true).custom_flags(libc::O_TMPFILE).open(folder.path("")).is_ok();
    if !has {
        eprintln!(
            "{} has no nameless files: a killed compilation may leave one until the next",
            folder.path("").display()
        );
    }
    has
}

/// The names in the folder that do not belong there; the artifact, if there is one, is the old or the new one.
fn left_behind(folder: &Folder, old: Option<&[u8]>, new: &[u8], when: &str) -> Vec<String> {
    let names = folder.names();
    if names.iter().any(|name| name == "large.blink") {
        let found = folder.read("large.blink");
        assert!(found == new || Some(&found[..]) == old, "{when}: neither the old artifact nor the new one");
    } else {
        assert!(old.is_none(), "{when}: the old artifact is gone");
    }
    names.into_iter().filter(|name| name != "large.blink" && !MODEL.contains(&name.as_str())).collect()
}

#[test]
fn at_any_time() {
    let (folder, old, new) = prepared();
    let timed = |_| {
        let started = Instant::now();
        folder.blink(NEW).ok();
        started.elapsed()
    };
    let whole = (0..3).map(timed).min().expect("three times");
    let nameless = has_nameless_files(&folder);
    let (mut random, mut killed) = (Random::new(7), 0);
    for round in 0..30 {
        let old = (round % 2 == 0).then_some(&old[..]);
        reset(&folder, old);
        let mut command = folder.blink(NEW).into_command();
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let after = whole.mul_f32(random.uniform(0.0, 1.1));
        std::thread::sleep(after);
        child.kill().expect("it is ours");
        killed += u32::from(child.wait().expect("it is ours").code().is_none());
        let left = left_behind(&folder, old, &new, &format!("killed after {after:?} of {whole:?}"));
        assert!(left.is_empty() || old.is_some() || !nameless, "killed after {after:?}, it left {left:?}");
    }
    assert!(killed >= 5, "only {killed} of 30 compilations were still running when they were to be killed");
    folder.blink(NEW).ok();
    assert!(folder.read("large.blink") == new);
    assert_eq!(folder.names(), ["large.blink", MODEL[0], MODEL[1]], "the next compilation clears up");
}

/// Killed before each system call that changes something, one compilation for each.
mod at_every_step {
    use std::process::Stdio;

    use super::{MODEL, NEW, has_nameless_files, left_behind, prepared, reset};
    use crate::support::Folder;
    use crate::support::tracer::{Call, End, Then, trace};

    /// Compiles, and kills before change number `at`; the change, if it came to that.
    fn killed_before(folder: &Folder, at: usize) -> Option<Call> {
        let mut command = folder.blink(NEW).into_command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (mut changes, mut last) = (0, None);
        let end = trace(command, |call| {
            if !call.is_change() {
                return Then::GoOn;
            }
            changes += 1;
            if changes <= at {
                return Then::GoOn;
            }
            last.get_or_insert_with(|| call.clone());
            Then::Kill
        });
        assert_eq!(end, if last.is_some() { End::Signal(libc::SIGKILL) } else { End::Code(0) });
        last
    }

    #[test]
    fn of_a_first_compilation() {
        let (folder, _, new) = prepared();
        let nameless = has_nameless_files(&folder);
        for at in 0.. {
            reset(&folder, None);
            let Some(call) = killed_before(&folder, at) else { break };
            let left = left_behind(&folder, None, &new, call.name);
            assert!(left.is_empty() || !nameless, "killed before step {at}, {call:?}, it left {left:?}");
        }
        assert!(folder.read("large.blink") == new);
    }

    #[test]
    fn of_a_compilation_that_replaces_an_artifact() {
        let (folder, old, new) = prepared();
        let (nameless, mut replaced) = (has_nameless_files(&folder), false);
        for at in 0.. {
            reset(&folder, Some(&old));
            let Some(call) = killed_before(&folder, at) else { break };
            let left = left_behind(&folder, Some(&old), &new, call.name);
            let replaces = call.name.starts_with("rename") && call.paths.contains(&folder.path("large.blink"));
            assert!(left.is_empty() || replaces || !nameless, "killed before step {at}, {call:?}, it left {left:?}");
            if replaces {
                replaced = true;
                folder.blink(NEW).ok();
                assert_eq!(folder.names(), ["large.blink", MODEL[0], MODEL[1]], "the next compilation clears up");
            }
        }
        assert!(replaced, "no step puts the new artifact in the place of the old one");
        assert!(folder.read("large.blink") == new);
    }
}
