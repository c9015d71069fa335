//! Golden artifacts: files as an older `blink` left them on a disk, kept byte for byte.
//!
//! They fail, never skip: a missing one, one that does not open or says other things than it did, and a writer that
//! makes other bytes of the same sections. If one fails, the format has changed: read the failure before anything
//! else. Files of a version that has been released are never written again; a new version gets files of its own:
//!
//! ```text
//! cargo test -p blink-artifact --test suite -- --ignored --nocapture write_goldens_of_a_new_version
//! ```
//!
//! writes those that are missing, of [`NAMES`], and prints what to add to [`GOLDENS`]. What a version had set aside and
//! nobody wrote at first gets its golden in the same way: signatures did.

use std::fs;
use std::path::{Path, PathBuf};

use blink_artifact::manifest::{
    ArenaPlan, DeviceRecord, DeviceWeight, Dim, Golden, GoldenOutput, GraphEncoding, GuestKind, GuestRecord, GuestStep,
    ModelRecord, Optimisation, Precision, Provenance, ValueSpec,
};
use blink_artifact::signature::{PublicKey, SignatureError, sign};
use blink_artifact::{Artifact, ExecutionProvider, FORMAT_VERSION, HostClass, Manifest, OrtVersion, Plan, SectionKind};
use blink_tensors::DType;

use crate::support::*;

/// Format version, name, and BLAKE3 of the file, so that none is replaced in passing.
const GOLDENS: [(u32, &str, &str); 8] = [
    (1, "golden-run", "c5e05d11a67ba12ba68e363fa812046857f3c01cf4c86629e366b7a3846df7f1"),
    (1, "weights", "b69ccef87f578eb9300f3836e586c3dac3eefcd54dae1d8d0d07aeeee15312cb"),
    (1, "two-models", "f6305d45e70669c614e128a5eb064d27c77e81b3feda9f1c064393910f5b8660"),
    (2, "module", "bb47e327b8cc246de24d91070752fcafbaff71efb6129c47df70046a1a31831d"),
    (2, "component", "b39a4abfe5a2b8ad4f30d6125e60de902e95f011a78a4378a4cf16bc4eda2438"),
    (3, "cuda", "3ebc1a7ed3887785c37989f1a52c41086ca86367d97ab9a7dc7bded91c93325e"),
    (3, "cuda-guest", "df9e9584b40e8061cf26addc2e158fb0a0ef61a1ecfc2d9c22b231c7d665615c"),
    (2, "module-signed", "0b991386783e738a716d460f50b44c4b1329763bcbfce9f115e220d1b7d5008c"),
];

/// What a golden artifact can be made of: see [`made_of`].
const NAMES: [&str; 8] =
    ["golden-run", "weights", "two-models", "module", "component", "cuda", "cuda-guest", "module-signed"];

/// The public key of what is signed.
const SIGNER: &str =
    "blink-ed25519-public 451f96be368eab51 ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";

const LESSON: &str = "Do not just write the file again: artifacts like it exist. If the change is meant, it is a new \
    format version: describe it in docs/format.md, raise FORMAT_VERSION, keep reading the old one or refuse it by \
    number, and write golden artifacts for the new one (see the top of tests/suite/goldens.rs)";

fn file(version: u32, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(format!("v{version}-{name}.blink"))
}

/// Every field, every dtype, every kind of dim.
fn golden_run() -> ModelRecord {
    let dims = vec![Dim::Symbolic("batch \"é\"".into()), Dim::Fixed(u64::MAX), Dim::Unknown, Dim::Fixed(0)];
    let inputs = DType::ALL.iter().map(|dtype| ValueSpec { optional: true, ..value(dtype.name(), *dtype, vec![]) });
    let outputs = vec![
        ValueSpec { dims: Some(dims), ..value("all dims", DType::F32, vec![]) },
        ValueSpec { dims: None, ..value("no rank", DType::String, vec![]) },
    ];
    let output = |shape, stored| GoldenOutput { shape, digest: "5a".repeat(32), stored };
    ModelRecord {
        name: "golden run".into(),
        encoding: GraphEncoding::Ort,
        inputs: inputs.collect(),
        outputs,
        optimisation: Optimisation::All,
        prepack: true,
        arena: ArenaPlan { peak: 1 << 33, resident: 7, alignment: 4096 },
        golden: Some(Golden {
            seed: u64::MAX,
            shapes: (0..DType::ALL.len()).map(|at| (at > 0).then(|| vec![at, 0, 1])).collect(),
            features: "avx2".into(),
            outputs: vec![output(vec![2, 2], Some((16, 16))), output(vec![], None)],
            reproducible: false,
        }),
        provenance: Provenance {
            model_hash: "a5".repeat(32),
            producer: "golden 1.0".into(),
            opsets: vec![(String::new(), 21), ("com.microsoft".into(), -1)],
            set_dims: vec![("sequence".into(), 128)],
            nodes: (100, 40),
        },
        device: None,
    }
}

