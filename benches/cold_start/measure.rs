//! One model, measured: answered once by each way, then launched cold and warm in turns, then looked at.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use blink_benches::agreement;
use blink_benches::interleave::interleave;
use blink_benches::launch::Launched;
use blink_benches::record::{ModelRuns, Settings, WayRuns};
use blink_benches::subject::Subject;
use blink_benches::way::Way;

use crate::options::Part;
use crate::programs::Programs;
use crate::ways::Ready;
use crate::{channel, disk, memory, say};

/// Measures `subject` with files in `scratch`, which are removed at the end. What could not be measured is said, and
/// added to `left_out`.
pub(crate) fn measure(
    subject: Subject,
    scratch: &Path,
    programs: &Programs,
    settings: &Settings,
    left_out: &mut Vec<String>,
) -> anyhow::Result<ModelRuns> {
    let mut ready = Ready::make(subject, scratch, programs, settings)?;
    let mut runs = first_answers(&mut ready.ways)?;
    let (name, ways) = (subject.name(), &ready.ways);

    if Part::Cold.is_in(settings) {
        let launched = turns(&format!("{name}: cold"), ways, settings.launches, 0)?;
        for (runs, launched) in runs.iter_mut().zip(launched) {
            runs.cold = launched.iter().map(Into::into).collect();
        }
    }
    if Part::Warm.is_in(settings) {
        let launched = turns(&format!("{name}: warm"), ways, settings.warm_launches, settings.warm_runs as u32)?;
        for (runs, launched) in runs.iter_mut().zip(launched) {
            runs.warm_ms = launched.into_iter().map(|launched| launched.warm_ms).collect();
        }
    }
    if Part::Memory.is_in(settings) && cfg!(target_os = "linux") {
        say(&format!("{name}: memory"));
        for (way, runs) in ways.iter().zip(&mut runs) {
            (runs.answered, runs.rested) = memory::measure(way, &ready, subject, settings.alive)
                .with_context(|| format!("memory of {} cannot be read", way.name))?;
        }
    }
    let mut missed = Vec::new();
    let disk = if Part::Disk.is_in(settings) { disk::measure(&ready, programs, settings, &mut missed)? } else { None };
    let channel =
        if Part::Channel.is_in(settings) { channel::measure(&ready, programs, settings)? } else { Vec::new() };

    ready.left_out.append(&mut missed);
    for left in &ready.left_out {
        say(&format!("left out: {left}"));
    }
    left_out.append(&mut ready.left_out);
    let arena = |field: &str| {
        let bytes = ready.summary["arena"][field].as_u64();
        bytes.with_context(|| format!("the compiler's summary has no arena '{field}': {}", ready.summary))
    };
    let (arena_peak, arena_resident) = (arena("peak")?, arena("resident")?);
    let artifact_bytes = std::fs::metadata(&ready.artifact)?.len();
    ready.remove()?;
    Ok(ModelRuns {
        model: name,
        onnx_bytes: ready.written.onnx_bytes,
        artifact_bytes,
        prepack: ready.prepack,
        arena_peak,
        arena_resident,
        snapshots: ready.snapshots.into_iter().map(|(made, _)| made).collect(),
        ways: runs,
        channel,
        disk,
    })
}

/// Launches each way once, uncounted: its files are in the page cache afterwards, and its answer is known. From here
/// on each is held to its own answer, bit for bit; here they are held to the normal worker's.
fn first_answers(ways: &mut [Way]) -> anyhow::Result<Vec<WayRuns>> {
    let mut normal: Option<Launched> = None;
    let mut runs = Vec::new();
    for way in ways {
        let first = way.launch().with_context(|| way.name.clone())?;
        let normal = normal.get_or_insert_with(|| first.clone());
        let difference = agreement::compare(&normal.output, &first.output)
            .with_context(|| format!("{} gave another answer than a normal worker", way.name))?;
        // It packs as the normal one does, so it must give the same bits.
        let same = way.name != "restored" || first.digest == normal.digest;
        ensure!(same, "a restored worker gave other bits than a normal one");
        way.expect(first.expected());
        runs.push(WayRuns {
            way: way.name.clone(),
            difference,
            cold: vec![],
            warm_ms: vec![],
            answered: vec![],
            rested: vec![],
        });
    }
    Ok(runs)
}

/// Launches in turns, with a count on stderr where it is a terminal.
fn turns(what: &str, ways: &[Way], rounds: usize, repeat: u32) -> anyhow::Result<Vec<Vec<Launched>>> {
    let (total, mut done) = (ways.len() * rounds, 0);
    let shown = std::io::stderr().is_terminal();
    say(&format!("{what}, {total} launches"));
    let launched = interleave(ways.len(), rounds, |index| {
        let launched = ways[index].launch_and(repeat, |_| ()).with_context(|| ways[index].name.clone());
        done += 1;
        if shown {
            eprint!("\r{done}/{total} ");
            let _ = std::io::stderr().flush();
        }
        launched
    })?;
    if shown {
        eprint!("\r");
    }
    Ok(launched)
}
