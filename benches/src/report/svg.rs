//! Pictures that stand alone, light or dark as their reader's system is: [`comparison`] and [`sweep`].

use super::canvas::{Anchor, Canvas, WIDTH};
use super::plots;
use super::show;
use super::view::{View, colour};
use crate::measurement::{Measurement, State, SweepRuns};

/// Pixels that the picture is wide where nobody says otherwise.
const PIXELS: f64 = 560.0;

/// The median cold starts of `measurements`, by artifact and way, as an SVG file. Where there is no cold start, it says
/// so.
pub fn comparison(measurements: &[Measurement]) -> String {
    let views = View::all(measurements);
    let mut canvas = Canvas::default();
    canvas.height = 10.0;
    let mut words = Vec::new();
    for state in [State::Hot, State::Disk] {
        let before = canvas.clone();
        canvas.text(0.0, canvas.height + 11.0, Anchor::Start, "strong", &heading(state), WIDTH);
        canvas.height += 24.0;
        match plots::comparison::draw(&mut canvas, &views, state) {
            Some(about) => {
                words.push(format!("{}: {about}", heading(state)));
                canvas.height += 22.0;
            }
            None => canvas = before,
        }
    }
    if words.is_empty() {
        canvas.text(0.0, 11.0, Anchor::Start, "", "There is no cold start in these files.", WIDTH);
        canvas.height += 8.0;
    }
    canvas.height -= 8.0;
    alone(&canvas, "Median cold starts", &words.join(" "))
}

/// Median cold starts along `sweep`, as an SVG file; `None` where there is none.
pub fn sweep(sweep: &SweepRuns) -> Option<String> {
    let mut cold = plots::sweep::cold_starts(sweep, colour)?;
    cold.canvas.lower(24.0);
    let title = format!("Median cold start over the {}", plots::sweep::over(sweep.axis));
    cold.canvas.text(0.0, 11.0, Anchor::Start, "strong", &title, WIDTH);
    Some(alone(&cold.canvas, &title, &cold.about))
}

/// `canvas` as a file.
fn alone(canvas: &Canvas, title: &str, about: &str) -> String {
    let height = (canvas.height * PIXELS / WIDTH).round();
    let attributes = format!(" xmlns=\"http://www.w3.org/2000/svg\" width=\"{PIXELS}\" height=\"{height}\"");
    let svg = canvas.svg("picture", title, about, &attributes);
    let style =
        format!("<style>\n{}svg {{ background: var(--paper) }}\n</style>\n</svg>\n", include_str!("colours.css"));
    svg.replace("</svg>\n", &style)
}

fn heading(state: State) -> String {
    format!("Median cold start, {}", show::state(state))
}
