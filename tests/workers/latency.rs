//! How much longer a warm request takes through a worker than in one process, for the input of a ResNet-50. It is a
//! measurement, so nothing is asserted of its figures:
//!
//! `cargo test --release -p blink-cli --test workers -- --ignored --nocapture latency`

use std::time::Instant;

use blink_examples::{GraphBuilder, dims, resnet50};
use blink_runtime::{Instance, Model, StartOptions, Timeline};
use blink_tensors::DType;

use crate::launched;
use crate::support::Folder;
use crate::support::files::same;

const RUNS: usize = 2000;

/// Nearly nothing to compute: what is measured is the way there and back.
#[test]
#[ignore = "a measurement"]
fn latency_of_a_request() {
    let folder = Folder::new();
    let mut graph = GraphBuilder::new("mean");
    graph.input("x", DType::F32, &dims!["batch", 3, 224, 224]);
    graph.node("GlobalAveragePool", &["x"], &["y"], []);
    graph.output("y", DType::F32, &dims!["batch", 3, 1, 1]);
    folder.model("mean.onnx", &graph.model());
    folder.blink("compile mean.onnx").ok();

    let model = Model::open(folder.path("mean.blink")).expect("it was made for this host");
    let options = StartOptions { threads: Some(2), prepack: None, pin: false };
    let instance = Instance::start(&model, &options, &mut Timeline::new()).expect("it starts");
    let mut worker = launched(&folder, "mean.blink");
    let image = resnet50::images(1, 224, 1);
    let inputs = [("x", image.view())];
    let (mut here, mut there) = (Vec::new(), Vec::new());
    // In turns, so that both meet the same machine.
    for _ in 0..RUNS {
        let started = Instant::now();
        let expected = instance.run(&inputs).expect("it runs in this process");
        here.push(started.elapsed());
        let started = Instant::now();
        let answer = worker.run(&inputs).expect("it runs");
        there.push(started.elapsed());
        assert!(same(answer.get(0), expected.get(0)));
    }
    for (name, times) in [("in one process", &mut here), ("through a worker", &mut there)] {
        times.sort();
        let at = |share: usize| times[RUNS * share / 100];
        println!("{name}: p10 {:?}, median {:?}, p90 {:?}", at(10), at(50), at(90));
    }
}
