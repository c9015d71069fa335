//! A kernel that does not give a wall. It is made of this one: an outer sandbox refuses the calls that raise it.

use libc::c_long;

use crate::support::home::Home;
use crate::support::models;
use crate::support::refused_calls::{refusing, without};
use crate::words::{INFER, Server, asked};

const LANDLOCK: &[c_long] =
    &[libc::SYS_landlock_create_ruleset, libc::SYS_landlock_add_rule, libc::SYS_landlock_restrict_self];
const SECCOMP: &[c_long] = &[libc::SYS_seccomp];

/// Calls without which a wall cannot be raised, and what it is called.
const MISSING: [(&[c_long], &str); 2] = [(LANDLOCK, "Landlock"), (SECCOMP, "seccomp")];

fn home() -> Home {
    let home = Home::of(models::compiled_one());
    home.warm("one.blink");
    home
}

#[test]
fn at_standard_the_rest_stands_and_what_is_missing_is_told() {
    let home = home();
    for (calls, name) in MISSING {
        for error in [libc::ENOSYS, libc::EPERM] {
            for start in ["normal", "snapshot"] {
                let line = format!("run one.blink --input x.npy --start {start} -v --format json");
                let output = without(calls, error, home.blink(&line).into_command());
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{name}, {start}: {said}");
                assert!(said.contains(&format!("this kernel does not give {name}")), "{said}");
                let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
                assert_eq!(report["walls"]["landlock"].is_null(), name == "Landlock", "{report}");
                assert_eq!(report["walls"]["filter"], name != "seccomp", "{report}");
                assert_eq!(report["outputs"][0]["values"], serde_json::json!([[5.0, 14.0], [0.5, 0.0]]));
                assert_eq!(report["start"], start);
            }
        }
    }
}

#[test]
fn at_strict_nothing_is_run() {
    let home = home();
    for (calls, name) in MISSING {
        for start in ["normal", "snapshot"] {
            let line = format!("run one.blink --input x.npy --start {start} --sandbox strict");
            let output = without(calls, libc::ENOSYS, home.blink(&line).into_command());
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), &output.stdout[..]), (Some(6), &b""[..]), "{name}, {start}: {said}");
            assert!(said.contains(name) && said.contains("blink doctor") && said.lines().count() == 1, "{said}");
        }
        let output = without(calls, libc::ENOSYS, home.blink("warm one.blink --sandbox strict").into_command());
        assert!(!output.status.success(), "{name}");
        assert_eq!(home.images().len(), 1, "what was there is still there");
    }
}

#[test]
fn a_server_counts_workers_that_are_short_of_a_wall() {
    let home = home();
    for (calls, name) in MISSING {
        let blink = home.blink("serve one.blink --http 127.0.0.1:0 --grpc none --warm never");
        let (_server, said, address) = Server::start(refusing(calls, libc::ENOSYS, blink.into_command()));
        assert!(
            said.iter().any(|line| line.contains(&format!("does not give {name}: workers run behind"))),
            "{said:?}"
        );
        for _ in 0..2 {
            assert!(asked(&address, "POST /v2/models/one/infer", INFER).starts_with("HTTP/1.1 200"));
        }
        let metrics = asked(&address, "GET /metrics", "");
        assert!(metrics.contains("blink_workers_short_of_walls_total 1\n"), "one worker: {metrics}");
    }
}

#[test]
fn doctor_says_what_is_missing() {
    let home = home();
    for (calls, name) in MISSING {
        let output = without(calls, libc::ENOSYS, home.blink("doctor --format json").into_command());
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let row = |wanted: &str| {
            let rows = report["checks"].as_array().expect("rows");
            rows.iter().find(|row| row["name"] == wanted).unwrap_or_else(|| panic!("{wanted}: {report}")).clone()
        };
        assert_eq!(row(name)["state"], "warning");
        assert_eq!(row("sandbox")["state"], "warning");
        assert!(
            row("sandbox")["found"].as_str().is_some_and(|found| found.contains("strict: nothing runs")),
            "{report}"
        );
        assert_eq!(report["ready"], true, "models run all the same");
    }
}
