//! [`View`]: a measurement made ready to be shown: cold starts summed up once, names and colours given out.

use crate::measurement::{Arrivals, Latencies, LoadRuns, Measurement, State, WayRuns};
use crate::statistics::{Interval, Summary};

/// How many colours there are: `w0` to `w7` of `colours.css`.
const COLOURS: usize = 8;
/// The colour of what has none of its own.
const GREY: usize = 7;

/// With fewer samples there is no interval to speak of: not even from the least to the greatest of four does one hold
/// the true median with 90 % confidence.
const LEAST: usize = 5;

/// Where the true median lies, where there are enough samples to say.
pub(super) fn interval(summary: &Summary) -> Option<Interval> {
    (summary.count >= LEAST).then_some(summary.interval)
}

/// A measurement, and what is shown of it in more than one place.
pub(super) struct View<'a> {
    pub(super) measurement: &'a Measurement,
    /// What it is called beside the others: the artifact, and what sets it apart where several have that name.
    pub(super) label: String,
    /// Its ways, in the order of the file.
    pub(super) ways: Vec<Way<'a>>,
    /// Its loads, in the order of the file.
    pub(super) loads: Vec<Load<'a>>,
    palette: Palette,
}

/// A way to start.
pub(super) struct Way<'a> {
    pub(super) runs: &'a WayRuns,
    /// Its colour's class.
    pub(super) colour: String,
    /// Its cold starts in each state that has any, in milliseconds.
    pub(super) cold: Vec<(State, Summary)>,
}

/// A way under load.
pub(super) struct Load<'a> {
    pub(super) runs: &'a LoadRuns,
    /// How long its answers took; `None` where there was none.
    pub(super) latency: Option<Latencies>,
}

/// Which way has which colour: the same in everything that is shown together.
#[derive(Clone)]
struct Palette(Vec<String>);

/// The colour of the way called `name` where there is no measurement around it.
pub(super) fn colour(name: &str) -> String {
    Palette::of(&[]).class(name)
}

impl<'a> View<'a> {
    /// All of them, with one palette.
    pub(super) fn all(measurements: &'a [Measurement]) -> Vec<View<'a>> {
        let palette = Palette::of(measurements);
        let labels = labels(measurements);
        let view = |(measurement, label): (&'a Measurement, String)| View {
            ways: measurement.ways.iter().map(|runs| Way::of(runs, palette.class(&runs.name))).collect(),
            loads: measurement.loads.iter().map(Load::of).collect(),
            palette: palette.clone(),
            measurement,
            label,
        };
        measurements.iter().zip(labels).map(view).collect()
    }

    /// The states that have any cold start, in the order asked for.
    pub(super) fn states(&self) -> Vec<State> {
        let mut states = self.measurement.settings.states.clone();
        states.extend([State::Hot, State::Disk]);
        let mut found = Vec::new();
        for state in states {
            if !found.contains(&state) && self.ways.iter().any(|way| way.cold(state).is_some()) {
                found.push(state);
            }
        }
        found
    }

    /// The ways that have a cold start in `state`, with the summary of those.
    pub(super) fn cold(&self, state: State) -> impl Iterator<Item = (&Way<'a>, Summary)> {
        self.ways.iter().filter_map(move |way| Some((way, way.cold(state)?)))
    }

    /// What stands first: the first way's cold start, in the first state that it has.
    pub(super) fn first(&self) -> Option<(&Way<'a>, State, Summary)> {
        let way = self.ways.first()?;
        self.states().into_iter().find_map(|state| Some((way, state, way.cold(state)?)))
    }

    /// The colour of the way called `name`.
    pub(super) fn colour(&self, name: &str) -> String {
        self.palette.class(name)
    }

    /// Milliseconds that no start can be faster than, where that was measured.
    pub(super) fn bound(&self) -> Option<f64> {
        self.measurement.bound.as_ref().map(|bound| bound.ms()).filter(|ms| ms.is_finite() && *ms > 0.0)
    }
}

impl<'a> Way<'a> {
    fn of(runs: &'a WayRuns, colour: String) -> Way<'a> {
        let summary = |state| Some((state, Summary::of(&runs.state(state)?.cold_ms())?));
        Way { runs, colour, cold: [State::Hot, State::Disk].into_iter().filter_map(summary).collect() }
    }

    /// Its cold starts in `state`.
    pub(super) fn cold(&self, state: State) -> Option<Summary> {
        self.cold.iter().find(|(found, _)| *found == state).map(|(_, summary)| *summary)
    }

    /// What of a figure was read in each of its starts in `state`, in the figure's unit.
    pub(super) fn median(&self, view: &View<'_>, figure: crate::figure::Figure, state: State) -> Option<f64> {
        crate::statistics::median(&figure.samples(view.measurement, self.runs, state))
    }
}

impl<'a> Load<'a> {
    fn of(runs: &'a LoadRuns) -> Load<'a> {
        Load { runs, latency: runs.latencies() }
    }

    /// Requests offered a second, where they came whether or not earlier ones were answered.
    pub(super) fn offered(&self) -> Option<f64> {
        match self.runs.arrivals {
            Arrivals::Closed => None,
            Arrivals::Open { rate } => Some(rate),
        }
    }
}

impl Palette {
    /// Workers have the first two colours; the others, those that are left, as they come.
    fn of(measurements: &[Measurement]) -> Palette {
        let mut names: Vec<String> = ["snapshot", "normal"].map(str::to_owned).into();
        for way in measurements.iter().flat_map(|measurement| &measurement.ways) {
            if !names.contains(&way.name) {
                names.push(way.name.clone());
            }
        }
        Palette(names)
    }

