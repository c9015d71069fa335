//! The inputs that are kept: every target has some, and they are small.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use blink_fuzz::LAWS;

/// Most bytes of all inputs together.
const MOST: u64 = 1 << 20;

/// The fuzzer's folder.
pub(crate) fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The files of `directory`, which may not be there, in order.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn names(directory: &Path) -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    files(directory).into_iter().map(stem).collect()
}

#[test]
fn every_target_has_a_law_and_seeds() {
    let laws: BTreeSet<_> = LAWS.iter().map(|(name, _)| (*name).to_owned()).chain(["restored".into()]).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), laws, "each law has a target, and each target a law");
    assert_eq!(names(&fuzz().join("seeds")), laws, "each target has seeds");
    let strangers: Vec<_> = names(&fuzz().join("regressions")).difference(&laws).cloned().collect();
    assert!(strangers.is_empty(), "{strangers:?} are no targets");
    let (script, manifest) = ("run.sh", "Cargo.toml");
    for file in [script, manifest] {
        let text = fs::read_to_string(fuzz().join(file)).expect("a text");
        let missing: Vec<_> = laws.iter().filter(|law| !text.contains(law.as_str())).collect();
        assert!(missing.is_empty(), "fuzz/{file} does not know {missing:?}");
    }
}

#[test]
fn kept_inputs_are_small() {
    let kept = ["seeds", "regressions"].map(|kind| files(&fuzz().join(kind))).concat();
    let all: Vec<_> = kept.iter().flat_map(|directory| files(directory)).collect();
    let bytes: u64 = all.iter().map(|file| file.metadata().expect("a file").len()).sum();
    assert!(!all.is_empty() && bytes < MOST, "{bytes} bytes: a few small inputs are enough, the fuzzer finds the rest");
}