/// The guest without native code, of the longest name and the most steps.
fn component() -> GuestRecord {
    let step = |at| GuestStep { name: format!("step {at} \"é\""), before: u64::MAX - at, after: at };
    GuestRecord {
        name: "é".repeat(512),
        kind: GuestKind::Component,
        code: None,
        source_hash: "5a".repeat(32),
        steps: (0..64).map(step).collect(),
    }
}

/// A model for CUDA: with a golden run and all that can be known of a device.
fn for_device() -> ModelRecord {
    let golden = Some(golden(Some((0, 8))));
    ModelRecord { encoding: GraphEncoding::Onnx, prepack: true, golden, device: Some(device()), ..record("cuda") }
}

/// A model for CUDA of which nothing is known but its weights: of every dtype that can be one.
fn for_unseen_device() -> ModelRecord {
    let numbers = DType::ALL.iter().filter(|dtype| **dtype != DType::String);
    let weight = |(offset, dtype): (u64, &DType)| DeviceWeight {
        name: format!("{dtype} \"é\""),
        dtype: *dtype,
        shape: vec![2, 3],
        offset: offset * 64,
    };
    let weights = (0..).zip(numbers).map(weight).collect();
    let device = DeviceRecord { precision: Precision::Fp32, error: None, cudnn: false, trial: None, weights };
    ModelRecord { encoding: GraphEncoding::Onnx, device: Some(device), ..record("unseen") }
}

/// What a golden artifact was made of. Fixed for ever for a version that has been released.
fn made_of(name: &str) -> (Plan, Manifest, Vec<Part>) {
    use SectionKind::{Code, Golden, Graph, Guest, Weights};
    let (host_class, models, guest, sections) = match name {
        "golden-run" => {
            (HostClass::X86_64Avx512, vec![golden_run()], None, vec![(Golden, Some(0), 32), (Graph, Some(0), 4096)])
        }
        "weights" => {
            let record = ModelRecord { encoding: GraphEncoding::Onnx, ..record("weights") };
            (HostClass::X86_64, vec![record], None, vec![(Graph, Some(0), 100), (Weights, Some(0), 4000)])
        }
        "two-models" => {
            let models = vec![record("first"), record("second")];
            (HostClass::Aarch64Neon, models, None, vec![(Graph, Some(1), 5), (Graph, Some(0), 1)])
        }
        "module" | "module-signed" => {
            let sections = vec![(Guest, None, 4096), (Code, None, 100), (Graph, Some(0), 7)];
            (HostClass::X86_64Avx2, vec![record("model")], Some(guest()), sections)
        }
        "component" => {
            let sections = vec![(Graph, Some(0), 1), (Guest, None, 4095)];
            (HostClass::Aarch64, vec![record("model")], Some(component()), sections)
        }
        "cuda" => {
            let sections = vec![(Golden, Some(0), 8), (Graph, Some(0), 10), (Weights, Some(0), 3000)];
            (HostClass::X86_64, vec![for_device()], None, sections)
        }
        "cuda-guest" => {
            let sections = vec![(Guest, None, 5), (Graph, Some(0), 3), (Weights, Some(0), 1280)];
            (HostClass::Aarch64, vec![for_unseen_device()], Some(GuestRecord { code: None, ..guest() }), sections)
        }
        other => panic!("no golden artifact is called '{other}'"),
    };
    let mut random = SplitMix64(u64::from(host_class.code()));
    let manifest = Manifest { compiler: "0.0.0-test".into(), models, guest };
    let mut parts = vec![Part::new(SectionKind::Manifest, None, manifest.encode())];
    parts.extend(sections.into_iter().map(|(kind, model, len)| Part::new(kind, model, random.bytes(len))));
    let is_for_device = manifest.models.iter().any(|model| model.device.is_some());
    let plan = Plan {
        host_class,
        provider: if is_for_device { ExecutionProvider::Cuda } else { ExecutionProvider::Cpu },
        ort: OrtVersion { major: 1, minor: 31, patch: 1 },
        ..plan(manifest.models.len() as u32, parts.len())
    };
    (plan, manifest, parts)
}

