//! Launches of a shell, whose output, end and timing are known.

use super::*;
use crate::timeline::PhaseTime;

fn expected(output: &[u8]) -> Expected {
    Expected { digest: blake3::hash(output).to_hex().to_string(), len: output.len() }
}

fn shell(script: &str) -> ProcessLaunch {
    ProcessLaunch {
        program: "/bin/sh".into(),
        arguments: ["-c", script, "shell"].map(OsString::from).into(),
        stdin: None,
        timeline: None,
        must_write: true,
        expected: None,
    }
}

#[test]
fn output_is_kept_byte_for_byte() {
    let launched = shell("printf 'a\\000b'; printf c").launch().unwrap();
    assert_eq!(launched.output, b"a\0bc");
    assert_eq!(launched.digest, blake3::hash(b"a\0bc").to_hex().to_string());
    assert!(launched.cold_ms > 0.0 && launched.phases.is_empty() && launched.warm_ms.is_empty());
    let usage = launched.usage.unwrap();
    assert!(usage.minor_faults > 0 && usage.peak_bytes > 0, "{usage:?}");
}

#[test]
fn output_longer_than_a_pipe_and_than_the_first_buffer_is_read_whole() {
    let launched = shell("head -c 3000001 /dev/zero").launch().unwrap();
    assert!(launched.output.len() == 3_000_001 && launched.output.iter().all(|&byte| byte == 0));
}

#[test]
fn the_clock_stops_at_the_output_and_not_at_the_exit() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("gate");
    let mut waiting = shell("printf x; while [ ! -e \"$1\" ]; do sleep 0.01; done");
    waiting.arguments.push((&gate).into());
    let begin = now();
    // The child lives until it is let go, a while after its output.
    let look = |_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        File::create(&gate).unwrap();
    };
    waiting.expected = Some(expected(b"x"));
    let launched = waiting.launch_and(0, look).unwrap();
    let whole_ms = (now() - begin) as f64 / 1e6;
    assert!(whole_ms - launched.cold_ms >= 100.0, "{whole_ms} {}", launched.cold_ms);
    let late = shell("sleep 0.2; printf x").launch().unwrap();
    assert!(late.cold_ms >= 200.0, "{}", late.cold_ms);
}

#[test]
fn the_process_can_be_looked_at_when_the_output_has_come() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("gate");
    let mut waiting = shell("printf abc; while [ ! -e \"$1\" ]; do sleep 0.01; done");
    waiting.arguments.push((&gate).into());
    let mut seen = None;
    let look = |pid| {
        seen = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok();
        File::create(&gate).unwrap();
    };
    waiting.expected = Some(expected(b"abc"));
    assert_eq!(waiting.launch_and(0, look).unwrap().output, b"abc");
    if cfg!(target_os = "linux") {
        assert!(seen.is_some_and(|line| line.contains("printf abc")));
    }
    let mut called = false;
    shell("printf abc").launch_and(0, |_| called = true).unwrap();
    assert!(!called);
}

#[test]
fn a_wrong_answer_is_no_figure() {
    let right = shell("printf 42").launch().unwrap().expected();
    assert_eq!(right, expected(b"42"));
    let expected = Some(right.clone());
    assert!(ProcessLaunch { expected: expected.clone(), ..shell("printf 42") }.launch().is_ok());
    let wrong = ProcessLaunch { expected, ..shell("printf 43") }.launch();
    assert!(matches!(wrong, Err(LaunchError::WrongOutput { expected, .. }) if expected == right.digest));
}

#[test]
fn stdin_is_a_file_read_from_its_begin_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stdin");
    std::fs::write(&path, "words").unwrap();
    let launch = ProcessLaunch { stdin: Some(path), ..shell("cat") };
    for _ in 0..2 {
        assert_eq!(launch.launch().unwrap().output, b"words");
    }
    let missing = ProcessLaunch { stdin: Some(directory.path().join("none")), ..launch };
    assert!(matches!(missing.launch(), Err(LaunchError::Stdin { .. })));
    assert!(matches!(shell("cat").launch(), Err(LaunchError::NoOutput { .. })));
}

#[test]
fn later_runs_are_asked_for_and_count_for_no_usage() {
    let launched = shell("printf %s \"$1 $2\"").launch_and(7, |_| ()).unwrap();
    assert_eq!((launched.output.as_slice(), launched.usage), (&b"--repeat 7"[..], None));
}

#[test]
fn failures_are_told_apart_and_carry_what_the_child_said() {
    match shell("printf x; echo no such model >&2; exit 3").launch() {
        Err(LaunchError::Failed { status, stderr, .. }) => {
            assert_eq!((status.code(), stderr.as_str()), (Some(3), ": no such model"));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(shell("true").launch(), Err(LaunchError::NoOutput { .. })));
    let nothing = ProcessLaunch { program: "/nonexistent/program".into(), ..shell("") };
    assert!(matches!(nothing.launch(), Err(LaunchError::Spawn { .. })));
}

#[test]
fn a_worker_is_told_when_it_was_spawned_and_its_timeline_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("timeline.json");
    // $2 and $4 are the values of --timeline and --spawned-at.
    let script = r#"printf "$4"; printf '{"schema":"blink.timeline/1","total_ms":2.5,"phases":[{"phase":"spawn",
        "start_ms":0,"duration_ms":1.5}],"warm_ms":[1,2]}' > "$2""#;
    let worker = |script: &str| ProcessLaunch { timeline: Some(path.clone()), ..shell(script) };
    let before = now();
    let launched = worker(script).launch().unwrap();
    let spawned_at: u64 = String::from_utf8(launched.output).unwrap().parse().unwrap();
    assert!((before..now()).contains(&spawned_at));
    let spawn = PhaseTime { phase: "spawn".into(), start_ms: 0.0, duration_ms: 1.5 };
    assert_eq!((launched.phases, launched.warm_ms), (vec![spawn], vec![1.0, 2.0]));

    // The file of the launch before is still there, and is not this one's.
    assert!(matches!(worker("printf x").launch(), Err(LaunchError::Timeline { .. })));
    let other = worker(r#"printf x; printf '{"schema":"other/1","total_ms":1,"phases":[]}' > "$2""#);
    assert!(matches!(other.launch(), Err(LaunchError::Timeline { .. })));
}
