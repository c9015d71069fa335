//! [`Frame`]: what stands around the figures: the machine, how calm it was, what the bench itself costs.

use std::path::Path;

use blink_benches::machine::{Machine, lies_in_memory};
use blink_benches::measurement::{Answers, Measurement, Overhead, SCHEMA, Settings, State, Subject, WayRuns};
use blink_benches::noise::Watch;
use blink_benches::{overhead, record};

use crate::output::note;

/// What was read before anything was measured.
pub(super) struct Frame {
    machine: Machine,
    overhead: Overhead,
    watch: Watch,
    doubts: Vec<String>,
}

impl Frame {
    /// Reads it; the files of the bench go to `directory`.
    pub(super) fn begin(directory: &Path) -> Frame {
        let machine = Machine::read();
        let mut doubts: Vec<String> = machine.governed().into_iter().collect();
        if lies_in_memory(directory) {
            doubts.push("the bench's files are on tmpfs: starts of files on a disk may be faster or slower".into());
        }
        if cfg!(debug_assertions) {
            doubts.push("this blink is a debug build: figures that count come from a release build".into());
        }
        for doubt in &doubts {
            note!("warning: {doubt}");
        }
        let overhead = overhead::measure();
        Frame { machine, overhead, watch: Watch::begin(), doubts }
    }

    /// The measurement, with nothing in it yet but these.
    pub(super) fn end(self, settings: Settings, subject: Subject, answers: Answers, ways: Vec<WayRuns>) -> Measurement {
        let state = settings.states.first().copied().unwrap_or(State::Hot);
        let cold = ways.first().and_then(|way| way.state(state)).map(|runs| runs.cold_ms()).unwrap_or_default();
        let mut noise = self.watch.end(&cold);
        if noise.others.is_none() {
            // Nobody has counted what others used meanwhile.
            noise.doubts.extend(self.machine.busy());
        }
        for doubt in &noise.doubts {
            note!("warning: {doubt}");
        }
        noise.doubts.splice(0..0, self.doubts);
        Measurement {
            schema: SCHEMA.to_owned(),
            date: record::today(),
            machine: self.machine,
            settings,
            subject,
            answers,
            ways,
            device: None,
            bound: None,
            noise,
            overhead: self.overhead,
            budgets: Vec::new(),
            sweeps: Vec::new(),
            loads: Vec::new(),
            left_out: Vec::new(),
        }
    }
}
