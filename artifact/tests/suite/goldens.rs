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
//! writes those that are missing for today's `FORMAT_VERSION`, and prints what to add to [`GOLDENS`].

use std::fs;
use std::path::{Path, PathBuf};

use blink_artifact::manifest::{
    ArenaPlan, Dim, Golden, GoldenOutput, GraphEncoding, ModelRecord, Optimisation, Provenance, ValueSpec,
};
use blink_artifact::{Artifact, FORMAT_VERSION, HostClass, OrtVersion, Plan, SectionKind};
use blink_tensors::DType;

use crate::support::*;

/// Format version, name, and BLAKE3 of the file, so that none is replaced in passing.
const GOLDENS: [(u32, &str, &str); 3] = [
    (1, "golden-run", "c5e05d11a67ba12ba68e363fa812046857f3c01cf4c86629e366b7a3846df7f1"),
    (1, "weights", "b69ccef87f578eb9300f3836e586c3dac3eefcd54dae1d8d0d07aeeee15312cb"),
    (1, "two-models", "f6305d45e70669c614e128a5eb064d27c77e81b3feda9f1c064393910f5b8660"),
];

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
    }
}

/// What a golden artifact was made of. Fixed for ever for a version that has been released.
fn made_of(name: &str) -> (Plan, Vec<ModelRecord>, Vec<Part>) {
    use SectionKind::{Golden, Graph, Weights};
    let (host_class, models, sections) = match name {
        "golden-run" => (HostClass::X86_64Avx512, vec![golden_run()], [(Golden, 0, 32), (Graph, 0, 4096)]),
        "weights" => {
            let record = ModelRecord { encoding: GraphEncoding::Onnx, ..record("weights") };
            (HostClass::X86_64, vec![record], [(Graph, 0, 100), (Weights, 0, 4000)])
        }
        "two-models" => {
            (HostClass::Aarch64Neon, vec![record("first"), record("second")], [(Graph, 1, 5), (Graph, 0, 1)])
        }
        other => panic!("no golden artifact is called '{other}'"),
    };
    let mut random = SplitMix64(u64::from(host_class.code()));
    let section = |(kind, model, len)| Part { kind, model: Some(model), alignment: 4096, bytes: random.bytes(len) };
    let manifest = Part { kind: SectionKind::Manifest, model: None, alignment: 4096, bytes: manifest(models.clone()) };
    let parts: Vec<_> = std::iter::once(manifest).chain(sections.map(section)).collect();
    let plan = Plan {
        host_class,
        ort: OrtVersion { major: 1, minor: 31, patch: 1 },
        ..plan(models.len() as u32, parts.len())
    };
    (plan, models, parts)
}

/// The bytes that today's writer makes of a golden artifact's sections.
fn written_today(name: &str) -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("today.blink");
    let (plan, _, parts) = made_of(name);
    write_all(&path, plan, &parts).unwrap().publish().unwrap();
    fs::read(path).unwrap()
}

#[test]
fn golden_artifacts_are_there_and_as_they_were() {
    for (version, name, digest) in GOLDENS {
        let path = file(version, name);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}. {LESSON}", path.display()));
        assert!(bytes.len() < 20_000, "{} has {} bytes: too large to keep", path.display(), bytes.len());
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
        let (plan, models, parts) = made_of(name);
        let Plan { host_class, provider, ort, models: model_count, sections } = plan;
        let header = artifact.header();
        assert_eq!((header.host_class, header.provider, header.ort), (host_class, provider, ort), "{name}. {LESSON}");
        assert_eq!((header.models, header.sections), (model_count, sections), "{name}. {LESSON}");
        assert_eq!(artifact.manifest().models, models, "{name}. {LESSON}");
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
    let mut compared = 0;
    for (version, name, _) in GOLDENS.into_iter().filter(|golden| golden.0 == FORMAT_VERSION) {
        assert!(written_today(name) == fs::read(file(version, name)).unwrap(), "{name} is written otherwise. {LESSON}");
        compared += 1;
    }
    assert_ne!(compared, 0, "format version {FORMAT_VERSION} has no golden artifacts. {LESSON}");
}

#[test]
#[ignore = "writes files that a new format version still lacks; see the top of this file"]
fn write_goldens_of_a_new_version() {
    for name in ["golden-run", "weights", "two-models"] {
        let path = file(FORMAT_VERSION, name);
        let bytes = written_today(name);
        if path.exists() {
            println!("{} exists and is left as it is", path.display());
        } else {
            fs::write(&path, &bytes).unwrap();
            println!("({FORMAT_VERSION}, {name:?}, \"{}\"),", blake3::hash(&bytes).to_hex());
        }
    }
}
