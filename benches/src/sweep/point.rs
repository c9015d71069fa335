//! The values of a sweep: cold starts of every way at every value in turns, each followed by warm runs.

use super::{Ready, SweepError};
use crate::interleave::interleave;
use crate::measurement::PointRuns;
use crate::memory::Shares;
use crate::way::Way;

/// Warm runs after each cold start of a worker.
const WARM: u32 = 5;

/// Launches each way of each of `points` `runs` times: what came out at each point, by way. Memory is that of the last
/// launch that could be looked at: a peer may have ended.
pub(super) fn measure(points: &[Ready], runs: usize) -> Result<Vec<Vec<PointRuns>>, SweepError> {
    let all: Vec<(&Ready, &Way)> =
        points.iter().flat_map(|point| point.setup.ways.iter().map(move |way| (point, way))).collect();
    let launch = |index: usize| {
        let (point, way) = all[index];
        let repeat = if way.is_worker() { WARM } else { 0 };
        let mut shares = None;
        let launched = way.launch_and(repeat, |pid| shares = Shares::of(pid).ok());
        let failed =
            |source| SweepError::Launch { point: point.name.clone(), way: way.name.clone(), source: Box::new(source) };
        launched.map(|launched| (launched, shares)).map_err(failed)
    };
    let mut by_way = all.iter().zip(interleave(all.len(), runs, launch)?).map(|((_, way), launches)| {
        let mut runs = PointRuns { name: way.name.clone(), ..PointRuns::default() };
        for (launched, shares) in launches {
            runs.cold_ms.push(launched.cold_ms);
            runs.warm_ms.extend(launched.warm_ms);
            runs.pss_bytes = shares.map(|shares: Shares| shares.proportional).or(runs.pss_bytes);
            runs.private_bytes = shares.map(|shares| shares.private).or(runs.private_bytes);
        }
        runs
    });
    Ok(points.iter().map(|point| by_way.by_ref().take(point.setup.ways.len()).collect()).collect())
}
