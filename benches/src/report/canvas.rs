//! [`Canvas`]: what a plot is drawn on. It is 320 units wide, about as a phone, so that its text can be read there.
//!
//! Coordinates are rounded to a tenth of a unit. Every text is escaped, and none is wider than it was given room for.

use std::fmt::Write;

use super::escape::escape;

/// The width of every plot.
pub(super) const WIDTH: f64 = 320.0;
/// The height of text.
pub(super) const TEXT: f64 = 11.0;

/// To which side of its point a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Canvas {
    drawn: String,
    /// Units from its upper to its lower edge.
    pub(super) height: f64,
}

impl Canvas {
    /// Writes `text` with its baseline at `y`, no wider than `room`: what is longer is cut, so a number's room must be
    /// its own [`width`]. `class`: `strong`, `soft` or nothing.
    pub(super) fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, text: &str, room: f64) {
        let strong = if class.contains("strong") { 1.12 } else { 1.0 };
        let shown = fit(text, room / strong);
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let (x, y, shown) = (at(x), at(y), escape(&shown));
        let _ = writeln!(self.drawn, "<text x=\"{x}\" y=\"{y}\"{anchor}{class}>{shown}</text>");
    }

    /// Fills a rectangle. What has any extent shows.
    pub(super) fn rect(&mut self, [x, y, width, height]: [f64; 4], class: &str) {
        let width = if width > 0.0 { width.max(0.8) } else { 0.0 };
        let [x, y, width, height] = [x, y, width, height].map(at);
        let _ =
            writeln!(self.drawn, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"{class}\"/>");
    }

    /// Draws a straight line.
    pub(super) fn line(&mut self, [x1, y1, x2, y2]: [f64; 4], class: &str) {
        self.path(&[(x1, y1), (x2, y2)], class);
    }

    /// Draws a line through points.
    pub(super) fn path(&mut self, points: &[(f64, f64)], class: &str) {
        let mut steps = String::new();
        for (index, &(x, y)) in points.iter().enumerate() {
            let _ = write!(steps, "{}{} {}", if index == 0 { 'M' } else { 'L' }, at(x), at(y));
        }
        let _ = writeln!(self.drawn, "<path d=\"{steps}\" class=\"{class}\"/>");
    }

    /// Draws dots of one size.
    pub(super) fn dots(&mut self, points: impl IntoIterator<Item = (f64, f64)>, radius: f64, class: &str) {
        let _ = writeln!(self.drawn, "<g class=\"{class}\">");
        for (x, y) in points {
            let _ = writeln!(self.drawn, "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\"/>", at(x), at(y));
        }
        self.drawn.push_str("</g>\n");
    }

    /// An interval: a thin line with an end to each side.
    pub(super) fn whisker(&mut self, y: f64, from: f64, to: f64, class: &str) {
        self.line([from, y, to, y], class);
        [from, to].into_iter().for_each(|x| self.line([x, y - 3.0, x, y + 3.0], class));
    }

    /// Moves all of it down by `room` units, which are free then.
    pub(super) fn lower(&mut self, room: f64) {
        self.drawn = format!("<g transform=\"translate(0 {})\">\n{}</g>\n", at(room), self.drawn);
        self.height += room;
    }

    /// The picture, with a name and a description for those who do not see it. `attributes` go to the element.
    pub(super) fn svg(&self, id: &str, title: &str, description: &str, attributes: &str) -> String {
        let (height, title, description) = (at(self.height), escape(title), escape(description));
        let names = format!("aria-labelledby=\"{id}-title {id}-about\"");
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" {names}{attributes}>\n\
             <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-about\">{description}</desc>\n{}</svg>\n",
            self.drawn
        )
    }
}

/// How wide `text` is at most, in units, in the usual fonts without serifs.
pub(super) fn width(text: &str) -> f64 {
    let share = |character| match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | '\u{a0}' => 0.36,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' | 'I' => 0.46,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 1.02,
        'A'..='Z' | '<' | '>' | '=' | '+' | '~' | '#' | '_' | '&' => 0.84,
        ' '..='~' => 0.66,
        _ => 1.1,
    };
    text.chars().map(share).sum::<f64>() * TEXT
}

/// `text`, cut where it is wider than `room`.
pub(super) fn fit(text: &str, room: f64) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let room = room - width("…");
    let mut cut = String::new();
    let mut used = 0.0;
    for character in text.chars() {
        used += width(character.encode_utf8(&mut [0; 4]));
        if used > room {
            break;
        }
        cut.push(character);
    }
    cut.truncate(cut.trim_end().len());
    cut + "…"
}

/// A coordinate, to a tenth of a unit.
fn at(value: f64) -> f64 {
    let value = if value.is_finite() { value.clamp(-1e6, 1e6) } else { 0.0 };
    (value * 10.0).round() / 10.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_to_its_room_and_is_escaped() {
        let mut canvas = Canvas::default();
        canvas.text(0.0, 10.0, Anchor::End, "soft", "a <b> & a name that goes on and on", 60.0);
        let svg = canvas.svg("p", "<t>", "d & e", "");
        assert!(svg.contains(">a &lt;b&gt;") && svg.contains("…</text>") && !svg.contains("<b>"), "{svg}");
        assert!(svg.contains("&lt;t&gt;</title>") && svg.contains("d &amp; e</desc>"), "{svg}");
        assert_eq!((fit("short", 100.0), fit("long", 0.0)), ("short".into(), "…".into()));
        assert!(width(&fit("WWWWWWWWWWWWWW", 50.0)) <= 50.0);
    }

    #[test]
    fn no_coordinate_is_other_than_a_number() {
        let mut canvas = Canvas::default();
        canvas.path(&[(f64::NAN, f64::INFINITY), (-0.04, 1e300)], "");
        canvas.rect([0.0, 0.0, 1e-9, f64::NAN], "");
        let svg = canvas.svg("p", "", "", "");
        assert!(svg.contains("M0 0L0 1000000") && svg.contains("width=\"0.8\" height=\"0\""), "{svg}");
    }
}
