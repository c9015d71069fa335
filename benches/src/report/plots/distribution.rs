//! Every cold start as a dot: across by its time, down in the order in which the starts were made, so that drift shows.
//!
//! The box is the middle half of the starts, the thick line their median. The scale is logarithmic where ways are far
//! apart, and says so.

use super::{Axis, Plot};
use crate::measurement::State;
use crate::report::canvas::{Anchor, Canvas, WIDTH};
use crate::report::scale::Scale;
use crate::report::show;
use crate::report::view::View;

/// Units of a way: its name, and the dots below.
const ROW: f64 = 56.0;
/// Units that the dots are spread over.
const STRIP: f64 = 30.0;
/// Dots that are drawn of a way at most.
const MOST: usize = 400;
/// Room to each side for half a number of the axis.
const EDGE: f64 = 8.0;

/// All cold starts in a state; `None` where there are none.
pub(in crate::report) fn plot(view: &View<'_>, state: State) -> Option<Plot> {
    let ways: Vec<_> = view.cold(state).collect();
    let samples = |index: usize| ways[index].0.runs.state(state).map(|runs| runs.cold_ms()).unwrap_or_default();
    let medians = Scale::fitting(ways.iter().map(|(_, summary)| summary.p50), 5);
    let all = (0..ways.len()).flat_map(samples);
    let scale = if medians.is_log() { Scale::fitting(all, 5) } else { Scale::linear(all, 5) };
    let mut canvas = Canvas::default();
    let bottom = ROW * ways.len() as f64;
    let axis = Axis { left: EDGE, right: WIDTH - EDGE, top: bottom, bottom };
    let mut words = Vec::new();
    let mut is_thinned = false;
    for (index, (way, summary)) in ways.iter().enumerate() {
        let top = ROW * index as f64;
        let strip = Axis { left: EDGE, right: WIDTH - EDGE, top: top + 20.0, bottom: top + 20.0 + STRIP };
        strip.lines(&mut canvas, scale);
        let samples = samples(index);
        let name = &way.runs.name;
        canvas.text(0.0, top + 13.0, Anchor::Start, "", name, 180.0);
        canvas.text(WIDTH, top + 13.0, Anchor::End, "", &show::ms(summary.p50), 130.0);
        let (low, high) = (quantile(&samples, 0.25), quantile(&samples, 0.75));
        let (from, to) = (axis.at(scale, low), axis.at(scale, high));
        canvas.rect([from, strip.top, to - from, STRIP], &format!("box {}", way.colour));
        let every = samples.len().div_ceil(MOST);
        is_thinned |= every > 1;
        let last = samples.len().saturating_sub(1).max(1) as f64;
        let dot =
            |(order, ms): (usize, &f64)| (axis.at(scale, *ms), strip.top + 3.0 + (STRIP - 6.0) * order as f64 / last);
        canvas.dots(samples.iter().enumerate().step_by(every).map(dot), 2.0, &format!("dots {}", way.colour));
        let middle = axis.at(scale, summary.p50);
        canvas.line([middle, strip.top - 2.0, middle, strip.bottom + 2.0], "median");
        words.push(format!(
            "{name}: {}, from {} to {}, the middle half from {} to {}",
            show::counted(summary.count, "start", "starts"),
            show::ms(summary.min),
            show::ms(summary.max),
            show::number(low),
            show::number(high)
        ));
    }
    axis.number(&mut canvas, scale, "\u{a0}ms");
    canvas.height = bottom + 18.0;
    let mut note = if scale.is_log() { "logarithmic scale" } else { "linear scale" }.to_owned();
    if is_thinned {
        note.push_str(&format!("; of more than {MOST} starts, evenly chosen ones are drawn"));
    }
    let title = format!("Every start, {}", show::state(state));
    (!ways.is_empty()).then(|| Plot { title, note, about: format!("{}.", words.join("; ")), canvas })
}

/// The value below which `share` of `samples` lies, on the line between the two nearest.
fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    at(place.floor()) + (at(place.ceil()) - at(place.floor())) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_half_lies_between_quarters() {
        let samples = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!((quantile(&samples, 0.25), quantile(&samples, 0.75), quantile(&samples, 0.125)), (2.0, 4.0, 1.5));
        assert!(quantile(&[], 0.5).is_nan());
    }
}
