//! What was written is what is read, byte for byte, and the file is the one that the specification describes.

use std::io::Write;

use blink_artifact::manifest::{GuestKind, GuestRecord, ModelRecord};
use blink_artifact::{
    Artifact, ExecutionProvider, FORMAT_VERSION, HUGE_PAGE, HostClass, Manifest, OrtVersion, SectionKind,
};

use crate::support::*;

/// Sections of three models: all parts, no golden, graph alone; the second's weights on a huge page.
fn three_models() -> Vec<Part> {
    let mut random = SplitMix64(3);
    let mut part = |kind, model, alignment, len| Part { kind, model, alignment, bytes: random.bytes(len) };
    let manifest = manifest(vec![
        ModelRecord { golden: Some(golden(Some((0, 4096)))), ..record("all") },
        record("no golden"),
        record("graph alone"),
    ]);
    vec![
        Part { kind: SectionKind::Manifest, model: None, alignment: 4096, bytes: manifest },
        part(SectionKind::Graph, Some(2), 4096, 4097),
        part(SectionKind::Graph, Some(0), 4096, 1),
        part(SectionKind::Weights, Some(0), 4096, 4096),
        part(SectionKind::Graph, Some(1), 8192, 10_000),
        part(SectionKind::Weights, Some(1), HUGE_PAGE as u32, 77),
        part(SectionKind::Golden, Some(0), 4096, 4096),
    ]
}

/// As [`Image::lay`] takes them.
fn raw(parts: &[Part]) -> Vec<RawSection> {
    parts.iter().map(RawSection::of).collect()
}

/// Asserts that table and sections are what was given, and that every byte passes.
fn check(artifact: &Artifact, file: &[u8], parts: &[Part]) {
    assert!(file.len().is_multiple_of(4096));
    assert_eq!(artifact.header().file_len, file.len() as u64);
    assert_eq!(artifact.sections().len(), parts.len());
    let mut end = 256 + 64 * parts.len() as u64;
    for (section, part) in artifact.sections().iter().zip(parts) {
        let expected = (part.kind, part.model, part.alignment, part.bytes.len() as u64);
        assert_eq!((section.kind, section.model, section.alignment, section.len), expected);
        assert_eq!(section.offset, end.next_multiple_of(u64::from(part.alignment)));
        assert_eq!(&file[section.offset as usize..section.end() as usize], part.bytes);
        assert_eq!(section.hash, *blake3::hash(&part.bytes).as_bytes());
        end = section.end();
    }
    let mut heard = Vec::new();
    artifact.verify(|at| heard.push(at)).unwrap();
    assert!(heard.is_sorted());
    assert_eq!(heard.last(), Some(&(file.len() as u64)));
}

#[test]
fn one_model_with_everything() {
    let parts = parts();
    let (artifact, file) = artifact(1, &parts);
    check(&artifact, &file, &parts);
    assert_eq!(file, Image::small().0);
    assert_eq!(artifact.golden(0).unwrap(), parts[1].bytes);
    assert_eq!(artifact.graph(0), parts[2].bytes);
    assert_eq!(artifact.weights(0), parts[3].bytes);
    let header = artifact.header();
    assert_eq!((header.sections, header.models), (4, 1));
    assert_eq!((header.host_class, header.provider), (HostClass::X86_64Avx2, ExecutionProvider::Cpu));
    assert_eq!(header.ort, OrtVersion { major: 1, minor: 31, patch: 1 });
    assert_eq!(artifact.manifest().encode(), parts[0].bytes);
    assert_eq!((header.version, artifact.guest_hash(), artifact.native_code_unchecked()), (1, None, None));
    assert_eq!((artifact.guest().unwrap().as_deref(), artifact.native_code().unwrap().as_deref()), (None, None));
}

#[test]
fn a_guest_and_its_native_code() {
    let parts = parts_with_guest();
    let (artifact, file) = artifact(1, &parts);
    check(&artifact, &file, &parts);
    assert_eq!(file, Image::with_guest().0);
    assert_eq!((artifact.header().version, FORMAT_VERSION), (2, 3));
    assert_eq!(artifact.manifest().guest, Some(guest()));
    assert_eq!(artifact.guest().unwrap().as_deref(), Some(&*parts[4].bytes));
    assert_eq!(artifact.guest_hash(), Some(blake3::hash(&parts[4].bytes).as_bytes()));
    let code = artifact.native_code().unwrap().unwrap();
    assert_eq!(code, parts[5].bytes);
    assert_eq!(code.as_ptr() as usize % 4096, 0);
    assert_eq!(artifact.native_code_unchecked(), Some(&*code));
    assert_eq!(artifact.graph(0), parts[2].bytes);
}