/// The bytes that today's writer makes of a golden artifact's sections.
fn written_today(name: &str) -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("today.blink");
    let (plan, _, parts) = made_of(name);
    write_all(&path, plan, &parts).unwrap().publish().unwrap();
    if name.ends_with("-signed") {
        sign(&path, &key(), |_| ()).unwrap();
    }
    fs::read(path).unwrap()
}

#[test]
fn golden_artifacts_are_there_and_as_they_were() {
    for (version, name, digest) in GOLDENS {
        let path = file(version, name);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}. {LESSON}", path.display()));
        assert!(bytes.len() <= 20_480, "{} has {} bytes: too large to keep", path.display(), bytes.len());
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), digest, "{} was changed. {LESSON}", path.display());
    }
    let kept = fs::read_dir(file(1, "").parent().unwrap()).unwrap().count();
    assert_eq!(kept, GOLDENS.len(), "tests/goldens/ holds files that GOLDENS does not list");
}

#[test]
fn golden_artifacts_open_and_say_what_they_said() {
    for (version, name, _) in GOLDENS {
        let path = file(version, name);
        let artifact = Artifact::open(&path).unwrap_or_else(|error| panic!("{}: {error}. {LESSON}", path.display()));
        artifact.verify(|_| ()).unwrap_or_else(|error| panic!("{}: {error}. {LESSON}", path.display()));
        let (plan, manifest, parts) = made_of(name);
        let Plan { host_class, provider, ort, models: model_count, sections } = plan;
        let header = artifact.header();
        assert_eq!(header.version, version, "{name}. {LESSON}");
        assert_eq!((header.host_class, header.provider, header.ort), (host_class, provider, ort), "{name}. {LESSON}");
        assert_eq!((header.models, header.sections), (model_count, sections), "{name}. {LESSON}");
        assert_eq!(artifact.manifest(), &manifest, "{name}. {LESSON}");
        let signed = artifact.verify_signature(&PublicKey::from_text(SIGNER).unwrap());
        let expected = if name.ends_with("-signed") { Ok(()) } else { Err(SignatureError::Unsigned) };
        assert_eq!(signed, expected, "{name}. {LESSON}");
        let bytes = fs::read(&path).unwrap();
        for (section, part) in artifact.sections().iter().zip(&parts) {
            assert_eq!((section.kind, section.model), (part.kind, part.model), "{name}. {LESSON}");
            let found = &bytes[section.offset as usize..section.end() as usize];
            assert!(found == part.bytes, "{name}: {} section holds other bytes. {LESSON}", section.kind);
        }
    }
}

#[test]
fn the_writer_makes_the_same_bytes_of_the_same_sections() {
    for (version, name, _) in GOLDENS {
        assert!(written_today(name) == fs::read(file(version, name)).unwrap(), "{name} is written otherwise. {LESSON}");
    }
    for version in 1..=FORMAT_VERSION {
        assert!(
            GOLDENS.iter().any(|golden| golden.0 == version),
            "version {version} has no golden artifacts. {LESSON}"
        );
    }
    for name in NAMES {
        assert!(GOLDENS.iter().any(|golden| golden.1 == name), "{name} is not kept: see the top of this file");
    }
}

#[test]
#[ignore = "writes files that a new format version still lacks; see the top of this file"]
fn write_goldens_of_a_new_version() {
    for name in NAMES {
        let bytes = written_today(name);
        let version = u32::from_le_bytes(bytes[8..12].try_into().unwrap());
        let path = file(version, name);
        if path.exists() {
            println!("{} exists and is left as it is", path.display());
        } else {
            fs::write(&path, &bytes).unwrap();
            println!("({version}, {name:?}, \"{}\"),", blake3::hash(&bytes).to_hex());
        }
    }
}
