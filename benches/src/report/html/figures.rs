//! Tables: a row for each figure and a column for each way, so that a way is read downwards and compared across.

use super::Page;
use crate::figure::{Figure, Unit};
use crate::measurement::State;
use crate::report::escape::escape;
use crate::report::show;
use crate::report::view::{Load, View, Way};
use crate::statistics::Summary;

/// Figures that are medians, in their groups, in the units that the groups' headings name.
const GROUPS: [(&str, &[(&str, Figure)]); 3] = [
    (
        "Against what it could be: medians",
        &[("over the warm run, ms", Figure::Over), ("by the bound", Figure::Ratio), ("warm run, ms", Figure::Warm)],
    ),
    (
        "Work: medians",
        &[
            ("processor time, ms", Figure::Cpu),
            ("to its end, in programs, ms", Figure::User),
            ("to its end, in the kernel, ms", Figure::System),
            ("page faults", Figure::Faults),
            ("page faults that waited for I/O", Figure::Major),
            ("system calls of one start", Figure::Syscalls),
        ],
    ),
    (
        "Memory: medians",
        &[
            ("proportional (PSS), MiB", Figure::Pss),
            ("private, MiB", Figure::Private),
            ("resident at most, MiB", Figure::Peak),
        ],
    ),
];

/// How a cell is read of a summary.
type Read = fn(Summary) -> String;

/// What a summary says of cold starts.
const COLD: [(&str, Read); 8] = [
    ("median (p50)", |cold| show::number(cold.p50)),
    ("95 % interval of it", |cold| show::interval(cold.interval)),
    ("p90", |cold| show::number(cold.p90)),
    ("p95", |cold| show::number(cold.p95)),
    ("p99", |cold| show::number(cold.p99)),
    ("least", |cold| show::number(cold.min)),
    ("greatest", |cold| show::number(cold.max)),
    ("starts", |cold| show::count(cold.count as f64)),
];

/// The figures of every way, a table for each state.
pub(super) fn starts(page: &mut Page, view: &View<'_>) {
    if view.states().is_empty() {
        return;
    }
    let sentence = "With few starts, the highest percentiles are little more than the slowest of them.";
    page.section("Figures", sentence, |page| {
        view.states().into_iter().for_each(|state| table(page, view, state));
    });
}

fn table(page: &mut Page, view: &View<'_>, state: State) {
    let ways: Vec<(&Way<'_>, Summary)> = view.cold(state).collect();
    let caption = show::sentence(show::state(state));
    page.add(&format!("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Figures, {caption}\">"));
    page.add(&format!("<table>\n<caption>{caption}</caption>\n<thead><tr><td></td>"));
    for (way, _) in &ways {
        let (colour, name) = (&way.colour, escape(&way.runs.name));
        page.add(&format!("<th scope=\"col\"><span class=\"key {colour}\" aria-hidden=\"true\"></span>{name}</th>"));
    }
    page.add("</tr></thead>");
    let cold = COLD.map(|(label, read)| (label, ways.iter().map(|(_, cold)| Some(read(*cold))).collect()));
    group(page, "Cold start, ms", ways.len(), cold.into());
    for (heading, figures) in GROUPS {
        let cells = |figure: Figure| -> Vec<Option<String>> {
            ways.iter().map(|(way, _)| way.median(view, figure, state).map(|value| shown(figure, value))).collect()
        };
        let rows: Vec<_> = figures.iter().map(|(label, figure)| (*label, cells(*figure))).collect();
        group(page, heading, ways.len(), rows);
    }
    page.add("</table>\n</div>");
}

/// Rows under a heading of their own; those with nothing in them are left out.
fn group(page: &mut Page, heading: &str, columns: usize, mut rows: Vec<(&str, Vec<Option<String>>)>) {
    rows.retain(|(_, cells)| cells.iter().any(Option::is_some));
    if rows.is_empty() {
        return;
    }
    page.add(&format!("<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"{}\">{}</th></tr>", columns + 1, escape(heading)));
    for (label, cells) in rows {
        let cells: String = cells.into_iter().map(|value| cell(value.as_deref())).collect();
        page.add(&format!("<tr><th scope=\"row\">{}</th>{cells}</tr>", escape(label)));
    }
    page.add("</tbody>");
}

fn cell(value: Option<&str>) -> String {
    match value {
        Some(value) => format!("<td>{}</td>", escape(value)),
        None => "<td><span aria-hidden=\"true\">–</span><span class=\"hidden\">not measured</span></td>".to_owned(),
    }
}

/// A value in the unit that its row names.
fn shown(figure: Figure, value: f64) -> String {
    match figure.unit() {
        Unit::Ms | Unit::Times => show::number(value),
        Unit::Bytes => show::number(show::mib(value)),
        Unit::Count => show::count(value),
    }
}

/// The figures of every load, a row for each.
pub(super) fn loads(page: &mut Page, view: &View<'_>) {
    const HEADINGS: [&str; 13] = [
        "requests come",
        "clients",
        "seconds",
        "answers/s",
        "p50, ms",
        "p90, ms",
        "p95, ms",
        "p99, ms",
        "p99.9, ms",
        "greatest, ms",
        "CPU per answer, ms",
        "PSS, MiB",
        "unanswered",
    ];
    page.add("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Answers under load\">\n<table>");
    page.add("<caption>Every load</caption>\n<thead><tr><th scope=\"col\">way</th>");
    HEADINGS.iter().for_each(|heading| page.add(&format!("<th scope=\"col\">{heading}</th>")));
    page.add("</tr></thead>\n<tbody>");
    for load in &view.loads {
        let (colour, name) = (view.colour(&load.runs.name), escape(&load.runs.name));
        let cells: String = row(load).iter().map(|value| cell(value.as_deref())).collect();
        page.add(&format!(
            "<tr><th scope=\"row\"><span class=\"key {colour}\" aria-hidden=\"true\"></span>{name}</th>{cells}</tr>"
        ));
    }
    page.add("</tbody>\n</table>\n</div>");
}

fn row(load: &Load<'_>) -> [Option<String>; 13] {
    let runs = load.runs;
    let answers = runs.latency_us.len();
    let latency =
        |ms: fn(&crate::measurement::Latencies) -> f64| load.latency.as_ref().map(|all| show::number(ms(all)));
    let per_answer = runs.cpu_ms.filter(|_| answers > 0).map(|ms| show::number(ms / answers as f64));
    let cut = if runs.is_cut { " (ended early)" } else { "" };
    [
        Some(load.offered().map_or("when answered".into(), |rate| format!("{} a second", show::number(rate)))),
        Some(show::count(runs.concurrency as f64)),
        Some(format!("{}{cut}", show::number(runs.seconds))),
        Some(show::number(runs.rate())),
        latency(|all| all.p50),
        latency(|all| all.p90),
        latency(|all| all.p95),
        latency(|all| all.p99),
        latency(|all| all.p999),
        latency(|all| all.max),
        per_answer,
        runs.pss_bytes.map(|bytes| show::number(show::mib(bytes as f64))),
        Some(show::count(runs.unserved as f64)),
    ]
}