#[test]
fn a_model_for_a_device() {
    let home = tempfile::tempdir().unwrap();
    let (path, parts) = (home.path().join("cuda.blink"), parts_for_device());
    write_all(&path, plan_for_cuda(1, parts.len()), &parts).unwrap().publish().unwrap();
    let (artifact, file) = (Artifact::open(&path).unwrap(), std::fs::read(&path).unwrap());
    check(&artifact, &file, &parts);
    assert_eq!(file, Image::for_device().with_header(32, HostClass::X86_64.code()).0);
    let header = artifact.header();
    assert_eq!((header.version, header.provider), (FORMAT_VERSION, ExecutionProvider::Cuda));
    assert_eq!(artifact.manifest().models[0].device, Some(device()));
    assert_eq!(artifact.weights_hash(0), Some(blake3::hash(&parts[3].bytes).as_bytes()));
    assert_eq!(artifact.manifest().encode(), parts[0].bytes);
}

#[test]
fn a_guest_beside_a_model_for_a_device() {
    let home = tempfile::tempdir().unwrap();
    let (path, mut parts) = (home.path().join("cuda.blink"), parts_for_device());
    let models = Artifact::from_file(&image_file(&Image::for_device()), "sample").unwrap().manifest().models.clone();
    parts[0].bytes = manifest_with_guest(models, GuestRecord { code: None, ..guest() });
    parts.push(Part::new(SectionKind::Guest, None, vec![7; 10]));
    write_all(&path, plan_for_cuda(1, parts.len()), &parts).unwrap().publish().unwrap();
    let artifact = Artifact::open(&path).unwrap();
    assert_eq!((artifact.header().version, artifact.guest().unwrap().as_deref()), (3, Some(&[7; 10][..])));
}

/// A file of these bytes.
fn image_file(image: &Image) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&image.0).unwrap();
    file
}

#[test]
fn a_guest_without_native_code_anywhere_after_the_manifest() {
    let all = parts_with_guest();
    let of_manifest = manifest_with_guest(vec![record("small")], GuestRecord { code: None, ..guest() });
    let manifest = Part::new(SectionKind::Manifest, None, of_manifest);
    let [golden, graph, weights, guest] = [1, 2, 3, 4].map(|at: usize| all[at].clone());
    for parts in [
        [&manifest, &guest, &golden, &graph, &weights],
        [&manifest, &golden, &guest, &graph, &weights],
        [&manifest, &golden, &graph, &weights, &guest],
    ] {
        let parts = parts.map(Part::clone);
        let (artifact, file) = artifact(1, &parts);
        check(&artifact, &file, &parts);
        assert_eq!(file, Image::lay(1, &raw(&parts)).0);
        assert_eq!(artifact.guest().unwrap().as_deref(), Some(&*guest.bytes));
        assert_eq!((artifact.native_code().unwrap().as_deref(), artifact.native_code_unchecked()), (None, None));
    }
}

#[test]
fn sections_are_called_the_same_everywhere() {
    let names = ["manifest", "golden", "graph", "weights", "guest", "code"];
    let kinds = parts_with_guest().into_iter().map(|part| part.kind);
    for (kind, name) in kinds.zip(names) {
        assert_eq!(serde_json::to_value(kind).unwrap(), name);
        assert_eq!((kind.to_string(), format!("{kind:>9}")), (name.to_owned(), format!("{name:>9}")));
    }
    for (kind, name) in [(GuestKind::Module, "module"), (GuestKind::Component, "component"), (GuestKind::Http, "http")]
    {
        assert_eq!((serde_json::to_value(kind).unwrap(), kind.name()), (name.into(), name));
    }
}

#[test]
fn one_model_with_a_graph_alone() {
    let parts = [parts().swap_remove(0), parts().swap_remove(2)];
    let manifest = Part { bytes: manifest(vec![record("plain")]), ..parts[0].clone() };
    let parts = [manifest, parts[1].clone()];
    let (artifact, file) = artifact(1, &parts);
    check(&artifact, &file, &parts);
    assert_eq!(file, Image::lay(1, &raw(&parts)).0);
    assert_eq!((artifact.weights(0), &*artifact.golden(0).unwrap()), (&[][..], &[][..]));
    assert_eq!(artifact.graph_and_weights(0), artifact.graph(0));
}

