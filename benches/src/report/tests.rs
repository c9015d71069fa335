//! Every form of a report, from the example measurement, from one with markup for text, and from one with figures that
//! nothing ever measured.

use serde_json::Value;

use super::{bencher, github, html, junit, markdown, svg};
use crate::budget::Verdict;
use crate::figure::Unit;
use crate::measurement::Measurement;
use crate::measurement::tests::example;

/// The example with a budget that was kept, one that was broken, and one for which there was nothing to judge.
fn judged() -> Measurement {
    let verdict = |budget: &str, found: Option<f64>| Verdict {
        budget: budget.into(),
        most: 3.0,
        found,
        unit: Unit::Ms,
        kept: found.is_some_and(|found| found < 3.0),
        judged: "median of cold, snapshot, hot".into(),
    };
    let mut judged = example();
    judged.budgets = vec![verdict("cold<3ms", Some(2.45)), verdict("max<3ms", Some(3.5)), verdict("c:max<3ms", None)];
    judged.noise.doubts = vec!["others used 20 % of the processors".into()];
    judged
}

/// Every form of `measurement`, by name.
fn forms(measurement: &Measurement) -> [(&'static str, String); 8] {
    let several = [measurement.clone(), measurement.clone()];
    [
        ("html", html::html(&several[..1])),
        ("html of several", html::html(&several)),
        ("svg", svg::comparison(&several)),
        ("svg of a sweep", measurement.sweeps.first().and_then(svg::sweep).unwrap_or_default()),
        ("markdown", markdown::markdown(&several)),
        ("junit", junit::junit(measurement)),
        ("github", github::github(measurement)),
        ("bencher", bencher::bencher(measurement)),
    ]
}

/// Puts `instead` in place of each text or number, one after the other, where the file is still a measurement then.
fn replaced(instead: &Value) -> Measurement {
    fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::Array(values) => {
                values.iter().enumerate().for_each(|(index, value)| leaves(value, format!("{at}/{index}"), found))
            }
            Value::Object(values) => {
                values.iter().for_each(|(name, value)| leaves(value, format!("{at}/{name}"), found))
            }
            Value::String(_) | Value::Number(_) => found.push(at),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(judged()).unwrap();
    let mut found = Vec::new();
    leaves(&value, String::new(), &mut found);
    let mut count = 0;
    for pointer in found {
        let leaf = value.pointer_mut(&pointer).unwrap();
        if leaf.is_string() != instead.is_string() {
            continue;
        }
        let before = std::mem::replace(leaf, instead.clone());
        match serde_json::from_value::<Measurement>(value.clone()) {
            Ok(_) => count += 1,
            Err(_) => *value.pointer_mut(&pointer).unwrap() = before,
        }
    }
    assert!(count > 30, "only {count} leaves take {instead}");
    serde_json::from_value(value).unwrap()
}

/// The names of `xml`'s elements, in order; it must be well formed.
fn elements(xml: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    for tag in xml.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').expect("a tag ends");
        assert!(!text.contains('>') && tag.matches('"').count() % 2 == 0, "{tag}>{text}");
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap().to_owned();
        match (tag.starts_with('/'), tag.ends_with('/') || tag.starts_with('?')) {
            (true, _) => assert_eq!(open.pop(), Some(name)),
            (_, true) => all.push(name),
            _ => {
                all.push(name.clone());
                open.push(name);
            }
        }
    }
    assert_eq!(open, Vec::<String>::new());
    all
}

#[test]
fn no_text_of_the_file_is_markup() {
    let script = "<script>alert('1 & 2')</script>\u{0}\u{1b}\"]]>| `x`\n";
    for (form, text) in forms(&replaced(&Value::from(script))) {
        let is_json = form == "github" || form == "bencher";
        assert!(is_json || !text.contains("<script"), "{form}: {text}");
        assert!(!text.contains(['\u{0}', '\u{1b}']) && text.contains("script"), "{form}: {text}");
        if is_json {
            serde_json::from_str::<Value>(&text).unwrap();
        }
    }
    elements(&junit::junit(&replaced(&Value::from(script))));
    elements(&svg::comparison(&[replaced(&Value::from(script))]));
}

