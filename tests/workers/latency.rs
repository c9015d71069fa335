//! How much longer a warm request takes through a worker than in one process, for the input of a ResNet-50: by a model
//! that has nearly nothing to compute, and by the network itself. It is a measurement, so nothing is asserted of its
//! figures:
//!
//! `cargo test --release -p blink-cli --test workers -- --ignored --nocapture latency`

use std::time::{Duration, Instant};

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::resnet50::{self, ResNet};
use blink_examples::{GraphBuilder, dims};
use blink_runtime::{Instance, Model, StartOptions, Timeline};
use blink_tensors::DType;

use crate::launched;
use crate::support::Folder;
use crate::support::files::same;

/// Blocks of runs, here and there in turns, so that both meet the same machine. Within a block neither disturbs the
/// other: threads of a session spin for a while after a run.
const BLOCKS: usize = 20;

#[test]
#[ignore = "a measurement, of which nothing is asserted: the top of this file has the command"]
fn latency_of_a_request() {
    let mut graph = GraphBuilder::new("mean");
    graph.input("input", DType::F32, &dims!["batch", 3, 224, 224]);
    graph.node("GlobalAveragePool", &["input"], &["y"], []);
    graph.output("y", DType::F32, &dims!["batch", 3, 1, 1]);
    measure("mean", &graph.model(), 100);
    measure("resnet50", &ResNet::default().model(), 10);
}

fn measure(name: &str, model: &ModelProto, runs: usize) {
    let folder = Folder::new();
    folder.model("model.onnx", model);
    folder.blink("compile model.onnx").ok();
    let model = Model::open(folder.path("model.blink")).expect("it was made for this host");
    let options = StartOptions { threads: Some(2), prepack: None, pin: true };
    let instance = Instance::start(&model, &options, &mut Timeline::new()).expect("it starts");
    let mut worker = launched(&folder, "model.blink");
    let image = resnet50::images(1, 224, 1);
    let inputs = [("input", image.view())];
    let expected = instance.run(&inputs).expect("it runs in this process");
    assert!(same(worker.run(&inputs).expect("it runs").get(0), expected.get(0)));

    let (mut here, mut there) = (Vec::new(), Vec::new());
    for _ in 0..BLOCKS {
        block(runs, &mut here, || _ = instance.run(&inputs).expect("it runs in this process"));
        block(runs, &mut there, || _ = worker.run(&inputs).expect("it runs"));
    }
    for (way, times) in [("in one process", &mut here), ("through a worker", &mut there)] {
        times.sort();
        let at = |share: usize| times[times.len() * share / 100];
        println!("{name}, {way}: p10 {:?}, median {:?}, p90 {:?}", at(10), at(50), at(90));
    }
}

fn block(runs: usize, times: &mut Vec<Duration>, mut run: impl FnMut()) {
    std::thread::sleep(Duration::from_millis(20));
    for _ in 0..3 {
        run();
    }
    for _ in 0..runs {
        let started = Instant::now();
        run();
        times.push(started.elapsed());
    }
}
