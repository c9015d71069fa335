//! The rules a manifest keeps (list: `docs/format.md`), checked before any of it is used.

use std::collections::HashSet;

use super::{CodeRecord, DeviceRecord, Dim, Golden, GraphEncoding, GuestRecord, Manifest, ModelRecord, ValueSpec};
use crate::table::SectionKind;

/// Largest manifest section, in bytes.
pub const MAX_MANIFEST_LEN: u64 = 4 << 20;
/// Most bytes of a name.
pub(crate) const MAX_NAME: usize = 1024;
/// Most inputs of a model, and most outputs.
pub(crate) const MAX_VALUES: usize = 1024;
/// Most steps of a guest.
pub(crate) const MAX_STEPS: usize = 64;
/// Most dims of a value.
pub(crate) const MAX_RANK: usize = 64;
/// Most weights that are told of one by one.
pub(crate) const MAX_WEIGHTS: usize = 65_536;
/// Every weight that is uploaded begins at a multiple of so many bytes.
pub(crate) const WEIGHT_ALIGNMENT: u64 = 64;
/// Alignments an arena may ask for, in bytes.
pub(crate) const ARENA_ALIGNMENT: std::ops::RangeInclusive<u32> = 16..=4096;

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ManifestError {
    #[error("it has {found} bytes, at most 4194304 are read")]
    TooLong { found: u64 },
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("it lists {found} models, the header says {expected}")]
    ModelCount { found: usize, expected: u32 },
    #[error("two models are called '{name}'")]
    DuplicateModel { name: String },
    #[error("model '{model}' has two {side} called '{name}'")]
    DuplicateValue { model: String, side: &'static str, name: String },
    #[error("it describes a guest, the artifact has none")]
    GuestWithoutSection,
    #[error("it does not describe the guest that the artifact has")]
    GuestUnknown,
    #[error("it describes native code of the guest, the artifact has none")]
    CodeWithoutSection,
    #[error("it does not describe the native code that the artifact has")]
    CodeUnknown,
    #[error("guest has {found} steps, at most 64 are read")]
    TooManySteps { found: usize },
    #[error("a name has {found} bytes, expected 1 to 1024")]
    NameLength { found: usize },
    #[error("model '{model}' has {found} {side}, at most 1024 are read")]
    TooManyValues { model: String, side: &'static str, found: usize },
    #[error("value '{value}' has rank {found}, at most 64 is read")]
    Rank { value: String, found: usize },
    #[error("model '{model}' has no record of the device that the header says it is for")]
    NoDevice { model: String },
    #[error("model '{model}' has a record of a device, and is for the CPU")]
    StrayDevice { model: String },
    #[error("model '{model}' is for a device, and its graph is not in the onnx encoding")]
    DeviceEncoding { model: String },
    #[error("model '{model}' has {found} weights, at most 65536 are read")]
    TooManyWeights { model: String, found: usize },
    #[error(
        "weight '{weight}' at {offset} does not have its place in the weights section of {section_len} bytes: expected a \
         tensor of numbers, at a multiple of 64, after the weight before it"
    )]
    WeightPlace { weight: String, offset: u64, section_len: u64 },
    #[error("model '{model}' has {found} errors of outputs, the model has {expected} outputs")]
    ErrorCount { model: String, found: usize, expected: usize },
    #[error("arena alignment is {found}, expected a power of two from 16 to 4096")]
    ArenaAlignment { found: u32 },
    #[error("golden run of model '{model}' has {found} {side}, the model has {expected}")]
    GoldenCount { model: String, side: &'static str, found: usize, expected: usize },
    #[error("golden output '{output}' ({len} bytes at {offset}) passes the end of its section at {section_len}")]
    GoldenPlace { output: String, offset: u64, len: u64, section_len: u64 },
}

impl Manifest {
    /// Reads and checks the manifest section of an artifact that has these sections besides.
    pub(crate) fn decode(
        bytes: &[u8],
        models: u32,
        sections: &SectionFacts<impl Fn(SectionKind, u32) -> u64>,
    ) -> Result<Manifest, ManifestError> {
        let manifest: Manifest = serde_json::from_slice(bytes)?;
        sections.guest.check(manifest.guest.as_ref())?;
        if manifest.models.len() != models as usize {
            return Err(ManifestError::ModelCount { found: manifest.models.len(), expected: models });
        }
        let mut names = HashSet::new();
        for (index, model) in (0..models).zip(&manifest.models) {
            check_name(&model.name)?;
            if !names.insert(&model.name) {
                return Err(ManifestError::DuplicateModel { name: model.name.clone() });
            }
            model.check((sections.len)(SectionKind::Golden, index))?;
            model.check_device(sections.is_for_device, (sections.len)(SectionKind::Weights, index))?;
        }
        Ok(manifest)
    }
}

/// What a manifest has to fit: the header and the other sections.
pub(crate) struct SectionFacts<F> {
    /// The length of a model's section, 0 where there is none.
    pub(crate) len: F,
    pub(crate) guest: GuestSections,
    /// Whether the header names a device.
    pub(crate) is_for_device: bool,
}

/// Which sections of a guest an artifact has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GuestSections {
    pub(crate) guest: bool,
    pub(crate) code: bool,
}

impl GuestSections {
    /// Whether a manifest tells of just these.
    fn check(self, told: Option<&GuestRecord>) -> Result<(), ManifestError> {
        match told {
            None if self.guest => Err(ManifestError::GuestUnknown),
            None => Ok(()),
            Some(_) if !self.guest => Err(ManifestError::GuestWithoutSection),
            Some(guest) if guest.code.is_some() && !self.code => Err(ManifestError::CodeWithoutSection),
            Some(guest) if guest.code.is_none() && self.code => Err(ManifestError::CodeUnknown),
            Some(guest) => guest.check(),
        }
    }
}

