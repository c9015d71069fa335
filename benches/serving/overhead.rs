//! Warm requests of one client, one after the other, beside what the server counts as the worker's own run of each.

use std::time::Instant;

use anyhow::ensure;
use blink_benches::record::OverheadRuns;
use blink_benches::serve::{ClientError, Server};

use crate::ready::Ready;
use crate::say;

/// Requests before those that count.
const BEFORE: usize = 20;

/// Over REST, in binary.
pub(crate) fn rest(ready: &Ready<'_>, count: usize) -> anyhow::Result<OverheadRuns> {
    let mut server = ready.serve(&["--workers", "1..1"])?;
    let mut client = ready.http(&server)?;
    let runs = each(ready, "rest", &mut server, count, || ready.ask(&mut client))?;
    server.end()?;
    Ok(runs)
}

/// Over gRPC, raw.
pub(crate) fn grpc(ready: &Ready<'_>, count: usize) -> anyhow::Result<OverheadRuns> {
    let mut server = ready.serve(&["--workers", "1..1"])?;
    let mut client = ready.grpc_client(&server)?;
    let runs = each(ready, "grpc", &mut server, count, || ready.ask_grpc(&mut client))?;
    drop(client);
    server.end()?;
    Ok(runs)
}

fn each(
    ready: &Ready<'_>,
    carrier: &'static str,
    server: &mut Server,
    count: usize,
    mut ask: impl FnMut() -> Result<(), ClientError>,
) -> anyhow::Result<OverheadRuns> {
    let model = ready.subject.name();
    say(&format!("{model}: {count} requests over {carrier}"));
    for _ in 0..BEFORE {
        ask()?;
    }
    let (client_us, infer_us) = (Vec::new(), Vec::new());
    let mut runs = OverheadRuns { model, carrier, input_bytes: ready.input_bytes, client_us, infer_us };
    let mut before = server.infer_ns(model)?;
    for _ in 0..count {
        let begun = Instant::now();
        ask()?;
        let elapsed = begun.elapsed();
        let after = server.infer_ns(model)?;
        ensure!(after.0 == before.0 + 1, "the server counts {} runs for one request", after.0 - before.0);
        runs.client_us.push(elapsed.as_secs_f64() * 1e6);
        runs.infer_us.push((after.1 - before.1) as f64 / 1e3);
        before = after;
    }
    Ok(runs)
}
