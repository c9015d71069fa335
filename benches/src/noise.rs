//! [`Watch`]: how calm the machine was while it was measured on.
//!
//! What the kernel counts of all processors is held against what this process and its ended children used: the rest
//! was somebody else's. Shares are of the time of all processors together. On systems that do not count so, and over
//! times too short for the kernel's coarse counters, nothing is told; the scatter of the starts themselves always is.

use std::fs;

use crate::measurement::Noise;
use crate::reap;
use crate::statistics::{Interval, PermutationTest, Ratio, Summary};

/// A hypervisor that gives away more than this share also moves whatever it lets run.
const MOST_STOLEN: f64 = 0.01;
/// Half of a processor's time on ten processors, a tenth of it on two: enough to wait for, in most starts.
const MOST_OTHERS: f64 = 0.05;
/// A median that is no better known than this cannot show a change of the usual threshold.
const MOST_SPREAD: f64 = 0.10;
/// Starts that became slower or faster by this share on the way were not all measured on the same machine.
const MOST_DRIFT: f64 = 0.10;
/// By chance alone a drift is called in fewer measurements than this share.
const SURE: f64 = 0.01;
/// The kernel counts in ticks, of 10 ms as a rule: of fewer than this, a share would be off by several hundredths.
const FEWEST_TICKS: u64 = 200;

/// A look at the machine, to be ended by another one.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// `None` where the system does not tell.
    begun: Option<Reading>,
}

/// Who had the processors' time between two looks; `None` where that cannot be told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    /// The share that a hypervisor gave to others.
    pub stolen: Option<f64>,
    /// The share that processes used which are neither this one nor an ended child of it.
    pub others: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    ticks: Ticks,
    /// Of this process and its ended children, in ticks.
    own: f64,
}

/// Time of all processors together since the machine came up, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    total: u64,
    /// In programs, and in the kernel on their behalf. Interrupts are nobody's.
    used: u64,
    stolen: u64,
}

impl Watch {
    /// Looks.
    pub fn begin() -> Watch {
        Watch { begun: Reading::now() }
    }

    /// Looks again, and judges how calm it was in between: `cold_ms` as [`Shares::judge`] takes them. Children that are
    /// still alive count among the others: wait for them first.
    pub fn end(self, cold_ms: &[f64]) -> Noise {
        self.begun.zip(Reading::now()).map(|(begun, ended)| begun.until(ended)).unwrap_or_default().judge(cold_ms)
    }
}

impl Shares {
    /// How calm the machine was, and why it was not: `cold_ms` are the first way's cold starts in one state, in
    /// milliseconds and in the order in which they were made.
    pub fn judge(self, cold_ms: &[f64]) -> Noise {
        let Shares { stolen, others } = self;
        let share = |part: f64, whole: f64| (whole > 0.0).then_some(part / whole);
        let spread = Summary::of(cold_ms)
            .and_then(|Summary { p50, interval: Interval { low, high }, .. }| share(high - low, p50));
        let (first, second) = cold_ms.split_at(cold_ms.len() / 2);
        let drift = Ratio::of(second, first).map(|ratio| ratio.ratio - 1.0);
        let is_drift_sure = PermutationTest::of(first, second).is_some_and(|test| test.p < SURE);

        let percent = |share: f64| 100.0 * share;
        let mut doubts = Vec::new();
        if let Some(stolen) = stolen.filter(|&stolen| stolen > MOST_STOLEN) {
            let percent = percent(stolen);
            doubts.push(format!("the hypervisor gave {percent:.1} % of the processors' time to others"));
        }
        if let Some(others) = others.filter(|&others| others > MOST_OTHERS) {
            let percent = percent(others);
            doubts.push(format!(
                "other processes used {percent:.1} % of the processors' time: end them, and measure again"
            ));
        }
        if let Some(spread) = spread.filter(|&spread| spread > MOST_SPREAD) {
            let percent = percent(spread);
            doubts.push(format!("the median cold start is known to {percent:.0} % only: make more runs"));
        }
        if let Some(drift) = drift.filter(|drift| is_drift_sure && drift.abs() > MOST_DRIFT) {
            let (percent, went) = (percent(drift.abs()), if drift > 0.0 { "slower" } else { "faster" });
            doubts.push(format!("the later half of the cold starts was {percent:.0} % {went} than the earlier one"));
        }
        Noise { stolen, others, spread, drift, doubts }
    }
}

impl Reading {
    fn now() -> Option<Reading> {
        let ticks = Ticks::parse(&fs::read_to_string("/proc/stat").ok()?)?;
        let (own, children) = (reap::own(), reap::children());
        let ms = own.0 + own.1 + children.0 + children.1;
        Some(Reading { ticks, own: ms / 1e3 * rustix::param::clock_ticks_per_second() as f64 })
    }

    fn until(self, ended: Reading) -> Shares {
        let since = |of: fn(Ticks) -> u64| of(ended.ticks).saturating_sub(of(self.ticks));
        let total = since(|ticks| ticks.total);
        if total < FEWEST_TICKS {
            return Shares::default();
        }
        let share = |ticks: f64| Some((ticks / total as f64).clamp(0.0, 1.0));
        let others = since(|ticks| ticks.used) as f64 - (ended.own - self.own);
        Shares { stolen: share(since(|ticks| ticks.stolen) as f64), others: share(others) }
    }
}

impl Ticks {
    /// From the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal. What guests used
    /// follows, and is in user already.
    fn parse(stat: &str) -> Option<Ticks> {
        let mut words = stat.lines().next()?.split_whitespace();
        if words.next()? != "cpu" {
            return None;
        }
        let mut fields = [0_u64; 8];
        for field in &mut fields {
            *field = words.next()?.parse().ok()?;
        }
        let sum = |fields: &[u64]| fields.iter().try_fold(0_u64, |sum, &field| sum.checked_add(field));
        Some(Ticks { total: sum(&fields)?, used: sum(&fields[..3])?, stolen: fields[7] })
    }
}

#[cfg(test)]
#[path = "noise_tests.rs"]
mod tests;
