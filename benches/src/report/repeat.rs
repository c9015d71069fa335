//! The command that measures again what a measurement holds.

use crate::measurement::{Axis, Kind, Measurement, WayRuns};
use crate::report::view::View;

/// The command for a shell. Where the artifact lies is not known: it is named alone, as is an older build of blink.
pub(super) fn command(view: &View<'_>) -> String {
    let Measurement { settings, subject, ways, budgets, sweeps, device, .. } = view.measurement;
    let (verb, starts) = verb(ways);
    let mut words = vec![verb.to_owned(), quoted(&subject.artifact)];
    let mut option = |name: &str, value: &str| words.push(format!("{name} {}", quoted(value)));
    let join = |list: Vec<String>| list.join(",");
    match &subject.guest {
        None => option("--model", &subject.model),
        Some(_) => option("--stdin", "FILE"),
    }
    option("--threads", &settings.threads.to_string());
    option("--prepack", if settings.prepack { "on" } else { "off" });
    if settings.runs > 0 {
        option("--runs", &settings.runs.to_string());
        option("--warm-launches", &settings.warm_launches.to_string());
        option("--warm-runs", &settings.warm_runs.max(1).to_string());
        option("--state", &join(settings.states.iter().map(|state| state.name().to_owned()).collect()));
    }
    if let Some(on) = device {
        option("--device", &format!("cuda:{}", on.ordinal));
    } else if !starts.is_empty() {
        option("--start", &starts.join(","));
    }
    for way in ways {
        if let Kind::Peer { command } = &way.kind {
            option("--against", &format!("{}={command}", way.name));
        }
    }
    for budget in budgets {
        option("--budget", &budget.budget);
    }
    for sweep in sweeps {
        let (axis, is_of_files) = match sweep.axis {
            Axis::Size | Axis::Guest => (Axis::Size, true),
            axis => (axis, false),
        };
        let value = |point: &crate::measurement::Point| match is_of_files {
            true => point.label.clone(),
            false => point.at.to_string(),
        };
        option("--sweep", &format!("{}={}", axis.name(), join(sweep.points.iter().map(value).collect())));
    }
    let mut counts: Vec<_> =
        view.loads.iter().filter(|load| load.offered().is_none()).map(|load| load.runs.concurrency).collect();
    counts.sort_unstable();
    counts.dedup();
    let mut rates: Vec<_> = view.loads.iter().filter_map(|load| load.offered()).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    if !view.loads.is_empty() {
        option("--mode", "throughput");
    }
    if !counts.is_empty() {
        option("--concurrency", &join(counts.iter().map(usize::to_string).collect()));
    }
    if !rates.is_empty() {
        option("--rate", &join(rates.iter().map(f64::to_string).collect()));
    }
    if settings.is_bare {
        words.push("--bare".to_owned());
    }
    words.push("-o new.json".to_owned());
    if let Some(guest) = subject.guest.as_ref().filter(|guest| !guest.arguments.is_empty()) {
        words.push(guest.arguments.iter().fold("--".to_owned(), |words, word| format!("{words} {}", quoted(word))));
    }
    words.join(" \\\n  ")
}

/// The verb that measured `ways`, and how its workers start: two builds in turns are called `base` and `new`, with the
/// start behind a dash where there are several.
fn verb(ways: &[WayRuns]) -> (&'static str, Vec<&str>) {
    let workers = || ways.iter().filter(|way| way.is_worker()).map(|way| way.name.as_str());
    if workers().any(|name| name == "base" || name.starts_with("base-")) {
        ("blink bench ab --base OLDER-BLINK", workers().filter_map(|name| name.strip_prefix("base-")).collect())
    } else {
        ("blink bench", workers().collect())
    }
}

/// One word of a shell's command line. Line breaks and the like come as blanks: a page is no place to copy them from.
fn quoted(word: &str) -> String {
    let word: String = word.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./,=:@%+".contains(character);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::tests::example;

    #[test]
    fn the_command_names_everything_that_was_asked() {
        let on_device = [example()];
        let on_device_command = command(&View::all(&on_device)[0]);
        assert!(on_device_command.contains("--device cuda:0") && !on_device_command.contains("--start"));
        let mut examples = [example()];
        examples[0].device = None;
        let command = command(&View::all(&examples)[0]);
        for words in [
            "blink bench \\\n  tiny.blink",
            "--runs 10",
            "--state hot,disk",
            "--start snapshot,normal",
            "--against 'python=python <run>.py'",
            "--sweep workers=1,2,4",
            "--mode throughput",
            "--concurrency 1",
            "--rate 50",
        ] {
            assert!(command.contains(words), "{words}: {command}");
        }
    }

    #[test]
    fn two_builds_are_measured_by_their_own_verb() {
        let mut example = example();
        example.ways.truncate(2);
        example.device = None;
        (example.ways[0].name, example.ways[1].name) = ("base-snapshot".into(), "new-snapshot".into());
        example.loads.clear();
        let command = command(&View::all(&[example])[0]);
        assert!(command.starts_with("blink bench ab --base OLDER-BLINK"), "{command}");
        assert!(command.contains("--start snapshot \\"), "{command}");
    }

    #[test]
    fn a_word_stays_one_word() {
        let words = ["plain-1.json", "", "two words", "it's", "$(rm)", "a\nb"].map(quoted);
        assert_eq!(words, ["plain-1.json", "''", "'two words'", r"'it'\''s'", "'$(rm)'", "'a b'"]);
    }
}
