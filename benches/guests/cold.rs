//! Cold starts of all ways in turns, files in the page cache. The first of each is not counted.

use anyhow::Context;
use blink_benches::agreement;
use blink_benches::interleave::interleave;
use blink_benches::launch::Launched;
use blink_benches::record::GuestWay;
use blink_benches::way::{Launch, Way};
use blink_tensors::Tensor;

use crate::ready::Ready;
use crate::say;
use crate::wasmtime::Wasmtime;

/// Starts every way of `ready`, and the peer, `launches` times.
pub(crate) fn measure(ready: &mut Ready, peer: Option<&Wasmtime>, launches: usize) -> anyhow::Result<Vec<GuestWay>> {
    let mut runs = Vec::new();
    let mut ways = Vec::new();
    let way = |guest, start, difference| GuestWay { guest, start, difference, cold: vec![], instantiate_us: vec![] };
    for found in &ready.ways {
        let name = format!("{}, {}", found.guest, found.start);
        ways.push(Way { name, launch: Launch::Worker(Box::new(found.launch.clone())) });
        runs.push(way(found.guest, found.start, 0.0));
    }
    if let Some(peer) = peer {
        let mut launch = peer.launch.clone();
        let first = launch.launch().context("wasmtime")?;
        let found = Tensor::from_bytes(ready.answer.dtype(), ready.answer.shape(), &first.output)
            .context("wasmtime gave an answer of another length")?;
        let difference = agreement::compare_tensors(ready.answer.view(), found.view())
            .context("wasmtime gave another answer than the model alone")?;
        launch.expected = Some(first.expected());
        ways.push(Way { name: "wasmtime".to_owned(), launch: Launch::Process(launch) });
        runs.push(way(peer.guest, "wasmtime", difference));
    }
    say(&format!("{}: cold, {} launches", ready.subject.name(), ways.len() * (launches + 1)));
    let launched =
        interleave(ways.len(), launches + 1, |index| ways[index].launch().with_context(|| ways[index].name.clone()))?;
    for (runs, launched) in runs.iter_mut().zip(launched) {
        let counted = || launched.iter().skip(1);
        runs.cold = counted().map(Into::into).collect();
        runs.instantiate_us = counted().filter_map(instantiate_us).collect();
    }
    Ok(runs)
}

fn instantiate_us(launched: &Launched) -> Option<f64> {
    launched.used.map(|used| used.instantiate_ns as f64 / 1e3)
}
