//! [`Order`]: a request and its limits, as they cross to a child.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Confines;
use crate::request::{CompileDevice, GuestSource, ModelSource, Prepack, Request, Target};

/// What a child is to do, and how far it may go. Paths need not be UTF-8.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    models: Vec<(OsString, Option<String>)>,
    guest: Option<(OsString, bool)>,
    output: OsString,
    device: CompileDevice,
    target: Target,
    prepack: Prepack,
    set_dims: Vec<(String, u64)>,
    golden_dims: Vec<(String, u64)>,
    seed: u64,
    threads: usize,
    complete: bool,
    /// As it is typed.
    pub(super) sandbox: String,
    pub(super) memory: Option<u64>,
}

impl Order {
    pub(super) fn of(request: &Request, confines: &Confines) -> Order {
        // Where a device is tried is the parent's, and no cache is a child's to write to.
        let Request { models, guest, output, device, trial: _, target, prepack, set_dims, golden_dims, .. } = request;
        let models = models.iter().map(|model| (model.path.clone().into(), model.name.clone())).collect();
        Order {
            models,
            guest: guest.as_ref().map(|guest| (guest.path.clone().into(), guest.optimise)),
            output: output.clone().into(),
            device: *device,
            target: *target,
            prepack: *prepack,
            set_dims: set_dims.clone(),
            golden_dims: golden_dims.clone(),
            seed: request.seed,
            threads: request.threads,
            // Memory that somebody has measured out: what fails for want of it is no property of the model.
            complete: confines.memory.is_some() || request.complete,
            sandbox: confines.sandbox.to_string(),
            memory: confines.memory_limit(),
        }
    }

    /// The request again.
    pub(super) fn request(&self) -> Request {
        let source = |(path, name): &(OsString, Option<String>)| ModelSource { path: path.into(), name: name.clone() };
        let guest =
            |(path, optimise): &(OsString, bool)| GuestSource { path: path.into(), optimise: *optimise, cache: None };
        Request {
            models: self.models.iter().map(source).collect(),
            guest: self.guest.as_ref().map(guest),
            output: PathBuf::from(&self.output),
            device: self.device,
            trial: None,
            target: self.target,
            prepack: self.prepack,
            set_dims: self.set_dims.clone(),
            golden_dims: self.golden_dims.clone(),
            seed: self.seed,
            threads: self.threads,
            complete: self.complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use blink_artifact::manifest::Precision;

    use super::*;

    #[test]
    fn an_order_is_read_back() {
        let path = PathBuf::from(OsString::from_vec(b"a\xff.onnx".to_vec()));
        let models = vec![ModelSource { path, name: Some("a".into()) }];
        let mut request = Request::new(models, "out.blink".into(), 3);
        request.guest = Some(GuestSource { path: "app.wasm".into(), optimise: true, cache: None });
        request.device = CompileDevice::Cuda { precision: Precision::Fp16 };
        request.set_dims = vec![("batch".into(), u64::MAX)];
        request.seed = u64::MAX;
        let order = Order::of(&request, &Confines::new("blink".into()));
        let read: Order = serde_json::from_slice(&serde_json::to_vec(&order).unwrap()).unwrap();
        assert_eq!(read, order);
        assert_eq!(Order::of(&read.request(), &Confines::new("blink".into())), order);
    }
}
