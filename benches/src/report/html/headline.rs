//! What stands first: the first way's median cold start, how sure it is, and what it is held against.

use super::Page;
use crate::figure::Figure;
use crate::measurement::State;
use crate::report::escape::escape;
use crate::report::show;
use crate::report::view::{View, Way, interval};
use crate::statistics::{Ratio, Summary};

/// The head of an article. `id` is its heading's.
pub(super) fn write(page: &mut Page, view: &View<'_>, id: &str) {
    let measurement = view.measurement;
    let (subject, settings, level) = (&measurement.subject, &measurement.settings, page.level);
    page.add("<header>");
    if level == 1 {
        page.add("<p class=\"kicker\">BlinkVM bench</p>");
    }
    page.add(&format!("<h{level} id=\"{id}\" tabindex=\"-1\">{}</h{level}>", escape(&view.label)));
    let made = format!(" {} of each way.", starts(settings.runs));
    let made = if view.states().is_empty() { String::new() } else { made };
    page.add(&format!(
        "<p class=\"lede\">Model {}, {} of weights.{made} Measured with {} on {}, by blink {} and ONNX Runtime \
         {}.</p>",
        escape(&subject.model),
        show::bytes(subject.weights_bytes as f64),
        show::counted(settings.threads, "thread", "threads"),
        escape(&measurement.date),
        escape(&measurement.machine.blink),
        escape(&measurement.machine.onnxruntime),
    ));
    match view.first() {
        Some((way, state, cold)) => {
            figure(page, way, state, cold);
            tiles(page, view, way, state);
        }
        None => under_load(page, view),
    }
    page.add("</header>");
}

fn figure(page: &mut Page, way: &Way<'_>, state: State, cold: Summary) {
    let sure = match interval(&cold) {
        Some(interval) => {
            let ends = show::interval(interval).replace(" to ", " and ");
            format!("The true median lies between {ends} with 95 % confidence.")
        }
        None => format!("With {} nobody knows how near it is to the true one.", starts(cold.count)),
    };
    page.add(&format!(
        "<div class=\"headline\">\n<p><b>{}</b> <span>ms</span></p>\n<p>is the median cold start of \
         <strong>{}</strong>, {}. {}</p>\n</div>",
        show::number(cold.p50),
        escape(&way.runs.name),
        show::state(state),
        sure
    ));
}

/// Of a measurement without cold starts: the most answers a second that the first way gave.
fn under_load(page: &mut Page, view: &View<'_>) {
    let first = view.loads.first().map(|load| &load.runs.name);
    let loads = view.loads.iter().filter(|load| Some(&load.runs.name) == first);
    let best = loads.filter_map(|load| Some((load, load.latency?))).max_by(|a, b| {
        let [a, b] = [a, b].map(|(load, _)| load.runs.rate());
        a.total_cmp(&b)
    });
    let Some((load, latency)) = best else {
        return page.add("<p class=\"lede\">There is no cold start of the first way in this file, and no load.</p>");
    };
    page.add(&format!(
        "<div class=\"headline\">\n<p><b>{}</b> <span>answers/s</span></p>\n<p>is the most that <strong>{}</strong> \
         gave, with {}. Half of the answers took at most {}, ninety-nine of a hundred at most {}.</p>\n</div>",
        show::number(load.runs.rate()),
        escape(&load.runs.name),
        show::counted(load.runs.concurrency, "worker", "workers"),
        show::ms(latency.p50),
        show::ms(latency.p99)
    ));
}

/// What it is held against: its own warm run, the bound, the other ways.
fn tiles(page: &mut Page, view: &View<'_>, way: &Way<'_>, state: State) {
    let mut tiles: Vec<(String, String, String)> = Vec::new();
    if let Some(over) = way.median(view, Figure::Over, state) {
        tiles.push(("over its warm run".into(), show::ms(over), "what the start itself costs".into()));
    }
    if let (Some(bound), Some(ratio)) = (view.bound(), way.median(view, Figure::Ratio, state)) {
        tiles.push(("by the bound".into(), times(ratio), format!("no start is faster than {}", show::ms(bound))));
    }
    let cold = |way: &Way<'_>| way.runs.state(state).map(|runs| runs.cold_ms()).unwrap_or_default();
    for other in view.ways.iter().filter(|other| other.runs.name != way.runs.name) {
        if let Some(ratio) = Ratio::of(&cold(other), &cold(way)) {
            let is_sure = [way, other].iter().all(|way| way.cold(state).is_some_and(|cold| interval(&cold).is_some()));
            let sure = if is_sure { format!(" ({})", show::interval(ratio.interval)) } else { String::new() };
            let note = format!("as long{sure}");
            tiles.push((format!("{} takes", other.runs.name), times(ratio.ratio), note));
        }
    }
    if tiles.is_empty() {
        return;
    }
    page.add("<dl class=\"tiles\">");
    for (label, value, note) in tiles {
        let (label, value, note) = (escape(&label), escape(&value), escape(&note));
        page.add(&format!("<div><dt>{label}</dt><dd>{value}</dd><dd>{note}</dd></div>"));
    }
    page.add("</dl>");
}

fn starts(number: usize) -> String {
    show::counted(number, "start", "starts")
}

fn times(ratio: f64) -> String {
    format!("{}\u{a0}×", show::number(ratio))
}