#[test]
fn several_models_some_without_weights_or_golden() {
    let parts = three_models();
    let (artifact, file) = artifact(3, &parts);
    check(&artifact, &file, &parts);
    assert_eq!(file, Image::lay(3, &raw(&parts)).0);
    let expected = [(2, 3, Some(6)), (4, 5, None)];
    for (model, (graph, weights, golden)) in expected.into_iter().enumerate() {
        let model = model as u32;
        assert_eq!(artifact.graph(model), parts[graph].bytes);
        assert_eq!(artifact.weights(model), parts[weights].bytes);
        assert_eq!(*artifact.golden(model).unwrap(), *golden.map_or(&[][..], |at: usize| &parts[at].bytes));
        let both = artifact.graph_and_weights(model);
        assert!(both.starts_with(&parts[graph].bytes) && both.ends_with(&parts[weights].bytes));
        let sections = artifact.sections();
        assert_eq!(both.len() as u64, sections[weights].end() - sections[graph].offset);
    }
    assert_eq!((artifact.graph(2), artifact.weights(2)), (&parts[1].bytes[..], &[][..]));
    assert_eq!((artifact.graph(3), artifact.graph_and_weights(u32::MAX)), (&[][..], &[][..]));
}

#[test]
fn models_are_found_by_name_and_the_only_one_without() {
    let (three, _) = artifact(3, &three_models());
    assert_eq!(three.find_model(Some("no golden")).map(|(index, model)| (index, &*model.name)), Some((1, "no golden")));
    assert!(three.find_model(None).is_none() && three.find_model(Some("no")).is_none());
    let (one, _) = artifact(1, &parts());
    assert_eq!(one.find_model(None).map(|(index, model)| (index, &*model.name)), Some((0, "small")));
    assert!(one.find_model(Some("large")).is_none());
}

#[test]
fn the_most_models_with_the_most_sections() {
    let mut parts = parts();
    let template = parts.split_off(1);
    let names = (0..64).map(|model| record(&format!("model {model}")));
    parts[0].bytes = manifest(names.collect());
    for model in 0..64 {
        parts.extend(template.iter().map(|part| Part { model: Some(model), ..part.clone() }));
    }
    let (artifact, file) = artifact(64, &parts);
    check(&artifact, &file, &parts);
    assert_eq!(artifact.graph(63), template[1].bytes);
}

#[test]
fn weights_on_a_huge_page() {
    let mut parts = parts();
    parts[3].alignment = HUGE_PAGE as u32;
    parts[3].bytes = SplitMix64(5).bytes((2 << 20) + 1);
    let (artifact, file) = artifact(1, &parts);
    check(&artifact, &file, &parts);
    assert_eq!(artifact.sections()[3].offset, HUGE_PAGE);
    assert_eq!(artifact.weights(0).as_ptr() as usize % 4096, 0);
    assert_eq!(file, Image::lay(1, &raw(&parts)).0);
}

#[test]
fn a_section_of_many_chunks_is_the_same_however_it_is_given() {
    let mut parts = parts();
    // The writer's chunks are 4 MiB: two whole ones, and parts of one before and after.
    parts[3].bytes = SplitMix64(7).bytes((9 << 20) + 13);
    let (artifact, file) = artifact(1, &parts);
    check(&artifact, &file, &parts);

    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("pieces.blink");
    let mut writer = blink_artifact::ArtifactWriter::create(&path, plan(1, 4)).unwrap();
    for (step, Part { kind, model, alignment, bytes }) in [1, 7, 99, 65_537].into_iter().zip(&parts) {
        let give = |out: &mut dyn Write| bytes.chunks(step).try_for_each(|piece| out.write_all(piece));
        writer.section(*kind, *model, *alignment, bytes.len() as u64, give).unwrap();
    }
    writer.finish().unwrap().publish().unwrap();
    assert!(std::fs::read(&path).unwrap() == file);
}

#[test]
fn the_same_sections_give_the_same_bytes() {
    for (models, parts) in [(1, parts()), (1, parts_with_guest()), (3, three_models())] {
        assert!(artifact(models, &parts).1 == artifact(models, &parts).1);
    }
}

#[test]
fn a_manifest_comes_back_as_it_was() {
    let sent = Manifest { compiler: "0.0.0-test".into(), models: vec![record("ünï \"cödé\"\n")], guest: None };
    let mut sections = Image::small_sections();
    sections[0].bytes = sent.encode();
    assert_eq!(*Image::lay(1, &sections).open().unwrap().manifest(), sent);
}
