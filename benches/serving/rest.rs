//! A hundred models that nobody asks: memory of the server beside one with a single model, and first requests to some.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use blink_benches::memory::Shares;
use blink_benches::record::RestRuns;
use blink_benches::serve::{Server, rest_output};

use crate::ready::Ready;
use crate::say;

/// Models of the larger server.
const MODELS: usize = 100;
/// Every so many of them are asked once.
const STEP: usize = 10;
/// How long a server is left alone before its memory is looked at: longer than it keeps what it has no use for.
const STILL: Duration = Duration::from_secs(7);
/// Workers end soon, so that none is left from one model to the next.
const OPTIONS: [&str; 4] = ["--workers", "0..1", "--idle", "300ms"];

/// Measures both.
pub(crate) fn measure(ready: &Ready<'_>) -> anyhow::Result<RestRuns> {
    let (one, server) = still(ready, 1)?;
    server.end()?;
    let (all, mut server) = still(ready, MODELS)?;
    let mut runs = RestRuns {
        models: MODELS,
        resident: all.resident,
        proportional: all.proportional,
        one_resident: one.resident,
        one_proportional: one.proportional,
        first_ms: Vec::new(),
        warm_ms: Vec::new(),
        starts: BTreeMap::new(),
    };
    let mut client = ready.http(&server)?;
    for number in (0..MODELS).step_by(STEP) {
        let name = name(number);
        let request = ready.rest_to(&name);
        let mut ask = || {
            let begun = Instant::now();
            let reply = client.ask(&request)?;
            let elapsed = begun.elapsed();
            ready.same(rest_output(&reply))?;
            anyhow::Ok(elapsed.as_secs_f64() * 1e3)
        };
        runs.first_ms.push(ask()?);
        runs.warm_ms.push(ask()?);
        for (kind, count) in server.starts(&name)? {
            *runs.starts.entry(kind).or_default() += count;
        }
    }
    server.end()?;
    Ok(runs)
}

/// A server of so many models, none of which was asked, and its memory.
fn still(ready: &Ready<'_>, models: usize) -> anyhow::Result<(Shares, Server)> {
    let directory = copies(ready, models)?;
    let server = ready.serve_all(&directory, &OPTIONS, models)?;
    say(&format!("{models} models at rest"));
    std::thread::sleep(STILL);
    Ok((Shares::of(server.pid())?, server))
}

/// A directory of so many artifacts, each a file of its own.
fn copies(ready: &Ready<'_>, models: usize) -> anyhow::Result<PathBuf> {
    let directory = ready.scratch.join(format!("models-{models}"));
    std::fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    for number in 0..models {
        let path = directory.join(name(number)).with_extension("blink");
        std::fs::copy(&ready.artifact, &path).with_context(|| path.display().to_string())?;
    }
    Ok(directory)
}

fn name(number: usize) -> String {
    format!("tiny-{number}")
}
