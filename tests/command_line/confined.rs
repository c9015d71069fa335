//! `blink compile` has a child read what the user brought: behind walls, within limits, and gone whatever becomes of it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use blink_compiler::onnx::proto::{GraphProto, ModelProto};
use blink_compiler::{Request, compile};
use blink_examples::bert::Bert;
use blink_examples::large::Large;
use blink_examples::resnet50::ResNet;
use blink_examples::{GraphBuilder, attribute, dims, matrix, values};
use blink_tensors::DType;

use crate::support::{Ended, Folder, models};

/// A model that never ends: a loop that nothing stops.
fn endless() -> ModelProto {
    let mut body = GraphBuilder::new("body");
    body.input("iteration", DType::I64, &dims![]);
    body.input("going_on", DType::Bool, &dims![]);
    body.input("value", DType::F32, &dims![1]);
    body.node("Identity", &["going_on"], &["still"], []);
    body.node("Neg", &["value"], &["next"], []);
    body.output("still", DType::Bool, &dims![]);
    body.output("next", DType::F32, &dims![1]);
    let mut graph = GraphBuilder::new("endless");
    graph.input("x", DType::F32, &dims![1]);
    graph.initializer("trips", &values(&[], &[i64::MAX]));
    graph.node("Loop", &["trips", "", "x"], &["y"], [attribute::graph("body", body.graph())]);
    graph.output("y", DType::F32, &dims![1]);
    graph.model()
}

/// A small file that needs `elements` floats to run.
fn roomy(elements: i64) -> ModelProto {
    let mut graph = GraphBuilder::new("roomy");
    graph.input("x", DType::F32, &dims![1]);
    graph.initializer("shape", &values(&[1], &[elements]));
    graph.node("Expand", &["x", "shape"], &["wide"], []);
    graph.node("Neg", &["wide"], &["other"], []);
    graph.node("ReduceSum", &["other"], &["y"], [attribute::int("keepdims", 0)]);
    graph.output("y", DType::F32, &dims![]);
    graph.model()
}

/// Graphs in graphs, so many deep.
fn nested(depth: usize) -> ModelProto {
    let mut inner: Option<GraphProto> = None;
    for _ in 0..depth {
        let mut graph = GraphBuilder::new("branch");
        match inner.take() {
            None => graph.node("Identity", &["x"], &["y"], []),
            Some(inside) => {
                let branches = [("then_branch", inside.clone()), ("else_branch", GraphProto::default())];
                graph.node("If", &["c"], &["y"], branches.map(|(name, graph)| attribute::graph(name, graph)));
            }
        }
        graph.output("y", DType::F32, &dims![1]);
        inner = Some(graph.graph());
    }
    let mut graph = GraphBuilder::new("nested");
    graph.input("x", DType::F32, &dims![1]);
    let mut model = graph.model();
    if let (Some(graph), Some(inner)) = (&mut model.graph, inner) {
        graph.node = inner.node;
        graph.output = inner.output;
    }
    model
}

#[test]
fn walls_and_limits_change_no_byte() {
    let folder = Folder::new();
    let path = folder.model("one.onnx", &models::one());
    let here = folder.path("here.blink");
    compile(&Request::new(vec![path.as_path().into()], here, 1), |_, _| ()).expect("it compiles in this process");
    for options in ["--sandbox off", "--sandbox standard", "--sandbox strict", "--memory 4GiB --time none", ""] {
        folder.blink(&format!("compile one.onnx -o apart.blink --threads 1 {options}")).ok().quiet();
        assert!(folder.read("apart.blink") == folder.read("here.blink"), "{options}");
    }
}

