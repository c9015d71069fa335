//! `blink compile`: where the artifact goes, what it is called, what is said on the way.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Folder, models};

fn with_model() -> Folder {
    let folder = Folder::new();
    folder.model("one.onnx", &models::one());
    folder
}

#[test]
fn without_an_output_the_artifact_goes_here_under_the_models_name() {
    let folder = with_model();
    std::fs::create_dir(folder.path("elsewhere")).expect("the folder is ours");
    folder.model("elsewhere/deep.model.onnx", &models::one());
    let said = folder.blink("compile one.onnx").ok().quiet();
    assert_eq!(said.text().lines().next(), Some("one.blink"));
    folder.blink("compile elsewhere/deep.model.onnx").ok();
    assert_eq!(folder.names(), ["deep.model.blink", "elsewhere", "one.blink", "one.onnx"]);
}

#[test]
fn an_artifact_is_read_only_and_replaces_an_older_one() {
    let folder = with_model();
    folder.blink("compile one.onnx -o out.blink").ok();
    let first = folder.read("out.blink");
    folder.blink("compile one.onnx -o out.blink --seed 2").ok();
    assert!(folder.read("out.blink") != first);
    let mode = std::fs::metadata(folder.path("out.blink")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o222, 0, "a file that is mapped must not be written to: mode {mode:o}");
    assert_eq!(folder.names(), ["one.onnx", "out.blink"]);
}

#[test]
fn the_summary_says_what_became_of_the_model() {
    let folder = with_model();
    let summary = folder.blink("compile one.onnx --name other --format json").ok().quiet().json("blink.compile/2");
    assert_eq!(summary["output"], "one.blink");
    assert_eq!(summary["target"], blink_runtime::host::class().name());
    let size = |name: &str| std::fs::metadata(folder.path(name)).expect("it is there").len();
    assert_eq!(summary["bytes"], size("one.blink"));
    assert_eq!((summary["models"].as_array().map(Vec::len), &summary["guest"]), (Some(1), &serde_json::Value::Null));
    let model = &summary["models"][0];
    assert_eq!((&model["name"], &model["taken_over"]), (&"other".into(), &false.into()));
    assert_eq!((&model["nodes_before"], &model["golden"]), (&1.into(), &true.into()));
    assert_eq!(model["bytes_before"], size("one.onnx"));
    let stages: Vec<_> = summary["seconds"].as_array().expect("a list").iter().map(|stage| stage[0].clone()).collect();
    assert_eq!(stages, ["read", "optimise", "try", "write", "prove"]);
}

#[test]
fn a_portable_artifact_says_so() {
    let folder = with_model();
    let said = folder.blink("compile one.onnx --target portable").ok();
    let portable = blink_runtime::host::class().portable();
    assert!(said.text().contains(portable.name()) && said.text().contains("slower"), "{}", said.text());
    // The class itself can be named as well.
    folder.blink("compile one.onnx -o named.blink --target").arg(portable.name()).ok();
    assert!(folder.read("named.blink") == folder.read("one.blink"));
}

#[test]
fn verbose_names_each_stage_on_stderr() {
    let folder = with_model();
    let said = folder.blink("compile one.onnx -v").ok();
    let stages: Vec<_> = said.stderr.lines().collect();
    let expected =
        ["reading one.onnx", "optimising one.onnx", "trying one.onnx", "writing one.blink", "proving one.blink"];
    assert_eq!(stages, expected.map(|stage| format!("blink: {stage}")));
}

#[test]
fn a_model_without_a_golden_run_is_compiled_with_a_note() {
    let folder = Folder::new();
    let cases = blink_examples::matrix::cases();
    let case = cases.iter().find(|case| case.name == "cast_string_to_f32").expect("a case that takes numbers as text");
    folder.model("text.onnx", &case.model);
    let said = folder.blink("compile text.onnx").ok();
    let lines: Vec<_> = said.stderr.lines().collect();
    assert!(matches!(lines[..], [line] if line.starts_with("blink: note: ")), "{}", said.stderr);
    assert!(folder.blink("verify text.blink").ok().text().contains("no golden run"));
}
