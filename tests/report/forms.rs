//! Every form of a report, and what is refused.

use serde_json::Value;

use crate::made_up;
use crate::support::Folder;

/// A folder with two measurements, and what an old report left.
fn folder() -> Folder {
    let folder = Folder::new();
    made_up::full().write(&folder.path("full.json")).expect("the folder can be written to");
    made_up::near().write(&folder.path("near.json")).expect("the folder can be written to");
    folder.write("old.html", "old");
    folder
}

#[test]
fn the_form_is_that_of_the_name_or_the_one_asked_for() {
    let folder = folder();
    for (arguments, start) in [
        ("full.json", "<!doctype html>"),
        ("full.json near.json --as html", "<!doctype html>"),
        ("full.json near.json --as markdown", "## Cold start of"),
        ("full.json --as svg", "<svg "),
        ("full.json --as junit", "<?xml "),
        ("full.json --as github-action-benchmark", "["),
        ("full.json --as bencher", "{"),
    ] {
        let ended = folder.blink(&format!("bench report {arguments}")).ok();
        assert!(ended.text().starts_with(start), "{arguments}: {}", ended.text());
    }
    for (name, start) in [("a.html", "<!doctype"), ("a.md", "## "), ("a.xml", "<?xml"), ("a.svg", "<svg")] {
        folder.blink(&format!("bench report full.json -o {name}")).ok();
        assert!(folder.read(name).starts_with(start.as_bytes()), "{name}");
    }
    folder.blink("bench report full.json --as bencher -o a.html").ok();
    assert!(folder.read("a.html").starts_with(b"{"));
}

#[test]
fn exports_hold_the_figures_of_the_measurement() {
    let folder = folder();
    let full = made_up::full();
    let cold = full.ways[0].states[0].cold_ms();
    let median = blink_benches::statistics::median(&cold).expect("starts");
    let json = |form: &str| -> Value {
        serde_json::from_slice(&folder.blink(&format!("bench report full.json --as {form}")).ok().stdout).expect("JSON")
    };
    let bencher = json("bencher");
    let metric = &bencher["resnet50.blink/snapshot/hot"]["cold-ms"];
    assert_eq!(metric["value"], median);
    assert!(metric["lower_value"].as_f64().expect("a number") < median);
    let github = json("github-action-benchmark");
    let entries = github.as_array().expect("an array");
    let entry = entries.iter().find(|entry| entry["name"] == "resnet50.blink/snapshot/hot cold").expect("an entry");
    assert_eq!((&entry["value"], &entry["unit"]), (&Value::from(median), &Value::from("ms")));
    let all =
        entries.iter().all(|entry| entry["value"].is_f64() && entry["unit"].as_str().is_some_and(|u| !u.is_empty()));
    assert!(all && entries.len() > 30, "{github}");
}

#[test]
fn what_cannot_be_reported_is_refused_and_nothing_is_written() {
    let folder = folder();
    for form in ["junit", "github-action-benchmark", "bencher"] {
        let refusal = folder.blink(&format!("bench report full.json near.json --as {form} -o new")).refused(2);
        refusal.names(&[form, "found 2"]);
    }
    folder.blink("bench report full.json -o new.txt").refused(2).names(&["new.txt", "--as"]);
    folder.write("no.json", "{}");
    folder.blink("bench report full.json no.json -o old.html").refused(2).names(&["no.json", "blink.bench/1"]);
    folder.blink("bench report none.json -o old.html").refused(2).names(&["none.json"]);
    folder.blink("bench report full.json -o none/page.html").refused(1).names(&["none/page.html"]);
    assert_eq!(folder.read("old.html"), b"old");
    assert_eq!(folder.names(), ["full.json", "near.json", "no.json", "old.html"]);
}
