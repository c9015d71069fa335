//! [`DeviceHost`]: a device, ONNX Runtime with its provider for it, and the memory that all models there share. What is slow
//! about a GPU stands here, once a process; what a model pays is in `Instance::start_on_device`.

use std::sync::Arc;

use blink_artifact::manifest::{DeviceRuns, DeviceWeight, ValueSpec};
use blink_tensors::{DType, TensorView};

use super::{Budget, CudaError, DeviceArena, Gpu, Share, UploadedWeights, Weights, load_cudnn, load_libraries};
use crate::engine::{Engine, EngineError, Graph, Optimise, Session, SessionOptions};
use crate::library::Library;
use crate::timeline::{Phase, Timeline};

/// One product of two numbers, `MatMul(a, b) -> c` in f32[1, 1], as an ONNX model (opset 13). Its session loads the
/// provider and has it make its first handles, so that no model waits for that.
const FIRST_MODEL: &[u8] =
    b"\x08\x08:U\n\x11\n\x01a\n\x01b\x12\x01c\"\x06MatMul\x12\x01gZ\x13\n\x01a\x12\x0e\n\x0c\x08\x01\
\x12\x08\n\x02\x08\x01\n\x02\x08\x01Z\x13\n\x01b\x12\x0e\n\x0c\x08\x01\x12\x08\n\x02\x08\x01\n\x02\x08\x01b\x13\n\x01c\
\x12\x0e\n\x0c\x08\x01\x12\x08\n\x02\x08\x01\n\x02\x08\x01B\x04\n\x00\x10\r";

/// What all models on a device share.
pub struct DeviceHost {
    /// ONNX Runtime.
    pub engine: &'static Engine,
    /// The device.
    pub gpu: &'static Gpu,
    /// Its memory.
    pub budget: &'static Budget,
}

impl DeviceHost {
    /// Takes the device `ordinal`, loads `library`, which must be a build for CUDA, and runs a first small model. The worker
    /// may hold `memory` bytes on the device ([`Budget::new`]). To be called once a process, whose end is the host's.
    pub fn start(
        library: &Library,
        ordinal: u32,
        memory: Option<u64>,
        timeline: &mut Timeline,
    ) -> Result<&'static DeviceHost, EngineError> {
        let (gpu, budget) = timeline.record(Phase::Context, || {
            let gpu: &'static Gpu = Box::leak(Box::new(Gpu::open(ordinal)?));
            load_libraries()?;
            let budget: &'static Budget = Box::leak(Box::new(Budget::new(gpu, memory)?));
            Ok::<_, CudaError>((gpu, budget))
        })?;
        let engine = Engine::start(library, timeline)?;
        timeline.record(Phase::Context, || {
            engine.attach(gpu)?;
            let host: &'static DeviceHost = Box::leak(Box::new(DeviceHost { engine, gpu, budget }));
            host.run_first_model()?;
            Ok(host)
        })
    }

    /// What a session gets: a stream, an arena of `expected` bytes to begin with, and its weights, tensor by tensor.
    pub fn share(
        &self,
        uploaded: Option<Arc<UploadedWeights>>,
        tensors: &[DeviceWeight],
        expected: u64,
        runs: DeviceRuns,
        cudnn: bool,
        strict: bool,
    ) -> Result<Share, EngineError> {
        if cudnn {
            load_cudnn()?;
        }
        let weights = uploaded.map(|uploaded| Weights::new(self.gpu, uploaded, tensors)).transpose()?;
        let arena = Arc::new(DeviceArena::new(self.budget, expected)?);
        Ok(Share { gpu: self.gpu, stream: self.gpu.stream()?, arena, weights, runs, strict })
    }

    fn run_first_model(&self) -> Result<(), EngineError> {
        let value = |name: &str| ValueSpec { name: name.into(), dtype: DType::F32, dims: None, optional: false };
        let options = SessionOptions {
            threads: 1,
            prepack: false,
            optimise: Optimise::No,
            dims: Vec::new(),
            leave_out: &[],
            save: None,
            pin: false,
        };
        let share = self.share(None, &[], 0, DeviceRuns::Plain, false, true)?;
        let (inputs, outputs) = ([value("a"), value("b")], [value("c")]);
        let graph = Graph::Bytes(FIRST_MODEL);
        let (session, _) = Session::on_device(self.engine, graph, &options, &inputs, &outputs, share)?;
        let [a, b] = [3.0f32, 5.0].map(f32::to_ne_bytes);
        let view = |bytes| TensorView::new(DType::F32, &[1, 1], bytes);
        let input = |bytes| view(bytes).map_err(|error| EngineError::Call { message: error.to_string() });
        let answer = session.run(&[(0, input(&a)?), (1, input(&b)?)])?;
        let found = answer.iter().next().and_then(|output| output.bytes().map(<[u8]>::to_vec));
        if found.as_deref() != Some(&15f32.to_ne_bytes()) {
            let message = format!("device {} cannot multiply: 3 times 5 gave {found:?}", self.gpu.name());
            return Err(EngineError::Call { message });
        }
        Ok(())
    }
}
