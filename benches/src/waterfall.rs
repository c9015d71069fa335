//! A start as a waterfall: one bar a phase, where it begins and as long as it is, in text.
//!
//! A bar begins at a whole cell and is as long as it should be to an eighth of one. What took any time shows.

use std::env;
use std::io::IsTerminal;

use crate::timeline::PhaseTime;

/// Cells for labels.
const LABEL: usize = 13;
/// Cells after the bars: a blank, the number, its unit.
const FIGURE: usize = 11;
/// An eighth of a cell to seven of them, filled from the left.
const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// How text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Cells in a line; at least 40.
    pub columns: usize,
    /// Whether escape sequences for colours may be written.
    pub colour: bool,
}

impl Style {
    /// What stdout can show: its width, from 40 to 100 columns, and colours where it is a terminal and neither
    /// `NO_COLOR` nor `TERM=dumb` is set. 80 columns and no colours where it is not a terminal.
    pub fn of_stdout() -> Style {
        let stdout = std::io::stdout();
        let is_terminal = stdout.is_terminal();
        let width = rustix::termios::tcgetwinsize(&stdout).map_or(0, |size| usize::from(size.ws_col));
        let columns = if is_terminal && width > 0 { width.clamp(40, 100) } else { 80 };
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_none_or(|term| term == "dumb");
        Style { columns, colour: is_terminal && !refused }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The phases of one start, and a last bar from the spawn to `total_ms`, each a line. `scale_ms` is how much time
/// the width stands for: one scale for several waterfalls makes them comparable.
pub fn draw(phases: &[PhaseTime], total: &str, total_ms: f64, scale_ms: f64, style: Style) -> String {
    let cells = style.columns.max(40) - 2 - LABEL - FIGURE;
    let line = |label: &str, start_ms: f64, duration_ms: f64, code: &str| {
        let bar = bar(start_ms, duration_ms, scale_ms, cells);
        let padded = format!("{bar}{}", " ".repeat(cells.saturating_sub(bar.chars().count())));
        format!("  {label:<LABEL$}{}{duration_ms:>8.1} ms\n", style.paint(code, &padded))
    };
    let mut text: String =
        phases.iter().map(|time| line(&fit(&time.phase), time.start_ms, time.duration_ms, "36")).collect();
    text.push_str(&line(&fit(total), 0.0, total_ms, "1"));
    text
}

/// At most as many characters as a label has, one of them a blank.
fn fit(label: &str) -> String {
    label.chars().take(LABEL - 1).collect()
}

fn bar(start_ms: f64, duration_ms: f64, scale_ms: f64, cells: usize) -> String {
    let at = |ms: f64| if scale_ms > 0.0 { (ms / scale_ms).clamp(0.0, 1.0) * cells as f64 } else { 0.0 };
    let start = (at(start_ms).round() as usize).min(cells.saturating_sub(1));
    let least = usize::from(duration_ms > 0.0);
    let eighths = ((at(duration_ms) * 8.0).round() as usize).max(least).min(8 * (cells - start));
    let mut bar = " ".repeat(start);
    bar.extend(std::iter::repeat_n('█', eighths / 8));
    bar.extend((eighths % 8).checked_sub(1).map(|part| PARTS[part]));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(name: &str, start_ms: f64, duration_ms: f64) -> PhaseTime {
        PhaseTime { phase: name.into(), start_ms, duration_ms }
    }

    #[test]
    fn bars_stand_where_their_phases_were() {
        let phases = [phase("spawn", 0.0, 1.0), phase("session", 2.0, 5.0), phase("inference", 7.0, 0.0)];
        // 42 columns leave 16 cells, here for 16 ms.
        let text = draw(&phases, "first answer", 8.0, 16.0, Style { columns: 42, colour: false });
        let expected = [
            ("spawn", "█", "1.0"),
            ("session", "  █████", "5.0"),
            ("inference", "", "0.0"),
            ("first answer", "████████", "8.0"),
        ];
        let expected = expected.map(|(label, bar, ms)| format!("  {label:<13}{bar:<16}{ms:>8} ms"));
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn eighths_of_a_cell_show() {
        assert_eq!(bar(0.0, 0.001, 100.0, 10), "▏");
        assert_eq!(bar(0.0, 0.0, 100.0, 10), "");
        assert_eq!(bar(0.0, 5.0, 100.0, 10), "▌");
        assert_eq!(bar(0.0, 18.75, 100.0, 10), "█▉");
        assert_eq!(bar(20.0, 10.0, 100.0, 10), "  █");
    }

    #[test]
    fn no_line_is_wider_than_it_may_be() {
        let phases =
            [phase("a phase with a long name, given by a peer", 90.0, 500.0), phase("late", 99_999.0, 99_999.0)];
        for columns in [1, 40, 80, 100] {
            for scale in [0.0, 1.0, 100.0, f64::MAX] {
                let text = draw(&phases, "first answer", 600.0, scale, Style { columns, colour: false });
                let widths: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
                assert_eq!(widths, [columns.max(40); 3], "{text}");
            }
        }
    }

    #[test]
    fn colours_come_only_when_asked_for() {
        let phases = [phase("spawn", 0.0, 1.0)];
        let plain = draw(&phases, "first answer", 2.0, 2.0, Style { columns: 80, colour: false });
        assert!(!plain.contains('\x1b') && plain.lines().all(|line| line.chars().count() == 80));
        let coloured = draw(&phases, "first answer", 2.0, 2.0, Style { columns: 80, colour: true });
        assert_eq!(coloured.matches("\x1b[0m").count(), 2);
        assert_eq!(coloured.replace("\x1b[36m", "").replace("\x1b[1m", "").replace("\x1b[0m", ""), plain);
    }
}
