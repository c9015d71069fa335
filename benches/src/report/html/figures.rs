//! Tables: a row for each figure and a column for each way, so that a way is read downwards and compared across.

use super::Page;
use crate::figure::{Figure, Unit};
use crate::measurement::State;
use crate::report::escape::escape;
use crate::report::plots::load::Loop;
use crate::report::show;
use crate::report::view::{Load, View, Way, interval};
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

/// The row that stands out.
const MEDIAN: &str = "median (p50)";
/// The row with two numbers in a cell.
const INTERVAL: &str = "95 % interval";

/// What a summary says of cold starts.
const COLD: [(&str, Read); 8] = [
    (MEDIAN, |cold| show::number(cold.p50)),
    (INTERVAL, |cold| interval(&cold).map_or(show::NONE.to_owned(), show::interval)),
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
        page.add(&format!("<th scope=\"col\">{}</th>", name(&way.colour, &way.runs.name)));
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
        let class = match label {
            MEDIAN => " class=\"main\"",
            INTERVAL => " class=\"pairs\"",
            _ => "",
        };
        page.add(&format!("<tr{class}><th scope=\"row\">{}</th>{cells}</tr>", escape(label)));
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

/// The figures of every load of one kind, a row for each.
pub(super) fn loads(page: &mut Page, view: &View<'_>, of: Loop) {
    let loads: Vec<&Load<'_>> = view.loads.iter().filter(|load| Loop::of(load) == of).collect();
    let columns: Vec<_> = LOADS.iter().filter(|(_, read)| loads.iter().any(|load| read(load).is_some())).collect();
    page.add("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Answers under load\">\n<table>");
    page.add("<caption>Every load, times in ms, memory in MiB</caption>\n<thead><tr><th scope=\"col\">way</th>");
    columns.iter().for_each(|(heading, _)| page.add(&format!("<th scope=\"col\">{heading}</th>")));
    page.add("</tr></thead>\n<tbody>");
    for load in loads {
        let name = name(&view.colour(&load.runs.name), &load.runs.name);
        let cells: String = columns.iter().map(|(_, read)| cell(read(load).as_deref())).collect();
        page.add(&format!("<tr><th scope=\"row\">{name}</th>{cells}</tr>"));
    }
    page.add("</tbody>\n</table>\n</div>");
}

/// How a cell is read of a load; `None` where it has no such figure.
type ReadLoad = fn(&Load<'_>) -> Option<String>;

/// The columns of a table of loads. Those that no load has are left out.
const LOADS: [(&str, ReadLoad); 13] = [
    ("asked, a second", |load| load.offered().map(show::number)),
    ("workers", |load| Some(show::count(load.runs.concurrency as f64))),
    ("answers a second", |load| Some(show::number(load.runs.rate()))),
    ("p50", |load| load.latency.map(|latency| show::number(latency.p50))),
    ("p90", |load| load.latency.map(|latency| show::number(latency.p90))),
    ("p95", |load| load.latency.map(|latency| show::number(latency.p95))),
    ("p99", |load| load.latency.map(|latency| show::number(latency.p99))),
    ("p99.9", |load| load.latency.map(|latency| show::number(latency.p999))),
    ("greatest", |load| load.latency.map(|latency| show::number(latency.max))),
    ("CPU an answer", |load| {
        let answers = load.runs.latency_us.len();
        load.runs.cpu_ms.filter(|_| answers > 0).map(|ms| show::number(ms / answers as f64))
    }),
    ("PSS", |load| load.runs.pss_bytes.map(|bytes| show::number(show::mib(bytes as f64)))),
    ("unanswered", |load| load.offered().map(|_| show::count(load.runs.unserved as f64))),
    ("seconds", |load| {
        let early = if load.runs.is_cut { ", ended early" } else { "" };
        Some(format!("{}{early}", show::number(load.runs.seconds)))
    }),
];

/// The name of a way, with its colour.
fn name(colour: &str, name: &str) -> String {
    let key = format!("<span class=\"{colour}\" aria-hidden=\"true\">■\u{a0}</span>");
    format!("<span class=\"name\">{key}{}</span>", escape(name))
}
