//! The cold-start bench: workers restored from a snapshot and started normally, beside ONNX Runtime's ordinary ways to
//! run the `.onnx`, in fresh processes, in turns. `docs/benchmarks.md` says how and what the figures mean.
//!
//! | file | what it holds |
//! |---|---|
//! | `cold_start/options.rs` | what can be asked of it |
//! | `cold_start/programs.rs` | which programs are launched, and where they are found |
//! | `cold_start/ways.rs` | one model made ready, and the ways to start it |
//! | `cold_start/measure.rs` | one model, measured |
//! | `cold_start/memory.rs` | memory of workers that are alive at once |
//! | `cold_start/disk.rs` | starts from the disk |
//! | `cold_start/channel.rs` | a worker beside an instance in one process |
//! | `cold_start/report.rs`, `cold_start/report/` | the figures as tables |
//! | `shared/built.rs` | the `blink` binary, for this bench and the others |
//!
//! A wrong answer ends it: there is no figure beside one.

#[path = "shared/built.rs"]
mod built;
#[path = "cold_start/channel.rs"]
mod channel;
#[path = "cold_start/disk.rs"]
mod disk;
#[path = "cold_start/measure.rs"]
mod measure;
#[path = "cold_start/memory.rs"]
mod memory;
#[path = "cold_start/options.rs"]
mod options;
#[path = "cold_start/programs.rs"]
mod programs;
#[path = "cold_start/report.rs"]
mod report;
#[path = "cold_start/ways.rs"]
mod ways;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use blink_benches::goals;
use blink_benches::machine::{Machine, lies_in_memory};
use blink_benches::record::{self, BenchRuns};
use clap::Parser;

use crate::built::remove;
use crate::options::Options;
use crate::programs::Programs;

fn main() -> anyhow::Result<()> {
    if std::env::args_os().nth(1).is_some_and(|verb| verb == channel::VERB) {
        return channel::answer();
    }
    let options = Options::parse();
    if !options.bench {
        // `cargo test --all-targets` starts benches too, only to see that they start.
        println!("nothing measured: run `cargo bench -p blink-benches`");
        return Ok(());
    }
    let settings = options.settings()?;
    let programs = Programs::find(options.no_python)?;
    let machine = Machine::read();
    machine.doubts().iter().for_each(|doubt| say(doubt));
    let mut left_out = programs.left_out.clone();
    left_out.iter().for_each(|left| say(&format!("left out: {left}")));

    // On the target directory's disk: how the page cache holds the files is part of what is measured.
    let scratch = programs.target.join("cold-start");
    remove(&scratch)?;
    std::fs::create_dir_all(&scratch).with_context(|| scratch.display().to_string())?;
    if lies_in_memory(&scratch) {
        say(&format!("{} is on tmpfs: files on a disk may start faster or slower", scratch.display()));
    }
    let mut models = Vec::new();
    for &subject in &options.models {
        let runs = measure::measure(subject, &scratch, &programs, &settings, &mut left_out)?;
        print!("{}", report::model(&runs, &settings));
        models.push(runs);
    }
    remove(&scratch)?;

    let runs = BenchRuns {
        schema: record::SCHEMA,
        name: options.name.clone(),
        date: record::today(),
        machine,
        settings,
        binary_bytes: programs.binary_bytes,
        peers: programs
            .python
            .iter()
            .map(|python| ("python".to_owned(), python.versions.clone()))
            .collect::<BTreeMap<_, _>>(),
        left_out,
        goals: models.iter().flat_map(goals::judge).collect(),
        models,
    };
    print!("{}", report::end(&runs));
    if options.discard {
        println!("raw values discarded (--discard)");
    } else {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("runs");
        let path = runs.write(&directory).with_context(|| directory.display().to_string())?;
        println!("raw values: {}", path.display());
    }
    Ok(())
}

/// Says something beside the figures.
fn say(what: &str) {
    eprintln!("cold_start: {what}");
}
