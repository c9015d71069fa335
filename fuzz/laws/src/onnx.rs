//! ONNX models as far as they are read before ONNX Runtime sees them: what a model refers to outside itself lies below
//! its own directory, and every stored tensor is as long as its dims say.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use blink_compiler::onnx::Source;
use blink_compiler::onnx::proto::{ModelProto, TensorProto};
use blink_tensors::DType;
use prost::Message;
use tempfile::TempDir;

use crate::Outcome;

/// Checks a model file.
pub fn check(model: &[u8]) -> Outcome {
    let directory = directory();
    let path = directory.join("model.onnx");
    // A new file each time: the last one may still be mapped.
    let _ = fs::remove_file(&path);
    fs::write(&path, model).expect("room for a model");
    let source = match Source::open(&path) {
        Ok(source) => source,
        Err(error) => return Outcome::refused(&error),
    };
    assert_eq!(&source.bytes()[..], model);
    for file in source.external_files() {
        stays_below(file.path(), directory);
        assert_eq!(&file.bytes()[..], fs::read(file.path()).expect("it was read before"));
    }
    if let Some(graph) = &source.model().graph {
        graph.initializer.iter().for_each(|tensor| is_as_long_as_it_says(&source, tensor));
    }
    let (_, _) = (source.inputs(), source.outputs());
    assert_eq!(source.model_hash().len(), 64);
    let _ = source.census();
    source.check_unchanged().expect("nobody writes to it");
    // Not compared as values: a NaN is not even itself.
    let encoded = source.model().encode_to_vec();
    let again = ModelProto::decode(&*encoded).expect("what was encoded can be decoded");
    assert_eq!(again.encode_to_vec(), encoded);
    Outcome::Taken
}

/// A model's directory with files that it may name and files that it may not, and more beside it.
fn directory() -> &'static Path {
    static FOLDER: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let outer = folder.path().canonicalize().expect("it is there");
        let inner = outer.join("model");
        let data: Vec<u8> = (0..=255).collect();
        fs::create_dir_all(inner.join("sub")).expect("a directory");
        for name in ["secret", "model/data", "model/sub/data", "model/twice"] {
            fs::write(outer.join(name), &data).expect("room for it");
        }
        fs::hard_link(inner.join("twice"), inner.join("again")).expect("a second name");
        symlink("../secret", inner.join("link")).expect("a link");
        symlink("..", inner.join("out")).expect("a link");
        (folder, inner)
    });
    &made.1
}

fn stays_below(path: &Path, directory: &Path) {
    assert_eq!(path.canonicalize().expect("it was opened"), path, "a link was followed");
    assert!(path.starts_with(directory), "{} is not below the model", path.display());
    assert_eq!(path.metadata().expect("it was opened").nlink(), 1);
}

fn is_as_long_as_it_says(source: &Source, tensor: &TensorProto) {
    let (Some(dtype), Some(bytes)) = (DType::from_onnx_code(tensor.data_type()), source.tensor_bytes(tensor)) else {
        return;
    };
    let elements = if tensor.dims.contains(&0) {
        0
    } else {
        let size = |&dim: &i64| usize::try_from(dim).expect("a negative dim was taken");
        tensor.dims.iter().map(size).try_fold(1, usize::checked_mul).expect("more elements than can be counted")
    };
    assert_eq!(Some(bytes.len()), dtype.byte_len(elements), "{dtype} {:?}", tensor.dims);
}
