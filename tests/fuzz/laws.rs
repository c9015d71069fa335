//! Every law on every input that is kept.

use std::panic::catch_unwind;
use std::path::Path;

use blink_fuzz::restored::Subject;
use blink_fuzz::{LAWS, Law, Outcome};

use crate::files::{files, fuzz};

/// What came of each input of `kind`.
fn outcomes(kind: &str, name: &str, check: impl Fn(&[u8]) -> Outcome) -> Vec<(String, Outcome)> {
    let outcome = |path: &Path| {
        let input = std::fs::read(path).expect("a file");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        println!("{}", path.display());
        (name, check(&input))
    };
    files(&fuzz().join(kind).join(name)).iter().map(|path| outcome(path)).collect()
}

/// Seeds are there to be changed: each must be taken as it is, or the fuzzer begins at a closed door.
fn seeds_are_taken(name: &str, check: impl Fn(&[u8]) -> Outcome) {
    let outcomes = outcomes("seeds", name, check);
    let refused: Vec<_> = outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Refused).collect();
    assert!(!outcomes.is_empty() && refused.is_empty(), "{name}: {refused:?} are refused");
}

#[test]
fn seeds() {
    for (name, check) in LAWS {
        seeds_are_taken(name, check);
    }
}

#[test]
fn what_was_found_once() {
    for (name, check) in LAWS {
        outcomes("regressions", name, check);
    }
}

#[test]
fn a_restored_worker() {
    let subject = Subject::new(env!("CARGO_BIN_EXE_blink").as_ref());
    seeds_are_taken("restored", |input| subject.check(input));
    outcomes("regressions", "restored", |input| subject.check(input));
}

/// Bytes that are nothing, for whoever reads them; but for calls of guests, of which these are none.
#[test]
fn nonsense_is_refused() {
    for (name, check) in LAWS {
        check(b"");
        let expected = if name.starts_with("nn_") { Outcome::Taken } else { Outcome::Refused };
        for input in [&b"\0"[..], b"\xff\xff"] {
            assert_eq!(check(input), expected, "{name}: {input:?}");
        }
    }
}

/// A law that holds of everything holds nothing: with a law that does not, the same walk over the same files fails.
#[test]
fn a_broken_law_is_noticed() {
    let broken: Law = ("npy", |input| {
        assert!(!input.windows(5).any(|text| text == b"'|b1'"), "bools are broken");
        Outcome::Taken
    });
    let noticed = catch_unwind(|| seeds_are_taken(broken.0, broken.1)).expect_err("a seed breaks it");
    assert_eq!(noticed.downcast_ref::<&str>(), Some(&"bools are broken"));
}
