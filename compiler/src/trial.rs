//! The optimised graph, run before it is written: does it answer, how much memory does it take, does packing pay?

use std::time::{Duration, Instant};

use blink_artifact::manifest::{ArenaPlan, Golden, ValueSpec};
use blink_runtime::engine::{Engine, Graph, Optimise, Session, SessionOptions};
use blink_runtime::{EngineError, Outputs};
use blink_snapshots::TensorArena;
use serde::{Deserialize, Serialize};

use crate::child::is_of_memory;
use crate::error::CompileError;
use crate::golden::{self, GoldenInputs};
use crate::request::{CompileDevice, Prepack, Request};

/// Packed bytes below which packing is taken without measuring: it costs a millisecond or two.
const NEGLIGIBLE: usize = 2 << 20;
/// How much slower an unpacked start may be and still be chosen: a packed one costs as much memory again. Far from
/// the ratios that occur (0.3 to 1.0, or above 2 where kernels need packed weights), so that noise decides nothing.
const TOLERATED: f64 = 1.25;
/// The best of so many starts counts, so that a busy machine does not decide.
const ROUNDS: usize = 20;
/// No further round begins after this long.
const LONG: Duration = Duration::from_secs(2);

/// What the trial found.
pub(crate) struct Trial {
    /// Whether to pack at start.
    pub(crate) prepack: bool,
    /// What the choice was based on; `None` where nothing was measured.
    pub(crate) measured: Option<PrepackTimes>,
    pub(crate) arena: ArenaPlan,
    /// The golden run and the bytes to keep of it.
    pub(crate) golden: Option<(Golden, Vec<u8>)>,
    /// The inputs of the golden run.
    pub(crate) inputs: Option<GoldenInputs>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

/// From nothing to the first answer, best of the rounds, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrepackTimes {
    /// With weights packed first.
    pub packed_ms: f64,
    /// Without.
    pub unpacked_ms: f64,
    /// Bytes that packing copies.
    pub packed_bytes: u64,
}

/// A graph to try, with the values it takes and gives.
pub(crate) struct Candidate<'a> {
    pub(crate) engine: &'static Engine,
    pub(crate) graph: Graph,
    pub(crate) inputs: &'a [ValueSpec],
    pub(crate) outputs: &'a [ValueSpec],
}

