//! Lines over one thing that grows, each with its name at its end, in place of a legend.
//!
//! Names are moved apart where they would touch; a thin line leads from a name that was moved to its own line's end.

use super::{Axis, Plot, short};
use crate::report::canvas::{Anchor, Canvas, WIDTH, fit, width};
use crate::report::scale::Scale;
use crate::report::show;
use crate::statistics::Interval;

/// Units for the names of lines, at most.
const NAMES: f64 = 124.0;
/// Units between the names of two lines.
const APART: f64 = 13.0;
/// Units from the upper to the lower end of the vertical axis, at least.
const TALL: f64 = 130.0;

/// One line.
pub(super) struct Series {
    pub(super) name: String,
    /// Its colour's class.
    pub(super) colour: String,
    /// From left to right.
    pub(super) points: Vec<Mark>,
}

/// One point of a line.
pub(super) struct Mark {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) interval: Option<Interval>,
}

/// What the lines are over.
pub(super) struct Over {
    /// What grows, in words.
    pub(super) what: String,
    /// Its values, and how each is written.
    pub(super) values: Vec<(f64, String)>,
}

/// The lines; `None` where none has a point. `unit` is that of the vertical axis.
pub(super) fn plot(title: String, unit: &str, over: &Over, series: &[Series]) -> Option<Plot> {
    let series: Vec<&Series> = series.iter().filter(|series| !series.points.is_empty()).collect();
    let marks = || series.iter().flat_map(|series| &series.points);
    marks().next()?;
    let ys = marks().flat_map(|mark| [Some(mark.y), mark.interval.map(|interval| interval.high)]).flatten();
    let vertical = Scale::fitting(ys, 4);
    let horizontal = Scale::fitting(over.values.iter().map(|(value, _)| *value), 5);
    let horizontal = trim(horizontal, &over.values);
    let names = series.iter().map(|series| width(&series.name)).fold(0.0, f64::max).min(NAMES);
    let (top, tall) = (20.0, TALL.max(APART * series.len() as f64));
    let numbers: Vec<(f64, String)> =
        vertical.ticks(if vertical.is_log() { 8 } else { 5 }).into_iter().map(|tick| (tick, short(tick))).collect();
    let left = numbers.iter().map(|(_, number)| width(number)).fold(0.0, f64::max) + 8.0;
    let axis = Axis { left, right: WIDTH - names - 14.0, top, bottom: top + tall };
    let rise = |y: f64| axis.bottom - vertical.at(y) * tall;

    let mut canvas = Canvas::default();
    canvas.text(0.0, 10.0, Anchor::Start, "soft", unit, WIDTH);
    for (tick, number) in &numbers {
        canvas.line([left, rise(*tick), axis.right, rise(*tick)], "grid");
        canvas.text(left - 6.0, rise(*tick) + 4.0, Anchor::End, "soft", number, left);
    }
    Axis { top: axis.bottom + 4.0, bottom: axis.bottom + 4.0, ..axis }.draw(&mut canvas, horizontal, &over.values, "");
    canvas.text(left, axis.bottom + 33.0, Anchor::Start, "soft", &over.what, WIDTH - left);

    let ends: Vec<(f64, f64)> = series
        .iter()
        .filter_map(|series| series.points.last().map(|mark| (axis.at(horizontal, mark.x), rise(mark.y))))
        .collect();
    let places = apart(&ends.iter().map(|(_, y)| *y).collect::<Vec<_>>(), top, axis.bottom);
    for (series, ((x, y), place)) in series.iter().zip(ends.iter().zip(&places)) {
        if (place - y).abs() > 1.0 || axis.right - x > 4.0 {
            canvas.path(&[(x + 4.0, *y), (axis.right + 9.0, *place)], "leader");
        }
        let name = fit(&series.name, names + 1.0);
        canvas.text(axis.right + 12.0, place + 4.0, Anchor::Start, "", &name, names + 2.0);
    }
    for series in &series {
        let points: Vec<_> = series.points.iter().map(|mark| (axis.at(horizontal, mark.x), rise(mark.y))).collect();
        for (mark, (x, _)) in series.points.iter().zip(&points) {
            if let Some(interval) = mark.interval {
                canvas.line([*x, rise(interval.low), *x, rise(interval.high)], &format!("spread {}", series.colour));
            }
        }
        canvas.path(&points, &format!("line {}", series.colour));
        canvas.dots(points, 3.0, &format!("marks {}", series.colour));
    }
    canvas.height = axis.bottom + 38.0;
    let scales = [(vertical.is_log(), "upright"), (horizontal.is_log(), "across")];
    let logarithmic: Vec<_> = scales.iter().filter(|(is_log, _)| *is_log).map(|(_, which)| *which).collect();
    let note =
        if logarithmic.is_empty() { String::new() } else { format!("logarithmic {}", logarithmic.join(" and ")) };
    Some(Plot { title, note, about: words(&series, over, unit), canvas })
}

/// A scale that ends where the values do: nothing is between them and a rounder number.
fn trim(scale: Scale, values: &[(f64, String)]) -> Scale {
    let numbers = || values.iter().map(|(value, _)| *value).filter(|value| value.is_finite());
    let (low, high) = (numbers().fold(f64::INFINITY, f64::min), numbers().fold(f64::NEG_INFINITY, f64::max));
    match scale {
        _ if low >= high || high - low > 1e300 => scale,
        Scale::Log { .. } => Scale::Log { low, high },
        Scale::Linear { step, .. } => Scale::Linear { low, high, step },
    }
}

/// Places near `wanted`, none nearer to another than names need, as far as possible between `top` and `bottom`.
fn apart(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let mut places = wanted.to_vec();
    let mut free = top;
    for &index in &order {
        places[index] = places[index].max(free);
        free = places[index] + APART;
    }
    let mut free = bottom;
    for &index in order.iter().rev() {
        places[index] = places[index].min(free);
        free = places[index] - APART;
    }
    places
}

fn words(series: &[&Series], over: &Over, unit: &str) -> String {
    let label = |x: f64| over.values.iter().find(|(value, _)| *value == x).map_or("?", |(_, label)| label.as_str());
    let line = |series: &&Series| {
        let points: Vec<_> =
            series.points.iter().map(|mark| format!("{} at {}", show::number(mark.y), label(mark.x))).collect();
        format!("{}: {}", series.name, points.join(", "))
    };
    let lines: Vec<_> = series.iter().map(line).collect();
    format!("In {unit}, over {}. {}.", over.what, lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_touch_and_stay_inside() {
        for wanted in [vec![50.0; 5], vec![20.0, 21.0, 149.0, 150.0], vec![150.0; 3], vec![0.0, 0.0]] {
            let mut places = apart(&wanted, 20.0, 150.0);
            places.sort_by(f64::total_cmp);
            assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= APART - 1e-9), "{places:?}");
            assert!(places.iter().all(|place| (20.0..=150.0).contains(place)), "{places:?}");
        }
        assert_eq!(apart(&[100.0, 50.0], 20.0, 150.0), [100.0, 50.0]);
    }

    #[test]
    fn nothing_to_draw_is_no_plot() {
        let over = Over { what: "threads".into(), values: vec![(1.0, "1".into())] };
        assert!(plot("t".into(), "ms", &over, &[]).is_none());
        let empty = Series { name: "a".into(), colour: "w0".into(), points: Vec::new() };
        assert!(plot("t".into(), "ms", &over, &[empty]).is_none());
    }
}
