//! The bench of the server: what serving adds to a start, to a run and to the machine's memory, from client to client.
//! `docs/benchmarks.md` says how and what the figures mean.
//!
//! | file | what it holds |
//! |---|---|
//! | `serving/options.rs` | what can be asked of it |
//! | `serving/ready.rs` | a model compiled, its input as requests, its answer computed without a server |
//! | `serving/zero.rs` | first requests to a model without a worker, in turns with warm ones |
//! | `serving/overhead.rs` | warm requests beside the worker's own run |
//! | `serving/rate.rs` | answers a second, and whose processor time they take |
//! | `serving/rest.rs` | a hundred models that nobody asks |
//! | `serving/burst.rs` | many requests at one moment |
//! | `serving/report.rs` | the figures as tables |
//! | `shared/built.rs` | the `blink` binary, for this bench and the others |
//!
//! Clients run on the machine that serves. A wrong answer ends the bench; in a burst, where it is counted, it misses a
//! goal.

#[path = "shared/built.rs"]
mod built;
#[path = "serving/burst.rs"]
mod burst;
#[path = "serving/options.rs"]
mod options;
#[path = "serving/overhead.rs"]
mod overhead;
#[path = "serving/rate.rs"]
mod rate;
#[path = "serving/ready.rs"]
mod ready;
#[path = "serving/report.rs"]
mod report;
#[path = "serving/rest.rs"]
mod rest;
#[path = "serving/zero.rs"]
mod zero;

use std::path::Path;

use anyhow::Context;
use blink_benches::goals;
use blink_benches::machine::{Machine, lies_in_memory};
use blink_benches::record::{self, ServingRuns};
use blink_benches::subject::Subject;
use clap::Parser;

use crate::built::{Built, remove};
use crate::options::{Options, Part};
use crate::ready::Ready;

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if !options.bench {
        // `cargo test --all-targets` starts benches too, only to see that they start.
        println!("nothing measured: run `cargo bench -p blink-benches --bench serving`");
        return Ok(());
    }
    let built = Built::find()?;
    let machine = Machine::read();
    machine.doubts().iter().for_each(|doubt| say(doubt));

    // On the target directory's disk: how the page cache holds the files is part of what is measured.
    let scratch = built.target.join("serving-bench");
    remove(&scratch)?;
    std::fs::create_dir_all(&scratch).with_context(|| scratch.display().to_string())?;
    if lies_in_memory(&scratch) {
        say(&format!("{} is on tmpfs: files on a disk may start faster or slower", scratch.display()));
    }
    let runs = measure(&options, &built, machine, &scratch)?;
    remove(&scratch)?;

    print!("{}", report::report(&runs));
    if options.discard {
        println!("raw values discarded (--discard)");
        return Ok(());
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = runs.write(&directory.join("runs")).with_context(|| directory.display().to_string())?;
    println!("raw values: {}", path.display());
    Ok(())
}

/// Measures what is asked for, with files in `scratch`.
fn measure(options: &Options, built: &Built, machine: Machine, scratch: &Path) -> anyhow::Result<ServingRuns> {
    let mut runs = ServingRuns {
        schema: record::SERVING_SCHEMA,
        name: options.name.as_ref().map_or_else(|| "serving".to_owned(), |name| format!("serving-{name}")),
        date: record::today(),
        machine,
        binary_bytes: built.binary_bytes,
        zero: None,
        overheads: Vec::new(),
        rates: Vec::new(),
        rest: None,
        burst: None,
        goals: Vec::new(),
    };
    let measures = |part| options.parts.is_empty() || options.parts.contains(&part);
    if measures(Part::Zero) || measures(Part::Overhead) {
        let ready = Ready::make(options.model, built, scratch)?;
        if measures(Part::Zero) {
            runs.zero = Some(zero::measure(&ready, options.runs).context("first requests")?);
        }
        if measures(Part::Overhead) {
            runs.overheads.push(overhead::rest(&ready, options.requests).context("overhead over REST")?);
        }
    }
    let tiny = Ready::make(Subject::Tiny, built, scratch)?;
    if measures(Part::Overhead) {
        runs.overheads.push(overhead::grpc(&tiny, options.requests).context("overhead over gRPC")?);
    }
    if measures(Part::Rate) {
        runs.rates = rate::measure(&tiny, options.seconds, &options.workers).context("answers a second")?;
    }
    if measures(Part::Rest) {
        runs.rest = Some(rest::measure(&tiny).context("models at rest")?);
    }
    if measures(Part::Burst) {
        runs.burst = Some(burst::measure(&tiny, options.bursts).context("bursts")?);
    }
    runs.goals = goals::judge_serving(&runs);
    Ok(runs)
}

/// Says something beside the figures.
fn say(what: &str) {
    eprintln!("serving: {what}");
}
