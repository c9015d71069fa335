//! A sandbox that forbids a system call (seccomp): the start is a normal one that says so, or does without the call.

use std::process::{Command, Output};

use blink_runtime::Reason;
use libc::c_long;

use crate::fallback::is_used;
use crate::here::warmed_one;
use crate::support::home::Home;
use crate::support::refused_calls;

/// What the sandbox does with a call: refuses it as not permitted, or as not there.
const REFUSALS: [i32; 2] = [libc::EPERM, libc::ENOSYS];

/// Runs `command` where every `call` fails with `error`, in it and in all that it starts.
fn without(call: c_long, error: i32, command: Command) -> Output {
    refused_calls::without(&[call], error, command)
}

/// The report of a run where every `call` fails; it must answer right.
fn run(home: &Home, call: c_long, error: i32) -> serde_json::Value {
    let output = without(call, error, home.blink("run one.blink --input x.npy --format json").into_command());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "call {call}, error {error}: {:?} {said}", output.status);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["outputs"][0]["values"], serde_json::json!([[5.0, 14.0], [0.5, 0.0]]), "call {call}");
    report
}

#[test]
fn a_call_that_a_restore_cannot_do_without() {
    let (home, warmed) = warmed_one();
    let error = |number| std::io::Error::from_raw_os_error(number).to_string();
    for number in REFUSALS {
        let forbidden = [
            (libc::SYS_mremap, "moving the vDSO", &*error(number)),
            (libc::SYS_open, "cannot be read", &*error(number)),
            (libc::SYS_memfd_create, "restorer cannot be started", &*error(number)),
            // It then knows no kernel.
            (libc::SYS_uname, "kernel is another one", ""),
        ];
        for (call, step, why) in forbidden {
            let report = run(&home, call, number);
            let reason = report["start_reason"].as_str().expect("a reason");
            assert!(reason.contains(step) && reason.contains(why), "call {call}: {reason}");
        }
    }
    assert!(warmed.path.exists(), "a sandbox costs no snapshot");
    is_used(home.blink("run one.blink --input x.npy"));
    let forbidden = Reason::Forbidden { step: 3, error: libc::EPERM.cast_unsigned() }.to_string();
    let blink = home.blink("run one.blink --input x.npy --start snapshot");
    let output = without(libc::SYS_mremap, libc::EPERM, blink.into_command());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains(&forbidden), "{said}");
}

#[test]
fn calls_that_a_restore_can_do_without() {
    let (home, _) = warmed_one();
    let calls = [
        libc::SYS_rseq,
        libc::SYS_set_robust_list,
        libc::SYS_close_range,
        libc::SYS_madvise,
        libc::SYS_sigaltstack,
        libc::SYS_prctl,
        libc::SYS_sched_setaffinity,
    ];
    for call in calls {
        for error in REFUSALS {
            assert_eq!(run(&home, call, error)["start"], "snapshot", "call {call}, error {error}");
        }
    }
}

#[test]
fn calls_that_making_a_snapshot_cannot_do_without() {
    let (home, warmed) = warmed_one();
    let before = std::fs::read(&warmed.path).expect("the image");
    for call in [libc::SYS_mremap, libc::SYS_memfd_create, libc::SYS_open] {
        let output = without(call, libc::EPERM, home.blink("warm one.blink").into_command());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "call {call}: {said}");
        assert!(said.starts_with("blink: ") && said.lines().count() == 1, "call {call}: {said}");
    }
    assert!(before == std::fs::read(&warmed.path).expect("the image") && home.images().len() == 1);
}
