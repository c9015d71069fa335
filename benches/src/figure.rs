//! [`Figure`]: what can be asked of a measurement, by one name everywhere: in budgets, comparisons, reports, exports.

use std::fmt;

use blink_runtime::Phase;
use serde::{Deserialize, Serialize};

use crate::measurement::{Measurement, Run, State, WayRuns};
use crate::statistics::median;

/// A figure of a way to start. Less is better, of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Figure {
    /// From the spawn to the output in the parent's hands.
    Cold,
    /// Cold less the way's own median warm run.
    Over,
    /// Cold by the bound of the measurement.
    Ratio,
    /// A later run in the same process.
    Warm,
    /// Processor time.
    Cpu,
    /// Processor time in programs, to the end of the process.
    User,
    /// Processor time of the kernel, to the end of the process.
    System,
    /// Page faults of both kinds.
    Faults,
    /// Page faults that waited for I/O.
    Major,
    /// System calls of a start.
    Syscalls,
    /// Proportional memory after the answer.
    Pss,
    /// Private memory after the answer.
    Private,
    /// The most memory that was resident.
    Peak,
    /// The length of a phase.
    Phase(Phase),
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Milliseconds.
    Ms,
    /// Bytes.
    Bytes,
    /// A number of things.
    Count,
    /// One time by another.
    Times,
}

impl Figure {
    /// Those that are no phases.
    pub const WHOLE: [Figure; 13] = [
        Figure::Cold,
        Figure::Over,
        Figure::Ratio,
        Figure::Warm,
        Figure::Cpu,
        Figure::User,
        Figure::System,
        Figure::Faults,
        Figure::Major,
        Figure::Syscalls,
        Figure::Pss,
        Figure::Private,
        Figure::Peak,
    ];

    /// Every figure, phases last.
    pub fn all() -> impl Iterator<Item = Figure> {
        Figure::WHOLE.into_iter().chain(Phase::ALL.map(Figure::Phase))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Figure::Cold => "cold",
            Figure::Over => "over",
            Figure::Ratio => "ratio",
            Figure::Warm => "warm",
            Figure::Cpu => "cpu",
            Figure::User => "user",
            Figure::System => "system",
            Figure::Faults => "faults",
            Figure::Major => "major",
            Figure::Syscalls => "syscalls",
            Figure::Pss => "pss",
            Figure::Private => "private",
            Figure::Peak => "peak",
            Figure::Phase(phase) => phase.name(),
        }
    }

    /// What it is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Figure::Cold | Figure::Over | Figure::Warm | Figure::Cpu | Figure::User | Figure::System => Unit::Ms,
            Figure::Phase(_) => Unit::Ms,
            Figure::Ratio => Unit::Times,
            Figure::Faults | Figure::Major | Figure::Syscalls => Unit::Count,
            Figure::Pss | Figure::Private | Figure::Peak => Unit::Bytes,
        }
    }

    /// Its value in each run of `way` in `state`, in the figure's unit; empty where it was not measured.
    pub fn samples(self, measurement: &Measurement, way: &WayRuns, state: State) -> Vec<f64> {
        let of = |figure: &dyn Fn(&Run) -> Option<f64>| -> Vec<f64> {
            way.state(state).map(|runs| runs.runs.iter().filter_map(figure).collect()).unwrap_or_default()
        };
        let count = |number: Option<u64>| number.map(|number| number as f64);
        match self {
            Figure::Cold => of(&|run| Some(run.cold_ms)),
            Figure::Over => median(&way.warm()).map_or_else(Vec::new, |warm| of(&|run| Some(run.cold_ms - warm))),
            Figure::Ratio => {
                let bound = measurement.bound.as_ref().map(|bound| bound.ms()).filter(|&ms| ms > 0.0);
                bound.map_or_else(Vec::new, |bound| of(&|run| Some(run.cold_ms / bound)))
            }
            Figure::Warm if state == State::Hot => way.warm(),
            Figure::Syscalls if state == State::Hot => way.syscalls.map(|calls| calls as f64).into_iter().collect(),
            Figure::Warm | Figure::Syscalls => Vec::new(),
            Figure::Cpu => of(&|run| run.cpu_ms),
            Figure::User => of(&|run| run.user_ms),
            Figure::System => of(&|run| run.system_ms),
            Figure::Faults => of(&|run| Some(run.minor_faults? as f64 + run.major_faults? as f64)),
            Figure::Major => of(&|run| count(run.major_faults)),
            Figure::Pss => of(&|run| count(run.pss_bytes)),
            Figure::Private => of(&|run| count(run.private_bytes)),
            Figure::Peak => of(&|run| count(run.peak_bytes)),
            Figure::Phase(phase) => {
                let length =
                    |run: &Run| run.phases.iter().find(|time| time.phase == phase.name()).map(|t| t.duration_ms);
                of(&length)
            }
        }
    }
}

impl Unit {
    /// A value in this unit, as people read it.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Ms => format!("{value:.2} ms"),
            Unit::Bytes => format!("{:.1} MiB", value / f64::from(1 << 20)),
            Unit::Count => format!("{value:.0}"),
            Unit::Times => format!("{value:.3}"),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Figure {
    type Err = String;

    fn from_str(name: &str) -> Result<Figure, String> {
        Figure::all().find(|figure| figure.name() == name).ok_or_else(|| {
            let known: Vec<_> = Figure::all().map(Figure::name).collect();
            format!("figure '{name}' is not known: expected one of {}", known.join(", "))
        })
    }
}

impl From<Figure> for String {
    fn from(figure: Figure) -> String {
        figure.name().to_owned()
    }
}

impl TryFrom<String> for Figure {
    type Error = String;

    fn try_from(name: String) -> Result<Figure, String> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::tests::example;

    #[test]
    fn names_are_read_back_and_none_is_taken_twice() {
        assert!(Figure::all().all(|figure| figure.name().parse() == Ok(figure)));
        let mut names: Vec<_> = Figure::all().map(Figure::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Figure::all().count());
        assert!("warmth".parse::<Figure>().is_err());
    }

    #[test]
    fn samples_are_those_of_their_way_and_state() {
        let example = example();
        let way = example.way("snapshot").unwrap();
        let first = |figure: Figure, state| figure.samples(&example, way, state).first().copied();
        let expected = [
            (Figure::Cold, 2.0),
            (Figure::Over, 2.0 - 1.1),
            (Figure::Ratio, 2.0 / 1.2),
            (Figure::Warm, 1.1),
            (Figure::Cpu, 1.0),
            (Figure::Faults, 300.0),
            (Figure::Syscalls, 120.0),
            (Figure::Pss, f64::from(4 << 20)),
            (Figure::Phase(Phase::Inference), 1.5),
        ];
        for (figure, expected) in expected {
            let found = first(figure, State::Hot).unwrap();
            assert!((found - expected).abs() < 1e-9, "{figure}: {found}");
        }
        assert_eq!(first(Figure::Cold, State::Disk), Some(20.0));
        assert_eq!((first(Figure::Warm, State::Disk), first(Figure::Phase(Phase::Session), State::Hot)), (None, None));
        let peer = example.way("python").unwrap();
        assert!(Figure::Over.samples(&example, peer, State::Hot).is_empty());
        assert!(Figure::Cold.samples(&example, peer, State::Disk).is_empty());
    }
}
