//! The samples that a figure is made of, with nothing unsure taken for a constant.

use crate::figure::Figure;
use crate::measurement::{Measurement, State, WayRuns};
use crate::statistics::{Derived, median};

/// `figure` of `way` in `state`; `None` where it was not measured. Its median is that of [`Figure::samples`].
pub(super) fn derive(figure: Figure, measurement: &Measurement, way: &WayRuns, state: State) -> Option<Derived> {
    let samples = figure.samples(measurement, way, state);
    if samples.is_empty() {
        return None;
    }
    match figure {
        Figure::Over => {
            let cold = Figure::Cold.samples(measurement, way, state);
            Derived::of(vec![cold, way.warm()], |values| values[0] - values[1])
        }
        Figure::Ratio => {
            let bound = measurement.bound.as_ref()?;
            let cold = Figure::Cold.samples(measurement, way, state);
            let of = measurement.way(&bound.warm_of).map(WayRuns::warm).filter(|warm| has_median(warm, bound.warm_ms));
            let touch = if bound.touch_ms.is_empty() { vec![0.0] } else { bound.touch_ms.clone() };
            Derived::of(vec![cold, of.unwrap_or_else(|| vec![bound.warm_ms]), touch], |values| {
                values[0] / (values[1] + values[2])
            })
        }
        _ => Derived::plain(&samples),
    }
}

/// Whether the bound that a file tells is made of the warm runs in it.
fn has_median(samples: &[f64], expected: f64) -> bool {
    median(samples).is_some_and(|found| (found - expected).abs() <= 1e-9 * expected.abs())
}
