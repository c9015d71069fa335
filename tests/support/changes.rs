//! Artifacts that are changed where they lie, as nobody should: cut, or with a bit flipped.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use blink_artifact::{Artifact, SectionKind};
use blink_compiler::onnx::proto::ModelProto;
use blink_examples::{GraphBuilder, dims, values};
use blink_tensors::{DType, Tensor};

use super::Folder;

/// Side of the matrix of [`wide`], which has 1 MiB.
const SIDE: usize = 512;

/// `y` is `x` [1, 512] times 3, by a product with a matrix that is too large for the graph.
pub(crate) fn wide() -> ModelProto {
    let cells = (0..SIDE * SIDE).map(|cell| if cell / SIDE == cell % SIDE { 3.0 } else { 0.0 });
    let mut graph = GraphBuilder::new("wide");
    graph.input("x", DType::F32, &dims![1, SIDE as u64]);
    graph.initializer("w", &values(&[SIDE, SIDE], &cells.collect::<Vec<f32>>()));
    graph.node("MatMul", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims![1, SIDE as u64]);
    graph.model()
}

/// What [`wide`] is given.
pub(crate) fn wide_x() -> Tensor {
    values(&[1, SIDE], &[1f32; SIDE])
}

/// A folder with `wide.onnx`, `wide.blink`, whose weights are used where they lie, and `x.npy`.
pub(crate) fn compiled_wide() -> Folder {
    let folder = Folder::new();
    folder.model("wide.onnx", &wide());
    folder.npy("x.npy", &wide_x());
    folder.blink("compile wide.onnx -o wide.blink --prepack off").ok();
    folder
}

/// The file, to be written to.
fn writable(path: &Path) -> File {
    fs::set_permissions(path, Permissions::from_mode(0o644)).expect("our file");
    File::options().read(true).write(true).open(path).expect("our file")
}

/// Cuts it to a few pages.
pub(crate) fn cut(path: &Path) {
    writable(path).set_len(8192).expect("our file");
}

/// Flips a bit in the middle of the first section of a kind.
pub(crate) fn flip(path: &Path, kind: SectionKind) {
    let artifact = Artifact::open(path).expect("an artifact");
    let section = artifact.sections().iter().find(|section| section.kind == kind).expect("it has one");
    let (at, mut byte) = (section.offset + section.len / 2, [0]);
    let file = writable(path);
    file.read_exact_at(&mut byte, at).expect("our file");
    file.write_all_at(&[byte[0] ^ 1], at).expect("our file");
}