impl GuestRecord {
    fn check(&self) -> Result<(), ManifestError> {
        check_name(&self.name)?;
        if let Some(CodeRecord { wasmtime, settings, target }) = &self.code {
            [wasmtime, settings, target].into_iter().try_for_each(|text| check_name(text))?;
        }
        if self.steps.len() > MAX_STEPS {
            return Err(ManifestError::TooManySteps { found: self.steps.len() });
        }
        self.steps.iter().try_for_each(|step| check_name(&step.name))
    }
}

impl ModelRecord {
    fn check(&self, golden_len: u64) -> Result<(), ManifestError> {
        self.check_values("inputs", &self.inputs)?;
        self.check_values("outputs", &self.outputs)?;
        let found = self.arena.alignment;
        if !found.is_power_of_two() || !ARENA_ALIGNMENT.contains(&found) {
            return Err(ManifestError::ArenaAlignment { found });
        }
        self.golden.as_ref().map_or(Ok(()), |golden| golden.check(self, golden_len))
    }

    fn check_device(&self, is_for_device: bool, weights_len: u64) -> Result<(), ManifestError> {
        let model = || self.name.clone();
        match &self.device {
            None if is_for_device => Err(ManifestError::NoDevice { model: model() }),
            Some(_) if !is_for_device => Err(ManifestError::StrayDevice { model: model() }),
            Some(_) if self.encoding != GraphEncoding::Onnx => Err(ManifestError::DeviceEncoding { model: model() }),
            Some(device) => device.check(self, weights_len),
            None => Ok(()),
        }
    }

    fn check_values(&self, side: &'static str, values: &[ValueSpec]) -> Result<(), ManifestError> {
        if values.len() > MAX_VALUES {
            return Err(ManifestError::TooManyValues { model: self.name.clone(), side, found: values.len() });
        }
        let mut names = HashSet::new();
        for value in values {
            check_name(&value.name)?;
            if !names.insert(&value.name) {
                let (model, name) = (self.name.clone(), value.name.clone());
                return Err(ManifestError::DuplicateValue { model, side, name });
            }
            let dims = value.dims.as_deref().unwrap_or_default();
            check_rank(&value.name, dims.len())?;
            for dim in dims {
                if let Dim::Symbolic(name) = dim {
                    check_name(name)?;
                }
            }
        }
        Ok(())
    }
}

impl DeviceRecord {
    fn check(&self, model: &ModelRecord, section_len: u64) -> Result<(), ManifestError> {
        let name = || model.name.clone();
        let expected = model.outputs.len();
        let trial = self.trial.as_ref().and_then(|trial| trial.error.as_ref());
        let mut counts = self.error.iter().chain(trial).map(Vec::len);
        if let Some(found) = counts.find(|found| *found != expected) {
            return Err(ManifestError::ErrorCount { model: name(), found, expected });
        }
        if let Some(trial) = &self.trial {
            trial.on_cpu.keys().chain([&trial.device]).try_for_each(|text| check_name(text))?;
        }
        if self.weights.len() > MAX_WEIGHTS {
            return Err(ManifestError::TooManyWeights { model: name(), found: self.weights.len() });
        }
        let mut names = HashSet::new();
        let mut begin = 0;
        for weight in &self.weights {
            check_name(&weight.name)?;
            check_rank(&weight.name, weight.shape.len())?;
            if !names.insert(&weight.name) {
                return Err(ManifestError::DuplicateValue {
                    model: name(),
                    side: "weights",
                    name: weight.name.clone(),
                });
            }
            let aligned = weight.offset.is_multiple_of(WEIGHT_ALIGNMENT) && weight.offset >= begin;
            let end = weight.bytes().filter(|_| aligned).and_then(|bytes| weight.offset.checked_add(bytes));
            match end.filter(|end| *end <= section_len) {
                Some(end) => begin = end,
                None => {
                    let (weight, offset) = (weight.name.clone(), weight.offset);
                    return Err(ManifestError::WeightPlace { weight, offset, section_len });
                }
            }
        }
        Ok(())
    }
}

impl Golden {
    fn check(&self, model: &ModelRecord, section_len: u64) -> Result<(), ManifestError> {
        let sides =
            [("inputs", self.shapes.len(), model.inputs.len()), ("outputs", self.outputs.len(), model.outputs.len())];
        for (side, found, expected) in sides {
            if found != expected {
                return Err(ManifestError::GoldenCount { model: model.name.clone(), side, found, expected });
            }
        }
        for (input, shape) in model.inputs.iter().zip(&self.shapes) {
            check_rank(&input.name, shape.as_ref().map_or(0, Vec::len))?;
        }
        for (spec, output) in model.outputs.iter().zip(&self.outputs) {
            check_rank(&spec.name, output.shape.len())?;
            if let Some((offset, len)) = output.stored
                && offset.checked_add(len).is_none_or(|end| end > section_len)
            {
                let output = spec.name.clone();
                return Err(ManifestError::GoldenPlace { output, offset, len, section_len });
            }
        }
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), ManifestError> {
    let found = name.len();
    if (1..=MAX_NAME).contains(&found) { Ok(()) } else { Err(ManifestError::NameLength { found }) }
}

fn check_rank(value: &str, found: usize) -> Result<(), ManifestError> {
    if found <= MAX_RANK { Ok(()) } else { Err(ManifestError::Rank { value: value.to_owned(), found }) }
}
