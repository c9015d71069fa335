//! [`Start`]: the ways to start that the demo compares, launched in turns.

use std::path::Path;

use anyhow::{Context, ensure};
use blink_benches::agreement;
use blink_benches::interleave::interleave;
use blink_benches::launch::{Launch, Launched};
use blink_benches::statistics::{Summary, median};
use blink_benches::subject::Written;

/// Later runs in each process, for its warm time.
const WARM_RUNS: u32 = 10;

/// One way to start, and what its launches gave.
pub(super) struct Start {
    /// Its name, for programs.
    pub(super) name: &'static str,
    /// What is run, in words.
    pub(super) title: String,
    /// Its launches, in time order; at least one.
    pub(super) launched: Vec<Launched>,
    /// Greatest difference of its answer from blink's, as a share of the largest value.
    pub(super) difference: f64,
}

impl Start {
    /// How many ways there are.
    pub(super) const COUNT: usize = 2;

    /// Milliseconds from the spawn to the first answer, by launch.
    pub(super) fn cold_ms(&self) -> Vec<f64> {
        self.launched.iter().map(|launched| launched.cold_ms).collect()
    }

    /// Their distribution.
    pub(super) fn cold(&self) -> Option<Summary> {
        Summary::of(&self.cold_ms())
    }

    /// The median of the later runs in each process, by launch.
    pub(super) fn warm(&self) -> Option<Summary> {
        let timelines = self.launched.iter().filter_map(|launched| launched.timeline.as_ref());
        Summary::of(&timelines.filter_map(|timeline| median(&timeline.warm_ms)).collect::<Vec<_>>())
    }

    /// The launch in the middle: half of the others were no faster.
    pub(super) fn middle(&self) -> Option<&Launched> {
        let mut by_time: Vec<_> = self.launched.iter().collect();
        by_time.sort_by(|a, b| a.cold_ms.total_cmp(&b.cold_ms));
        by_time.get(by_time.len().saturating_sub(1) / 2).copied()
    }
}

/// Launches each way once uncounted, which brings its files into the page cache and tells its answer, then `runs`
/// times in turns. `progress` is called after each launch.
pub(super) fn measure(
    written: &Written,
    artifact: &Path,
    threads: usize,
    runs: usize,
    mut progress: impl FnMut(),
) -> anyhow::Result<Vec<Start>> {
    let mut launches = ways(written, artifact, threads)?;
    let mut starts: Vec<Start> = Vec::new();
    for (name, title, launch) in &mut launches {
        let first = launch.launch()?;
        progress();
        launch.expected = Some(first.digest.clone());
        let ours = starts.first().map_or(&first, |start| &start.launched[0]);
        let difference = agreement::compare(&ours.output, &first.output)
            .with_context(|| format!("{title} gave another answer than blink"))?;
        starts.push(Start { name, title: title.clone(), launched: vec![first], difference });
    }
    let launches: Vec<_> = launches.into_iter().map(|(_, _, launch)| launch).collect();
    for (start, launched) in starts.iter_mut().zip(interleave(&launches, runs, progress)?) {
        ensure!(!launched.is_empty(), "nothing was launched: runs is 0, expected at least 1");
        start.launched = launched;
    }
    Ok(starts)
}

/// Name, title and command of every way; blink's own comes first. All get the same input and threads.
fn ways(
    written: &Written,
    artifact: &Path,
    threads: usize,
) -> anyhow::Result<[(&'static str, String, Launch); Start::COUNT]> {
    let program = std::env::current_exe().context("this executable cannot be found again")?;
    let launch = |verb: &str, model: &Path| {
        let mut arguments = vec![verb.into(), model.into()];
        arguments.extend(written.arguments());
        arguments.extend(["--threads".into(), threads.to_string().into()]);
        arguments.extend(["--repeat".into(), WARM_RUNS.to_string().into()]);
        let timeline = Some(artifact.with_extension("timeline.json"));
        Launch { program: program.clone(), arguments, timeline, expected: None }
    };
    let file = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok([
        ("normal", format!("blink run {}", file(artifact)), launch("run", artifact)),
        ("stock", format!("ONNX Runtime on {}", file(&written.onnx)), launch("stock", &written.onnx)),
    ])
}

#[cfg(test)]
mod tests {
    use blink_benches::launch::Usage;

    use super::*;

    fn launched(cold_ms: f64) -> Launched {
        let usage = Usage { user_ms: 0.0, system_ms: 0.0, minor_faults: 0, major_faults: 0, peak_bytes: 0 };
        Launched { cold_ms, usage, timeline: None, output: Vec::new(), digest: String::new() }
    }

    #[test]
    fn the_middle_is_a_launch_that_was_made() {
        let middle = |times: &[f64]| {
            let launched = times.iter().map(|&ms| launched(ms)).collect();
            let start = Start { name: "normal", title: String::new(), launched, difference: 0.0 };
            (start.middle().map(|launched| launched.cold_ms), start.warm().is_some())
        };
        assert_eq!(middle(&[9.0, 1.0, 5.0]), (Some(5.0), false));
        assert_eq!(middle(&[9.0, 1.0, 5.0, 2.0]), (Some(2.0), false));
        assert_eq!(middle(&[7.0]), (Some(7.0), false));
        assert_eq!(middle(&[]), (None, false));
    }
}
