//! Answers a second of a tiny model over REST, by number of clients in turns, and whose processor time they take.

use std::time::Duration;

use anyhow::{Context, ensure};
use blink_benches::interleave::interleave;
use blink_benches::record::RateRuns;
use blink_benches::serve::{Http, Server, crowd};
use blink_benches::statistics::percentile;

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
        let workers = server.workers(model)?.into_iter().map(cpu_ms).sum::<Result<f64, _>>()?;
        Ok(Spent([cpu_ms(server.pid())?, workers, cpu_ms(std::process::id())?]))
    }

    /// Microseconds an answer since `before`.
    fn since(&self, before: &Spent, answers: usize) -> [f64; 3] {
        std::array::from_fn(|who| (self.0[who] - before.0[who]) * 1e3 / answers as f64)
    }
}

/// Milliseconds of processor time that a process has used, threads that have ended included, to a tick of the kernel.
fn cpu_ms(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid}"))?;
    // After the name in brackets, which may hold anything: the state, ten other fields, time in the program and in the
    // kernel.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: Vec<u64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    ensure!(ticks.len() == 2, "the kernel does not tell the processor time of process {pid}");
    Ok(ticks.iter().sum::<u64>() as f64 * 1e3 / rustix::param::clock_ticks_per_second() as f64)
}

/// Measures each number of clients for `seconds` in each turn.
pub(crate) fn measure(ready: &Ready<'_>, seconds: u64, workers: &str) -> anyhow::Result<Vec<RateRuns>> {
    let model = ready.subject.name();
    let mut server = ready.serve(&["--workers", workers])?;
    let most = CLIENTS.iter().copied().max().unwrap_or(1);
    let mut clients: Vec<Http> = (0..most).map(|_| ready.http(&server)).collect::<Result<_, _>>()?;
    // From here on the workers are the same.
    clients.iter_mut().try_for_each(|client| ready.ask(client))?;
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
