//! Clocks that are as coarse as the request says: what a guest cannot time, it cannot learn.

use std::time::{Duration, Instant, SystemTime};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// Both clocks, cut to multiples of `resolution`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CoarseClock {
    resolution: u64,
    begin: Instant,
}

impl CoarseClock {
    pub(crate) fn new(resolution: Duration) -> CoarseClock {
        let resolution = u64::try_from(resolution.as_nanos()).unwrap_or(u64::MAX).max(1);
        CoarseClock { resolution, begin: Instant::now() }
    }

    fn cut(self, time: Duration) -> u64 {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        nanoseconds - nanoseconds % self.resolution
    }
}

impl HostWallClock for CoarseClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(self.resolution)
    }

    fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Duration::from_nanos(self.cut(now))
    }
}

impl HostMonotonicClock for CoarseClock {
    fn resolution(&self) -> u64 {
        self.resolution
    }

    fn now(&self) -> u64 {
        self.cut(self.begin.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_multiples_of_the_resolution() {
        let clock = CoarseClock::new(Duration::from_millis(250));
        assert_eq!(HostWallClock::now(&clock).as_nanos() % 250_000_000, 0);
        assert_eq!(HostMonotonicClock::now(&clock) % 250_000_000, 0);
        assert_eq!(clock.cut(Duration::from_millis(749)), 500_000_000);
        assert_eq!(CoarseClock::new(Duration::ZERO).cut(Duration::from_nanos(7)), 7);
    }
}
