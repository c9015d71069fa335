//! ONNX Runtime's own optimiser, run once, here: the graph it would have made at every start.

use std::sync::Arc;

use blink_artifact::MappedFile;
use blink_runtime::EngineError;
use blink_runtime::engine::{Engine, Graph, Optimise, Save, Session, SessionOptions};

use crate::error::CompileError;
use crate::onnx::Source;
use crate::onnx::proto::NodeProto;
use crate::ort_format;
use crate::saved::{SavePlace, SavedModel};
use crate::temporary::Temporaries;
use crate::transpose::transpose;

/// Weights above which the graph is kept apart from them: ONNX Runtime's flatbuffer ends at 2 GiB, and needs room
/// for the graph.
const LARGEST_IN_FLATBUFFER: u64 = 1900 << 20;

/// ONNX Runtime's optimisers up to [`Optimise::Extended`] that make operators which the CPU provider alone has, or that
/// look at the CPU they run on. Those of transformers (attention, normalisation, activations) make operators that the
/// CUDA provider has too, for float and for half floats.
const CPU_ALONE: &[&str] = &[
    // FusedConv: CUDA has it for float and Relu alone, not for half floats.
    "ConvActivationFusion",
    "ConvAddActivationFusion",
    // FusedGemm.
    "GemmActivationFusion",
    // MatMulIntegerToFloat, DynamicQuantizeMatMul.
    "MatMulIntegerToFloatFusion",
    "DynamicQuantizeMatMulFusion",
    // QLinearConv, QLinearMatMul and their like. Without them such a part stays dequantise, compute, quantise.
    "QDQSelectorActionTransformer",
    // Signed to unsigned weights, where this CPU multiplies those better.
    "QDQS8ToU8Transformer",
    "Avx2WeightS8ToU8Transformer",
    // MatMulNBits with an activation in it, and several in one.
    "MatMulNBitsFusion",
    "MatMulNBitsMlpFusion",
    "MatMulNBitsQkvFusion",
    // Block layouts. They are of the level after this one, and named in case they move.
    "NchwcTransformer",
    "NhwcTransformer",
];

/// An optimised graph, in temporary files that have no name and go with this value.
pub(crate) enum Optimised {
    /// ONNX Runtime's flatbuffer, weights included.
    Ort(Arc<MappedFile>),
    /// An ONNX model with its large weights apart.
    Onnx(Box<SavedModel>),
}

/// How to optimise.
pub(crate) struct Optimiser<'a> {
    pub(crate) engine: &'static Engine,
    pub(crate) source: &'a Source,
    pub(crate) level: Optimise,
    /// Sizes for symbolic dims.
    pub(crate) dims: &'a [(String, u64)],
    /// Whether weights may be turned round (`transpose.rs`).
    pub(crate) turn: bool,
    /// Whether the graph is for a device: then it is an ONNX model of operators that device and CPU both have.
    pub(crate) for_device: bool,
    pub(crate) files: &'a Temporaries,
}

impl Optimiser<'_> {
    /// Optimises the model.
    pub(crate) fn run(&self) -> Result<Optimised, CompileError> {
        let fits = !self.for_device && self.source.census().parameter_bytes <= LARGEST_IN_FLATBUFFER;
        let original = || Graph::OnnxFile(self.source.path().to_owned());
        if fits && !self.turn {
            // The flatbuffer cannot hold every graph that ONNX Runtime can run. If it cannot run this one, the
            // second attempt says so.
            if let Some(file) = self.save_ort(original(), self.level)? {
                return Ok(Optimised::Ort(file));
            }
        }
        let place = SavePlace::create(self.files)?;
        let save = Save::Onnx(place.model.path(), place.weights_name());
        self.session(original(), self.level, save).map_err(|error| refused(self.source, error))?;
        let mut saved = SavedModel::open(&place, &place.weights_name(), Vec::new(), self.files)?;
        if self.turn
            && let Some(turned) = transpose(&saved, self.files)?
        {
            saved = turned;
        }
        if fits && let Some(file) = self.save_ort(saved.graph(), Optimise::No)? {
            return Ok(Optimised::Ort(file));
        }
        Ok(Optimised::Onnx(Box::new(saved)))
    }

    /// Saves `graph` as a flatbuffer; `None` where ONNX Runtime cannot, or could not use it in place.
    ///
    /// ONNX Runtime does not tell a graph that has no such form from a file or memory that it could not get. The former
    /// fails each time, so it is asked twice: the machine's trouble does not make another artifact.
    fn save_ort(&self, graph: Graph, level: Optimise) -> Result<Option<Arc<MappedFile>>, CompileError> {
        for graph in [graph.clone(), graph] {
            let pending = self.files.create()?;
            match self.session(graph, level, Save::Ort(pending.path())) {
                Ok(()) => {
                    let file = Arc::new(MappedFile::of(pending.file(), self.files.path())?);
                    return Ok(ort_format::usable_in_place(&file)?.then_some(file));
                }
                Err(EngineError::Call { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    fn session(&self, graph: Graph, optimise: Optimise, save: Save) -> Result<(), EngineError> {
        let dims = if optimise == Optimise::No { Vec::new() } else { self.dims.to_vec() };
        let leave_out = if self.for_device { CPU_ALONE } else { &[] };
        let options =
            SessionOptions { threads: 1, prepack: false, optimise, leave_out, dims, save: Some(save), pin: false };
        Session::new(self.engine, graph, &options, &[], &[]).map(drop)
    }
}

/// Adds to ONNX Runtime's words the nodes they are about, where its words name an operator only.
fn refused(source: &Source, error: EngineError) -> CompileError {
    let EngineError::Call { message } = error else { return error.into() };
    let nodes = source.model().graph.iter().flat_map(|graph| &graph.node);
    let is_meant = |node: &&NodeProto| {
        let operator = node.op_type();
        !operator.is_empty() && message.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == operator)
    };
    let named: Vec<_> =
        nodes.filter(is_meant).filter(|node| !message.contains(&format!("'{}'", node.name()))).collect();
    let label = |node: &&NodeProto| {
        format!("'{}' ({} -> {})", node.name(), node.op_type(), node.output.first().map_or("", String::as_str))
    };
    let shown: Vec<_> = named.iter().take(3).map(label).collect();
    let more =
        if named.len() > shown.len() { format!(" and {} more", named.len() - shown.len()) } else { String::new() };
    let nodes = if shown.is_empty() { String::new() } else { format!(" (node {}{more})", shown.join(", ")) };
    CompileError::Refused { message, nodes }
}
