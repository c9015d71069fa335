//! What the bench itself costs: its clock, and the floor of what it can measure of any process.

use blink_runtime::timeline::now;

use crate::launch::LaunchError;
use crate::measurement::Overhead;
use crate::process::ProcessLaunch;
use crate::statistics::median;

/// How often each is measured.
const CLOCKS: usize = 1001;
const FLOORS: usize = 11;
/// A program that only writes a line: it is on every system.
const LEAST: &str = "/bin/echo";

/// Measures it. The floor is left out where there is no such program.
pub fn measure() -> Overhead {
    let pair = |_| {
        let first = now();
        (now() - first) as f64
    };
    let clocks: Vec<f64> = (0..CLOCKS).map(pair).collect();
    let launch = ProcessLaunch {
        program: LEAST.into(),
        arguments: Vec::new(),
        stdin: None,
        timeline: None,
        must_write: true,
        expected: None,
    };
    let floors: Result<Vec<f64>, LaunchError> =
        (0..FLOORS).map(|_| launch.launch().map(|launched| launched.cold_ms)).collect();
    Overhead {
        clock_ns: median(&clocks).unwrap_or(0.0),
        floor_ms: floors.ok().and_then(|floors| median(&floors)),
        looks_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_and_a_process_both_take_some_time() {
        let Overhead { clock_ns, floor_ms, .. } = measure();
        assert!(clock_ns > 0.0 && floor_ms.is_some_and(|ms| ms * 1e6 > clock_ns), "{clock_ns} {floor_ms:?}");
    }
}
