//! `blink compile` with several models: ONNX, artifacts, and both.

use blink_examples::resnet50::ResNet;

use crate::support::{Folder, models};

fn with_models() -> Folder {
    let folder = Folder::new();
    folder.model("one.onnx", &models::one());
    folder.model("two.onnx", &models::two());
    folder.npy("x.npy", &models::x());
    folder
}

/// Names of an artifact's models, in its order.
fn names(folder: &Folder, artifact: &str) -> Vec<String> {
    let report = folder.blink(&format!("inspect {artifact} --format json")).ok().json("blink.inspect/1");
    let models = report["models"].as_array().expect("a list");
    models.iter().map(|model| model["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn models_stand_in_the_order_given_and_each_answers() {
    let folder = with_models();
    let said =
        folder.blink("compile one.onnx --model second=two.onnx --model again=one.onnx -o all.blink").ok().quiet();
    assert_eq!(names(&folder, "all.blink"), ["one", "second", "again"]);
    assert_eq!(said.text().lines().filter(|line| line.starts_with("  model ")).count(), 3, "{}", said.text());
    let verified = folder.blink("verify all.blink --format json").ok().json("blink.verify/1");
    let exact = |name: &str| serde_json::json!([name, { "verdict": "exact" }]);
    assert_eq!(verified["golden"], serde_json::json!([exact("one"), exact("second"), exact("again")]));
    for model in ["one", "again"] {
        let line = format!("run all.blink --start normal --model {model} -i x.npy");
        assert!(folder.blink(&line).ok().text().contains("14"), "{model}");
    }
    // No positional model is needed, and the artifact is called after the first.
    folder.blink("compile --model two.onnx --model one.onnx").ok();
    assert_eq!(names(&folder, "two.blink"), ["two", "one"]);
}

#[test]
fn models_of_artifacts_are_taken_over_as_they_are() {
    let folder = with_models();
    folder.model("net.onnx", &ResNet::tiny().model());
    folder.blink("compile one.onnx --seed 7 -o one.blink").ok();
    folder.blink("compile two.onnx --model net=net.onnx --prepack off -o both.blink").ok();
    folder.blink("compile --model one.blink --model pair=both.blink --model three=one.onnx -o all.blink").ok().quiet();
    assert_eq!(names(&folder, "all.blink"), ["one", "pair.two", "pair.net", "three"]);
    folder.blink("compile --model renamed=one.blink --model both.blink -o other.blink").ok();
    assert_eq!(names(&folder, "other.blink"), ["renamed", "two", "net"]);

    let inspect = |artifact: &str| {
        folder.blink(&format!("inspect {artifact} --format json")).ok().json("blink.inspect/1")["models"].clone()
    };
    let (all, one, both) = (inspect("all.blink"), inspect("one.blink"), inspect("both.blink"));
    assert_eq!((&all[0], all[0]["golden"]["seed"].clone()), (&one[0], 7.into()));
    for (taken, before) in [(&all[1], &both[0]), (&all[2], &both[1])] {
        let mut before = before.clone();
        before["name"] = taken["name"].clone();
        assert_eq!(taken, &before, "nothing but the name has changed");
    }
    folder.blink("verify all.blink").ok();
    // One model alone comes out as it went in.
    folder.blink("compile one.blink -o copy.blink").ok();
    assert!(folder.read("copy.blink") == folder.read("one.blink"));
    folder.blink("compile --model net=net.onnx --prepack off -o net.blink").ok();
    folder.blink("compile net.blink -o same.blink").ok();
    assert!(folder.read("same.blink") == folder.read("net.blink"));
}

#[test]
fn several_models_give_the_same_bytes_each_time() {
    let folder = with_models();
    for output in ["a.blink", "b.blink"] {
        folder.blink(&format!("compile one.onnx --model two.onnx --prepack on -o {output}")).ok();
    }
    assert!(folder.read("a.blink") == folder.read("b.blink"));
}

#[test]
fn a_dim_is_for_the_models_that_have_it() {
    let folder = with_models();
    folder.blink("compile one.onnx --model two.onnx --set-dim batch=2 --set-dim n=3 -o all.blink").ok();
    let report = folder.blink("inspect all.blink --format json").ok().json("blink.inspect/1");
    assert_eq!(report["models"][0]["provenance"]["set_dims"], serde_json::json!([["batch", 2]]));
    assert_eq!(report["models"][1]["provenance"]["set_dims"], serde_json::json!([["n", 3]]));
    folder.blink("compile one.onnx --model two.onnx --set-dim m=3").refused(2).names(&["'m'", "batch, n"]);
    // What was compiled already has no dims left to set.
    folder.blink("compile one.onnx -o one.blink").ok();
    folder.blink("compile one.blink -o other.blink --set-dim batch=2").refused(2).names(&["'batch'", "none"]);
}

#[test]
fn names_that_collide_are_refused() {
    let folder = with_models();
    folder.blink("compile one.onnx --model one.onnx -o all.blink").refused(2).names(&["'one'", "--model"]);
    folder.blink("compile one.onnx --model one=two.onnx -o all.blink").refused(2).names(&["'one'"]);
    folder.blink("compile one.onnx --name one --model two.onnx").run().misused().names(&["--name", "--model"]);
    for typed in ["=two.onnx", "name=", ""] {
        folder.blink("compile one.onnx --model").arg(typed).run().misused().names(&["--model"]);
    }
    folder.blink("compile --model two.onnx --model").arg("two\nlines=one.onnx").refused(2).names(&["two"]);
    folder.blink("compile -o all.blink").run().misused().names(&["MODEL.onnx"]);
    assert_eq!(folder.names(), ["one.onnx", "two.onnx", "x.npy"]);
}

#[test]
fn artifacts_that_cannot_be_taken_over() {
    let folder = with_models();
    folder.blink("compile one.onnx -o one.blink").ok();
    folder.blink("compile two.onnx --target portable -o portable.blink").ok();
    // A portable model runs on every host; one for a class is not portable.
    folder.blink("compile one.blink --model portable.blink -o all.blink").ok();
    let refusal = folder.blink("compile one.blink --target portable -o p.blink").refused(4);
    refusal.names(&["one.blink", blink_runtime::host::class().name()]);
    // The output is none of the inputs.
    folder.blink("compile one.blink --model two.onnx -o one.blink").refused(2).names(&["one.blink", "-o"]);
    let whole = folder.read("one.blink");
    let mut damaged = whole.clone();
    let last = damaged.iter().rposition(|&byte| byte != 0).expect("it is not empty");
    damaged[last] ^= 1;
    folder.write("damaged.blink", damaged);
    folder.blink("compile damaged.blink -o new.blink").refused(5).names(&["damaged.blink"]);
    folder.write("cut.blink", &whole[..whole.len() - 4096]);
    folder.blink("compile two.onnx --model cut.blink -o new.blink").refused(5).names(&["cut.blink"]);
    assert!(!folder.names().contains(&"new.blink".to_owned()));
}

#[test]
fn sixty_four_models_fit_and_one_more_does_not() {
    let folder = with_models();
    folder.blink("compile one.onnx -o one.blink").ok();
    let line = |count: usize| -> String { (0..count).map(|index| format!(" --model m{index}=one.blink")).collect() };
    folder.blink(&format!("compile{} -o all.blink", line(64))).ok();
    assert_eq!(names(&folder, "all.blink").len(), 64);
    folder.blink("verify all.blink").ok();
    folder.blink(&format!("compile{} -o more.blink", line(65))).refused(2).names(&["65", "64"]);
}