/// The dtypes, the operators, the layouts, and files beside the model: nothing that a model may be needs what is walled
/// off. A call that is not on the list would end the child.
#[test]
fn every_example_compiles_behind_the_strictest_walls() {
    let folder = Folder::new();
    let cases = matrix::cases();
    for (number, some) in cases.chunks(60).enumerate() {
        let mut line = format!("compile --sandbox strict -o {number}.blink");
        for case in some {
            let file = format!("{}.onnx", case.name);
            folder.model(&file, &case.model);
            line = format!("{line} --model {file}");
        }
        folder.blink(&line).ok();
    }
    folder.model("resnet.onnx", &ResNet::tiny().model());
    folder.model("bert.onnx", &Bert::tiny().model());
    Large { layers: 2, width: 512, seed: 4 }.write(&folder.path("")).expect("it is written");
    folder.write("app.wasm", guest());
    for line in [
        "resnet.onnx",
        "bert.onnx --target portable",
        "bert.onnx --device cuda --precision fp16 --try-on none",
        "large.onnx",
        "resnet.onnx --guest app.wasm",
        "0.blink --guest app.wasm",
    ] {
        folder.blink(&format!("compile --sandbox strict -o out.blink {line}")).ok();
    }
}

/// A command with an initialiser: it is run, and its native code made.
fn guest() -> Vec<u8> {
    let text = r#"(module (memory (export "memory") 1) (func (export "_start"))
        (func (export "wizer-initialize") (i32.store (i32.const 8) (i32.const 7))))"#;
    wat::parse_str(text).expect("WebAssembly")
}

#[test]
fn memory_has_an_end() {
    let folder = Folder::new();
    folder.model("roomy.onnx", &roomy(256 << 20));
    let refused = folder.blink("compile roomy.onnx --memory 512MiB").refused(7);
    refused.names(&["512 MiB", "--memory"]);
    folder.blink("compile roomy.onnx --memory 1MiB").refused(7).names(&["1 MiB", "--memory"]);
    assert_eq!(folder.names(), ["roomy.onnx"]);
    folder.model("roomy.onnx", &roomy(1 << 20));
    folder.blink("compile roomy.onnx --memory 512MiB").ok().quiet();
}

#[test]
fn time_has_an_end() {
    let folder = Folder::new();
    folder.model("endless.onnx", &endless());
    folder.blink("compile endless.onnx --time 1500ms").refused(7).names(&["1500 ms", "--time"]);
    assert_eq!(folder.names(), ["endless.onnx"]);
}

#[test]
fn limits_that_are_none() {
    let folder = models::compiled_one();
    for option in ["--memory 0", "--memory none", "--memory 1GB", "--time 0s", "--time 5", "--sandbox high"] {
        let option_name = option.split(' ').next().expect("a word");
        folder.blink(&format!("compile one.onnx {option}")).run().misused().names(&[option_name]);
    }
}

#[test]
fn hostile_models_are_refused_in_words() {
    let folder = Folder::new();
    for depth in [40, 400] {
        folder.model("nested.onnx", &nested(depth));
        folder.blink("compile nested.onnx --sandbox strict").refused(7).names(&["nested.onnx", "deeper"]);
    }
    // Groups of protobuf, which need no length: each byte is one level more.
    folder.write("groups.onnx", vec![0x0b; 1 << 20]);
    folder.blink("compile groups.onnx --sandbox strict").refused(7).names(&["groups.onnx"]);
    // What it declares, nobody has.
    folder.model("roomy.onnx", &roomy(i64::MAX / 8));
    folder.blink("compile roomy.onnx --memory 1GiB").run();
    assert_eq!(folder.names(), ["groups.onnx", "nested.onnx", "roomy.onnx"]);
}

/// A compilation that goes on until it is ended, and its child at work.
#[cfg(target_os = "linux")]
struct Going {
    parent: Child,
    child: String,
}

#[cfg(target_os = "linux")]
impl Going {
    fn start(folder: &Folder, options: &str) -> Going {
        folder.model("endless.onnx", &endless());
        let mut command = folder.blink(&format!("compile endless.onnx -v {options}")).into_command();
        command.env("BLINK_TEST_SECRET", "canary").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut parent = command.spawn().expect("it starts");
        // It tells of the stage that it will not leave.
        let mut said = std::io::BufReader::new(parent.stderr.as_mut().expect("a pipe"));
        let mut line = String::new();
        while !line.contains("trying") {
            line.clear();
            let read = std::io::BufRead::read_line(&mut said, &mut line).expect("it is text");
            assert!(read > 0, "it ended");
        }
        let id = parent.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("it is there");
        let child = children.trim().to_owned();
        assert!(!child.is_empty() && !child.contains(' '), "one child: {children:?}");
        Going { parent, child }
    }

