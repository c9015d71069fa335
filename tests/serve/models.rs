//! The models that are served here, compiled once, and requests to them with the answers they must get.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::resnet50::ResNet;
use blink_examples::{GraphBuilder, attribute, dims, values};
use blink_tensors::DType;

use crate::http::Reply;
use crate::server::{Server, wait};
use crate::support::folder::BLINK;
use crate::support::home::Home;
use crate::support::{Folder, models};

/// Dtypes of the protocol, and what it calls them.
pub(crate) const DTYPES: [(DType, &str); 14] = [
    (DType::Bool, "bool"),
    (DType::U8, "uint8"),
    (DType::U16, "uint16"),
    (DType::U32, "uint32"),
    (DType::U64, "uint64"),
    (DType::I8, "int8"),
    (DType::I16, "int16"),
    (DType::I32, "int32"),
    (DType::I64, "int64"),
    (DType::F16, "fp16"),
    (DType::F32, "fp32"),
    (DType::F64, "fp64"),
    (DType::BF16, "bf16"),
    (DType::String, "bytes"),
];

/// Side of the matrices of [`slow`].
const SIDE: usize = 256;

/// A home with `models/`, and in it these artifacts, called as they are.
pub(crate) fn home(names: &[&str]) -> Home {
    let home = Home::of(Folder::new());
    fs::create_dir(home.folder.path("models")).expect("a directory");
    names.iter().for_each(|name| place(&home, name, &format!("{name}.blink")));
    home
}

/// Puts an artifact into `models/` under another name, in one step.
pub(crate) fn place(home: &Home, artifact: &str, file: &str) {
    let (path, beside) = (home.folder.path("models").join(file), home.folder.path("beside"));
    fs::copy(compiled(artifact), &beside).unwrap_or_else(|error| panic!("{artifact}: {error}"));
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::rename(&beside, &path).unwrap_or_else(|error| panic!("{file}: {error}"));
}

/// An artifact, compiled where no test run has done so with these same programs.
pub(crate) fn compiled(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve");
    fs::create_dir_all(&directory).expect("a directory");
    let lock = File::create(directory.join("lock")).expect("a file");
    lock.lock().expect("a lock");
    let path = directory.join(format!("{name}.blink"));
    let age = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let programs = [PathBuf::from(BLINK), std::env::current_exe().expect("this program")];
    if programs.iter().any(|program| age(program) >= age(&path)) {
        let folder = Folder::new();
        let write = |(stem, model)| {
            folder.model(&format!("{stem}.onnx"), &model);
            format!("--model {stem}.onnx")
        };
        // What is called so is compiled for CUDA.
        let (model, device) = name.strip_suffix("-cuda").map_or((name, ""), |model| (model, "--device cuda"));
        let models: Vec<_> = made(model).into_iter().map(write).collect();
        folder.blink(&format!("compile {} {device} -o made.blink", models.join(" "))).ok();
        fs::copy(folder.path("made.blink"), directory.join("made")).expect("room");
        fs::rename(directory.join("made"), &path).expect("one directory");
        // A copy has its original's mode, and the time of now.
    }
    path
}

fn made(name: &str) -> Vec<(String, ModelProto)> {
    let model = match name {
        "one" => models::one(),
        "two" => models::two(),
        "doubled" => doubled(),
        "slow" => slow(),
        "heavy" => heavy(3.0),
        "heavier" => heavy(5.0),
        "hungry" => hungry(),
        "network" => ResNet::tiny().model(),
        "types" => return DTYPES.iter().map(|(dtype, name)| ((*name).to_owned(), identity(*dtype))).collect(),
        _ => panic!("no model {name}"),
    };
    vec![(name.to_owned(), model)]
}

/// As `one`, and everything twice.
fn doubled() -> ModelProto {
    let mut graph = GraphBuilder::new("doubled");
    graph.input("x", DType::F32, &dims!["batch", 3]);
    graph.initializer("w", &values(&[3, 2], &[0f32, 2.0, 2.0, 4.0, 2.0, 6.0]));
    graph.node("MatMul", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims!["batch", 2]);
    graph.model()
}

/// `x` [n] to `y` [n], as it came.
fn identity(dtype: DType) -> ModelProto {
    let mut graph = GraphBuilder::new("identity");
    graph.input("x", dtype, &dims!["n"]);
    graph.node("Identity", &["x"], &["y"], []);
    graph.output("y", dtype, &dims!["n"]);
    graph.model()
}

/// As many products of matrices as `trips` says: `y` is `x` + `trips` modulo [`SIDE`].
///
/// Each product moves the one of a unit vector to the next place, so the answer tells how often that was done.
fn slow() -> ModelProto {
    let unit = |row: usize, column: usize| f32::from(u8::from(row == column));
    let matrix = |shift: usize| {
        let cells = (0..SIDE * SIDE).map(|cell| unit((cell / SIDE + shift) % SIDE, cell % SIDE));
        values(&[SIDE, SIDE], &cells.collect::<Vec<f32>>())
    };
    let mut body = GraphBuilder::new("body");
    body.input("iteration", DType::I64, &dims![]);
    body.input("going_on", DType::Bool, &dims![]);
    body.input("turned", DType::F32, &dims![SIDE as u64, SIDE as u64]);
    body.node("MatMul", &["turned", "next"], &["further"], []);
    body.node("Identity", &["going_on"], &["still"], []);
    body.output("still", DType::Bool, &dims![]);
    body.output("further", DType::F32, &dims![SIDE as u64, SIDE as u64]);

    let mut graph = GraphBuilder::new("slow");
    graph.input("trips", DType::I64, &dims![]);
    graph.input("x", DType::F32, &dims![1]);
    graph.initializer("identity", &matrix(0));
    graph.initializer("next", &matrix(1));
    graph.initializer("first", &values(&[1], &[0i64]));
    graph.initializer("places", &values(&[SIDE], &(0..SIDE).map(|place| place as f32).collect::<Vec<_>>()));
    graph.node("Loop", &["trips", "", "identity"], &["turned"], [attribute::graph("body", body.graph())]);
    let row = graph.op("Gather", &["turned", "first"], []);
    let place = graph.op("MatMul", &[&row, "places"], []);
    graph.node("Add", &["x", &place], &["y"], []);
    graph.output("y", DType::F32, &dims![1]);
    graph.model()
}

