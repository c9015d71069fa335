//! What `blink compile` prints at its end.

use std::io::{self, Write};

use blink_artifact::ExecutionProvider;
use blink_compiler::{GuestSummary, HalfCounts, ModelSummary, Summary};

use super::device;
use crate::output::mib;

/// Prints the summary for people.
pub(super) fn print(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", summary.output.display())?;
    let target = summary.target;
    let hosts = match summary.device {
        ExecutionProvider::Cuda => " with a CUDA device",
        ExecutionProvider::Cpu if target.is_portable() => {
            " (every host of the architecture; slower than a class of its own)"
        }
        ExecutionProvider::Cpu => "",
    };
    writeln!(out, "  target    {target} hosts{hosts}")?;
    writeln!(out, "  size      {:.1} MiB", mib(summary.bytes))?;
    summary.models.iter().try_for_each(|model| print_model(model, out))?;
    summary.guest.iter().try_for_each(|guest| print_guest(guest, out))?;
    let stages: Vec<_> = summary.seconds.iter().map(|(stage, s)| format!("{} {s:.1}", stage.doing())).collect();
    let total: f64 = summary.seconds.iter().map(|(_, seconds)| seconds).sum();
    writeln!(out, "  time      {total:.1} s ({})", stages.join(", "))
}

fn print_model(model: &ModelSummary, out: &mut dyn Write) -> io::Result<()> {
    let from = if model.taken_over { " of another artifact, as it was there" } else { "" };
    writeln!(out, "  model     {}, {:.1} MiB{from}", model.name, mib(model.bytes_before))?;
    writeln!(out, "    nodes   {} -> {}", model.nodes_before, model.nodes_after)?;
    for change in &model.changed {
        writeln!(out, "            {:>5} -> {:<5} {}", change.before, change.after, change.operator)?;
    }
    let choice = if model.prepack { "packed at start" } else { "not packed at start" };
    match model.prepack_times {
        Some(times) => writeln!(
            out,
            "    weights {choice}: first answer after {:.0} ms packed ({:.1} MiB), {:.0} ms not",
            times.packed_ms,
            mib(times.packed_bytes),
            times.unpacked_ms
        )?,
        None => writeln!(out, "    weights {choice}")?,
    }
    writeln!(out, "    arena   {:.1} MiB of activations", mib(model.arena.peak))?;
    let golden = if model.golden { "recorded; the artifact gave the same answer" } else { "none" };
    writeln!(out, "    golden  {golden}")?;
    let Some(device) = &model.device else { return Ok(()) };
    let outputs = model.outputs.iter().map(String::as_str);
    let precision = device.precision;
    let told =
        device::Told { precision, error: device.error.as_deref(), cudnn: device.cudnn, trial: device.trial.as_ref() };
    told.print(outputs, device.weights_bytes, out)?;
    let Some(HalfCounts { half, float, casts }) = &device.half else { return Ok(()) };
    let all = half + float.values().sum::<u64>();
    writeln!(out, "    half    {half} of {all} nodes with floats; {casts} casts between them and the others")?;
    float.iter().try_for_each(|(operator, count)| writeln!(out, "            {count:>5} {operator} in fp32"))
}

fn print_guest(guest: &GuestSummary, out: &mut dyn Write) -> io::Result<()> {
    let (before, after) = (guest.bytes_before, guest.bytes_after);
    writeln!(out, "  guest     {}, a {}, {before} -> {after} bytes", guest.name, guest.kind.name())?;
    for step in &guest.steps {
        writeln!(out, "            {:>9} -> {:<9} {}", step.before, step.after, step.name)?;
    }
    match guest.code_bytes {
        Some(bytes) => writeln!(out, "    code    {bytes} bytes of native code; it links"),
        None => writeln!(out, "    code    in the cache; it links"),
    }
}
