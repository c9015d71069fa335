//! Starts on a device: [`Resident`], the worker that all of them are made in, and [`OnDevice`], what such a start is held
//! to.
//!
//! A device rounds otherwise than a CPU, and need not round alike twice: its kernels may add up in an order that nobody
//! fixes. So its answers are not held to bits, but each of them to what the CPU answers, within a bound that is told
//! ([`Closeness`]). Whether the weights of a start were there already is asked of the worker after each start.

use std::path::Path;
use std::sync::Arc;

use blink_runtime::timeline::now;
use blink_runtime::{DeviceReady, Launcher, Timeline, Worker};
use blink_tensors::Tensor;

use crate::agreement::{Disagreement, compare_within};
use crate::ask::Given;
use crate::launch::LaunchError;
use crate::measurement::Context;
use crate::timeline::PhaseTime;

/// How far an answer of a device may be from the CPU's, as a share of an output's largest value, where both compute with
/// the same graph: it adds up in another order, and convolutions may go by transforms that lose digits. Ten times what a
/// half float rounds off (2^-11, 4.9e-4); not measured on a device yet.
pub const ROUNDING: f64 = 5e-3;

/// The resident worker of a device, come up. Its clones are one worker; it ends with the last of them.
#[derive(Clone, Debug)]
pub struct Resident {
    /// Who started it, and starts models in it.
    pub launcher: Launcher,
    /// Number of the device.
    pub ordinal: u32,
    /// What it took to come up.
    pub context: Context,
}

impl Resident {
    /// Has the worker of device `ordinal` come up, which may hold `memory` bytes there (`None`: most of what is free). It
    /// runs `program`, which is `blink`.
    pub fn start(program: &Path, ordinal: u32, memory: Option<u64>) -> Result<Resident, blink_runtime::LaunchError> {
        let launcher = Launcher::new(program);
        let launcher = memory.map_or_else(|| launcher.clone(), |bytes| launcher.clone().with_device_memory(bytes));
        let spawned_at = now();
        let DeviceReady { name, phases, .. } = launcher.start_device(ordinal)?;
        let ms = (now() - spawned_at) as f64 / 1e6;
        let entered = phases.iter().map(|recorded| recorded.begin).min().unwrap_or(spawned_at);
        let mut timeline = Timeline::begin(Some(spawned_at), entered);
        phases.into_iter().for_each(|recorded| timeline.add(recorded));
        let phases = timeline.spans().into_iter().map(PhaseTime::from).collect();
        Ok(Resident { launcher, ordinal, context: Context { device: name, ms, phases } })
    }
}

/// What a start in a resident worker is held to.
#[derive(Clone, Debug)]
pub struct OnDevice {
    /// Whether its weights are to be on the device already, or not yet. `None`: either way.
    pub weights: Option<Weights>,
    /// What its answers must be close to.
    pub close: Arc<Closeness>,
}

/// Where a model's weights are when its start begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// On the device, from an earlier start.
    Kept,
    /// In the artifact alone: the start uploads them.
    Uploaded,
}

impl Weights {
    /// Both.
    pub const ALL: [Weights; 2] = [Weights::Kept, Weights::Uploaded];

    /// What a way with such starts is called.
    pub const fn name(self) -> &'static str {
        match self {
            Weights::Kept => "kept",
            Weights::Uploaded => "uploaded",
        }
    }
}

impl OnDevice {
    /// Whether `worker`, which has answered, found its weights as it was to.
    pub(crate) fn check_weights(&self, worker: &mut Worker) -> Result<(), LaunchError> {
        let facts = worker.device()?.ok_or(LaunchError::NotOnDevice)?;
        match self.weights {
            Some(expected) if facts.weights > 0 && facts.weights_were_there != (expected == Weights::Kept) => {
                let found = if facts.weights_were_there { Weights::Kept } else { Weights::Uploaded };
                Err(LaunchError::OtherWeights { expected: expected.name(), found: found.name() })
            }
            _ => Ok(()),
        }
    }
}

/// The CPU's answer, and how far from it a device's may be.
#[derive(Clone, Debug)]
pub struct Closeness {
    outputs: Vec<Near>,
    /// The recorded error of the artifact's precision that is in the bounds; `None` where none is recorded.
    recorded: Option<f64>,
}

#[derive(Clone, Debug)]
struct Near {
    name: String,
    cpu: Tensor,
    bound: f64,
}

impl Closeness {
    /// Around `outputs`, which the CPU gave. The bound of each is [`ROUNDING`] and its one of `errors`, which were recorded
    /// when the artifact was made: of half floats, how far they are from floats.
    pub fn new(outputs: Vec<(String, Tensor)>, errors: Option<&[f64]>) -> Closeness {
        let error = |index: usize| errors.and_then(|errors| errors.get(index)).copied();
        let near = |(index, (name, cpu))| Near { name, cpu, bound: ROUNDING + error(index).unwrap_or(0.0) };
        let recorded = errors.and_then(|errors| errors.iter().copied().reduce(f64::max));
        Closeness { outputs: outputs.into_iter().enumerate().map(near).collect(), recorded }
    }

    /// The widest bound of an output.
    pub fn bound(&self) -> f64 {
        self.outputs.iter().map(|near| near.bound).fold(0.0, f64::max)
    }

    /// The bound in words.
    pub fn words(&self) -> String {
        let recorded = match self.recorded {
            Some(error) => format!("{error:.1e} recorded for its precision"),
            None => "no error recorded for its precision".to_owned(),
        };
        format!("within {:.1e} of the largest value ({recorded}, and {ROUNDING:.0e} for rounding)", self.bound())
    }

    /// How far an answer of the device is from the CPU's, as a share of the largest value.
    pub(crate) fn check(&self, given: &Given<'_>) -> Result<f64, LaunchError> {
        let Given::Tensors(answer, _) = given else { return Err(LaunchError::NotOnDevice) };
        let mut greatest = 0.0_f64;
        for (near, (name, found)) in self.outputs.iter().zip(answer.iter()) {
            let wrong = |source: Disagreement| LaunchError::Far { output: name.to_owned(), source };
            let difference = compare_within(near.cpu.view(), found, near.bound).map_err(wrong)?;
            greatest = greatest.max(difference);
        }
        match self.outputs.get(answer.len()) {
            Some(near) => Err(LaunchError::OutputName { name: near.name.clone() }),
            None => Ok(greatest),
        }
    }
}

#[cfg(test)]
mod tests {
    use blink_examples::values;

    use super::*;

    #[test]
    fn a_bound_is_the_recorded_error_and_rounding() {
        let outputs = || vec![("a".to_owned(), values(&[1], &[1f32])), ("b".to_owned(), values(&[1], &[2f32]))];
        let half = Closeness::new(outputs(), Some(&[0.001, 0.01]));
        assert_eq!((half.outputs[0].bound, half.bound()), (0.001 + ROUNDING, 0.01 + ROUNDING));
        assert!(half.words().contains("1.5e-2") && half.words().contains("1.0e-2 recorded"), "{}", half.words());
        for errors in [Some(&[][..]), None] {
            let plain = Closeness::new(outputs(), errors);
            assert_eq!(plain.bound(), ROUNDING);
            assert!(plain.words().contains("no error recorded"), "{}", plain.words());
        }
    }
}
