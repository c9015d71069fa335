//! Workers alive at once: each is started while those before it stay, then all are asked together.
//!
//! Those before it rest at each start: threads of one that has just answered spin on for 10 to 20 ms, and what they take
//! from a start says nothing of how many workers there are.
//!
//! A peer is started as a server: its first answer is one line, not its tensor.

use std::thread::sleep;
use std::time::Duration;

use super::SweepError;
use crate::interleave::order;
use crate::load::{Load, LoadError, Patience, Server, shares};
use crate::measurement::{Arrivals, PointRuns};
use crate::way::Way;

/// Turns of each way at least, so that each order is followed by its mirror image.
const LEAST: usize = 2;
/// How long the others rest before each start.
const REST: Duration = Duration::from_millis(100);
/// Warm runs of each worker, at most, in each turn.
const WARM: usize = 10;
/// And for how long, at most.
const LONGEST: Duration = Duration::from_secs(5);

/// Takes peers that are no servers out of `ways`, with the reason.
pub(super) fn leave_out_silent(ways: &mut Vec<Way>, left_out: &mut Vec<String>) {
    ways.retain(|way| {
        let failed = if way.is_worker() { None } else { Server::start(way, Patience::default()).err() };
        left_out.extend(failed.as_ref().map(|error| format!("{} along workers: {error}", way.name)));
        failed.is_none()
    });
}

/// `count` workers of each way at once, in turns, until each way has made at least `runs` cold starts. Memory is that
/// of the last turn, just after answers. Also how many answers were checked.
pub(super) fn measure(
    point: &str,
    ways: &[Way],
    count: usize,
    runs: usize,
) -> Result<(Vec<PointRuns>, usize), SweepError> {
    let failed = |source| SweepError::Load { point: point.to_owned(), source: Box::new(source) };
    let mut checked = 0;
    let mut by_way: Vec<_> =
        ways.iter().map(|way| PointRuns { name: way.name.clone(), ..PointRuns::default() }).collect();
    for index in order(ways.len(), runs.div_ceil(count).max(LEAST)) {
        let (way, point) = (&ways[index], &mut by_way[index]);
        let start = |_| {
            sleep(REST);
            Server::start(way, Patience::default())
        };
        let mut servers = (0..count).map(start).collect::<Result<Vec<_>, LoadError>>().map_err(failed)?;
        point.cold_ms.extend(servers.iter().map(Server::first_ms));
        let load = Load {
            arrivals: Arrivals::Closed,
            duration: LONGEST,
            warm_up: Duration::ZERO,
            enough: WARM * count,
            seed: 0,
        };
        let asked = load.run(&way.name, &mut servers).map_err(failed)?;
        point.warm_ms.extend(asked.latency_ms());
        point.pss_bytes = asked.pss_bytes;
        point.private_bytes = shares(&servers).and_then(|all| all.iter().map(|one| one.private).max());
        checked += count + asked.latency_us.len();
    }
    Ok((by_way, checked))
}
