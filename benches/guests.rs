//! The bench of guests: what a WebAssembly program around a model adds to its start, whatever its size, and what it
//! costs in a running worker. `docs/benchmarks.md` says how and what the figures mean.
//!
//! | file | what it holds |
//! |---|---|
//! | `guests/options.rs` | what can be asked of it |
//! | `guests/ready.rs` | the model and the guests around it, compiled; the ways to start them |
//! | `guests/cold.rs` | cold starts of all ways in turns |
//! | `guests/wasmtime.rs` | the same guest by `wasmtime run -S nn`, opt-in |
//! | `guests/rows.rs` | a thousand runs of a guest in one worker |
//! | `guests/calls.rs` | calls of `compute` beside runs of the model in one process |
//! | `guests/report.rs` | the figures as tables |
//! | `shared/built.rs` | the `blink` binary, for this bench and the others |
//!
//! A wrong answer ends it: a guest must write the very bytes that the model alone gives.

#[path = "shared/built.rs"]
mod built;
#[path = "guests/calls.rs"]
mod calls;
#[path = "guests/cold.rs"]
mod cold;
#[path = "guests/options.rs"]
mod options;
#[path = "guests/ready.rs"]
mod ready;
#[path = "guests/report.rs"]
mod report;
#[path = "guests/rows.rs"]
mod rows;
#[path = "guests/wasmtime.rs"]
mod wasmtime;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use blink_benches::goals;
use blink_benches::machine::{Machine, lies_in_memory};
use blink_benches::record::{self, COMPONENT, GuestRuns, SIZES};
use blink_benches::report::svg;
use blink_benches::subject::Subject;
use blink_benches::whole_file;
use clap::Parser;

use crate::built::{Built, remove};
use crate::options::Options;
use crate::ready::Ready;
use crate::wasmtime::Wasmtime;

/// The plot of cold starts over sizes, below the repository's root.
const PLOT: &str = "docs/guest-sizes.svg";

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if !options.bench {
        // `cargo test --all-targets` starts benches too, only to see that they start.
        println!("nothing measured: run `cargo bench -p blink-benches --bench guests`");
        return Ok(());
    }
    let built = Built::find()?;
    let machine = Machine::read();
    machine.doubts().iter().for_each(|doubt| say(doubt));

    // On the target directory's disk: how the page cache holds the files is part of what is measured.
    let scratch = built.target.join("guests-bench");
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
    if options.plot {
        let plot = svg::sweep(&runs.sweep()).context("there is no cold start to draw")?;
        let path = directory.join("..").join(PLOT);
        whole_file::write(&path, plot.as_bytes()).with_context(|| path.display().to_string())?;
        println!("plot: {PLOT}");
    }
    Ok(())
}

/// Measures everything, with files in `scratch`.
fn measure(options: &Options, built: &Built, machine: Machine, scratch: &Path) -> anyhow::Result<GuestRuns> {
    let (threads, launches) = (options.threads as usize, options.runs()?);
    let all = [SIZES[0], COMPONENT, SIZES[1], SIZES[2]];
    let mut ready = Ready::make(options.model, &all, scratch, built, threads)?;
    let peer =
        options.wasmtime(built).map(|program| Wasmtime::make(&program, &ready, scratch, built, threads)).transpose()?;
    let ways = cold::measure(&mut ready, peer.as_ref(), launches)?;
    let (guests, mut left_out) = (std::mem::take(&mut ready.guests), std::mem::take(&mut ready.left_out));
    drop(ready);

    // In a running worker, the less the model does, the more of a run is the guest's.
    let directory = scratch.join("running");
    std::fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    let mut tiny = Ready::make(Subject::Tiny, &all[..2], &directory, built, 1)?;
    let rows = rows::measure(&tiny, options.row as usize)?;
    let calls = calls::measure(&tiny)?;
    left_out.append(&mut tiny.left_out);
    if peer.is_none() {
        left_out.push(
            "`wasmtime run -S nn`, which is opt-in: install it with benches/peers/setup.sh wasmtime, and \
                       give --wasmtime"
                .to_owned(),
        );
    }

    let mut runs = GuestRuns {
        schema: record::GUEST_SCHEMA,
        name: options.name.as_ref().map_or_else(|| "guests".to_owned(), |name| format!("guests-{name}")),
        date: record::today(),
        machine,
        model: options.model.name(),
        launches,
        threads,
        binary_bytes: built.binary_bytes,
        peers: peer.iter().map(|peer| ("wasmtime", peer.version.clone())).collect::<BTreeMap<_, _>>(),
        left_out,
        guests,
        ways,
        rows,
        calls,
        goals: Vec::new(),
    };
    runs.goals = goals::judge_guests(&runs);
    Ok(runs)
}

/// Says something beside the figures.
fn say(what: &str) {
    eprintln!("guests: {what}");
}
