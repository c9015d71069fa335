//! A build that was slowed on purpose by 3 ms is caught, by `diff`, by `ab` and by a budget.
//!
//! The slowness is put into the launcher from outside: a library that is loaded before the C library makes each
//! `posix_spawn` wait. So the builds differ in nothing else, and no start is asserted to be fast: only that 3 ms more are
//! seen. This file is a test program of its own, since tests run in it one after the other.
#![cfg(target_os = "linux")]

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::folder::BLINK;
use crate::support::{home::Home, models};

/// Enough starts to tell 3 ms from noise.
const RUNS: &str = "--start snapshot --runs 30 --warm-launches 0";
/// How often a change may hide.
const ATTEMPTS: usize = 8;
/// What is loaded first.
const SLOW: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <spawn.h>
#include <time.h>
int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    struct timespec wait = {0, 3000000};
    nanosleep(&wait, 0);
    int (*next)() = dlsym(RTLD_NEXT, "posix_spawn");
    return next(pid, path, actions, attributes, argv, envp);
}
"#;

/// The library, made by the C compiler that Rust links with.
fn slow(home: &Home) -> PathBuf {
    home.folder.write("slow.c", SLOW);
    let (source, library) = (home.folder.path("slow.c"), home.folder.path("slow.so"));
    let status =
        Command::new("cc").args(["-shared", "-fPIC", "-w", "-o"]).args([&library, &source]).arg("-ldl").status();
    assert!(status.expect("a C compiler").success());
    library
}

/// `attempt`, until it gives something. A machine that is busy with other work hides 3 ms in its noise, which is no
/// fault of who compares; it does not hide them for ever.
fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let found = (0..ATTEMPTS).find_map(|_| attempt());
    found.unwrap_or_else(|| panic!("{what} did not show in {ATTEMPTS} attempts"))
}

#[test]
fn three_milliseconds_more_are_caught() {
    let home = Home::of(models::compiled_one());
    let slow = slow(&home);
    let bench = |words: &str| home.blink(&format!("bench one.blink {RUNS} {words}"));
    let report = eventually("a change between two files", || {
        bench("-o old.json").ok();
        bench("-o new.json").env("LD_PRELOAD", &slow).ok();
        let diff = home.blink("bench diff old.json new.json --format json").run();
        let report = diff.json("blink.bench-diff/1");
        (row(&report, "cold")["change"] == "worse").then(|| {
            assert!(diff.failed(3).stderr.contains("cold"));
            report
        })
    });
    let more = row(&report, "cold")["difference"]["difference"].as_f64().expect("a number");
    assert!((1.5..15.0).contains(&more), "{report}");
    // The other way round it is better, whatever became of the processor's time, and nothing differs from itself.
    let diff = home.blink("bench diff new.json old.json --format json").run();
    assert_eq!(row(&diff.json("blink.bench-diff/1"), "cold")["change"], "better");
    home.blink("bench diff old.json old.json").ok();

    // A budget halfway between what was and what is.
    let old: Value = serde_json::from_slice(&home.folder.read("old.json")).unwrap();
    let runs = old["ways"][0]["states"][0]["runs"].as_array().unwrap();
    let mut times: Vec<f64> = runs.iter().map(|run| run["cold_ms"].as_f64().unwrap()).collect();
    times.sort_by(f64::total_cmp);
    let budget = format!("--budget p50<{:.3}ms", times[times.len() / 2] + 1.5);
    let broken = bench(&budget).env("LD_PRELOAD", &slow).run().failed(3);
    assert!(broken.text().contains("BROKEN"), "{}", broken.text());

    // Two builds in turns, of which one always waits.
    let script = format!("#!/bin/sh\nLD_PRELOAD='{}' exec '{BLINK}' \"$@\"\n", slow.display());
    home.folder.write("blink-slow", script);
    fs::set_permissions(home.folder.path("blink-slow"), fs::Permissions::from_mode(0o755)).unwrap();
    let ab = |words: &str, change: &str| {
        let ended = home.blink(&format!("bench ab one.blink {RUNS} --format json {words}")).run();
        let report = ended.json("blink.bench-diff/1");
        (row(&report, "cold")["change"] == change).then_some(ended)
    };
    let slower = format!("--base {BLINK} --new ./blink-slow");
    eventually("a slower build", || ab(&slower, "worse")).failed(3);
    eventually("a faster build", || ab("--base ./blink-slow", "better"));
}

fn row<'a>(report: &'a Value, figure: &str) -> &'a Value {
    let rows = report["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["figure"] == figure).unwrap_or_else(|| panic!("no {figure}: {report}"))
}