#[test]
fn no_figure_of_the_file_breaks_a_form() {
    for number in [0.0, 1e300, -1e300, 1e-300, 1e17].map(Value::from).into_iter().chain([Value::from(u64::MAX)]) {
        for (form, text) in forms(&replaced(&number)) {
            let shown = text.split('<').filter(|part| !part.starts_with("style")).collect::<String>();
            assert!(!shown.contains("NaN") && !shown.contains("inf "), "{form} of {number}");
        }
    }
}

#[test]
fn the_page_holds_what_is_there_and_nothing_from_elsewhere() {
    let page = html::html(&[judged()]);
    for fact in [
        "others used 20 % of the processors",
        "2 of 3 budgets broken.",
        "✗ broken",
        "not measured, at most",
        "2.45",
        "something, for a reason",
        "python &lt;run&gt;.py",
        "--runs 10",
    ] {
        assert!(page.contains(fact), "{fact}");
    }
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("), "{page}");
    assert!(page.find("others used").unwrap() < page.find("2 of 3 budgets").unwrap());
    let several = html::html(&[judged(), judged()]);
    assert!(several.contains("Cold starts of 2 artifacts") && several.contains("href=\"#m1\""));
}

#[test]
fn junit_has_a_case_for_each_budget() {
    let xml = junit::junit(&judged());
    let elements = elements(&xml);
    let count = |name: &str| elements.iter().filter(|element| *element == name).count();
    assert_eq!((count("testsuite"), count("testcase"), count("failure")), (1, 3, 2));
    assert!(
        xml.contains("tests=\"3\" failures=\"2\"") && xml.contains("found 3.50 ms, expected at most 3.00 ms"),
        "{xml}"
    );
    assert!(
        xml.contains("found not measured, expected at most 3.00 ms") && xml.contains("name=\"processor\""),
        "{xml}"
    );
    let mut none = judged();
    none.budgets.clear();
    assert!(junit::junit(&none).contains("No budget was set."));
}

#[test]
fn exports_have_the_fields_that_their_readers_ask_for() {
    let github: Value = serde_json::from_str(&github::github(&judged())).unwrap();
    for entry in github.as_array().unwrap() {
        assert!(entry["name"].is_string() && entry["value"].is_number(), "{entry}");
        assert!(entry["unit"].as_str().is_some_and(|unit| !unit.is_empty()) && entry["extra"].is_string(), "{entry}");
    }
    let bencher: Value = serde_json::from_str(&bencher::bencher(&judged())).unwrap();
    let cold = &bencher["tiny.blink/snapshot/hot"]["cold-ms"];
    assert!((cold["value"].as_f64().unwrap() - 2.45).abs() < 1e-9, "{bencher}");
    assert!(cold["lower_value"].as_f64() <= cold["value"].as_f64(), "{bencher}");
    assert!(bencher["tiny.blink/normal/disk"]["faults"]["value"].is_number(), "{bencher}");
    assert_eq!(bencher["tiny.blink/snapshot/closed/1"]["latency-p50-ms"]["value"], 1.0);
}

#[test]
fn markdown_says_the_verdict_first_and_keeps_its_tables_whole() {
    let text = markdown::markdown(&[judged()]);
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
    assert!(place("2 of 3 budgets broken.") < place("| budget |") && place("| budget |") < place("| Page cache hot |"));
    let tables: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
    let widths: Vec<_> = tables.iter().map(|line| line.matches('|').count()).collect();
    assert!(widths[..5].iter().all(|&width| width == 6), "{tables:#?}");
    assert!(widths[5..].chunk_by(|a, b| a == b).count() <= 2, "{tables:#?}");
}
