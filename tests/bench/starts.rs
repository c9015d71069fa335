//! The measurement: ways, states, phases, costs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::here::{FEW, home, left_out, measure, runs, ways};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn phases(run: &Value) -> BTreeSet<&str> {
    run["phases"].as_array().expect("phases").iter().map(|time| time["phase"].as_str().expect("a phase")).collect()
}

#[test]
fn both_starts_are_measured_with_all_their_costs() {
    let home = home();
    let measurement = measure(&home, "--threads 1");
    assert_eq!(ways(&measurement), ["snapshot", "normal"]);
    let normal = ["spawn", "open", "library", "environment", "session", "input", "inference", "output"];
    let expected = [("snapshot", &["spawn", "restore", "input", "inference", "output"][..]), ("normal", &normal[..])];
    for (way, names) in expected {
        let runs = runs(&measurement, way, "hot");
        assert_eq!(runs.len(), 3);
        for run in runs {
            assert_eq!(phases(run), names.iter().copied().collect(), "{way}");
            let told: f64 = run["phases"].as_array().unwrap().iter().map(|time| number(&time["duration_ms"])).sum();
            assert!(told > 0.0 && told <= number(&run["cold_ms"]), "{run}");
            for cost in ["cpu_ms", "minor_faults", "peak_bytes", "pss_bytes", "private_bytes", "cached_bytes"] {
                assert!(number(&run[cost]) > 0.0, "{way} {cost}: {run}");
            }
            assert!(number(&run["user_ms"]) + number(&run["system_ms"]) > 0.0, "{run}");
            assert!(number(&run["private_bytes"]) <= number(&run["pss_bytes"]), "{run}");
        }
    }
    let way = |name: &str| measurement["ways"].as_array().unwrap().iter().find(|way| way["name"] == name).unwrap();
    assert_eq!(way("normal")["warm_ms"].as_array().unwrap().len(), 2);
    assert_eq!(way("normal")["warm_ms"][1].as_array().unwrap().len(), 3);
    let calls = |name: &str| number(&way(name)["syscalls"]);
    assert!(0.0 < calls("snapshot") && calls("snapshot") < calls("normal"), "{measurement}");
    assert!(number(&measurement["bound"]["warm_ms"]) > 0.0);
    assert!(measurement["bound"]["touch_ms"].as_array().unwrap().len() > 5);
    let overhead = &measurement["overhead"];
    assert!(number(&overhead["clock_ns"]) > 0.0 && number(&overhead["floor_ms"]) > 0.0);
    assert!(number(&overhead["looks_ms"]) > 0.0);
    assert_eq!(measurement["answers"]["held_against"], "the artifact's golden run");
    assert!(number(&measurement["answers"]["checked"]) >= 2.0 * (1.0 + 4.0 + 2.0));
    assert_eq!(measurement["left_out"], Value::Array(Vec::new()));
}

/// Each start at each level of checking is a way of its own, held to the same answer.
#[test]
fn levels_of_checking_are_measured_side_by_side() {
    let home = home();
    let measurement = measure(&home, "--start normal --verify code,lazy,full");
    assert_eq!(ways(&measurement), ["normal", "normal-lazy", "normal-full"]);
    for way in ways(&measurement) {
        assert_eq!(runs(&measurement, way, "hot").len(), 3, "{way}");
    }
    assert_eq!(measurement["left_out"], Value::Array(Vec::new()));
}

#[test]
fn starts_from_the_disk_find_nothing_in_memory_and_wait_for_it() {
    let home = home();
    let measurement = measure(&home, "--state hot,disk");
    for way in ["snapshot", "normal"] {
        let disk = runs(&measurement, way, "disk");
        assert_eq!(disk.len(), 3);
        for run in disk {
            assert_eq!(run["cached_bytes"], 0, "{way}: {run}");
            assert!(number(&run["major_faults"]) > 0.0, "{way}: {run}");
        }
        assert!(runs(&measurement, way, "hot").iter().all(|run| number(&run["cached_bytes"]) > 0.0));
    }
}

#[test]
fn the_state_of_a_file_system_in_memory_is_not_called_cold() {
    let home = home();
    let cache = tempfile::tempdir_in("/dev/shm").expect("a file system in memory");
    let bench = home.blink(&format!("bench one.blink {FEW} --state disk --start normal"));
    let ended = bench.env("BLINK_CACHE_DIR", cache.path()).run().failed(1);
    assert!(ended.stderr.contains("stay in the page cache"), "{}", ended.stderr);
}

