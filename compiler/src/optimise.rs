//! ONNX Runtime's own optimiser, run once, here: the graph it would have made at every start.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use blink_artifact::{MappedFile, PendingFile};
use blink_runtime::EngineError;
use blink_runtime::engine::{Engine, Graph, Optimise, Save, Session, SessionOptions, WEIGHTS_FILE};

use crate::error::CompileError;
use crate::onnx::Source;
use crate::onnx::proto::NodeProto;
use crate::ort_format;

/// Weights above which the graph is kept apart from them: ONNX Runtime's flatbuffer ends at 2 GiB, and needs room
/// for the graph.
const LARGEST_IN_FLATBUFFER: u64 = 1900 << 20;

/// An optimised graph, in a temporary file that goes with this value.
pub(crate) enum Optimised {
    /// ONNX Runtime's flatbuffer, weights included.
    Ort(Arc<MappedFile>),
    /// An ONNX file with its large weights in a file beside it.
    Onnx(TemporaryDirectory),
}

/// A directory beside the output, removed with everything in it.
pub(crate) struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    /// The optimised model.
    pub(crate) fn model(&self) -> PathBuf {
        self.0.join("model.onnx")
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Optimises the model of `source`. `beside` is where the artifact will be: temporary files stand there too.
pub(crate) fn optimise(
    engine: &'static Engine,
    source: &Source,
    level: Optimise,
    dims: &[(String, u64)],
    beside: &Path,
) -> Result<Optimised, CompileError> {
    let session = |save| {
        let options = SessionOptions {
            threads: 1,
            prepack: false,
            optimise: level,
            dims: dims.to_vec(),
            save: Some(save),
            pin: false,
        };
        Session::new(engine, Graph::OnnxFile(source.path().to_owned()), &options, &[], &[]).map(drop)
    };
    let temporary = |error| CompileError::Temporary { path: beside.to_owned(), source: error };
    if source.census().parameter_bytes <= LARGEST_IN_FLATBUFFER {
        let file = PendingFile::create(beside).map_err(temporary)?;
        match session(Save::Ort(file.path())) {
            Ok(()) => {
                let file = Arc::new(MappedFile::of(file.file(), beside)?);
                if ort_format::usable_in_place(&file)? {
                    return Ok(Optimised::Ort(file));
                }
            }
            // The flatbuffer cannot hold every graph that ONNX Runtime can run. If it cannot run this one, the
            // second attempt says so.
            Err(EngineError::Call { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let directory = temporary_directory(beside).map_err(temporary)?;
    session(Save::Onnx(directory.model())).map_err(|error| refused(source, error))?;
    Ok(Optimised::Onnx(directory))
}

fn temporary_directory(beside: &Path) -> std::io::Result<TemporaryDirectory> {
    let name = beside.file_name().unwrap_or_default().to_string_lossy();
    let stem = format!(".{name}.compile-");
    let parent = beside.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A compilation that was killed could not remove its own.
    for entry in std::fs::read_dir(parent)?.flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(&stem)).and_then(|pid| pid.parse::<u32>().ok());
        if maker.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let directory = TemporaryDirectory(parent.join(format!("{stem}{}", std::process::id())));
    std::fs::create_dir(&directory.0)?;
    File::create(directory.0.join(WEIGHTS_FILE))?;
    Ok(directory)
}

/// Adds to ONNX Runtime's words the nodes they are about, where its words name an operator only.
fn refused(source: &Source, error: EngineError) -> CompileError {
    let EngineError::Call { message } = error else { return error.into() };
    let nodes = source.model().graph.iter().flat_map(|graph| &graph.node);
    let is_meant = |node: &&NodeProto| {
        let operator = node.op_type();
        !operator.is_empty() && message.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == operator)
    };
    let named: Vec<_> = nodes.filter(is_meant).filter(|node| !message.contains(&format!("'{}'", node.name()))).collect();
    let label = |node: &&NodeProto| {
        format!("'{}' ({} -> {})", node.name(), node.op_type(), node.output.first().map_or("", String::as_str))
    };
    let shown: Vec<_> = named.iter().take(3).map(label).collect();
    let more = if named.len() > shown.len() { format!(" and {} more", named.len() - shown.len()) } else { String::new() };
    let nodes = if shown.is_empty() { String::new() } else { format!(" (node {}{more})", shown.join(", ")) };
    CompileError::Refused { message, nodes }
}
