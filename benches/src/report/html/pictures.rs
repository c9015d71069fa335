//! The plots of one measurement, under headings that say what they answer.

use super::{Page, figures};
use crate::report::plots::distribution::By;
use crate::report::plots::load::Loop;
use crate::report::plots::{comparison, distribution, load, memory, sweep, waterfall};
use crate::report::view::View;

/// The median cold starts of all ways.
pub(super) fn comparison(page: &mut Page, view: &View<'_>) {
    let states = view.states();
    if !states.is_empty() {
        let one = std::slice::from_ref(view);
        page.section("Side by side", "", |page| {
            page.plots(states.into_iter().filter_map(|state| comparison::plot(one, state)));
        });
    }
}

/// One start of each way in its phases.
pub(super) fn waterfalls(page: &mut Page, view: &View<'_>) {
    for state in view.states() {
        let (plots, untold) = waterfall::plots(view, state);
        let mut sentence = "The start in the middle of each way, phase by phase, in ms. One scale for all.".to_owned();
        if !untold.is_empty() {
            sentence.push_str(&format!(" Of {} nobody tells the phases.", untold.join(", ")));
        }
        if !plots.is_empty() {
            let heading = format!("Where the time goes, {}", crate::report::show::state(state));
            page.section(&heading, &sentence, |page| page.plots(plots));
        }
    }
}

/// Every start as a dot: a pair of plots for each state.
pub(super) fn distributions(page: &mut Page, view: &View<'_>) {
    let states = view.states();
    if !states.is_empty() {
        let sentence = "A dot is a start: the first of its way at the top, the last at the bottom. Shaded: the middle \
                        half. Thick line: the median.";
        page.section("Every start", sentence, |page| {
            for state in states {
                page.plots([By::Time, By::Median].into_iter().filter_map(|by| distribution::plot(view, state, by)));
            }
        });
    }
}

/// Memory after the answer.
pub(super) fn memory(page: &mut Page, view: &View<'_>) {
    let plots: Vec<_> = view.states().into_iter().filter_map(|state| memory::plot(view, state)).collect();
    if !plots.is_empty() {
        let sentence = "PSS counts a page that several processes map in equal parts to each. Private is what goes when \
                        the process goes.";
        page.section("Memory", sentence, |page| page.plots(plots));
    }
}

/// Each sweep.
pub(super) fn sweeps(page: &mut Page, view: &View<'_>) {
    for runs in &view.measurement.sweeps {
        let plots = sweep::plots(runs, |name| view.colour(name));
        if !plots.is_empty() {
            let heading = format!("As one thing grows: {}", sweep::over(runs.axis));
            let sentence = "Medians. An upright line through a point is the 95 % interval.";
            page.section(&heading, sentence, |page| page.plots(plots));
        }
    }
}

/// Answers under load.
pub(super) fn loads(page: &mut Page, view: &View<'_>) {
    let closed =
        "Closed loop: each client asks again as soon as it is answered, so a slow answer also slows the asking.";
    let open = "Open loop: requests come at random times whether or not earlier ones are answered, and waiting counts.";
    for (of, heading, sentence) in
        [(Loop::Closed, "Under load, closed loop", closed), (Loop::Open, "Under load, open loop", open)]
    {
        let plots = load::plots(view, of);
        if !plots.is_empty() {
            page.section(heading, sentence, |page| {
                page.plots(plots);
                figures::loads(page, view, of);
            });
        }
    }
}
