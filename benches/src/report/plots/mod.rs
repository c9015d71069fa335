//! The plots: each makes a [`Plot`] of a [`View`](super::view::View), drawn the same for a page and for a file.
//!
//! A plot says in words, for those who do not see it, the figures that it draws.

pub(super) mod comparison;
pub(super) mod distribution;
pub(super) mod lines;
pub(super) mod load;
pub(super) mod memory;
pub(super) mod sweep;
pub(super) mod waterfall;

use super::canvas::{Anchor, Canvas, WIDTH, width};
use super::escape::escape;
use super::scale::Scale;

/// A picture and what it shows, in words. All of its text is yet to be escaped.
pub(super) struct Plot {
    /// What is drawn.
    pub(super) title: String,
    /// What to know to read it; may be empty.
    pub(super) note: String,
    /// Its figures, in words.
    pub(super) about: String,
    pub(super) canvas: Canvas,
}

impl Plot {
    /// The plot with its title above it, as HTML. `id` is its own on the page.
    pub(super) fn figure(&self, id: &str) -> String {
        let note = if self.note.is_empty() { String::new() } else { format!("<span>{}</span>", escape(&self.note)) };
        let (title, svg) = (escape(&self.title), self.canvas.svg(id, &self.title, &self.about, ""));
        format!("<figure>\n<figcaption><strong>{title}</strong>{note}</figcaption>\n{svg}</figure>\n")
    }
}

/// Numbers beside a scale at most; those that would touch another are not written.
const TICKS: usize = 8;

/// The place of a horizontal axis: from its left to its right end, under lines from `top` to `bottom`.
struct Axis {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Axis {
    /// Where `value` stands.
    fn at(&self, scale: Scale, value: f64) -> f64 {
        self.left + scale.at(value) * (self.right - self.left)
    }

    /// Draws lines and numbers, the last with the unit. A number that would touch its neighbour is left out.
    fn draw(&self, canvas: &mut Canvas, scale: Scale, ticks: &[(f64, String)], unit: &str) {
        let mut free = WIDTH;
        for (index, (value, number)) in ticks.iter().enumerate().rev() {
            let x = self.at(scale, *value);
            canvas.line([x, self.top, x, self.bottom], "grid");
            let is_last = index + 1 == ticks.len();
            let text = if is_last { format!("{number}{unit}") } else { number.clone() };
            let half = width(&text) / 2.0;
            let centre = x.min(WIDTH - half).max(half);
            if is_last || centre + half + 4.0 <= free {
                canvas.text(centre, self.bottom + 13.0, Anchor::Middle, "soft", &text, half * 2.0);
                free = centre - half;
            }
        }
    }

    /// Draws the lines alone.
    fn lines(&self, canvas: &mut Canvas, scale: Scale) {
        for x in scale.ticks(TICKS).into_iter().map(|tick| self.at(scale, tick)) {
            canvas.line([x, self.top, x, self.bottom], "grid");
        }
    }

    /// Draws the numbers of `scale` itself.
    fn number(&self, canvas: &mut Canvas, scale: Scale, unit: &str) {
        let ticks: Vec<_> = scale.ticks(TICKS).into_iter().map(|tick| (tick, short(tick))).collect();
        self.draw(canvas, scale, &ticks, unit);
    }
}

/// A round number without zeros that say nothing.
fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 1e6 || (size < 1e-4 && size > 0.0) {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
