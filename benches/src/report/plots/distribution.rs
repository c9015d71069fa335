//! Every cold start as a dot: across by its time, down in the order in which the starts were made, so that drift shows.
//!
//! The box is the middle half of the starts, the thick line their median. By time, the scale is logarithmic where ways
//! are far apart, and says so; by distance from the median, ways are compared in how much they scatter.

use super::{Axis, Plot};
use crate::measurement::State;
use crate::report::canvas::{Anchor, Canvas, WIDTH, width};
use crate::report::scale::Scale;
use crate::report::show;
use crate::report::view::{View, Way};
use crate::statistics::Summary;

/// Units of a way: its name, and the dots below.
const ROW: f64 = 56.0;
/// Units that the dots are spread over.
const STRIP: f64 = 30.0;
/// Dots that are drawn of a way at most.
const MOST: usize = 400;
/// Room to each side for half a number of the axis.
const EDGE: f64 = 8.0;

/// What starts are placed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum By {
    /// Their time.
    Time,
    /// How far they are from the median of their way, as a share of it.
    Median,
}

/// All cold starts in a state; `None` where there are none.
pub(in crate::report) fn plot(view: &View<'_>, state: State, by: By) -> Option<Plot> {
    let ways: Vec<(&Way<'_>, Summary)> = view.cold(state).collect();
    if ways.is_empty() {
        return None;
    }
    let placed = |summary: &Summary, ms: f64| match by {
        By::Time => ms,
        By::Median => (ms / summary.p50 - 1.0) * 100.0,
    };
    let samples: Vec<Vec<f64>> = ways
        .iter()
        .map(|(way, summary)| {
            let starts = way.runs.state(state).map(|runs| runs.cold_ms()).unwrap_or_default();
            starts.into_iter().map(|ms| placed(summary, ms)).collect()
        })
        .collect();
    let is_far = Scale::fitting(ways.iter().map(|(_, summary)| summary.p50), 5).is_log();
    let all = samples.iter().flatten().copied();
    let scale = if is_far && by == By::Time { Scale::fitting(all, 5) } else { Scale::linear(all, 5) };
    let mut canvas = Canvas::default();
    let bottom = ROW * ways.len() as f64;
    let axis = Axis { left: EDGE, right: WIDTH - EDGE, top: bottom, bottom };
    let mut words = Vec::new();
    for (index, ((way, summary), samples)) in ways.iter().zip(&samples).enumerate() {
        let top = ROW * index as f64;
        let strip = Axis { top: top + 20.0, bottom: top + 20.0 + STRIP, ..axis };
        strip.lines(&mut canvas, scale);
        let (low, high) = (quantile(samples, 0.25), quantile(samples, 0.75));
        draw(&mut canvas, &strip, scale, samples, [low, placed(summary, summary.p50), high], &way.colour);
        let name = &way.runs.name;
        let (least, greatest) = (placed(summary, summary.min), placed(summary, summary.max));
        let label = match by {
            By::Time => show::ms(summary.p50),
            By::Median => format!("{} to +{}\u{a0}%", show::number(least), show::number(greatest)),
        };
        canvas.text(0.0, top + 13.0, Anchor::Start, "", name, WIDTH - 8.0 - width(&label));
        canvas.text(WIDTH, top + 13.0, Anchor::End, "", &label, WIDTH);
        let [least, greatest, low, high] = [least, greatest, low, high].map(show::number);
        let starts = show::counted(summary.count, "start", "starts");
        words.push(format!("{name}: {starts} from {least} to {greatest}, the middle half from {low} to {high}"));
    }
    let unit = if by == By::Time { "\u{a0}ms" } else { "\u{a0}%" };
    axis.number(&mut canvas, scale, unit);
    canvas.height = bottom + 18.0;
    let title = match by {
        By::Time => format!("Every start, {}", show::state(state)),
        By::Median => format!("Around its way's median, {}", show::state(state)),
    };
    let mut note = if scale.is_log() { "logarithmic scale" } else { "linear scale" }.to_owned();
    if samples.iter().any(|samples| samples.len() > MOST) {
        note.push_str(&format!("; of more than {MOST} starts, evenly chosen ones are drawn"));
    }
    let about = format!("In{unit}. {}.", words.join("; "));
    Some(Plot { title, note, about, canvas })
}

/// Draws the dots of one way over its middle half, and its median over them.
fn draw(canvas: &mut Canvas, strip: &Axis, scale: Scale, samples: &[f64], half: [f64; 3], colour: &str) {
    let [low, median, high] = half.map(|value| strip.at(scale, value));
    canvas.rect([low, strip.top, high - low, STRIP], &format!("box {colour}"));
    let last = samples.len().saturating_sub(1).max(1) as f64;
    let dot = |(order, value): (usize, &f64)| {
        (strip.at(scale, *value), strip.top + 3.0 + (STRIP - 6.0) * order as f64 / last)
    };
    let every = samples.len().div_ceil(MOST).max(1);
    canvas.dots(samples.iter().enumerate().step_by(every).map(dot), 2.0, &format!("dots {colour}"));
    canvas.line([median, strip.top - 2.0, median, strip.bottom + 2.0], "median");
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
