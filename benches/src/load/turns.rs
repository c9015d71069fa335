//! [`Plan`]: every way under every load, in turns.
//!
//! Each load's time is split in two, and the ways take turns as in [`crate::interleave`]: what the machine does
//! meanwhile weighs on all alike. A turn starts its servers anew and ends them, so that no way has another's processes
//! beside it. All ways of a turn meet the same arrivals.

use std::time::Duration;

use super::arrivals::poisson;
use super::{Load, LoadError, MAX_ANSWERS, Patience, Server};
use crate::interleave::order;
use crate::measurement::{Arrivals, LoadRuns};
use crate::way::Way;

/// Turns of each way under each load.
const TURNS: u32 = 2;
/// What arrivals are drawn from, and one more for each later turn.
const SEED: u64 = 1;

/// What is asked of every way.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Servers at once, one closed loop for each number.
    pub concurrency: Vec<usize>,
    /// Requests a second, one open loop for each, with the largest of `concurrency`.
    pub rates: Vec<f64>,
    /// For how long each load lasts, its turns together.
    pub duration: Duration,
    /// For how long each server is asked before each turn, uncounted.
    pub warm_up: Duration,
    /// How long peers may be silent.
    pub patience: Patience,
}

impl Plan {
    /// The loads, in their order: how requests come, and to how many servers.
    pub fn loads(&self) -> Vec<(Arrivals, usize)> {
        let closed = self.concurrency.iter().map(|&servers| (Arrivals::Closed, servers));
        let most = self.concurrency.iter().copied().max().unwrap_or(0);
        closed.chain(self.rates.iter().map(|&rate| (Arrivals::Open { rate }, most))).collect()
    }

    /// How many turns `ways` ways take.
    pub fn turns(&self, ways: usize) -> usize {
        self.loads().len() * TURNS as usize * ways
    }

    /// Measures `ways`: load by load, and in each way by way. Before each turn `say` gets the way's name, the load and
    /// the number of servers.
    pub fn measure(
        &self,
        ways: &[Way],
        mut say: impl FnMut(&str, Arrivals, usize),
    ) -> Result<Vec<LoadRuns>, LoadError> {
        if self.concurrency.is_empty() || self.concurrency.contains(&0) {
            return Err(LoadError::NoServers);
        }
        // What cannot be asked for is told before anything else has taken its time.
        for &rate in &self.rates {
            poisson(rate, self.duration / TURNS, SEED)?;
        }
        let mut measured = Vec::new();
        for (arrivals, concurrency) in self.loads() {
            let mut runs: Vec<Option<LoadRuns>> = vec![None; ways.len()];
            for (turn, index) in order(ways.len(), TURNS as usize).enumerate() {
                let way = &ways[index];
                say(&way.name, arrivals, concurrency);
                let mut servers =
                    (0..concurrency).map(|_| Server::start(way, self.patience)).collect::<Result<Vec<_>, _>>()?;
                let seed = SEED + (turn / ways.len()) as u64;
                let (duration, warm_up) = (self.duration / TURNS, self.warm_up);
                let load = Load { arrivals, duration, warm_up, enough: MAX_ANSWERS, seed };
                let later = load.run(&way.name, &mut servers)?;
                match &mut runs[index] {
                    Some(earlier) => earlier.append(later),
                    none => *none = Some(later),
                }
            }
            measured.extend(runs.into_iter().flatten());
        }
        Ok(measured)
    }
}
