//! `blink compile --device cuda`, and what inspect and verify say of its artifacts. None of it needs a device.

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::bert::Bert;
use blink_examples::resnet50::ResNet;
use blink_examples::{GraphBuilder, dims, values};
use blink_tensors::DType;
use serde_json::{Value, json};

use crate::support::{Folder, models};

const NOTE: &str = "compiled without a device";

fn with_networks() -> Folder {
    let folder = Folder::new();
    folder.model("resnet.onnx", &ResNet::tiny().model());
    folder.model("bert.onnx", &Bert::tiny().model());
    folder
}

fn compiled(folder: &Folder, line: &str) -> Value {
    let ended = folder.blink(&format!("compile {line} --format json")).ok();
    assert!(ended.stderr.contains(NOTE) || !line.contains("cuda"), "{}", ended.stderr);
    ended.json("blink.compile/2")
}

fn inspected(folder: &Folder, artifact: &str) -> Value {
    folder.blink(&format!("inspect {artifact} --format json")).ok().quiet().json("blink.inspect/1")
}

/// `x` f32 [1, 2] times two weights, [2, 2] of one value each, is `y`.
fn product(first: f32, second: f32) -> ModelProto {
    let mut graph = GraphBuilder::new("product");
    graph.input("x", DType::F32, &dims![1, 2]);
    graph.initializer("w", &values(&[2, 2], &[first; 4]));
    graph.initializer("v", &values(&[2, 2], &[second; 4]));
    graph.node("MatMul", &["x", "w"], &["a"], []);
    graph.node("MatMul", &["a", "v"], &["y"], []);
    graph.output("y", DType::F32, &dims![1, 2]);
    graph.model()
}

