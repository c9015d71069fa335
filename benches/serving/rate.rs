//! Answers a second of a tiny model over REST, by number of clients in turns, and whose processor time they take.

use std::time::Duration;

use blink_benches::interleave::interleave;
use blink_benches::record::RateRuns;
use blink_benches::serve::{Http, Server, crowd};
use blink_benches::statistics::percentile;
use blink_benches::usage::Usage;

use crate::ready::Ready;
use crate::say;

/// Clients at once.
const CLIENTS: [usize; 6] = [1, 2, 4, 8, 16, 32];
/// Turns of each. The first is not counted.
const TURNS: usize = 6;

/// Milliseconds of processor time so far: of the server, of its workers, of this process.
struct Spent([f64; 3]);

impl Spent {
    fn now(server: &mut Server, model: &str) -> anyhow::Result<Spent> {
        let cpu_ms = |pid| Ok::<_, std::io::Error>(Usage::of_running(pid)?.cpu_ms);
        let workers = server.workers(model)?.into_iter().map(cpu_ms).sum::<Result<f64, _>>()?;
        let own = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        // Threads of clients have ended by now: of those, only the process's own clock tells.
        let own = own.tv_sec as f64 * 1e3 + own.tv_nsec as f64 / 1e6;
        Ok(Spent([cpu_ms(server.pid())?, workers, own]))
    }

    /// Microseconds an answer since `before`.
    fn since(&self, before: &Spent, answers: usize) -> [f64; 3] {
        std::array::from_fn(|who| (self.0[who] - before.0[who]) * 1e3 / answers as f64)
    }
}

/// Measures each number of clients for `seconds` in each turn.
pub(crate) fn measure(ready: &Ready<'_>, seconds: u64, workers: &str) -> anyhow::Result<Vec<RateRuns>> {
    let model = ready.subject.name();
    let mut server = ready.serve(&["--workers", workers])?;
    let most = CLIENTS.iter().copied().max().unwrap_or(1);
    let mut clients: Vec<Http> = (0..most).map(|_| ready.http(&server)).collect::<Result<_, _>>()?;
    say(&format!("{model}: {TURNS} turns of {seconds} s for each of {CLIENTS:?} clients"));
    let turns = interleave(CLIENTS.len(), TURNS, |index| {
        let before = Spent::now(&mut server, model)?;
        let clients = &mut clients[..CLIENTS[index]];
        let seen = crowd(clients, Duration::from_secs(seconds), |client| ready.ask(client))?;
        let spent = Spent::now(&mut server, model)?.since(&before, seen.latencies_us.len());
        anyhow::Ok((seen, spent))
    })?;
    server.end()?;
    let runs = CLIENTS.iter().zip(turns).map(|(&clients, turns)| {
        let turns: Vec<_> = turns.into_iter().skip(1).collect();
        let share = |share| turns.iter().filter_map(|(seen, _)| percentile(&seen.latencies_us, share)).collect();
        let spent = |who: usize| turns.iter().map(|(_, spent)| spent[who]).collect();
        RateRuns {
            clients,
            per_second: turns.iter().map(|(seen, _)| seen.latencies_us.len() as f64 / seen.seconds).collect(),
            p50_us: share(0.5),
            p99_us: share(0.99),
            server_cpu_us: spent(0),
            workers_cpu_us: spent(1),
            clients_cpu_us: spent(2),
        }
    });
    Ok(runs.collect())
}
