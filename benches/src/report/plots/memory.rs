//! Memory of one process just after its answer, as bars: what it has to itself, and its share of what others map too.

use super::{Axis, Plot};
use crate::figure::Figure;
use crate::measurement::State;
use crate::report::canvas::{Anchor, Canvas, WIDTH, width};
use crate::report::scale::Scale;
use crate::report::show;
use crate::report::view::View;

/// Units of a way: its name and figures, and the bar below.
const ROW: f64 = 38.0;

/// The medians in `state` of all ways that have any; `None` where none has.
pub(in crate::report) fn plot(view: &View<'_>, state: State) -> Option<Plot> {
    let ways: Vec<_> = view
        .ways
        .iter()
        .filter_map(|way| {
            let median = |figure| way.median(view, figure, state).map(show::mib);
            let (pss, private) = (median(Figure::Pss), median(Figure::Private));
            (pss.is_some() || private.is_some()).then_some((way, pss, private))
        })
        .collect();
    let scale = Scale::linear(ways.iter().flat_map(|(_, pss, private)| [*pss, *private]).flatten(), 4);
    let mut canvas = Canvas::default();
    let bottom = ROW * ways.len() as f64;
    let axis = Axis { left: 2.0, right: WIDTH - 8.0, top: bottom, bottom };
    let mut words = Vec::new();
    for (index, (way, pss, private)) in ways.iter().enumerate() {
        let top = ROW * index as f64;
        let bar = Axis { top: top + 18.0, bottom: top + 32.0, ..axis };
        bar.lines(&mut canvas, scale);
        let figures = match (pss, private) {
            (Some(pss), Some(private)) => format!("{} MiB, {} private", show::number(*pss), show::number(*private)),
            (Some(pss), None) => format!("{} MiB", show::number(*pss)),
            (_, private) => format!("{} MiB private", show::number(private.unwrap_or(0.0))),
        };
        canvas.text(0.0, top + 13.0, Anchor::Start, "", &way.runs.name, WIDTH - 8.0 - width(&figures));
        canvas.text(WIDTH, top + 13.0, Anchor::End, "", &figures, WIDTH);
        let to = |mib: &Option<f64>| axis.at(scale, mib.unwrap_or(0.0)) - axis.left;
        canvas.rect([axis.left, top + 19.0, to(pss), 12.0], &format!("shared {}", way.colour));
        canvas.rect([axis.left, top + 19.0, to(private), 12.0], &format!("bar {}", way.colour));
        words.push(format!("{}: {figures}", way.runs.name));
    }
    axis.number(&mut canvas, scale, "\u{a0}MiB");
    canvas.height = bottom + 18.0;
    let title = format!("Memory after the answer, {}", show::state(state));
    let note = "whole bar: PSS; its full part: private".to_owned();
    (!ways.is_empty()).then(|| Plot { title, note, about: format!("{}.", words.join("; ")), canvas })
}