#[test]
fn an_artifact_for_cuda_says_so() {
    let folder = with_networks();
    let summary = compiled(&folder, "resnet.onnx --device cuda -o cuda.blink");
    assert_eq!((&summary["device"], &summary["target"]), (&json!("cuda"), &json!(portable())));
    let device = &summary["models"][0]["device"];
    assert_eq!((&device["precision"], &device["cudnn"]), (&json!("fp32"), &json!(true)));
    assert_eq!((&device["trial"], &device["half"]), (&Value::Null, &Value::Null));
    assert_eq!(device["error"], json!([{ "max_abs": 0.0, "max_rel": 0.0 }]));
    assert!(summary["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains(NOTE)));

    let report = inspected(&folder, "cuda.blink");
    assert_eq!((&report["format_version"], &report["execution_provider"]), (&json!(3), &json!("cuda")));
    let model = &report["models"][0];
    let chosen = (&model["encoding"], &model["optimisation"], &model["prepack"]);
    assert_eq!(chosen, (&json!("onnx"), &json!("extended"), &json!(true)));
    let uploaded = model["device"]["weights"].as_array().unwrap();
    assert!(uploaded.iter().all(|weight| weight["dtype"] == "f32" && weight["offset"].as_u64().unwrap() % 64 == 0));
    let told = folder.blink("inspect cuda.blink").ok();
    for words in ["CUDA", "fp32", "needs cuDNN", "trial   none"] {
        assert!(told.text().contains(words), "{words}: {}", told.text());
    }
    let verified = folder.blink("verify cuda.blink --format json").ok().json("blink.verify/1");
    assert_eq!(verified["golden"][0][1], json!({ "verdict": "exact" }));
    assert_eq!(verified["execution_provider"], "cuda");
    assert!(folder.blink("verify cuda.blink").ok().text().contains("no device was asked"));

    let cpu = compiled(&folder, "resnet.onnx -o cpu.blink");
    assert_eq!((&cpu["device"], &cpu["models"][0]["device"]), (&json!("cpu"), &Value::Null));
    assert_eq!(inspected(&folder, "cpu.blink")["format_version"], 1);
}

#[test]
fn operators_that_the_device_lacks_are_not_made() {
    let folder = with_networks();
    let changed = |line: &str| compiled(&folder, line)["models"][0]["changed"].to_string();
    assert!(changed("resnet.onnx --target portable -o cpu.blink").contains("FusedConv"));
    let cuda = changed("resnet.onnx --device cuda -o cuda.blink");
    assert!(!cuda.contains("FusedConv") && cuda.contains("BatchNormalization"), "{cuda}");
    let bert = changed("bert.onnx --device cuda -o bert.blink");
    assert!(bert.contains("BiasGelu") && !bert.contains("FusedGemm"), "{bert}");
}

#[test]
fn half_floats_halve_the_weights_and_tell_what_they_lose() {
    let folder = with_networks();
    for model in ["resnet", "bert"] {
        let float = compiled(&folder, &format!("{model}.onnx --device cuda -o {model}.blink"));
        let half = compiled(&folder, &format!("{model}.onnx --device cuda --precision fp16 -o {model}-16.blink"));
        let device = |summary: &Value| summary["models"][0]["device"].clone();
        let bytes = |summary: &Value| device(summary)["weights_bytes"].as_u64().unwrap();
        assert!(bytes(&half) * 10 < bytes(&float) * 7, "{model}: {} of {}", bytes(&half), bytes(&float));
        let (half, device) = (half["models"][0]["outputs"].clone(), device(&half));
        assert_eq!(device["error"].as_array().map(Vec::len), half.as_array().map(Vec::len));
        let error = device["error"][0]["max_rel"].as_f64().unwrap();
        assert!(error > 1e-6 && error < 2e-2, "{model}: {error}");
        assert!(device["half"]["half"].as_u64().unwrap() > 10 && device["half"]["casts"].as_u64().unwrap() <= 8);

        let report = inspected(&folder, &format!("{model}-16.blink"));
        assert_eq!(report["models"][0]["device"]["error"], device["error"]);
        let dtypes = |side: &str| report["models"][0][side].clone();
        let before = inspected(&folder, &format!("{model}.blink"))["models"][0].clone();
        assert_eq!((dtypes("inputs"), dtypes("outputs")), (before["inputs"].clone(), before["outputs"].clone()));
        let told = folder.blink(&format!("inspect {model}-16.blink")).ok();
        assert!(told.text().contains("fp16") && told.text().contains("against fp32"), "{}", told.text());
        folder.blink(&format!("verify {model}-16.blink")).ok();
    }
}

#[test]
fn with_known_shapes_more_is_fused_and_is_half_too() {
    let folder = with_networks();
    let line = "bert.onnx --device cuda --precision fp16 --set-dim batch=2 --set-dim sequence=8 -o fixed.blink";
    let model = compiled(&folder, line)["models"][0].clone();
    let made = |operator: &str| {
        let changed = model["changed"].as_array().unwrap().iter().find(|change| change["operator"] == operator);
        changed.map_or(0, |change| change["after"].as_u64().unwrap())
    };
    assert!(made("com.microsoft:SkipLayerNormalization") > 0, "{model}");
    assert!(!model["device"]["half"]["float"].to_string().contains("SkipLayerNormalization"), "{model}");
    folder.blink("verify fixed.blink").ok();
}

#[test]
fn what_passes_half_floats_is_refused_and_fp32_is_named() {
    let folder = Folder::new();
    folder.model("large.onnx", &product(30_000.0, 1000.0));
    let refused = folder.blink("compile large.onnx --device cuda --precision fp16").refused(7);
    refused.names(&["output 'y'", "half floats", "--precision fp32"]);
    assert_eq!(folder.names(), ["large.onnx"]);
    folder.blink("compile large.onnx --device cuda --precision fp32").ok();
    // A weight that half floats cannot hold is no reason: its node stays float.
    folder.model("wide.onnx", &product(1.0, 1e6));
    let summary = compiled(&folder, "wide.onnx --device cuda --precision fp16");
    assert_eq!(summary["models"][0]["device"]["half"]["float"], json!({ "MatMul": 1 }));
}

#[test]
fn a_model_without_floats_has_nothing_to_lose() {
    let folder = Folder::new();
    folder.model("two.onnx", &models::two());
    let summary = compiled(&folder, "two.onnx --device cuda --precision fp16");
    let device = &summary["models"][0]["device"];
    assert_eq!(device["half"], json!({ "half": 0, "float": {}, "casts": 0 }));
    assert_eq!((&device["weights_bytes"], &device["cudnn"]), (&json!(0), &json!(false)));
    assert!(summary["notes"][0].as_str().unwrap().contains("nothing in 'two' computes in half floats"), "{summary}");
}

#[test]
fn models_of_the_other_device_are_not_taken_over() {
    let folder = Folder::new();
    folder.model("one.onnx", &models::one());
    folder.blink("compile one.onnx -o cpu.blink --target portable").ok();
    folder.blink("compile one.onnx -o cuda.blink --device cuda --precision fp16").ok();
    let refused = folder.blink("compile --model a=cpu.blink --device cuda -o out.blink").refused(4);
    refused.names(&["cpu.blink was compiled for CPU", "for CUDA", "--device cuda"]);
    let refused = folder.blink("compile --model a=cuda.blink --model one.onnx -o out.blink").refused(4);
    refused.names(&["cuda.blink was compiled for CUDA", "for CPU", "--device cpu"]);
    // Its own are, with all that is known of them.
    let summary = compiled(&folder, "--model a=cuda.blink --model one.onnx --device cuda -o both.blink");
    let precision = |model: usize| summary["models"][model]["device"]["precision"].clone();
    assert_eq!((precision(0), precision(1)), (json!("fp16"), json!("fp32")));
    let device = |artifact: &str| inspected(&folder, artifact)["models"][0]["device"].clone();
    assert_eq!(device("both.blink"), device("cuda.blink"));
    folder.blink("verify both.blink").ok();
}

#[test]
fn wrong_uses_are_refused_in_words() {
    let folder = Folder::new();
    folder.model("one.onnx", &models::one());
    for precision in ["fp16", "fp32"] {
        let refused = folder.blink(&format!("compile one.onnx --precision {precision}")).refused(2);
        refused.names(&["--precision", precision, "--device cuda"]);
    }
    for class in ["x86-64", "x86-64-avx2", "aarch64"] {
        let refused = folder.blink(&format!("compile one.onnx --device cuda --target {class}")).refused(2);
        refused.names(&["--target", class, "--device cuda", "portable"]);
    }
    for typed in ["--device gpu", "--device cuda:1", "--device cuda --precision bf16", "--device cuda --precision half"]
    {
        folder.blink(&format!("compile one.onnx {typed}")).run().misused();
    }
    assert_eq!(folder.names(), ["one.onnx"]);
    for target in ["host", "portable"] {
        folder.blink(&format!("compile one.onnx --device cuda --target {target} -o {target}.blink")).ok();
    }
    assert!(folder.read("host.blink") == folder.read("portable.blink"));
}

#[test]
fn a_guest_may_stand_beside_a_model_for_a_device() {
    let folder = Folder::new();
    folder.model("one.onnx", &models::one());
    let wasm = wat::parse_str("(module (memory (export \"memory\") 1) (func (export \"_start\")))").unwrap();
    folder.write("guest.wasm", wasm);
    folder.blink("compile one.onnx --guest guest.wasm --device cuda -o both.blink").ok();
    let report = inspected(&folder, "both.blink");
    assert_eq!((&report["format_version"], &report["guest"]["name"]), (&json!(3), &json!("guest")));
}

/// What an artifact for every host like this one says of them.
fn portable() -> &'static str {
    blink_runtime::host::class().portable().name()
}
