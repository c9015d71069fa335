//! [`LoadRuns`]: how long answers took while requests kept coming.

use serde::{Deserialize, Serialize};

/// How requests come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "arrivals")]
pub enum Arrivals {
    /// Closed loop: each client asks again as soon as it is answered.
    Closed,
    /// Open loop: requests come at random times, whether or not earlier ones are answered, so many a second on average.
    Open {
        /// Requests a second.
        rate: f64,
    },
}

/// One way under one load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadRuns {
    /// The way's name.
    pub name: String,
    /// How requests came.
    #[serde(flatten)]
    pub arrivals: Arrivals,
    /// Workers or processes, each with one request at a time.
    pub concurrency: usize,
    /// Seconds from the begin to the last answer; of an open loop at least as long as requests came.
    pub seconds: f64,
    /// Microseconds of each request that was answered, in the order of arrival: closed from the asking, open from the
    /// time at which the request came, so that waiting for a free worker counts.
    pub latency_us: Vec<u32>,
    /// Requests of an open loop that were not answered: twice the time had passed. With any, the latencies are those of
    /// the lucky ones.
    #[serde(default)]
    pub unserved: u64,
    /// Whether it ended before its time, with as many answers as are kept.
    #[serde(default)]
    pub is_cut: bool,
    /// Processor time of all of them together, in milliseconds. Of a peer, its own process counts.
    #[serde(default)]
    pub cpu_ms: Option<f64>,
    /// Proportional memory of all of them together at the end, in bytes.
    pub pss_bytes: Option<u64>,
}

/// How latencies spread, in milliseconds: each is the least that such a share of the requests did not exceed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Latencies {
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl LoadRuns {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.latency_us.len() as f64 / self.seconds } else { 0.0 }
    }

    /// Milliseconds of each request.
    pub fn latency_ms(&self) -> Vec<f64> {
        self.latency_us.iter().map(|&us| f64::from(us) / 1e3).collect()
    }

    /// How its latencies spread; `None` where nothing was answered.
    pub fn latencies(&self) -> Option<Latencies> {
        let mut sorted = self.latency_us.clone();
        sorted.sort_unstable();
        let max = f64::from(*sorted.last()?) / 1e3;
        let at = |per_mille: usize| {
            let rank = (sorted.len() * per_mille).div_ceil(1000).max(1);
            f64::from(sorted[rank - 1]) / 1e3
        };
        Some(Latencies { p50: at(500), p90: at(900), p95: at(950), p99: at(990), p999: at(999), max })
    }

    /// Milliseconds of processor time for each answer, where that is known.
    pub fn cpu_ms_each(&self) -> Option<f64> {
        self.cpu_ms.filter(|_| !self.latency_us.is_empty()).map(|ms| ms / self.latency_us.len() as f64)
    }

    /// Adds a later turn of the same way under the same load.
    pub fn append(&mut self, later: LoadRuns) {
        let LoadRuns {
            // The same in both.
            name: _,
            arrivals: _,
            concurrency: _,
            seconds,
            latency_us,
            unserved,
            is_cut,
            cpu_ms,
            pss_bytes,
        } = later;
        self.seconds += seconds;
        self.latency_us.extend(latency_us);
        self.unserved += unserved;
        self.is_cut |= is_cut;
        self.cpu_ms = self.cpu_ms.zip(cpu_ms).map(|(before, after)| before + after);
        self.pss_bytes = pss_bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(latency_us: Vec<u32>) -> LoadRuns {
        LoadRuns {
            name: "snapshot".into(),
            arrivals: Arrivals::Closed,
            concurrency: 1,
            seconds: 2.0,
            latency_us,
            unserved: 1,
            is_cut: false,
            cpu_ms: Some(20.0),
            pss_bytes: Some(1),
        }
    }

    #[test]
    fn percentiles_are_latencies_that_were_seen() {
        let thousand = runs((1..=1000).rev().map(|ms| ms * 1000).collect()).latencies().unwrap();
        let expected = Latencies { p50: 500.0, p90: 900.0, p95: 950.0, p99: 990.0, p999: 999.0, max: 1000.0 };
        assert_eq!(thousand, expected);
        let one = runs(vec![1500]).latencies().unwrap();
        assert_eq!((one.p50, one.p999, one.max), (1.5, 1.5, 1.5));
        assert_eq!(runs(Vec::new()).latencies(), None);
        assert_eq!(runs(Vec::new()).cpu_ms_each(), None);
    }

    #[test]
    fn turns_add_up() {
        let mut both = runs(vec![1000, 2000]);
        let later = LoadRuns { cpu_ms: Some(10.0), pss_bytes: Some(2), is_cut: true, ..runs(vec![3000]) };
        both.append(later.clone());
        assert_eq!((both.latency_us.as_slice(), both.seconds, both.unserved), (&[1000, 2000, 3000][..], 4.0, 2));
        assert_eq!((both.rate(), both.cpu_ms_each(), both.pss_bytes, both.is_cut), (0.75, Some(10.0), Some(2), true));
        both.append(LoadRuns { cpu_ms: None, ..later });
        assert_eq!(both.cpu_ms, None);
    }
}
