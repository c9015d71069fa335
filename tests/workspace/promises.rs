//! What `docs/security.md` promises is tested by tests that are there, and what files can have wrong has many names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::root;

/// Tests as the page names them: `tests/serve/hostile.rs: a_bomb_is_not_unpacked`, in backticks.
fn named(page: &str) -> Vec<(&str, &str)> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|words| words.split_once(".rs: ").map(|(_, name)| (&words[..words.len() - name.len() - 2], name)))
        .collect()
}

#[test]
fn every_test_that_the_page_on_security_names_is_there() {
    let page = fs::read_to_string(root().join("docs/security.md")).expect("the page on security");
    let named = named(&page);
    assert!(named.len() >= 10, "the page names {} tests: its tables are not read", named.len());
    for (file, name) in named {
        let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| {
            panic!("docs/security.md names {file}: {error}. Name the file where the test is now.")
        });
        let lines: Vec<_> = source.lines().map(str::trim).collect();
        let at = lines.iter().position(|line| line.starts_with(&format!("fn {name}(")));
        let is_test = at.is_some_and(|at| lines[at.saturating_sub(4)..at].contains(&"#[test]"));
        assert!(
            is_test,
            "docs/security.md promises what {file}: {name} tests, and there is no such test. If it has another name, \
             write that; if it went, so has the promise."
        );
    }
}

#[test]
fn tests_are_found_in_a_page() {
    let page = "| a | b | `tests/a.rs: one`, `tests/b.rs: two` | `a::b`: c | `tests/c.rs` |";
    assert_eq!(named(page), [("tests/a.rs", "one"), ("tests/b.rs", "two")]);
}

/// Names of errors as code has them: `OpenError::HostClass`.
fn errors(source: &str, found: &mut BTreeSet<String>) {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    for (at, _) in source.match_indices("Error::") {
        let start = source[..at].rfind(|c| !is_name(c)).map_or(0, |before| before + 1);
        let end = at + "Error::".len();
        let variant = source[end..].split(|c| !is_name(c)).next().unwrap_or_default();
        if variant.starts_with(|c: char| c.is_uppercase()) {
            found.insert(format!("{}::{variant}", &source[start..at + "Error".len()]));
        }
    }
}

fn errors_in(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            errors_in(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            errors(&fs::read_to_string(&entry).expect("source is UTF-8"), found);
        }
    }
}

/// What is wrong with an artifact or a file of tensors has a name of its own, and a test that asks for that name.
#[test]
fn a_hundred_things_can_be_wrong_with_a_file_and_each_has_its_own_error() {
    let mut found = BTreeSet::new();
    ["artifact/tests", "tensors/tests"].iter().for_each(|tests| errors_in(&root().join(tests), &mut found));
    assert!(found.contains("OpenError::StructureHash"), "the tests are not read: {found:?}");
    assert!(found.len() >= 100, "{} errors are asked for by name: {found:?}", found.len());
}
