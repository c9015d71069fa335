//! Where the time of one start went: a bar for each phase, where it begins and as long as it is.
//!
//! It is the start in the middle of its way and state: half of the others were no faster. All waterfalls of a state
//! have one scale.

use super::{Axis, Plot};
use crate::measurement::{Run, State};
use crate::report::canvas::{Anchor, Canvas, WIDTH, width};
use crate::report::scale::Scale;
use crate::report::show;
use crate::report::view::{View, Way};

/// Units for the name of a phase.
const NAME: f64 = 90.0;
/// Units of a row.
const ROW: f64 = 17.0;
/// Phases that are drawn at most. A start has nine; a file could say anything.
const MOST: usize = 40;

/// The waterfalls of a state, and the names of ways that do not tell their phases.
pub(in crate::report) fn plots(view: &View<'_>, state: State) -> (Vec<Plot>, Vec<String>) {
    let middle = |way: &&Way<'_>| way.runs.state(state).and_then(|runs| runs.middle()).is_some();
    let ways: Vec<&Way<'_>> = view.ways.iter().filter(middle).collect();
    let (told, untold): (Vec<_>, Vec<_>) = ways
        .into_iter()
        .filter_map(|way| Some((way, way.runs.state(state)?.middle()?)))
        .partition(|(_, run)| !run.phases.is_empty());
    let ends = told
        .iter()
        .flat_map(|(_, run)| run.phases.iter().map(|phase| phase.start_ms + phase.duration_ms).chain([run.cold_ms]));
    let scale = Scale::linear(ends.chain(view.bound()), 4);
    let plots = told.iter().map(|(way, run)| plot(view, way, run, state, scale)).collect();
    (plots, untold.into_iter().map(|(way, _)| way.runs.name.clone()).collect())
}

fn plot(view: &View<'_>, way: &Way<'_>, run: &Run, state: State, scale: Scale) -> Plot {
    let mut canvas = Canvas::default();
    let shown = &run.phases[..run.phases.len().min(MOST)];
    let top = 16.0;
    let bottom = top + ROW * (shown.len() + 1) as f64 + 4.0;
    let numbers = shown.iter().map(|phase| width(&show::number(phase.duration_ms)));
    let widest = numbers.fold(width(&show::ms(run.cold_ms)) * 1.12, f64::max);
    let axis = Axis { left: NAME, right: WIDTH - 8.0 - widest, top, bottom };
    axis.number(&mut canvas, scale, "\u{a0}ms");
    if let Some(bound) = view.bound() {
        let x = axis.at(scale, bound);
        let text = format!("bound {}", show::number(bound));
        let half = width(&text) / 2.0;
        canvas.line([x, top - 3.0, x, bottom], "bound");
        canvas.text(x.max(half).min(WIDTH - half), 10.0, Anchor::Middle, "soft", &text, half * 2.0);
    }
    let mut words = Vec::new();
    for (index, phase) in shown.iter().enumerate() {
        let y = top + ROW * index as f64;
        let (from, to) = (axis.at(scale, phase.start_ms), axis.at(scale, phase.start_ms + phase.duration_ms));
        canvas.text(0.0, y + 12.5, Anchor::Start, "", &phase.phase, NAME - 8.0);
        canvas.rect([from, y + 4.0, to - from, 10.0], &format!("bar {}", way.colour));
        canvas.text(WIDTH, y + 12.5, Anchor::End, "", &show::number(phase.duration_ms), WIDTH);
        words.push(format!("{} {}", phase.phase, show::ms(phase.duration_ms)));
    }
    let y = top + ROW * shown.len() as f64 + 2.0;
    canvas.text(0.0, y + 12.5, Anchor::Start, "strong", "first answer", NAME - 2.0);
    canvas.rect([NAME, y + 6.0, axis.at(scale, run.cold_ms) - NAME, 6.0], "total");
    canvas.text(WIDTH, y + 12.5, Anchor::End, "strong", &show::ms(run.cold_ms), WIDTH);
    canvas.height = bottom + 18.0;
    let hidden = run.phases.len() - shown.len();
    let note = if hidden > 0 { format!("{hidden} more phases are not drawn") } else { String::new() };
    let about = format!("First answer after {}: {}.", show::ms(run.cold_ms), words.join(", "));
    Plot { title: format!("{}, {}", way.runs.name, show::state(state)), note, about, canvas }
}
