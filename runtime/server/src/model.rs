//! [`Model`]: one version of one model that is served. At rest it is this and nothing else.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use blink_artifact::manifest::{Dim, GuestKind, ValueSpec};
use blink_artifact::signature::Vouched;
use blink_runtime::Device;

use crate::config::ModelSettings;
use crate::integrity::Integrity;
use crate::observe::Statistics;

/// One version of a model, or a guest with the models it asks. Never changed: a new artifact is a new value.
#[derive(Debug)]
pub struct Model {
    /// Its number in this process; no other `Model` has had it.
    pub id: u64,
    /// What clients call it.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// The artifact, for people to read.
    pub path: PathBuf,
    /// The artifact, open: workers are started from this file whatever its path names by then.
    pub file: Arc<File>,
    /// Whether it is still what was opened.
    pub integrity: Arc<Integrity>,
    /// Whether that file was admitted by its signature, so that no other may be used in its place.
    pub is_admitted: bool,
    /// What a trusted key has signed, where that is this artifact and it has native code: that may be run then.
    pub own_code: Option<Vouched>,
    /// Which of the artifact's models; `None`: a guest, with all of them.
    pub entry: Option<Entry>,
    /// The guest's kind, where this is one.
    pub guest: Option<GuestKind>,
    /// Bytes of weights, which all workers of the model share.
    pub weights: u64,
    /// Bytes that one worker is expected to hold for itself; measured ones take their place.
    pub private: u64,
    /// For an artifact for CUDA: where it runs; `None`: it is one for the CPU, and runs there.
    pub device: Option<Device>,
    /// How it is served.
    pub settings: ModelSettings,
    /// What is counted of it.
    pub statistics: Statistics,
}

impl Model {
    /// Settings that change nothing where it runs, in words.
    pub fn without_effect(&self) -> Option<String> {
        let (device, name) = (self.device?, &self.name);
        let settings = self.settings.without_effect_on(device);
        let words = || format!("'{name}' runs on {device}, where these have no effect: {}", settings.join(", "));
        (!settings.is_empty()).then(words)
    }
}

/// A model of the artifact, as clients may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the artifact; `None`: that holds no other.
    pub name: Option<String>,
    /// What clients give, in the graph's order.
    pub inputs: Vec<ValueSpec>,
    /// What clients get, in the graph's order.
    pub outputs: Vec<ValueSpec>,
}

impl Entry {
    /// Whether requests to it can be run together: every input and output has an open first dim, the same one, which is
    /// no other dim's size, and elements that can be cut between any two.
    pub fn has_batch_dim(&self) -> bool {
        let values = || self.inputs.iter().chain(&self.outputs);
        let first = |value: &ValueSpec| value.dims.as_ref().and_then(|dims| dims.first().cloned());
        let Some(Some(batch @ (Dim::Symbolic(_) | Dim::Unknown))) = self.inputs.first().map(first) else {
            return false;
        };
        let is_elsewhere = |value: &ValueSpec| {
            let mut others = value.dims.iter().flat_map(|dims| dims.iter().skip(1));
            matches!(batch, Dim::Symbolic(_)) && others.any(|dim| *dim == batch)
        };
        // Half bytes cannot be cut between any two elements; strings are not joined.
        let is_cut = |value: &ValueSpec| value.dtype.bits().is_some_and(|bits| bits >= 8);
        values().all(|value| first(value).as_ref() == Some(&batch) && !is_elsewhere(value) && is_cut(value))
    }
}

#[cfg(test)]
mod tests {
    use blink_tensors::DType;

    use super::*;

    fn value(name: &str, dtype: DType, dims: &[Dim]) -> ValueSpec {
        ValueSpec { name: name.into(), dtype, dims: Some(dims.to_vec()), optional: false }
    }

    fn has_batch_dim(inputs: &[ValueSpec], outputs: &[ValueSpec]) -> bool {
        Entry { name: None, inputs: inputs.to_vec(), outputs: outputs.to_vec() }.has_batch_dim()
    }

    #[test]
    fn a_batch_dim_is_open_everywhere_and_the_same() {
        let (n, m, three) = (|| Dim::from("n"), || Dim::from("m"), || Dim::Fixed(3));
        let a = value("a", DType::F32, &[n(), three()]);
        let y = |dims: &[Dim]| value("y", DType::F32, dims);
        assert!(has_batch_dim(&[a.clone(), a.clone()], &[y(&[n()])]));
        assert!(has_batch_dim(&[value("a", DType::F32, &[Dim::Unknown, three()])], &[y(&[Dim::Unknown])]));
        for other in [&[][..], &[three()], &[m()], &[three(), n()], &[Dim::Unknown], &[n(), n()]] {
            assert!(!has_batch_dim(std::slice::from_ref(&a), &[y(other)]), "{other:?}");
            assert!(!has_batch_dim(&[a.clone(), y(other)], &[y(&[n()])]), "{other:?}");
        }
        assert!(!has_batch_dim(&[y(&[three()])], &[y(&[three()])]));
        for dtype in [DType::String, DType::I4] {
            assert!(!has_batch_dim(&[value("a", dtype, &[n()])], &[y(&[n()])]));
        }
        let anything = ValueSpec { dims: None, ..a.clone() };
        assert!(!has_batch_dim(&[a, anything], &[]) && !has_batch_dim(&[], &[]));
    }
}
