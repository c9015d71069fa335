//! One value of a sweep: cold starts of every way in turns, each followed by warm runs.

use super::SweepError;
use crate::interleave::interleave;
use crate::measurement::PointRuns;
use crate::memory::Shares;
use crate::setup::Setup;

/// Warm runs after each cold start of a worker.
const WARM: u32 = 5;

/// Launches each way `runs` times. Memory is that of the last launch that could be looked at: a peer may have ended.
pub(super) fn measure(point: &str, setup: &Setup, runs: usize) -> Result<Vec<PointRuns>, SweepError> {
    let launch = |index: usize| {
        let way = &setup.ways[index];
        let repeat = if way.is_worker() { WARM } else { 0 };
        let mut shares = None;
        let launched = way.launch_and(repeat, |pid| shares = Shares::of(pid).ok());
        let failed =
            |source| SweepError::Launch { point: point.to_owned(), way: way.name.clone(), source: Box::new(source) };
        launched.map(|launched| (launched, shares)).map_err(failed)
    };
    let gathered = interleave(setup.ways.len(), runs, launch)?;
    let by_way = setup.ways.iter().zip(gathered).map(|(way, launches)| {
        let mut runs = PointRuns { name: way.name.clone(), ..PointRuns::default() };
        for (launched, shares) in launches {
            runs.cold_ms.push(launched.cold_ms);
            runs.warm_ms.extend(launched.warm_ms);
            runs.pss_bytes = shares.map(|shares: Shares| shares.proportional).or(runs.pss_bytes);
            runs.private_bytes = shares.map(|shares| shares.private).or(runs.private_bytes);
        }
        runs
    });
    Ok(by_way.collect())
}