impl Candidate<'_> {
    fn session(&self, threads: usize, prepack: bool) -> Result<Session, EngineError> {
        let (optimise, dims) = (Optimise::No, Vec::new());
        let options = SessionOptions { threads, prepack, optimise, leave_out: &[], dims, save: None, pin: true };
        Session::new(self.engine, self.graph.clone(), &options, self.inputs, self.outputs)
    }

    /// Tries the graph as `request` asks, with the sizes of `golden_dims` for symbolic dims.
    pub(crate) fn try_out(&self, request: &Request, golden_dims: &[(String, u64)]) -> Result<Trial, CompileError> {
        let before = self.engine.arena().stats().session_bytes;
        let session = self.session(1, true)?;
        // Asked twice: that memory was short for a moment does not make another artifact.
        let run = |inputs: &GoldenInputs| match session.run(&inputs.views()).map(drop) {
            Err(error) if is_of_memory(&error.to_string()) => session.run(&inputs.views()).map(drop),
            ran => ran,
        };
        let found = GoldenInputs::find(self.inputs, golden_dims, request.seed, run);
        let packed_bytes = self.engine.arena().stats().session_bytes - before;
        drop(session);
        let mut notes = Vec::new();
        let inputs = match found {
            Ok((inputs, ())) => inputs,
            Err(error) if request.complete && is_of_memory(&error.to_string()) => return Err(error.into()),
            Err(error) => {
                notes.push(format!(
                    "no golden run: the model does not run with seeded inputs ({error}); `verify` will check hashes \
                     only. If a symbolic dim needs a certain size, give it with --golden-dim NAME=SIZE"
                ));
                let prepack = request.prepack != Prepack::Off;
                let arena = ArenaPlan { alignment: TensorArena::ALIGNMENT as u32, ..ArenaPlan::default() };
                return Ok(Trial { prepack, measured: None, arena, golden: None, inputs: None, notes });
            }
        };
        let (prepack, measured) = match request.prepack {
            Prepack::On => (true, None),
            Prepack::Auto if request.device != CompileDevice::Cpu => (true, None),
            Prepack::Off => (false, None),
            Prepack::Auto if packed_bytes < NEGLIGIBLE => (true, None),
            Prepack::Auto => {
                let times = self.measure(&inputs, request.threads, packed_bytes)?;
                (times.unpacked_ms > times.packed_ms * TOLERATED, Some(times))
            }
        };
        let (golden, arena) = self.golden_run(&inputs, prepack, request.seed)?;
        if !golden.0.reproducible {
            notes.push("two runs gave different outputs: `verify` will compare shapes only".into());
        }
        Ok(Trial { prepack, measured, arena, golden: Some(golden), inputs: Some(inputs), notes })
    }

    /// What the graph answers, run once by one thread.
    pub(crate) fn answer(&self, inputs: &GoldenInputs) -> Result<Outputs, EngineError> {
        self.session(1, true)?.run(&inputs.views())
    }

    fn measure(&self, inputs: &GoldenInputs, threads: usize, packed_bytes: usize) -> Result<PrepackTimes, EngineError> {
        let (mut packed, mut unpacked) = (Duration::MAX, Duration::MAX);
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            for (prepack, best) in [(true, &mut packed), (false, &mut unpacked)] {
                let start = Instant::now();
                self.session(threads, prepack)?.run(&inputs.views())?;
                *best = start.elapsed().min(*best);
            }
            if begun.elapsed() > LONG {
                break;
            }
        }
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        Ok(PrepackTimes { packed_ms: ms(packed), unpacked_ms: ms(unpacked), packed_bytes: packed_bytes as u64 })
    }

    /// Runs the graph on one thread, in two sessions; the second with the memory that the first one showed it needs.
    fn golden_run(
        &self,
        inputs: &GoldenInputs,
        prepack: bool,
        seed: u64,
    ) -> Result<((Golden, Vec<u8>), ArenaPlan), EngineError> {
        let arena = self.engine.arena();
        let run = |expected| {
            arena.trim();
            let before = arena.stats().session_bytes;
            arena.expect(expected);
            let session = self.session(1, prepack)?;
            arena.reset_peak();
            let outputs = session.run(&inputs.views())?;
            let (golden, stored) = golden::record(seed, inputs, &outputs);
            drop(outputs);
            let stats = arena.stats();
            // Random numbers may begin alike in two sessions of one process. In one session they go on.
            let later = session.run(&inputs.views())?;
            let is_steady = golden::record(seed, inputs, &later).0.outputs == golden.outputs;
            Ok::<_, EngineError>((golden, stored, is_steady, stats.run_peak, stats.session_bytes - before))
        };
        let (first, _, is_steady, peak, _) = run(0)?;
        let (mut golden, stored, is_steady_again, peak, resident) = run(peak)?;
        golden.reproducible = is_steady && is_steady_again && first.outputs == golden.outputs;
        let peak = least_region(peak, |expected| Ok(run(expected)?.3))?;
        let plan = ArenaPlan { peak: peak as u64, resident: resident as u64, alignment: TensorArena::ALIGNMENT as u32 };
        Ok(((golden, stored), plan))
    }
}

/// A peak as small as a run can do with. Best fit leaves gaps where it has room for them, so a region that is smaller by
/// some huge pages may hold the same run. `run` tells the peak of a run in a region of that many bytes.
fn least_region(peak: usize, mut run: impl FnMut(usize) -> Result<usize, EngineError>) -> Result<usize, EngineError> {
    const HUGE_PAGE: usize = 2 << 20;
    const ATTEMPTS: usize = 4;
    let mut least = peak;
    for _ in 0..ATTEMPTS {
        let smaller = least.saturating_sub(1) / HUGE_PAGE * HUGE_PAGE;
        if smaller == 0 {
            break;
        }
        match run(smaller)? {
            found if found <= smaller => least = found,
            _ => break,
        }
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_gets_smaller_while_runs_fit() {
        const MIB: usize = 1 << 20;
        let mut asked = Vec::new();
        let mut run = |region: usize| {
            asked.push(region / MIB);
            Ok(if region >= 8 * MIB { region - MIB / 2 } else { region + MIB })
        };
        assert_eq!(least_region(13 * MIB, &mut run).unwrap(), 8 * MIB - MIB / 2);
        assert_eq!(asked, [12, 10, 8, 6]);
        assert_eq!(least_region(MIB, |_| unreachable!("it is in one huge page")).unwrap(), MIB);
    }
}
