//! First requests to a model without a worker, in turns with warm ones: the same client, the same connection.
//!
//! A worker ends soon after its answer. The next first request is sent once the server says that it has none.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::ensure;
use blink_benches::record::ZeroRuns;

use crate::ready::Ready;
use crate::say;

/// Warm requests after a first one: the last of them is kept.
const WARM: usize = 3;

/// Sends `count` of them, and one that is not counted.
pub(crate) fn measure(ready: &Ready<'_>, count: usize) -> anyhow::Result<ZeroRuns> {
    let model = ready.subject.name();
    let mut server = ready.serve(&["--workers", "0..1", "--idle", "100ms"])?;
    let mut client = ready.http(&server)?;
    say(&format!("{model}: {count} first requests"));
    let mut runs = ZeroRuns { model, first_ms: Vec::new(), warm_ms: Vec::new(), starts: BTreeMap::new() };
    for turn in 0..=count {
        server.wait_asleep(model)?;
        let mut ask = || {
            let begun = Instant::now();
            ready.ask(&mut client)?;
            anyhow::Ok(begun.elapsed().as_secs_f64() * 1e3)
        };
        let first = ask()?;
        let warm = (0..WARM).map(|_| ask()).collect::<Result<Vec<_>, _>>()?;
        if turn > 0 {
            runs.first_ms.push(first);
            runs.warm_ms.extend(warm.last());
        }
    }
    server.wait_asleep(model)?;
    runs.starts = server.starts(model)?.into_iter().collect();
    let started: u64 = runs.starts.values().sum();
    ensure!(started == count as u64 + 1, "{started} workers were started for {} first requests", count + 1);
    server.end()?;
    Ok(runs)
}
