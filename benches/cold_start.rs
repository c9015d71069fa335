//! The cold-start bench: `blink run` on an artifact beside ONNX Runtime's ordinary ways to run the `.onnx`, in fresh
//! processes, in turns. `docs/benchmarks.md` says how and what the figures mean.
//!
//! | file | what it holds |
//! |---|---|
//! | `cold_start/options.rs` | what can be asked of it |
//! | `cold_start/workers.rs` | what is launched, and where it is found |
//! | `cold_start/measure.rs` | one model, measured |
//! | `cold_start/report.rs` | the figures as tables |
//!
//! A wrong answer ends it: there is no figure beside one.

#[path = "cold_start/measure.rs"]
mod measure;
#[path = "cold_start/options.rs"]
mod options;
#[path = "cold_start/report.rs"]
mod report;
#[path = "cold_start/workers.rs"]
mod workers;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use blink_benches::machine::{Machine, lies_in_memory};
use blink_benches::record::{self, BenchRuns};
use clap::Parser;

use crate::options::Options;
use crate::workers::Found;

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if !options.bench {
        // `cargo test --all-targets` starts benches too, only to see that they start.
        println!("nothing measured: run `cargo bench -p blink-benches`");
        return Ok(());
    }
    let settings = options.settings()?;
    let found = Found::find(options.no_python)?;
    let machine = Machine::read();
    for doubt in machine.doubts() {
        eprintln!("cold_start: {doubt}");
    }
    for left_out in &found.left_out {
        eprintln!("cold_start: left out: {left_out}");
    }

    // On the target directory's disk: how the page cache holds the files is part of what is measured.
    let scratch = found.target.join("cold-start");
    remove(&scratch)?;
    std::fs::create_dir_all(&scratch).with_context(|| scratch.display().to_string())?;
    if lies_in_memory(&scratch) {
        eprintln!("cold_start: {} is on tmpfs: files on a disk may start faster or slower", scratch.display());
    }
    let mut models = Vec::new();
    for &subject in &options.models {
        let runs = measure::measure(subject, &scratch, &found, settings)?;
        print!("{}", report::model(&runs, settings));
        models.push(runs);
    }
    remove(&scratch)?;

    let runs = BenchRuns {
        schema: record::SCHEMA,
        name: options.name.clone(),
        date: record::today(),
        machine,
        settings,
        binary_bytes: found.binary_bytes,
        peers: found
            .python
            .iter()
            .map(|python| ("python".to_owned(), python.versions.clone()))
            .collect::<BTreeMap<_, _>>(),
        left_out: found.left_out.clone(),
        models,
    };
    print!("{}", report::binary(&runs));
    if options.discard {
        println!("raw values discarded (--discard)");
    } else {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("runs");
        let path = runs.write(&directory).with_context(|| directory.display().to_string())?;
        println!("raw values: {}", path.display());
    }
    Ok(())
}

fn remove(directory: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| directory.display().to_string())
        }
        _ => Ok(()),
    }
}
