//! Starts made and written down: each way in turns with the others, cold and warm.
//!
//! What is launched may stand in this process ([`Setup`](crate::setup::Setup)) or in others that do the launching (two
//! builds of `blink` beside each other): both are [`Launches`].
//!
//! | file | what it holds |
//! |---|---|
//! | `start.rs` | one start, and what is looked at after it |

mod start;

use crate::interleave::interleave;
use crate::measurement::{Kind, Run, Settings, State, StateRuns, WayRuns};

pub use self::start::MeasureError;

/// What can be launched again and again.
pub trait Launches {
    /// Why a launch is no measurement.
    type Error;

    /// The ways: name, what it is, and what its answer differs by from a normal worker's.
    fn ways(&self) -> Vec<(String, Kind, Option<f64>)>;

    /// Whether `way` can be started in `state`.
    fn takes(&self, way: usize, state: State) -> bool;

    /// Starts `way` once in `state`, for its first answer.
    fn start(&mut self, way: usize, state: State) -> Result<Run, Self::Error>;

    /// Starts `way`, and has it answer `runs` times more: milliseconds of each of these. Peers have none.
    fn warm(&mut self, way: usize, runs: usize) -> Result<Vec<f64>, Self::Error>;
}

/// How often.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// The states, in order.
    pub states: Vec<State>,
    /// Cold starts of each way in each state.
    pub runs: usize,
    /// Launches of each way for its warm runs; 0 for none.
    pub warm_launches: usize,
    /// Later runs in each of those.
    pub warm_runs: usize,
}

impl Rounds {
    /// What a measurement says of these rounds, of workers with so many threads, packed or not.
    pub fn settings(self, threads: usize, prepack: bool, is_bare: bool) -> Settings {
        let Rounds { states, runs, warm_launches, warm_runs } = self;
        Settings { runs, warm_launches, warm_runs, threads, prepack, states, is_bare }
    }

    /// How many launches of `ways` ways that is at most, the uncounted ones included.
    pub fn launches(&self, ways: usize) -> usize {
        ways * (self.states.len() * (self.runs + 1) + self.warm_launches)
    }
}

/// Makes every start. `progress` is called after each launch.
///
/// In each state each way is launched once uncounted: from memory, that brings its files there.
pub fn measure<L: Launches>(
    launches: &mut L,
    rounds: &Rounds,
    mut progress: impl FnMut(),
) -> Result<Vec<WayRuns>, L::Error> {
    let way = |(name, kind, difference)| WayRuns {
        name,
        kind,
        difference,
        states: Vec::new(),
        warm_ms: Vec::new(),
        syscalls: None,
    };
    let mut ways: Vec<WayRuns> = launches.ways().into_iter().map(way).collect();
    for &state in &rounds.states {
        let taking: Vec<usize> = (0..ways.len()).filter(|&way| launches.takes(way, state)).collect();
        let gathered = interleave(taking.len(), rounds.runs + 1, |index| {
            let run = launches.start(taking[index], state);
            progress();
            run
        })?;
        for (way, mut runs) in taking.into_iter().zip(gathered) {
            runs.remove(0);
            ways[way].states.push(StateRuns { state, runs });
        }
    }
    let workers: Vec<usize> = (0..ways.len()).filter(|&way| ways[way].is_worker()).collect();
    let gathered = interleave(workers.len(), rounds.warm_launches, |index| {
        let warm = launches.warm(workers[index], rounds.warm_runs);
        progress();
        warm
    })?;
    for (way, warm) in workers.into_iter().zip(gathered) {
        ways[way].warm_ms = warm;
    }
    Ok(ways)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
