//! The same on a real GPU, where there is one: `BLINK_REQUIRE_GPU=1` says that there must be.

use std::env;
use std::path::Path;

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::bert::Bert;
use blink_examples::resnet50::{ResNet, images};
use blink_examples::values;
use blink_runtime::{Device, Worker, library};
use blink_tensors::Tensor;

use crate::networks::{bits, compile, distance, launcher, network, on_device, rows, started};
use crate::support::Folder;

/// Whether these tests are to run; says so where they are not.
fn has_gpu() -> bool {
    let is_required = env::var("BLINK_REQUIRE_GPU").is_ok_and(|value| value == "1");
    let is_there = Path::new("/proc/driver/nvidia/version").exists() && library::find_cuda().is_ok();
    if !is_required && !is_there {
        eprintln!(
            "SKIPPED: no GPU here, or no `blink setup --device cuda`; with BLINK_REQUIRE_GPU=1 this is a failure"
        );
    }
    is_required || is_there
}

type Inputs = Vec<(&'static str, Tensor)>;

/// Models that need cuDNN, that are made of many operators, and that are neither.
fn models() -> [(&'static str, ModelProto, Inputs); 3] {
    let ids = |most: i64| values(&[2, 12], &(0..24).map(|at| at * 7 % most).collect::<Vec<i64>>());
    let words =
        vec![("input_ids", ids(100)), ("attention_mask", values(&[2, 12], &[1i64; 24])), ("token_type_ids", ids(2))];
    [
        ("network", network(96, 1), vec![("x", rows(3))]),
        ("resnet", ResNet::tiny().model(), vec![("input", images(2, 32, 1))]),
        ("bert", Bert::tiny().model(), words),
    ]
}

fn answer(worker: &mut Worker, inputs: &Inputs) -> Vec<u32> {
    let views: Vec<_> = inputs.iter().map(|(name, tensor)| (*name, tensor.view())).collect();
    let answer = worker.run(&views).unwrap_or_else(|error| panic!("{error}"));
    bits(answer)
}

#[test]
fn a_gpu_answers_as_the_cpu_does_and_always_the_same() {
    if !has_gpu() {
        return;
    }
    let (folder, launcher) = (Folder::new(), launcher());
    for (name, model, inputs) in models() {
        for (precision, most) in [("fp32", 1e-3), ("fp16", 5e-2)] {
            compile(&folder, name, &model, &format!("--precision {precision}"));
            let artifact = format!("{name}.blink");
            let mut spec = on_device(&folder, &artifact);
            spec.device = Some(Device::Cpu);
            let on_cpu = answer(&mut launcher.launch(&spec).expect("it is launched"), &inputs);
            let mut first = started(&launcher, &folder, &artifact);
            let expected = answer(&mut first, &inputs);
            let largest = on_cpu.iter().map(|bits| f32::from_bits(*bits).abs()).fold(1.0, f32::max);
            let distance = distance(&expected, &on_cpu) / largest;
            assert!(distance < most, "{name} {precision}: {distance}");
            assert_eq!(answer(&mut first, &inputs), expected, "{name} {precision}: the second run");
            let mut beside = started(&launcher, &folder, &artifact);
            assert_eq!(answer(&mut beside, &inputs), expected, "{name} {precision}: beside another");
            drop((first, beside));
            let mut later = started(&launcher, &folder, &artifact);
            assert_eq!(answer(&mut later, &inputs), expected, "{name} {precision}: with the weights that were kept");
            assert!(later.device().expect("facts").expect("a device").weights_were_there);
        }
    }
    assert_eq!(launcher.counts().devices_lost, 0);
}
