//! What a figure rests on: the machine, the settings, the answers, what was left out, and how to repeat it.

use super::Page;
use crate::measurement::Kind;
use crate::report::escape::escape;
use crate::report::view::View;
use crate::report::{repeat, show};

/// The last parts of an article.
pub(super) fn write(page: &mut Page, view: &View<'_>) {
    page.section("Machine and method", "", |page| {
        page.add("<dl class=\"facts\">");
        for (name, value) in facts(view) {
            page.add(&format!("<dt>{}</dt><dd>{}</dd>", escape(&name), escape(&value)));
        }
        page.add("</dl>");
    });
    let left_out = &view.measurement.left_out;
    if !left_out.is_empty() {
        page.section("Left out", "", |page| page.list("plain", left_out));
    }
    page.section("To repeat this", "Made from what the file says. Inputs and paths are yours to add.", |page| {
        let command = repeat::command(view);
        let lines: Vec<_> = command.lines().map(escape).collect();
        page.add(&format!("<pre tabindex=\"0\" aria-label=\"The command\"><code>{}</code></pre>", lines.join("\n")));
    });
}

/// Names and values, in the order in which they are read.
pub(in crate::report) fn facts(view: &View<'_>) -> Vec<(String, String)> {
    let measurement = view.measurement;
    let (machine, settings, subject) = (&measurement.machine, &measurement.settings, &measurement.subject);
    let (noise, overhead, answers) = (&measurement.noise, &measurement.overhead, &measurement.answers);
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    fact("date", measurement.date.clone());
    fact("versions", format!("blink {}, ONNX Runtime {}", measurement.machine.blink, machine.onnxruntime));
    let hypervisor = machine.is_virtual.map_or("", |is| if is { ", virtual" } else { ", not virtual" });
    fact("processor", format!("{} ({}){hypervisor}", machine.cpu, machine.class));
    fact("processors", show::count(machine.processors.count() as f64));
    fact("clock governor", machine.governor.clone().unwrap_or_else(|| "the kernel does not tell".into()));
    if let Some(memory) = machine.memory {
        fact("memory", show::bytes(memory as f64));
    }
    fact("system", format!("{} {}", machine.system, machine.kernel.as_deref().unwrap_or("of an unknown release")));
    if let Some([one, five, fifteen]) = machine.load {
        fact("load before", format!("{one:.2}, {five:.2}, {fifteen:.2} (over 1, 5 and 15 minutes)"));
    }
    let shares = [
        (noise.stolen, "of the processors' time taken by other machines"),
        (noise.others, "by other processes"),
        (noise.spread, "of the first median is the width of its interval"),
        (noise.drift, "drift from the first half of its starts to the second"),
    ];
    let calm: Vec<String> =
        shares.into_iter().filter_map(|(share, what)| Some(format!("{} {what}", show::percent(share?)))).collect();
    if !calm.is_empty() {
        fact("noise", calm.join(", "));
    }
    if settings.runs > 0 {
        let states: Vec<_> = settings.states.iter().map(|state| show::state(*state)).collect();
        fact("states", states.join("; "));
        fact("starts", format!("{} of each way and state", show::count(settings.runs as f64)));
    }
    if settings.warm_launches > 0 {
        let (launches, runs) = (settings.warm_launches, show::count(settings.warm_runs as f64));
        fact("warm runs", format!("{runs} in each of {}", show::counted(launches, "launch", "launches")));
    }
    fact("threads", show::count(settings.threads as f64));
    fact("weights", if settings.prepack { "packed at start" } else { "not packed at start" }.to_owned());
    if settings.is_bare {
        fact("read beside the clock", "nothing (bare)".to_owned());
    }
    fact("artifact", format!("{}, {}", subject.artifact, show::bytes(subject.bytes as f64)));
    fact("program", show::bytes(subject.program_bytes as f64));
    if let Some(guest) = &subject.guest {
        let size = show::bytes(guest.bytes as f64);
        fact("guest", format!("{} {}, {size}", guest.name, guest.arguments.join(" ")));
    }
    if let Some(on) = &measurement.device {
        let left = on.on_cpu.values().sum::<u64>();
        let (nodes, left) = (show::count(on.nodes as f64), show::count(left as f64));
        fact("device", format!("{}, {}, {nodes} nodes there and {left} on the CPU", on.context.device, on.precision));
        let first = show::ms(on.first_ms);
        let context = show::ms(on.context.ms);
        fact("first start of the context", format!("{context}, and {first} for the first start of the model in it"));
    }
    fact("inputs", subject.inputs.join("; "));
    fact("answers", format!("{} checked against {}", show::count(answers.checked as f64), answers.held_against));
    fact("digest", answers.digest.clone());
    if let Some(bound) = &measurement.bound {
        let touch = show::ms(bound.ms() - bound.warm_ms);
        let warm = show::ms(bound.warm_ms);
        fact(
            "bound",
            format!(
                "{}: warm run of {}, {warm}, and touching the weights once, {touch}",
                show::ms(bound.ms()),
                bound.warm_of
            ),
        );
    }
    let floor = overhead.floor_ms.map(|ms| format!("; a process that writes one byte takes {}", show::ms(ms)));
    let looks = overhead.looks_ms.map(|ms| format!("; looks after a start take {}, in no figure", show::ms(ms)));
    let clock = show::number(overhead.clock_ns);
    fact(
        "the bench itself",
        format!("the clock adds {clock}\u{a0}ns{}{}", floor.unwrap_or_default(), looks.unwrap_or_default()),
    );
    for way in &view.ways {
        if let Kind::Peer { command } = &way.runs.kind {
            let compared =
                way.runs.difference.map_or("its answer was not compared with ours".to_owned(), |difference| {
                    format!("its answer differs by at most {difference:.1e} of the largest value")
                });
            fact(&way.runs.name, format!("{command} ({compared})"));
        }
    }
    facts
}