    fn class(&self, name: &str) -> String {
        let place = self.0.iter().position(|found| found == name);
        format!(
            "w{}",
            place.map_or(GREY, |place| if place < COLOURS { place } else { 2 + (place - 2) % (COLOURS - 2) })
        )
    }
}

/// What each measurement is called: as little as tells it from the others.
fn labels(measurements: &[Measurement]) -> Vec<String> {
    let mut labels: Vec<String> = measurements.iter().map(|measurement| measurement.subject.artifact.clone()).collect();
    let details: [&dyn Fn(usize) -> String; 3] = [
        &|index| super::show::counted(measurements[index].settings.threads, "thread", "threads"),
        &|index| measurements[index].date.clone(),
        &|index| format!("file {}", index + 1),
    ];
    for detail in details {
        let before = labels.clone();
        for (index, label) in labels.iter_mut().enumerate() {
            if before.iter().filter(|other| **other == before[index]).count() > 1 {
                *label = format!("{label}, {}", detail(index));
            }
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::tests::example;

    #[test]
    fn a_way_keeps_its_colour_and_a_measurement_gets_a_name_of_its_own() {
        let mut other = example();
        other.ways.rotate_left(2);
        other.settings.threads = 4;
        let both = [example(), other, example()];
        let views = View::all(&both);
        let colours = |view: &View<'_>| ["snapshot", "normal", "python", "?"].map(|name| view.colour(name));
        assert_eq!(colours(&views[0]), ["w0", "w1", "w2", "w7"]);
        assert_eq!(colours(&views[0]), colours(&views[1]));
        assert_eq!(views[1].ways[0].colour, "w2");
        let labels: Vec<_> = views.iter().map(|view| view.label.replace('\u{a0}', " ")).collect();
        let twin = "tiny.blink, 2 threads, 2027-01-31, file";
        assert_eq!(labels, [format!("{twin} 1"), "tiny.blink, 4 threads".into(), format!("{twin} 3")]);
    }

    #[test]
    fn more_ways_than_colours_share_those_of_peers() {
        let palette = Palette((0..20).map(|index| index.to_string()).collect());
        let classes: Vec<_> = (0..20).map(|index| palette.class(&index.to_string())).collect();
        assert!(classes[2..].iter().all(|class| class != "w0" && class != "w1" && class < &"w8".to_owned()));
    }
}
