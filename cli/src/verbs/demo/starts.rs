//! [`Start`]: the ways to start that the demo compares, launched in turns.

use std::path::Path;

use crate::program;

use anyhow::{Context, ensure};
use blink_benches::agreement;
use blink_benches::ask::Ask;
use blink_benches::interleave::interleave;
use blink_benches::launch::Launched;
use blink_benches::process::ProcessLaunch;
use blink_benches::statistics::{Summary, median, middle};
use blink_benches::subject::Written;
use blink_benches::way::{Launch, Way};
use blink_benches::worker::WorkerLaunch;
use blink_runtime::{Launcher, StartMode, StartOptions, Stdio, Warmed, WorkerSpec};

/// Later runs in each process, for its warm time.
const WARM_RUNS: u32 = 10;

/// One way to start, and what its launches gave.
pub(super) struct Start {
    /// Its name, for programs.
    pub(super) name: String,
    /// What is run, in words.
    pub(super) title: String,
    /// Its launches, in time order; at least one.
    pub(super) launched: Vec<Launched>,
    /// Greatest difference of its answer from a worker's, as a share of the largest value.
    pub(super) difference: f64,
}

impl Start {
    /// How many ways there are at most.
    pub(super) const COUNT: usize = 3;

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
        Summary::of(&self.launched.iter().filter_map(|launched| median(&launched.warm_ms)).collect::<Vec<_>>())
    }

    /// The launch in the middle: half of the others were no faster.
    pub(super) fn middle(&self) -> Option<&Launched> {
        middle(&self.launched, |launched| launched.cold_ms)
    }
}

/// What is launched.
pub(super) struct Ways {
    ways: Vec<(String, Way)>,
    /// The snapshot that workers are restored from, or why there is none.
    pub(super) snapshot: Result<Warmed, String>,
}

impl Ways {
    /// Every way that this machine has, after a snapshot was made where it can be: restored and normal workers, then
    /// ONNX Runtime. All get the same input and threads.
    pub(super) fn make(written: &Written, artifact: &Path, threads: usize) -> anyhow::Result<Ways> {
        let program = program::path()?;
        let launcher = Launcher::new(&program).with_snapshots(artifact.with_file_name("snapshots"));
        let options = StartOptions { threads: Some(threads), ..StartOptions::default() };
        let stdio = [Stdio::Null, Stdio::Null, Stdio::Inherit];
        let spec = WorkerSpec { options, start: StartMode::Normal, stdio, ..WorkerSpec::new(artifact) };
        let snapshot = launcher.warm(&spec).map_err(|error| error.to_string());

        let (mut ways, inputs, file) = (Vec::new(), written.tensors()?, name(artifact));
        let mut worker = |name, title, start| {
            let spec = WorkerSpec { start, ..spec.clone() };
            let ask = Ask::Tensors { inputs: inputs.clone(), output: written.output.to_owned() };
            let launch = WorkerLaunch { launcher: launcher.clone(), spec, ask, expected: None, device: None };
            ways.push((title, Way { name: String::from(name), launch: Launch::Worker(Box::new(launch)) }));
        };
        if snapshot.is_ok() {
            worker("restored", format!("{file}, restored"), StartMode::Snapshot);
        }
        worker("normal", format!("{file}, started"), StartMode::Normal);

        let mut arguments = vec!["stock".into(), (&written.onnx).into()];
        arguments.extend(written.arguments());
        arguments.extend(["--threads".into(), threads.to_string().into()]);
        let timeline = Some(artifact.with_extension("timeline.json"));
        let launch = ProcessLaunch { program, arguments, stdin: None, timeline, must_write: true, expected: None };
        let way = Way { name: "stock".into(), launch: Launch::Process(launch) };
        ways.push((format!("ONNX Runtime on {}", name(&written.onnx)), way));
        Ok(Ways { ways, snapshot })
    }

    /// Launches each way once uncounted, which brings its files into the page cache and tells its answer, then `runs`
    /// times in turns. `progress` is called after each launch.
    pub(super) fn measure(&mut self, runs: usize, mut progress: impl FnMut()) -> anyhow::Result<Vec<Start>> {
        ensure!(runs > 0, "nothing is launched: runs is 0, expected at least 1");
        let mut starts: Vec<Start> = Vec::new();
        for (title, way) in &mut self.ways {
            let first = way.launch().with_context(|| title.clone())?;
            progress();
            way.expect(first.expected());
            let ours = starts.first().map_or(&first, |start| &start.launched[0]);
            let difference = agreement::compare(&ours.output, &first.output)
                .with_context(|| format!("{title} gave another answer than a worker"))?;
            let same = way.name != "normal" || first.digest == ours.digest;
            ensure!(same, "a restored worker gave other bits than one that was started normally");
            starts.push(Start { name: way.name.clone(), title: title.clone(), launched: vec![first], difference });
        }
        let launched = interleave(self.ways.len(), runs, |index| {
            let (title, way) = &self.ways[index];
            let launched = way.launch_and(WARM_RUNS, |_| ()).with_context(|| title.clone());
            progress();
            launched
        })?;
        for (start, launched) in starts.iter_mut().zip(launched) {
            start.launched = launched;
        }
        Ok(starts)
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launched(cold_ms: f64) -> Launched {
        let (phases, warm_ms) = (Vec::new(), Vec::new());
        Launched {
            cold_ms,
            usage: None,
            phases,
            warm_ms,
            output: Vec::new(),
            digest: String::new(),
            difference: None,
            used: None,
        }
    }

    #[test]
    fn the_middle_is_a_launch_that_was_made() {
        let middle = |times: &[f64]| {
            let launched = times.iter().map(|&ms| launched(ms)).collect();
            let start = Start { name: "normal".into(), title: String::new(), launched, difference: 0.0 };
            (start.middle().map(|launched| launched.cold_ms), start.warm().is_some())
        };
        assert_eq!(middle(&[9.0, 1.0, 5.0]), (Some(5.0), false));
        assert_eq!(middle(&[9.0, 1.0, 5.0, 2.0]), (Some(2.0), false));
        assert_eq!(middle(&[7.0]), (Some(7.0), false));
        assert_eq!(middle(&[]), (None, false));
    }
}
