//! [`markdown`]: a summary for the page of a CI job: the verdict, budgets, figures, doubts.
//!
//! What comes from the file stands between `<code>` tags with every sign that Markdown knows written as a number, so
//! that it is shown as it is.

use std::fmt::Write;

use super::show;
use super::view::{View, interval};
use crate::budget::Verdict;
use crate::figure::Figure;
use crate::measurement::{Measurement, State};

/// Columns beside the median and its interval.
const COLUMNS: [(&str, Figure); 7] = [
    ("over", Figure::Over),
    ("ratio", Figure::Ratio),
    ("cpu", Figure::Cpu),
    ("faults", Figure::Faults),
    ("syscalls", Figure::Syscalls),
    ("PSS", Figure::Pss),
    ("private", Figure::Private),
];

/// A summary of `measurements`, one after the other.
pub fn markdown(measurements: &[Measurement]) -> String {
    let mut text = String::new();
    for view in View::all(measurements) {
        let budgets = &view.measurement.budgets;
        let _ = writeln!(text, "## Cold start of {}\n\n**{}**\n", code(&view.label), verdict(budgets));
        doubts(&mut text, &view);
        table(&mut text, budgets);
        view.states().into_iter().for_each(|state| figures(&mut text, &view, state));
        notes(&mut text, &view);
    }
    text
}

/// How the budgets stand, in a sentence.
pub(super) fn verdict(budgets: &[Verdict]) -> String {
    let kept = budgets.iter().filter(|verdict| verdict.kept).count();
    match budgets.len() {
        0 => "No budget was set.".to_owned(),
        1 if kept == 1 => "The budget was kept.".to_owned(),
        1 => "The budget was broken.".to_owned(),
        all if all == kept => format!("All {all} budgets were kept."),
        all => format!("{} of {all} budgets broken.", all - kept),
    }
}

fn doubts(text: &mut String, view: &View<'_>) {
    let doubts = &view.measurement.noise.doubts;
    if !doubts.is_empty() {
        text.push_str("Read with care:\n\n");
        doubts.iter().for_each(|doubt| _ = writeln!(text, "- {}", code(doubt)));
        text.push('\n');
    }
}

fn table(text: &mut String, budgets: &[Verdict]) {
    if budgets.is_empty() {
        return;
    }
    text.push_str("| budget | verdict | found | at most | judged |\n|---|---|---:|---:|---|\n");
    for verdict in budgets {
        let found = verdict.found.map_or("not measured".to_owned(), |found| verdict.unit.show(found));
        let word = if verdict.kept { "kept" } else { "**broken**" };
        let (budget, judged) = (code(&verdict.budget), code(&verdict.judged));
        let _ = writeln!(text, "| {budget} | {word} | {found} | {} | {judged} |", verdict.unit.show(verdict.most));
    }
    text.push('\n');
}

fn figures(text: &mut String, view: &View<'_>, state: State) {
    let columns: Vec<_> = COLUMNS
        .into_iter()
        .filter(|(_, figure)| view.cold(state).any(|(way, _)| way.median(view, *figure, state).is_some()))
        .collect();
    let heads: String = columns.iter().map(|(name, _)| format!(" {name} |")).collect();
    let rules: String = columns.iter().map(|_| "---:|").collect();
    let title = show::sentence(show::state(state));
    let _ = writeln!(text, "| {title} | median | 95 % interval, ms | p95 |{heads}\n|---|---:|---:|---:|{rules}");
    for (way, cold) in view.cold(state) {
        let cells: String = columns
            .iter()
            .map(|(_, figure)| {
                way.median(view, *figure, state).map_or(show::NONE.into(), |value| figure.unit().show(value))
            })
            .map(|cell| format!(" {cell} |"))
            .collect();
        let (p50, p95, interval) =
            (show::ms(cold.p50), show::ms(cold.p95), interval(&cold).map_or(show::NONE.to_owned(), show::interval));
        let _ = writeln!(text, "| {} | {p50} | {interval} | {p95} |{cells}", code(&way.runs.name));
    }
    text.push('\n');
}

fn notes(text: &mut String, view: &View<'_>) {
    let Measurement { machine, settings, date, .. } = view.measurement;
    if let Some(bound) = view.bound() {
        let _ =
            writeln!(text, "No start is faster than {}: a warm run, and the weights touched once.\n", show::ms(bound));
    }
    let on = format!(
        "{}, {} processors, {} {}",
        machine.cpu,
        machine.processors.count(),
        machine.system,
        machine.kernel.as_deref().unwrap_or("")
    );
    let threads = show::counted(settings.threads, "thread", "threads");
    let starts = show::counted(settings.runs, "start", "starts");
    let (on, blink, date) = (code(&on), code(&machine.blink), code(date));
    let _ = writeln!(text, "{starts} of each way and state, {threads}, on {on}; blink {blink}, {date}.\n");
    for left_out in &view.measurement.left_out {
        let _ = writeln!(text, "Left out: {}\n", code(left_out));
    }
}

/// Text from the file, shown as it is.
fn code(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || " ,.%-/".contains(character);
    let shown: String = super::escape::clean(text)
        .chars()
        .map(|character| match character {
            _ if plain(character) || !character.is_ascii() => character.to_string(),
            _ => format!("&#{};", u32::from(character)),
        })
        .collect();
    format!("<code>{shown}</code>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_is_markdown_or_html() {
        let shown = code("a|b `c` <i> @d *e* [f](g) \n# h");
        assert!(!shown.contains(['|', '`', '@', '*', '[', '(', '\n']), "{shown}");
        assert_eq!(shown.matches('<').count(), 2);
        assert_eq!(code("p95 60.2 ms, é"), "<code>p95 60.2 ms, é</code>");
    }
}
