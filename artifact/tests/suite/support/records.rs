//! Manifests. Every field is spelled out: a new one does not compile until somebody decides what the tests say of it.

use blink_artifact::Manifest;
use blink_artifact::manifest::{
    ArenaPlan, CodeRecord, DeviceRecord, DeviceRuns, DeviceTrial, DeviceWeight, Dim, Golden, GoldenOutput,
    GraphEncoding, GuestKind, GuestRecord, GuestStep, ModelRecord, Optimisation, OutputError, Precision, Provenance,
    ValueSpec,
};
use blink_tensors::DType;

/// A model with one input and one output, and no golden run. Golden artifacts hold it: it stays as it is.
pub(crate) fn record(name: &str) -> ModelRecord {
    ModelRecord {
        name: name.into(),
        encoding: GraphEncoding::Ort,
        inputs: vec![value("input", DType::F32, vec![Dim::Symbolic("batch".into()), Dim::Fixed(3), Dim::Unknown])],
        outputs: vec![value("output", DType::I64, vec![])],
        optimisation: Optimisation::Extended,
        prepack: false,
        arena: ArenaPlan { peak: 1 << 20, resident: 640, alignment: 64 },
        golden: None,
        provenance: Provenance {
            model_hash: "00".repeat(32),
            producer: "tests".into(),
            opsets: vec![(String::new(), 21), ("com.microsoft".into(), 1)],
            set_dims: vec![("sequence".into(), 128)],
            nodes: (12, 7),
        },
        device: None,
    }
}

/// A value of known rank.
pub(crate) fn value(name: &str, dtype: DType, dims: Vec<Dim>) -> ValueSpec {
    ValueSpec { name: name.into(), dtype, dims: Some(dims), optional: false }
}

/// A golden run that fits [`record`] and keeps its output as `stored` says.
pub(crate) fn golden(stored: Option<(u64, u64)>) -> Golden {
    Golden {
        seed: 0xb11c,
        shapes: vec![Some(vec![1, 3, 8])],
        features: "none".into(),
        outputs: vec![GoldenOutput { shape: vec![], digest: "11".repeat(32), stored }],
        reproducible: true,
    }
}

/// The manifest section of an artifact with these models.
pub(crate) fn manifest(models: Vec<ModelRecord>) -> Vec<u8> {
    Manifest { compiler: "0.0.0-test".into(), models, guest: None }.encode()
}

/// The manifest section of an artifact with these models and a guest.
pub(crate) fn manifest_with_guest(models: Vec<ModelRecord>, guest: GuestRecord) -> Vec<u8> {
    Manifest { compiler: "0.0.0-test".into(), models, guest: Some(guest) }.encode()
}

/// A guest with native code. Golden artifacts hold it: it stays as it is.
pub(crate) fn guest() -> GuestRecord {
    let step = |name: &str, before, after| GuestStep { name: name.into(), before, after };
    GuestRecord {
        name: "guest".into(),
        kind: GuestKind::Module,
        code: Some(CodeRecord { wasmtime: "48.0.8".into(), settings: "c0de".into(), target: "any+portable".into() }),
        source_hash: "22".repeat(32),
        steps: vec![step("initialise", 400, 900), step("strip", 900, 500)],
    }
}

/// What a model with the output of [`record`] and 3000 bytes of weights needs of a device. Golden artifacts hold it: it
/// stays as it is.
pub(crate) fn device() -> DeviceRecord {
    let weight = |name: &str, dtype, shape: &[u64], offset| DeviceWeight {
        name: name.into(),
        dtype,
        shape: shape.to_vec(),
        offset,
    };
    DeviceRecord {
        precision: Precision::Fp16,
        error: Some(vec![OutputError { max_abs: 0.125, max_rel: 0.0625 }]),
        cudnn: true,
        trial: Some(DeviceTrial {
            device: "A device".into(),
            peak: 1 << 21,
            on_device: 6,
            on_cpu: [("Loop".to_owned(), 1)].into(),
            error: Some(vec![OutputError { max_abs: 0.5, max_rel: 0.25 }]),
            runs: DeviceRuns::Graph,
        }),
        weights: vec![
            weight("kernel", DType::F16, &[16, 3, 5], 0),
            weight("bias", DType::F32, &[16], 512),
            weight("nothing", DType::I64, &[0, 7], 576),
        ],
    }
}
