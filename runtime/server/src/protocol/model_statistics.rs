//! [`ModelStatistics`]: what was counted of a model, in the fields of the statistics extension. Times are nanoseconds.

use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use crate::observe::{Counts, Timed};

/// What was counted of models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AllStatistics {
    /// One for each version of each model.
    pub model_stats: Vec<ModelStatistics>,
}

/// What was counted of one version of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModelStatistics {
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// When it last answered, in milliseconds since 1970; 0: never.
    pub last_inference: u64,
    /// Requests that were answered.
    pub inference_count: u64,
    /// Runs, each of one request or of more together.
    pub execution_count: u64,
    /// Where the time went.
    pub inference_stats: InferStatistics,
    /// The same by how many requests ran together. Times are known of a size where all runs had it; otherwise empty.
    pub batch_stats: Vec<BatchStatistics>,
}

/// Where the time of requests went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InferStatistics {
    /// Answered requests, from arrival to answer.
    pub success: StatisticDuration,
    /// The others.
    pub fail: StatisticDuration,
    /// Until a worker took them.
    pub queue: StatisticDuration,
    /// Inputs to shared memory.
    pub compute_input: StatisticDuration,
    /// In the worker.
    pub compute_infer: StatisticDuration,
    /// Outputs read and encoded.
    pub compute_output: StatisticDuration,
    /// Always 0: answers are not kept.
    pub cache_hit: StatisticDuration,
    /// Always 0: answers are not kept.
    pub cache_miss: StatisticDuration,
}

/// Runs of one size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BatchStatistics {
    /// Requests in each.
    pub batch_size: u64,
    /// Inputs to shared memory.
    pub compute_input: StatisticDuration,
    /// In the worker.
    pub compute_infer: StatisticDuration,
    /// Outputs read and encoded.
    pub compute_output: StatisticDuration,
}

/// How often, and how long in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StatisticDuration {
    /// How often.
    pub count: u64,
    /// How long in all, in nanoseconds.
    pub ns: u64,
}

impl From<Timed> for StatisticDuration {
    fn from(timed: Timed) -> StatisticDuration {
        StatisticDuration { count: timed.count, ns: nanos(timed.time) }
    }
}

impl ModelStatistics {
    /// What `counts` say of this version of this model.
    pub fn of(name: &str, version: u64, counts: &Counts) -> ModelStatistics {
        let fail = counts.failures.values().fold(StatisticDuration::default(), |sum, timed| StatisticDuration {
            count: sum.count.saturating_add(timed.count),
            ns: sum.ns.saturating_add(nanos(timed.time)),
        });
        let since_1970 = counts.last.and_then(|last| last.duration_since(UNIX_EPOCH).ok());
        let inference_stats = InferStatistics {
            success: counts.success.into(),
            fail,
            queue: counts.queue.into(),
            compute_input: counts.input.into(),
            compute_infer: counts.infer.into(),
            compute_output: counts.output.into(),
            ..InferStatistics::default()
        };
        ModelStatistics {
            name: name.to_owned(),
            version: version.to_string(),
            last_inference: since_1970.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            inference_count: counts.success.count,
            execution_count: counts.runs.values().fold(0, |sum, runs| runs.saturating_add(sum)),
            batch_stats: batches(counts, &inference_stats),
            inference_stats,
        }
    }
}

fn batches(counts: &Counts, all: &InferStatistics) -> Vec<BatchStatistics> {
    let mut sizes = counts.runs.iter();
    let (Some((&size, &runs)), None) = (sizes.next(), sizes.next()) else { return Vec::new() };
    let of = |sum: StatisticDuration| StatisticDuration { count: runs, ns: sum.ns };
    vec![BatchStatistics {
        batch_size: size as u64,
        compute_input: of(all.compute_input),
        compute_infer: of(all.compute_infer),
        compute_output: of(all.compute_output),
    }]
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Statistics, Times};

    #[test]
    fn what_was_counted_stands_in_the_extension_s_fields() {
        let statistics = Statistics::default();
        let (queue, rest) = (Duration::from_nanos(7), Duration::from_nanos(3));
        let times = Times { queue, input: rest, infer: rest, output: rest };
        statistics.succeeded(times, Duration::from_micros(1));
        statistics.succeeded(times, Duration::from_micros(1));
        statistics.failed("full", Duration::from_nanos(5));
        statistics.failed("invalid", Duration::from_nanos(6));
        statistics.ran(1);
        statistics.ran(1);
        let found = serde_json::to_value(ModelStatistics::of("m", 4, &statistics.counts())).unwrap();
        let timed = |count: u64, ns: u64| serde_json::json!({"count": count, "ns": ns});
        assert_eq!((&found["name"], &found["version"]), (&"m".into(), &"4".into()));
        assert_eq!((&found["inference_count"], &found["execution_count"]), (&2.into(), &2.into()));
        assert!(found["last_inference"].as_u64().unwrap() > 1_600_000_000_000);
        let stats = &found["inference_stats"];
        assert_eq!((&stats["success"], &stats["fail"]), (&timed(2, 2000), &timed(2, 11)));
        assert_eq!((&stats["queue"], &stats["compute_infer"]), (&timed(2, 14), &timed(2, 6)));
        assert_eq!((&stats["cache_hit"], &stats["cache_miss"]), (&timed(0, 0), &timed(0, 0)));
        let batch = &found["batch_stats"][0];
        assert_eq!((&batch["batch_size"], &batch["compute_output"]), (&1.into(), &timed(2, 6)));
    }

    #[test]
    fn times_are_not_guessed_where_sizes_differ() {
        let statistics = Statistics::default();
        statistics.ran(1);
        statistics.ran(4);
        let found = ModelStatistics::of("m", 1, &statistics.counts());
        assert_eq!((found.execution_count, found.batch_stats.len(), found.last_inference), (2, 0, 0));
    }
}
