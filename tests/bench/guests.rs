//! `--stdin`: an artifact's guest, its answer what it writes to stdout.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::here::{FEW, left_out, runs, ways};
use crate::programs::{answer, compile, compiled, module};
use crate::support::home::Home;

/// A home with `guest.blink`, which with any argument does what `hostile` says; and `in.bin` for its stdin.
fn home(hostile: &str) -> Home {
    let folder = compiled(&module("", hostile));
    folder.write("in.bin", b"nobody reads this");
    Home::of(folder)
}

/// Measures `guest.blink` with few launches and these words too; the measurement.
fn measure(home: &Home, words: &str) -> Value {
    home.blink(&format!("bench guest.blink --stdin in.bin {FEW} --format json {words}")).ok().json("blink.bench/1")
}

fn phases(run: &Value) -> BTreeSet<&str> {
    run["phases"].as_array().expect("phases").iter().map(|time| time["phase"].as_str().expect("a phase")).collect()
}

#[test]
fn both_starts_of_a_guest_are_measured() {
    let home = home("nop");
    let measurement = measure(&home, "--threads 1");
    assert_eq!(ways(&measurement), ["snapshot", "normal"]);
    let restored = ["spawn", "restore", "input", "guest", "inference", "output"];
    let normal =
        ["spawn", "open", "library", "environment", "session", "link", "input", "guest", "inference", "output"];
    for (way, expected) in [("snapshot", &restored[..]), ("normal", &normal[..])] {
        let runs = runs(&measurement, way, "hot");
        assert_eq!(runs.len(), 3);
        for run in runs {
            assert_eq!(phases(run), expected.iter().copied().collect(), "{way}");
            assert!(run["cold_ms"].as_f64().unwrap() > 0.0 && run["pss_bytes"].as_u64().unwrap() > 0, "{run}");
        }
    }
    let subject = &measurement["subject"];
    assert_eq!((&subject["model"], &subject["guest"]["name"]), (&"one".into(), &"guest".into()));
    assert!(subject["guest"]["bytes"].as_u64().unwrap() > 100, "{subject}");
    assert_eq!(subject["inputs"][0], "stdin, 17 bytes");
    assert!(measurement["answers"]["held_against"].as_str().unwrap().contains("golden runs were right"));
    assert_eq!(measurement["answers"]["digest"], blake3::hash(&answer()).to_hex().to_string());
    assert_eq!(measurement["ways"][1]["warm_ms"][1].as_array().unwrap().len(), 3);
    assert!(measurement["ways"].as_array().unwrap().iter().all(|way| way["syscalls"].as_u64().unwrap() > 0));
    assert_eq!(left_out(&measurement), "[]");
}

#[test]
fn a_guest_is_measured_where_stdin_is_given_and_its_model_where_not() {
    let home = home("nop");
    let model = home.blink(&format!("bench guest.blink {FEW} --format json")).ok().json("blink.bench/1");
    assert!(model["subject"]["guest"].is_null(), "{}", model["subject"]);
    assert!(!phases(&runs(&model, "normal", "hot")[0]).contains("link"));
    home.blink("compile one.onnx -o one.blink").ok();
    let without = home.blink("bench one.blink --stdin in.bin").run().failed(2);
    assert!(without.stderr.contains("one.blink has no guest"), "{}", without.stderr);
    let missing = home.blink("bench guest.blink --stdin none.bin").run().failed(1);
    assert!(missing.stderr.contains("none.bin, which is to be stdin"), "{}", missing.stderr);
    home.blink("bench guest.blink -- x").run().misused();
    home.blink("bench guest.blink --stdin in.bin --model one").run().misused();
    home.blink("bench guest.blink --stdin in.bin --input x.npy").run().misused();
    home.blink("bench guest.blink --stdin in.bin --sweep batch=1").run().failed(2);
}

#[test]
fn a_guest_that_ends_badly_is_no_figure() {
    let exits = home("(call $proc_exit (i32.const 3))");
    let bench = |home: &Home| home.blink(&format!("bench guest.blink --stdin in.bin {FEW} -- x")).run();
    let ended = bench(&exits).failed(1);
    assert!(ended.stderr.contains("exit code 3") && ended.stdout.is_empty(), "{}", ended.stderr);
    let traps = bench(&home("unreachable")).failed(1);
    assert!(traps.stderr.contains("trapped"), "{}", traps.stderr);
}

#[test]
fn a_guest_that_answers_otherwise_each_time_is_no_figure() {
    // Eight random bytes, written to stdout.
    let random = home(
        "(call $must (call $random_get (i32.const 2048) (i32.const 8)))
         (i32.store (i32.const 2064) (i32.const 2048)) (i32.store (i32.const 2068) (i32.const 8))
         (call $must (call $fd_write (i32.const 1) (i32.const 2064) (i32.const 1) (i32.const 2072)))",
    );
    let ended = random.blink(&format!("bench guest.blink --stdin in.bin {FEW} -- x")).run().failed(5);
    assert!(ended.stderr.contains("wrong answer"), "{}", ended.stderr);
}

#[test]
fn peers_read_the_same_stdin() {
    let home = home("nop");
    home.folder.write("y.bin", answer());
    home.folder.write("peer.sh", "cat > heard; cat y.bin");
    let bench = format!("bench guest.blink --stdin in.bin {FEW} --format json");
    let ended = home.blink(&bench).args(["--against", "same=sh peer.sh", "--against", "echo=cat"]).ok();
    let measurement = ended.json("blink.bench/1");
    assert_eq!(ways(&measurement), ["snapshot", "normal", "same", "echo"]);
    assert_eq!(home.folder.read("heard"), b"nobody reads this");
    assert_eq!(measurement["ways"][2]["difference"], 0.0);
    assert!(measurement["ways"][3]["difference"].is_null());
    assert!(left_out(&measurement).contains("whether echo gives the right answer"), "{measurement}");
    assert!(measurement["ways"][3]["syscalls"].as_u64().unwrap() > 5);
}

#[test]
fn sweeps_loads_and_builds_take_guests_too() {
    let home = home("nop");
    std::fs::rename(home.folder.path("guest.blink"), home.folder.path("small.blink")).unwrap();
    let padding = format!(r#"(data (i32.const 4096) "{}")"#, "x".repeat(20_000));
    compile(&home.folder, &module(&padding, "nop")).ok();
    let measurement = measure(&home, "--sweep size=guest.blink,small.blink --sweep-runs 2 --sweep workers=2");
    let sizes = &measurement["sweeps"][0];
    assert_eq!(sizes["axis"], "guest");
    let at: Vec<f64> = (0..2).map(|point| sizes["points"][point]["at"].as_f64().unwrap()).collect();
    assert!(at[0] + 15_000.0 < at[1] && at[1] < 30_000.0, "{at:?}");
    assert_eq!(sizes["points"][0]["label"], "small.blink");
    for way in sizes["points"][1]["ways"].as_array().unwrap() {
        assert_eq!(way["cold_ms"].as_array().unwrap().len(), 2);
    }
    assert_eq!(measurement["sweeps"][1]["points"][0]["ways"].as_array().unwrap().len(), 2);

    let loaded = measure(&home, "--mode throughput --concurrency 2 --seconds 0.2");
    assert!(loaded["loads"].as_array().unwrap().iter().all(|load| !load["latency_us"].as_array().unwrap().is_empty()));

    let ab = format!("bench ab guest.blink --stdin in.bin {FEW} --base");
    let ended = home.blink(&ab).arg(crate::support::folder::BLINK).ok();
    assert!(ended.text().contains("base-snapshot"), "{}", ended.text());
}
