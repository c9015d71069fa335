//! Many requests at one moment to a model without a worker, again and again. Each answer is compared.

use std::sync::atomic::{AtomicUsize, Ordering};

use blink_benches::record::BurstRuns;
use blink_benches::serve::{Http, together};

use crate::ready::Ready;
use crate::say;

/// Requests at once.
const REQUESTS: usize = 64;
/// The most workers.
const WORKERS: usize = 8;

/// Sends `count` bursts.
pub(crate) fn measure(ready: &Ready<'_>, count: usize) -> anyhow::Result<BurstRuns> {
    let model = ready.subject.name();
    let workers = format!("0..{WORKERS}");
    let mut server = ready.serve(&["--workers", &workers, "--idle", "200ms"])?;
    say(&format!("{model}: {count} bursts of {REQUESTS}"));
    let mut runs = BurstRuns {
        model,
        requests: REQUESTS,
        workers: WORKERS,
        last_ms: Vec::new(),
        answer_ms: Vec::new(),
        started: Vec::new(),
        failed: 0,
    };
    let mut started = 0;
    for _ in 0..count {
        server.wait_asleep(model)?;
        let mut clients: Vec<Http> = (0..REQUESTS).map(|_| ready.http(&server)).collect::<Result<_, _>>()?;
        let failed = AtomicUsize::new(0);
        let seen = together(&mut clients, |client| {
            if let Err(error) = ready.ask(client) {
                say(&error.to_string());
                failed.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, std::convert::Infallible>(())
        });
        let Ok(seen) = seen;
        runs.failed += failed.into_inner();
        runs.last_ms.push(seen.seconds * 1e3);
        runs.answer_ms.push(seen.latencies_us.iter().map(|us| us / 1e3).collect());
        let now = server.starts(model)?.iter().map(|(_, count)| count).sum();
        runs.started.push(now - started);
        started = now;
    }
    server.end()?;
    Ok(runs)
}
