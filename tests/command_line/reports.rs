//! What run, inspect and verify print, as text and as JSON.

use blink_runtime::library::ORT_VERSION;

use crate::support::models;

#[test]
fn a_run_prints_a_line_for_each_output() {
    let folder = models::compiled_two();
    let said = folder.blink("run two.blink --start normal -i a=a.npy -i b=b.npy").ok().quiet();
    let lines: Vec<_> = said.text().lines().collect();
    assert_eq!(lines.len(), 2, "{}", said.text());
    assert!(lines[0].starts_with("sum ") && lines[0].contains("i64[3]") && lines[0].contains("33"), "{}", said.text());
    assert!(lines[1].starts_with("product ") && lines[1].contains("90"), "{}", said.text());
}

#[test]
fn a_run_reports_outputs_and_the_timeline_of_its_start() {
    let folder = models::compiled_one();
    let line = "run one.blink --start normal -i x.npy --threads 2 --format json --timeline start.json";
    let report = folder.blink(line).ok().quiet().json("blink.run/1");
    assert_eq!((&report["artifact"], &report["model"]), (&"one.blink".into(), &"one".into()));
    assert_eq!((&report["threads"], &report["start"]), (&2.into(), &"normal".into()));
    assert!(report["start_reason"].is_null(), "nothing else was asked for: {report}");
    let output = &report["outputs"][0];
    assert_eq!((&output["name"], &output["dtype"]), (&"y".into(), &"f32".into()));
    assert_eq!(output["shape"], serde_json::json!([2, 2]));
    assert_eq!((&output["min"], &output["max"]), (&0.0.into(), &14.0.into()));

    let timeline = &report["timeline"];
    assert_eq!(timeline["schema"], "blink.timeline/1");
    let spans = timeline["phases"].as_array().expect("a list");
    let mut phases: Vec<_> = spans.iter().map(|span| span["phase"].as_str().expect("a name")).collect();
    let begins: Vec<_> = spans.iter().map(|span| span["start_ms"].as_f64().expect("a number")).collect();
    assert!(begins.is_sorted() && begins[0] >= 0.0, "{begins:?}");
    let last = spans.iter().map(|span| span["start_ms"].as_f64().unwrap() + span["duration_ms"].as_f64().unwrap());
    assert!((last.fold(0.0, f64::max) - timeline["total_ms"].as_f64().expect("a number")).abs() < 1e-3);
    phases.sort_unstable();
    assert_eq!(phases, ["environment", "inference", "input", "library", "open", "output", "session", "spawn"]);
    let written: serde_json::Value = serde_json::from_slice(&folder.read("start.json")).expect("JSON");
    assert_eq!(written["phases"].as_array().map(Vec::len), Some(8));
}

#[test]
fn a_run_says_why_it_did_not_start_from_a_snapshot() {
    let folder = models::compiled_one();
    let said = folder.blink("run one.blink -i x.npy --format json").ok();
    let report = said.json("blink.run/1");
    assert_eq!(report["start"], "normal");
    let reason = report["start_reason"].as_str().expect("a reason");
    assert_eq!(said.stderr, format!("blink: started normally: {reason}\n"));
    // It is the default, and nothing is said where a normal start was asked for.
    assert_eq!(folder.blink("run one.blink -i x.npy --start auto").ok().stderr, said.stderr);
    folder.blink("run one.blink -i x.npy --start normal").ok().quiet();
    folder.blink("run one.blink -i x.npy --start snapshot").refused(1).names(&["one.blink", reason]);
}

#[test]
fn values_past_the_cap_are_left_out() {
    let folder = models::compiled_one();
    let report = folder.blink("run one.blink -i x.npy --format json --max-values 3").ok().json("blink.run/1");
    assert!(report["outputs"][0].get("values").is_none(), "{report}");
    assert_eq!(report["outputs"][0]["shape"], serde_json::json!([2, 2]));
    let report = folder.blink("run one.blink -i x.npy --format json --max-values 4").ok().json("blink.run/1");
    assert!(report["outputs"][0]["values"].is_array(), "{report}");
}

#[test]
fn verbose_prints_the_timeline_on_stderr() {
    let folder = models::compiled_one();
    let said = folder.blink("run one.blink -i x.npy -v").ok();
    assert_eq!(said.text().lines().count(), 1);
    for phase in ["open", "library", "environment", "session", "inference"] {
        assert!(said.stderr.lines().any(|line| line.starts_with("blink: ") && line.contains(phase)), "{}", said.stderr);
    }
}

#[test]
fn inspect_shows_sections_values_target_and_provenance() {
    let folder = models::compiled_two();
    let report = folder.blink("inspect two.blink --format json").ok().quiet().json("blink.inspect/1");
    assert_eq!((&report["format_version"], &report["signed"]), (&1.into(), &false.into()));
    assert_eq!((&report["target"], &report["runs_here"]), (&blink_runtime::host::class().name().into(), &true.into()));
    assert_eq!((&report["ort"], &report["execution_provider"]), (&ORT_VERSION.into(), &"cpu".into()));
    assert_eq!(report["bytes"], folder.read("two.blink").len());
    let kinds: Vec<_> = report["sections"].as_array().expect("a list").iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(kinds, ["manifest", "golden", "graph"]);
    let model = &report["models"][0];
    assert_eq!((&model["name"], &model["inputs"][0]["name"]), (&"two".into(), &"a".into()));
    assert_eq!(model["inputs"][1], serde_json::json!({ "name": "b", "dtype": "i64", "dims": ["n"] }));
    assert_eq!(model["provenance"]["producer"], "blink-examples");
    assert_eq!(model["provenance"]["model_hash"].as_str().map(str::len), Some(64));

    let said = folder.blink("inspect two.blink").ok().quiet();
    for fact in ["a i64[n]", "sum i64[n]", "manifest", ORT_VERSION, "runs here", "seed 1", "blink-examples"] {
        assert!(said.text().contains(fact), "'{fact}' is not in {}", said.text());
    }
}

#[test]
fn verify_says_what_it_checked() {
    let folder = models::compiled_one();
    let report = folder.blink("verify one.blink --format json").ok().quiet().json("blink.verify/1");
    assert_eq!((&report["sections"], &report["bytes"]), (&3.into(), &folder.read("one.blink").len().into()));
    assert_eq!(report["golden"], serde_json::json!([["one", { "verdict": "exact" }]]));
    let said = folder.blink("verify one.blink").ok().quiet();
    assert!(said.text().contains("every hash matches") && said.text().contains("bit for bit"), "{}", said.text());
    let said = folder.blink("verify one.blink --no-run").ok().quiet();
    assert!(said.text().contains("nothing was run"), "{}", said.text());
}
