//! The soak: a server under everything at once, for as long as is asked, and nothing of it may grow.
//!
//! `cargo bench -p blink-benches --bench soak -- --seconds 3600`
//!
//! | file | what it holds |
//! |---|---|
//! | `soak/options.rs` | what can be asked of it |
//! | `soak/models.rs` | the models that are served, and what they must answer |
//! | `soak/served.rs` | the server's process |
//! | `soak/client.rs` | one connection |
//! | `soak/traffic.rs` | requests: good ones, each compared to what it must get; bad ones; ones that nobody waits for |
//! | `soak/faults.rs` | workers killed, artifacts replaced |
//! | `soak/watch.rs` | what processes hold, looked at twice a second |
//! | `soak/control.rs` | a process that leaks on purpose |
//! | `shared/built.rs` | the `blink` binary, for this bench and the others |
//!
//! It fails where an answer is wrong, where a request fails that may not, and where memory, descriptors, mappings,
//! threads or processes grow: `blink_benches::growth` says by what measure. Each run watches a process that leaks on
//! purpose, too: where that is not found out by the same judgement, the run has shown nothing, and fails.

#[path = "shared/built.rs"]
#[allow(dead_code, reason = "its size is for other benches")]
mod built;
#[path = "soak/client.rs"]
mod client;
#[path = "soak/control.rs"]
mod control;
#[path = "soak/faults.rs"]
mod faults;
#[path = "soak/models.rs"]
mod models;
#[path = "soak/options.rs"]
mod options;
#[path = "soak/served.rs"]
mod served;
#[path = "soak/traffic.rs"]
mod traffic;
#[path = "soak/watch.rs"]
mod watch;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Parser;

use crate::built::{Built, remove};
use crate::control::Control;
use crate::models::Models;
use crate::options::Options;
use crate::served::Served;
use crate::traffic::Traffic;
use crate::watch::Watch;

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if let Some(per_hour) = options.leaking {
        return control::leak(per_hour);
    }
    if !options.bench {
        // `cargo test --all-targets` starts benches too, only to see that they start.
        println!("nothing soaked: run `cargo bench -p blink-benches --bench soak`");
        return Ok(());
    }
    let built = Built::find()?;
    let scratch = built.target.join("soak");
    remove(&scratch)?;
    std::fs::create_dir_all(&scratch).with_context(|| scratch.display().to_string())?;
    let models = Models::make(&built.blink, &scratch)?;
    let served = Served::start(&built.blink, &scratch)?;
    let control = Control::start(options.leak)?;
    let traffic = Traffic::new(&models, served.address);

    let end = Instant::now() + Duration::from_secs(options.seconds);
    let watch = thread::scope(|scope| {
        for number in 0..options.clients {
            let traffic = &traffic;
            scope.spawn(move || traffic.client(number, end));
        }
        scope.spawn(|| faults::make(&served, &models, &traffic, end));
        let warm = Duration::from_secs(options.seconds / 3);
        let (served, control) = (&served, &control);
        scope.spawn(move || Watch::until(end, warm, served, control)).join()
    });
    let watch = watch.ok().context("the watch broke off, which is a bug of the soak's")??;
    let mut faults = traffic.report();
    faults.extend(watch.report(options.leak > 0));
    if let Err(error) = served.end() {
        faults.push(format!("{error:#}"));
    }
    if faults.is_empty() {
        remove(&scratch)?;
        println!("soaked for {} s: nothing wrong, nothing grew", options.seconds);
        return Ok(());
    }
    faults.iter().for_each(|fault| println!("FAULT: {fault}"));
    bail!("{} faults; what the server said: {}", faults.len(), scratch.join("server.log").display())
}
