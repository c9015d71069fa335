//! Why two measurements may not be comparable. Every field is named: a new one must be decided on here.

use crate::machine::Machine;
use crate::measurement::{Kind, Measurement, OnDevice, Settings, Subject, WayRuns};

/// Fewer cold starts than this show great changes only.
const FEW: usize = 10;

/// What speaks against holding two measurements against each other.
pub(super) fn between(old: &Measurement, new: &Measurement) -> Vec<String> {
    let mut doubts = Vec::new();
    let machines = machines(&old.machine, &new.machine);
    if !machines.is_empty() {
        let found = machines.join(", ");
        doubts.push(format!("different machines ({found}): only ratios within one run carry over"));
    }
    let mut said = Differing(Vec::new());
    said.note("ONNX Runtime", &old.machine.onnxruntime, &new.machine.onnxruntime);
    settings(&mut said, &old.settings, &new.settings);
    subjects(&mut said, &old.subject, &new.subject);
    devices(&mut said, old.device.as_ref(), new.device.as_ref());
    for way in &old.ways {
        if let Some(other) = new.way(&way.name) {
            said.note(&format!("what '{}' is", way.name), &kind(way), &kind(other));
        }
    }
    doubts.extend(said.0.into_iter().map(|differing| format!("not measured alike: {differing}")));
    if old.answers.digest != new.answers.digest {
        doubts.push("the answers differ: the two did not do the same work to the last bit".into());
    }
    noise(&mut doubts, "the old one: ", old);
    noise(&mut doubts, "the new one: ", new);
    few(&mut doubts, old.ways.iter().chain(&new.ways));
    doubts
}

/// What speaks against holding ways of one measurement against each other.
pub(super) fn within<'a>(measurement: &Measurement, ways: impl Iterator<Item = &'a WayRuns>) -> Vec<String> {
    let mut doubts = Vec::new();
    noise(&mut doubts, "", measurement);
    few(&mut doubts, ways);
    doubts
}

fn machines(old: &Machine, new: &Machine) -> Vec<String> {
    // How busy a machine was is the noise's to tell; versions of blink are what is compared.
    let Machine {
        system,
        kernel,
        cpu,
        class,
        features,
        processors,
        governor,
        is_virtual,
        memory,
        huge_pages,
        load: _,
        blink: _,
        onnxruntime: _,
    } = old;
    let mut said = Differing(Vec::new());
    said.note("system", system, &new.system);
    said.note("kernel", &told(kernel), &told(&new.kernel));
    said.note("processor", cpu, &new.cpu);
    said.note("class of hosts", class, &new.class);
    said.note("processor features", features, &new.features);
    said.note("processors", &processors.count().to_string(), &new.processors.count().to_string());
    said.note("governor", &told(governor), &told(&new.governor));
    said.note("virtual", &shown(is_virtual), &shown(&new.is_virtual));
    said.note("bytes of memory", &shown(memory), &shown(&new.memory));
    said.note("huge pages", &shown(huge_pages), &shown(&new.huge_pages));
    said.0
}

fn settings(said: &mut Differing, old: &Settings, new: &Settings) {
    let Settings { runs: _, warm_launches: _, warm_runs: _, threads, prepack, states: _, is_bare } = old;
    said.note("threads", &threads.to_string(), &new.threads.to_string());
    said.note("packing", on(*prepack), on(new.prepack));
    said.note("nothing but the clock read", on(*is_bare), on(new.is_bare));
}

fn subjects(said: &mut Differing, old: &Subject, new: &Subject) {
    // The file's name may change, and the program is what may have been changed.
    let Subject { artifact: _, bytes, model, weights_bytes, inputs, guest, program_bytes: _ } = old;
    said.note("bytes of the artifact", &bytes.to_string(), &new.bytes.to_string());
    said.note("model", model, &new.model);
    said.note("bytes of its weights", &weights_bytes.to_string(), &new.weights_bytes.to_string());
    said.note("inputs", &inputs.join(", "), &new.inputs.join(", "));
    said.note("guest", &shown(guest), &shown(&new.guest));
}

fn devices(said: &mut Differing, old: Option<&OnDevice>, new: Option<&OnDevice>) {
    let place = |on: Option<&OnDevice>| on.map_or_else(|| "the CPU".to_owned(), |on| on.context.device.clone());
    said.note("where it ran", &place(old), &place(new));
    let (Some(old), Some(new)) = (old, new) else { return };
    // Which of several alike, what was left to the CPU, and memory: all of that may be what has changed.
    said.note("precision", &old.precision, &new.precision);
}

fn noise(doubts: &mut Vec<String>, whose: &str, measurement: &Measurement) {
    doubts.extend(measurement.noise.doubts.iter().map(|doubt| format!("{whose}{doubt}")));
}

fn few<'a>(doubts: &mut Vec<String>, ways: impl Iterator<Item = &'a WayRuns>) {
    let runs = ways.flat_map(|way| &way.states).map(|runs| runs.runs.len());
    let least = runs.min();
    if let Some(least) = least.filter(|&least| least < FEW) {
        doubts.push(format!("there are as few as {least} cold starts of a way: below {FEW} only great changes show"));
    }
}

fn kind(way: &WayRuns) -> String {
    match &way.kind {
        Kind::Worker => "a worker".into(),
        Kind::Peer { command } => format!("`{command}`"),
    }
}

fn told(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| "not told".into())
}

fn shown<T: serde::Serialize>(value: &Option<T>) -> String {
    let text = value.as_ref().and_then(|value| serde_json::to_string(value).ok());
    text.map_or_else(|| "not told".into(), |text| text.trim_matches('"').to_owned())
}

fn on(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

/// What is not the same on both sides.
struct Differing(Vec<String>);

impl Differing {
    fn note(&mut self, what: &str, old: &str, new: &str) {
        if old != new {
            self.0.push(format!("{what} was {old} and is {new}"));
        }
    }
}
