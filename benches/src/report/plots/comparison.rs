//! Median cold starts as bars: a panel for each measurement, a bar for each way, on one line with its name and number.
//!
//! Each panel has a scale of its own, from zero: bars are compared with those of the same artifact, and the numbers
//! stand beside them. The thin line is the 95 % interval of the median.

use super::Plot;
use crate::measurement::State;
use crate::report::canvas::{Anchor, Canvas, WIDTH, width};
use crate::report::scale::Scale;
use crate::report::show;
use crate::report::view::{View, Way, interval};
use crate::statistics::Summary;

/// Units for the name of a way at most.
const NAME: f64 = 134.0;
/// Units of a row.
const ROW: f64 = 19.0;

/// The cold starts in `state` of all measurements that have any; `None` where none has.
pub(in crate::report) fn plot(views: &[View<'_>], state: State) -> Option<Plot> {
    let mut canvas = Canvas::default();
    let about = draw(&mut canvas, views, state)?;
    canvas.height += 2.0;
    let title = format!("Median cold start, {}", show::state(state));
    let note = "thin line: 95 % interval; dashed: what no start can be faster than".to_owned();
    Some(Plot { title, note, about, canvas })
}

/// Draws them below what the canvas holds and gives their figures in words.
pub(in crate::report) fn draw(canvas: &mut Canvas, views: &[View<'_>], state: State) -> Option<String> {
    let with_any = |view: &&View<'_>| view.cold(state).next().is_some();
    let widest = |text: &dyn Fn(&Way<'_>, &Summary) -> String, least: f64| {
        let all = views.iter().flat_map(|view| view.cold(state));
        all.map(|(way, summary)| width(&text(way, &summary))).fold(least, f64::max)
    };
    let bars = Bars {
        left: (widest(&|way, _| way.runs.name.clone(), 50.0) + 8.0).min(NAME),
        right: WIDTH - 8.0 - widest(&|_, summary| show::ms(summary.p50), 40.0),
    };
    let panels: Vec<String> = views
        .iter()
        .filter(with_any)
        .enumerate()
        .map(|(index, view)| {
            canvas.height += if index > 0 { 12.0 } else { 0.0 };
            panel(canvas, view, state, views.len() > 1, bars)
        })
        .collect();
    (!panels.is_empty()).then(|| panels.join(" "))
}

/// Where bars begin and end, in every panel of a plot.
#[derive(Clone, Copy)]
struct Bars {
    left: f64,
    right: f64,
}

fn panel(canvas: &mut Canvas, view: &View<'_>, state: State, is_named: bool, bars: Bars) -> String {
    let top = canvas.height;
    let bound = view.bound();
    let ends = view
        .cold(state)
        .flat_map(|(_, summary)| [summary.p50, interval(&summary).map_or(0.0, |interval| interval.high)])
        .chain(bound);
    let scale = Scale::linear(ends, 50);
    let Bars { left, right } = bars;
    let place = |value: f64| left + scale.at(value) * (right - left);
    let bound_text = bound.map(|bound| format!("bound {}", show::ms(bound)));
    if is_named {
        let room = bound_text.as_ref().map_or(WIDTH, |text| WIDTH - 8.0 - width(text));
        canvas.text(0.0, top + 11.0, Anchor::Start, "strong", &view.label, room);
    }
    if let Some(text) = &bound_text {
        canvas.text(WIDTH, top + 11.0, Anchor::End, "soft", text, WIDTH);
    }
    let rows = top + if is_named || bound.is_some() { 18.0 } else { 0.0 };
    let mut words = Vec::new();
    let mut y = rows;
    for (way, summary) in view.cold(state) {
        let name = &way.runs.name;
        canvas.text(0.0, y + 12.5, Anchor::Start, "", name, left - 7.0);
        canvas.rect([left, y + 3.5, place(summary.p50) - left, 11.0], &format!("bar {}", way.colour));
        let sure = interval(&summary);
        if let Some(interval) = sure {
            canvas.whisker(y + 9.0, place(interval.low), place(interval.high), "whisker");
        }
        canvas.text(WIDTH, y + 12.5, Anchor::End, "", &show::ms(summary.p50), WIDTH);
        let sure = sure.map_or(String::new(), |sure| format!(" ({})", show::interval(sure)));
        words.push(format!("{name} {}{sure}", show::ms(summary.p50)));
        y += ROW;
    }
    if let Some(bound) = bound {
        canvas.line([place(bound), rows, place(bound), y], "bound");
    }
    canvas.height = y;
    let bound_words = bound_text.map(|text| format!("; {text}")).unwrap_or_default();
    format!("{}: {}{bound_words}.", view.label, words.join(", "))
}