    fn of_child(&self, file: &str) -> String {
        let bytes = std::fs::read(format!("/proc/{}/{file}", self.child)).expect("it is there");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Once it is not there any more; a process that a signal has ended may take a moment.
    fn is_gone(&self) -> bool {
        let is_gone = || match std::fs::read_to_string(format!("/proc/{}/stat", self.child)) {
            // Its parent has gone first, and whoever is its parent now has not looked yet.
            Ok(stat) => stat.contains(") Z ") || stat.contains(") X "),
            Err(_) => true,
        };
        (0..500).any(|_| {
            is_gone() || {
                std::thread::sleep(Duration::from_millis(20));
                false
            }
        })
    }

    fn end(self) -> Ended {
        Ended::new("compile endless.onnx".into(), self.parent.wait_with_output().expect("it ends"))
    }
}

#[cfg(target_os = "linux")]
fn signal(signal: &str, id: &str) {
    assert!(Command::new("kill").args([signal, id]).status().expect("kill starts").success());
}

#[cfg(target_os = "linux")]
#[test]
fn the_child_stands_behind_its_walls() {
    let folder = Folder::new();
    let going = Going::start(&folder, "--sandbox strict --memory 3GiB");
    let status = going.of_child("status");
    let is = |name: &str, value: &str| {
        let line = status.lines().find(|line| line.starts_with(&format!("{name}:"))).expect("a line of it");
        assert_eq!(line.split_whitespace().nth(1), Some(value), "{line}");
    };
    is("Seccomp", "2");
    is("NoNewPrivs", "1");
    let limits = going.of_child("limits");
    let limit = |name: &str| limits.lines().find(|line| line.starts_with(name)).expect("a line of it").to_owned();
    assert!(limit("Max data size").contains("3221225472"), "{limits}");
    assert!(limit("Max core file size").split_whitespace().any(|word| word == "0"), "{limits}");
    // Nor has it what its parent's environment holds, or a descriptor that leads anywhere but to its own files.
    assert!(!going.of_child("environ").contains("canary"));
    for entry in std::fs::read_dir(format!("/proc/{}/fd", going.child)).expect("it is there").flatten() {
        let leads = std::fs::read_link(entry.path()).unwrap_or_default();
        let is_own = leads.starts_with(folder.path("")) || leads == Path::new("/dev/null");
        let is_nameless = ["socket:", "pipe:", "/memfd:"].iter().any(|kind| leads.to_string_lossy().starts_with(kind));
        assert!(is_own || is_nameless || leads.as_os_str().is_empty(), "{leads:?}");
    }
    signal("-TERM", &going.parent.id().to_string());
    assert!(going.is_gone());
    drop(going.parent.wait_with_output());
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_that_is_killed_is_an_error_and_leaves_nothing() {
    let folder = Folder::new();
    folder.write("endless.blink", "an older artifact");
    for (how, code, word) in [("-KILL", 1, "SIGKILL"), ("-ABRT", 7, "SIGABRT"), ("-SYS", 7, "SIGSYS")] {
        let going = Going::start(&folder, "");
        signal(how, &going.child);
        let ended = going.end().failed(code);
        assert!(ended.stdout.is_empty() && ended.stderr.contains(word), "{}", ended.stderr);
        assert_eq!(folder.names(), ["endless.blink", "endless.onnx"]);
        assert_eq!(folder.read("endless.blink"), b"an older artifact");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_ends_with_its_parent() {
    let folder = Folder::new();
    for how in ["-TERM", "-INT", "-KILL"] {
        let mut going = Going::start(&folder, "");
        signal(how, &going.parent.id().to_string());
        assert_eq!(going.parent.wait().expect("it is ours").code(), None, "{how}");
        assert!(going.is_gone(), "{how}");
        assert_eq!(folder.names(), ["endless.onnx"]);
    }
}

#[test]
fn nobody_but_blink_starts_a_child() {
    let folder = Folder::new();
    folder.blink("compile-process").refused(2).names(&["compile-process", "blink compile"]);
}