#[test]
fn nothing_of_a_bench_stays() {
    let home = home();
    let before = home.folder.names();
    home.blink(&format!("bench one.blink {FEW}")).ok();
    let cache: Vec<_> = std::fs::read_dir(home.folder.path("cache")).unwrap().collect();
    assert!(cache.is_empty(), "{cache:?}");
    let after: Vec<_> = home.folder.names().into_iter().filter(|name| name != "cache").collect();
    assert_eq!(after, before);
}

#[test]
fn text_has_a_table_and_a_waterfall_and_the_file_has_everything() {
    let home = home();
    let ended = home.blink(&format!("bench one.blink {FEW} --threads 1 -o new.json")).ok();
    let text = ended.text();
    for expected in ["one.blink", "1 thread", "cold, ms", "p99", "by bound", "snapshot", "normal", "restore", "bound: "]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let written: Value = serde_json::from_slice(&home.folder.read("new.json")).unwrap();
    assert_eq!(ways(&written), ["snapshot", "normal"]);
    let quiet = home.blink(&format!("bench one.blink {FEW} --format json -o newer.json")).ok();
    assert!(quiet.stdout.is_empty() && home.folder.path("newer.json").exists());
}

#[test]
fn one_start_and_other_inputs() {
    let home = home();
    let measurement = measure(&home, "--start normal --input x.npy");
    assert_eq!(ways(&measurement), ["normal"]);
    assert_eq!(measurement["subject"]["inputs"][0], "x f32[2, 3]");
    assert!(measurement["answers"]["held_against"].as_str().unwrap().contains("inputs given"), "{measurement}");
    let reversed = measure(&home, "--start normal,snapshot");
    assert_eq!(ways(&reversed), ["normal", "snapshot"]);
}

#[test]
fn only_the_clock() {
    let home = home();
    let bare = measure(&home, "--bare");
    let run = &runs(&bare, "snapshot", "hot")[0];
    assert!(number(&run["cold_ms"]) > 0.0 && run["pss_bytes"].is_null() && run["minor_faults"].is_null(), "{run}");
}

#[test]
fn where_no_snapshot_can_be_made_that_is_said() {
    let home = home();
    std::fs::create_dir(home.folder.path("cache")).unwrap();
    // A name that the kernel cannot tell of a mapped file.
    std::fs::rename(home.folder.path("one.blink"), home.folder.path("o\nne.blink")).unwrap();
    let ended = home.blink(&format!("bench {FEW} --format json")).arg("o\nne.blink").ok();
    let measurement = ended.json("blink.bench/1");
    assert_eq!(ways(&measurement), ["normal"]);
    assert!(
        left_out(&measurement).contains("snapshot") && ended.stderr.contains("left out: snapshot"),
        "{}",
        ended.stderr
    );
    let asked = home.blink(&format!("bench {FEW} --start snapshot")).arg("o\nne.blink").run().failed(1);
    assert!(asked.stderr.contains("no worker can be restored"), "{}", asked.stderr);
}

#[test]
fn wrong_use_is_refused_before_anything_is_launched() {
    let home = home();
    home.blink("bench").run().misused();
    home.blink("bench one.blink --state warm").run().misused().names(&["hot or disk"]);
    home.blink("bench one.blink --runs 0").run().misused();
    home.blink("bench one.blink --start auto").run().misused();
    home.blink("bench one.blink --budget cold").run().misused();
    home.blink("bench one.blink --against").run().misused();
    home.blink("bench none.blink").run().failed(1);
    let nowhere = home.blink("bench one.blink -o none/new.json").run().failed(1);
    assert!(nowhere.stderr.contains("none/new.json cannot be written") && nowhere.stdout.is_empty());
    home.blink("bench one.blink --model two").run().failed(2);
    home.blink("bench one.blink --start normal,normal").refused(2).names(&["twice"]);
    home.blink("bench one.blink --rate 5").refused(2).names(&["--mode throughput"]);
    home.blink("bench one.blink --mode throughput --state disk").refused(2).names(&["--state disk"]);
    home.blink("bench one.blink --mode throughput --sweep batch=1").refused(2).names(&["--sweep"]);
    home.blink("bench one.blink --threads 0").run().failed(2);
    home.blink("bench one.blink --input y=x.npy").run().failed(2);
}