/// Side of the matrix of [`heavy`], which has 4 MiB.
pub(crate) const HEAVY: usize = 1024;

/// `y` is `x` [1, [`HEAVY`]] times `factor`, by a product with a matrix.
fn heavy(factor: f32) -> ModelProto {
    let cells = (0..HEAVY * HEAVY).map(|cell| if cell / HEAVY == cell % HEAVY { factor } else { 0.0 });
    let mut graph = GraphBuilder::new("heavy");
    graph.input("x", DType::F32, &dims![1, HEAVY as u64]);
    graph.initializer("w", &values(&[HEAVY, HEAVY], &cells.collect::<Vec<f32>>()));
    graph.node("MatMul", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims![1, HEAVY as u64]);
    graph.model()
}

/// Takes memory for `n` [1] numbers: `y` is their sum, where each is one.
fn hungry() -> ModelProto {
    let mut graph = GraphBuilder::new("hungry");
    graph.input("n", DType::I64, &dims![1]);
    let ones = attribute::tensor("value", &values(&[1], &[1f32]));
    let many = graph.op("ConstantOfShape", &["n"], [ones]);
    graph.node("ReduceSum", &[&many], &["y"], [attribute::int("keepdims", 0)]);
    graph.output("y", DType::F32, &dims![]);
    graph.model()
}

/// A request to `one`, or to a model with its signature.
pub(crate) fn ask_one() -> String {
    ask_scaled(1.0)
}

/// The same with each element of its input times `factor`.
pub(crate) fn ask_scaled(factor: f32) -> String {
    let x = models::X.map(|x| x * factor);
    format!(r#"{{"inputs":[{{"name":"x","shape":[2,3],"datatype":"FP32","data":{x:?}}}]}}"#)
}

/// The answer is that of `one`, every element times `factor`.
pub(crate) fn is_one(reply: Reply, factor: f32) {
    let reply = reply.ok().json();
    let output = &reply["outputs"][0];
    assert_eq!((&output["name"], &output["datatype"]), (&"y".into(), &"FP32".into()), "{reply}");
    assert_eq!(output["shape"], serde_json::json!([2, 2]), "{reply}");
    let data: Vec<f32> = output["data"].as_array().expect("numbers").iter().map(number).collect();
    assert_eq!(data, models::Y.map(|y| y * factor), "{reply}");
}

/// Returns once `one` has been answered by a worker that was restored from the server's own snapshot; before that too
/// each answer is checked.
pub(crate) fn wait_for_restored(home: &Home, server: &Server) {
    wait("a snapshot", || (!home.images().is_empty()).then_some(()));
    wait("a restored worker", || {
        server.asleep("one");
        is_one(server.infer("one", ask_one()), 1.0);
        (server.metric("blink_cold_start_seconds_count", &["model=\"one\"", "kind=\"snapshot\""]) > 0.0).then_some(())
    });
}

/// A request to `slow`.
pub(crate) fn ask_slow(trips: u64, x: u64) -> String {
    format!(
        r#"{{"inputs":[{{"name":"trips","shape":[],"datatype":"INT64","data":[{trips}]}},
        {{"name":"x","shape":[1],"datatype":"FP32","data":[{x}]}}]}}"#
    )
}

/// The answer is what `slow` makes of that.
pub(crate) fn is_slow(reply: Reply, trips: u64, x: u64) {
    let reply = reply.ok().json();
    let place = trips % SIDE as u64;
    assert_eq!(number(&reply["outputs"][0]["data"][0]), (x + place) as f32, "{reply}");
}

/// A request to `heavy` or `heavier`.
pub(crate) fn ask_heavy() -> String {
    let x: Vec<usize> = (0..HEAVY).collect();
    format!(r#"{{"inputs":[{{"name":"x","shape":[1,{HEAVY}],"datatype":"FP32","data":{x:?}}}]}}"#)
}

/// The answer is what was asked of `heavy` times `factor`.
pub(crate) fn is_heavy(reply: Reply, factor: usize) {
    let reply = reply.ok().json();
    let data: Vec<f32> = reply["outputs"][0]["data"].as_array().expect("numbers").iter().map(number).collect();
    assert_eq!(data, (0..HEAVY).map(|x| (x * factor) as f32).collect::<Vec<_>>());
}

/// A request to `hungry`.
pub(crate) fn ask_hungry(numbers: u64) -> String {
    format!(r#"{{"inputs":[{{"name":"n","shape":[1],"datatype":"INT64","data":[{numbers}]}}]}}"#)
}

fn number(value: &serde_json::Value) -> f32 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}")) as f32
}
