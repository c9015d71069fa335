//! Artifacts that must not be run: for other hosts or another ONNX Runtime (exit code 4), or damaged (5).

use std::io::Write;

use blink_artifact::{Artifact, ArtifactWriter, HostClass, OrtVersion, Plan, SectionKind};
use blink_examples::bert::Bert;
use blink_runtime::host;

use crate::support::{Folder, models};

/// Writes `from` again as `to`, the same sections under another header: the artifact that another host, or another
/// release, would have made.
fn rewrite(folder: &Folder, from: &str, to: &str, change: impl FnOnce(&mut Plan)) {
    let artifact = Artifact::open(folder.path(from)).expect("an artifact");
    let (header, sections) = (artifact.header(), artifact.sections());
    let mut plan = Plan {
        host_class: header.host_class,
        provider: header.provider,
        ort: header.ort,
        models: header.models,
        sections: header.sections,
    };
    change(&mut plan);
    let mut writer = ArtifactWriter::create(&folder.path(to), plan).expect("the folder is ours");
    let bytes = folder.read(from);
    for section in sections {
        let content = &bytes[section.offset as usize..][..section.len as usize];
        let write = |out: &mut dyn Write| out.write_all(content);
        writer.section(section.kind, section.model, section.alignment, section.len, write).expect("it is written");
    }
    writer.finish().and_then(|pending| pending.publish()).expect("it is a sound artifact");
}

/// Changes one byte of a file.
fn damage(folder: &Folder, from: &str, to: &str, at: usize) {
    let mut bytes = folder.read(from);
    bytes[at] ^= 1;
    folder.write(to, bytes);
}

#[test]
fn for_hosts_of_another_class() {
    let folder = models::compiled_one();
    let here = host::class();
    for class in HostClass::ALL.into_iter().filter(|class| !class.runs_on(here)) {
        let name = format!("{class}.blink");
        rewrite(&folder, "one.blink", &name, |plan| plan.host_class = class);
        let facts = [&name, class.name(), here.name(), "blink compile", "--target portable"];
        folder.blink(&format!("run {name} --input x.npy")).refused(4).names(&facts);
        folder.blink(&format!("verify {name}")).refused(4).names(&facts);
        // Its bytes can be looked at and checked anywhere.
        folder.blink(&format!("verify {name} --no-run")).ok();
        assert!(folder.blink(&format!("inspect {name}")).ok().text().contains("does not run here"));
    }
    rewrite(&folder, "one.blink", "portable.blink", |plan| plan.host_class = here.portable());
    folder.blink("run portable.blink --input x.npy").ok();
}

#[test]
fn of_another_onnx_runtime() {
    let folder = models::compiled_one();
    for (major, minor, patch) in [(1, 31, 2), (1, 32, 1), (2, 31, 1), (0, 0, 0)] {
        rewrite(&folder, "one.blink", "other.blink", |plan| plan.ort = OrtVersion { major, minor, patch });
        let found = format!("{major}.{minor}.{patch}");
        let refusal = folder.blink("run other.blink --input x.npy").refused(4);
        refusal.names(&[&found, blink_runtime::library::ORT_VERSION, "blink compile"]);
    }
}

#[test]
fn that_are_no_artifacts() {
    let folder = models::compiled_one();
    folder.blink("run absent.blink").refused(1).names(&["absent.blink"]);
    folder.write("empty.blink", "");
    let whole = folder.read("one.blink");
    folder.write("cut.blink", &whole[..whole.len() - 4096]);
    folder.write("long.blink", [&whole[..], &[0; 4096]].concat());
    for verb in ["run", "inspect", "verify"] {
        folder.blink(&format!("{verb} one.onnx")).refused(5).names(&["one.onnx", "not an artifact"]);
        folder.blink(&format!("{verb} empty.blink")).refused(5).names(&["empty.blink", "empty"]);
        folder.blink(&format!("{verb} cut.blink")).refused(5).names(&["cut.blink", "bytes"]);
        folder.blink(&format!("{verb} long.blink")).refused(5).names(&["long.blink", "bytes"]);
        folder.blink(&format!("{verb} .")).refused(1).names(&["not a regular file"]);
    }
}

#[test]
fn that_are_damaged_where_a_start_looks() {
    let folder = models::compiled_one();
    let artifact = Artifact::open(folder.path("one.blink")).expect("an artifact");
    let mut places = vec![0, 9, 40, 70, 100, 200, 256, 300];
    for section in artifact.sections() {
        if matches!(section.kind, SectionKind::Manifest | SectionKind::Graph) {
            places.extend([section.offset, section.offset + section.len / 2, section.end() - 1]);
        }
    }
    for at in places {
        damage(&folder, "one.blink", "damaged.blink", at as usize);
        folder.blink("run damaged.blink --input x.npy").refused(5).names(&["damaged.blink"]);
    }
}

#[test]
fn that_are_damaged_where_only_verify_looks() {
    let folder = Folder::new();
    folder.model("bert.onnx", &Bert::tiny().model());
    folder.blink("compile bert.onnx").ok();
    let artifact = Artifact::open(folder.path("bert.blink")).expect("an artifact");
    for kind in [SectionKind::Weights, SectionKind::Golden] {
        let section = artifact.sections().iter().find(|section| section.kind == kind).expect("it has one");
        for at in [section.offset, section.offset + section.len / 2, section.end() - 1] {
            damage(&folder, "bert.blink", "damaged.blink", at as usize);
            let refusal = folder.blink("verify damaged.blink").refused(5);
            refusal.names(&["damaged.blink", &kind.to_string(), "hash"]);
            folder.blink("verify damaged.blink --no-run").refused(5);
            folder.blink("inspect damaged.blink").ok();
        }
    }
    // A byte between two sections belongs to nobody, and is checked as well.
    let gap = artifact.sections()[0].end() as usize;
    assert!(!gap.is_multiple_of(4096));
    damage(&folder, "bert.blink", "damaged.blink", gap);
    folder.blink("verify damaged.blink").refused(5).names(&["damaged.blink", "zero"]);
}
