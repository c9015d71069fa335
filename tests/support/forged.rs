//! Artifacts that were put together by hand: sound by every rule and hash of the format, and not what the compiler wrote.

use std::path::Path;

use blink_artifact::{Artifact, ArtifactWriter, Manifest, Plan, SectionKind};

use super::Folder;
use super::models::one;

/// A program that asks no model: it writes `evil`.
const EVIL: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\04\00\00\00")
  (data (i32.const 16) "evil")
  (func (export "_start") (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))"#;

/// Native code of a program that writes `evil`, for this host.
pub(crate) fn evil_code() -> Vec<u8> {
    let folder = Folder::new();
    folder.model("one.onnx", &one());
    folder.write("evil.wasm", wat::parse_str(EVIL).expect("a module"));
    folder.blink("compile one.onnx --guest evil.wasm -o evil.blink").ok();
    let artifact = Artifact::open(folder.path("evil.blink")).expect("an artifact");
    artifact.native_code().expect("whole").expect("native code").to_vec()
}

/// Writes `artifact` to `to`, with another manifest, and with this native code in place of its own where some is given.
pub(crate) fn rewrite(artifact: &Path, to: &Path, code: Option<&[u8]>, change: impl FnOnce(&mut Manifest)) {
    let file = std::fs::read(artifact).expect("a file");
    let artifact = Artifact::open(artifact).expect("an artifact");
    let mut manifest = artifact.manifest().clone();
    change(&mut manifest);
    let header = *artifact.header();
    let plan = Plan {
        host_class: header.host_class,
        provider: header.provider,
        ort: header.ort,
        models: header.models,
        sections: header.sections,
    };
    let mut writer = ArtifactWriter::create(to, plan).expect("a writer");
    for section in artifact.sections() {
        let bytes = match (section.kind, code) {
            (SectionKind::Manifest, _) => manifest.encode(),
            (SectionKind::Code, Some(code)) => code.to_vec(),
            _ => file[section.offset as usize..section.end() as usize].to_vec(),
        };
        writer
            .section(section.kind, section.model, section.alignment, bytes.len() as u64, |out| out.write_all(&bytes))
            .expect("a section");
    }
    writer.finish().expect("an artifact").publish().expect("a name");
}

/// Writes `artifact` to `to`, with native code that does something else than its WebAssembly says.
pub(crate) fn forge(artifact: &Path, to: &Path) {
    rewrite(artifact, to, Some(&evil_code()), |_| ());
}
