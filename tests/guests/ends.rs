//! How a guest's end is told: exit codes, traps with names, limits by name.

use super::programs::{answer, compiled, module};

#[test]
fn a_guest_that_ends_well_is_silent() {
    let folder = compiled(&module("", "nop"));
    let ended = folder.blink("run guest.blink --start normal").ok().quiet();
    assert_eq!(ended.stdout, answer());
}

#[test]
fn its_exit_code_passes_through() {
    let folder = compiled(&module("", "(call $proc_exit (i32.const 7))"));
    assert!(folder.blink("run guest.blink --start normal -- x").run().failed(7).quiet().stdout.is_empty());
}

#[test]
fn a_trap_tells_the_functions_it_was_in() {
    let folder = compiled(&module("(func $inner unreachable) (func $outer (call $inner))", "call $outer"));
    let ended = folder.blink("run guest.blink --start normal -- x").run().failed(134);
    let at = |word| ended.stderr.find(word).unwrap_or_else(|| panic!("no {word} in: {}", ended.stderr));
    assert!(at("unreachable") < at("inner") && at("inner") < at("outer") && at("outer") < at("hostile"));
}

#[test]
fn a_limit_is_told_by_its_name() {
    let folder = compiled(&module("", "(loop br 0)"));
    folder
        .blink("run guest.blink --start normal --limit time=200ms -- x")
        .refused(152)
        .names(&["'time'", "200", "--limit"]);
    let grows = "(loop (drop (memory.grow (i32.const 16))) br 0)";
    let folder = compiled(&module("", grows));
    folder
        .blink("run guest.blink --start normal --limit memory=2MiB -- x")
        .refused(152)
        .names(&["'memory'", "2097152"]);
}

#[test]
fn a_report_tells_what_was_used() {
    let folder = compiled(&module("", "nop"));
    folder.blink("run guest.blink --start normal --report report.json").ok();
    let report: serde_json::Value = serde_json::from_slice(&folder.read("report.json")).expect("JSON");
    assert_eq!((&report["schema"], &report["start"]), (&"blink.guest-run/1".into(), &"normal".into()));
    assert_eq!(report["ended"]["exit"], 0);
    assert_eq!((&report["used"]["output"], &report["used"]["computes"]), (&16.into(), &1.into()));
    assert_eq!(report["used"]["memory"], 65536);
    let phases: Vec<_> = report["timeline"]["phases"].as_array().expect("phases").iter().map(|p| &p["phase"]).collect();
    for phase in ["link", "guest", "inference"] {
        assert!(phases.iter().any(|found| *found == phase), "{phase} in {phases:?}");
    }
}

#[test]
fn stdout_is_the_guests_alone() {
    let folder = compiled(&module("", "nop"));
    folder.blink("run guest.blink --start normal --format json").refused(2).names(&["--report"]);
}

#[test]
fn what_only_a_guest_can_use_is_refused_without_one() {
    let folder = super::support::models::compiled_one();
    folder.blink("run one.blink --input x.npy --env A=1").refused(2).names(&["no guest"]);
    folder.blink("run one.blink -- argument").refused(2).names(&["no guest"]);
    let folder = compiled(&module("", "nop"));
    folder.npy("x.npy", &super::support::models::x());
    folder.blink("run guest.blink --input x.npy --env A=1").refused(2).names(&["the model is run"]);
    folder.blink("run guest.blink --start normal --input x.npy -o y.npy").ok();
}

#[test]
fn wrong_grants_are_told() {
    let folder = compiled(&module("", "nop"));
    for (typed, word) in [
        ("--limit memory", "memory"),
        ("--limit stack=1", "stack"),
        ("--limit time=1", "time"),
        ("--clock-resolution soon", "soon"),
        ("--env =1", "=1"),
        ("--env BLINK_TESTS_HAVE_NO_SUCH_VARIABLE", "BLINK_TESTS_HAVE_NO_SUCH_VARIABLE"),
        ("--dir ::x", "::x"),
        ("--dir not-there", "not-there"),
    ] {
        folder.blink(&format!("run guest.blink --start normal {typed}")).refused(2).names(&[word]);
    }
}
