//! [`Crowd`]: many clients at once, a thread for each.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What many clients saw.
#[derive(Clone, Debug, Default)]
pub struct Crowd {
    /// Microseconds of each answer, client by client.
    pub latencies_us: Vec<f64>,
    /// Seconds from the first request to the last answer.
    pub seconds: f64,
}

/// Has each of `clients` ask again as soon as it is answered, for `duration`. The first failure ends it.
pub fn crowd<C: Send, E: Send>(
    clients: &mut [C],
    duration: Duration,
    ask: impl Fn(&mut C) -> Result<(), E> + Sync,
) -> Result<Crowd, E> {
    let over = AtomicBool::new(false);
    run(clients, |client, begun, latencies| {
        while !over.load(Ordering::Relaxed) && begun.elapsed() < duration {
            latencies.push(timed(|| ask(client)).inspect_err(|_| over.store(true, Ordering::Relaxed))?);
        }
        Ok(())
    })
}

/// Has each of `clients` ask once, all at the same moment.
pub fn together<C: Send, E: Send>(clients: &mut [C], ask: impl Fn(&mut C) -> Result<(), E> + Sync) -> Result<Crowd, E> {
    run(clients, |client, _, latencies| {
        latencies.push(timed(|| ask(client))?);
        Ok(())
    })
}

fn timed<E>(ask: impl FnOnce() -> Result<(), E>) -> Result<f64, E> {
    let begun = Instant::now();
    ask()?;
    Ok(begun.elapsed().as_secs_f64() * 1e6)
}

/// Does `work` for each client once all threads are there; `work` is told when it began.
fn run<C: Send, E: Send>(
    clients: &mut [C],
    work: impl Fn(&mut C, Instant, &mut Vec<f64>) -> Result<(), E> + Sync,
) -> Result<Crowd, E> {
    let barrier = Barrier::new(clients.len());
    let (work, barrier) = (&work, &barrier);
    let one = |client| {
        move || {
            let mut latencies = Vec::new();
            barrier.wait();
            let begun = Instant::now();
            work(client, begun, &mut latencies).map(|()| (latencies, begun, Instant::now()))
        }
    };
    let seen: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = clients.iter_mut().map(|client| scope.spawn(one(client))).collect();
        // A panic of a thread is one of ours.
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let seen = seen.into_iter().collect::<Result<Vec<_>, E>>()?;
    let begun = seen.iter().map(|(_, begun, _)| *begun).min();
    let ended = seen.iter().map(|(_, _, ended)| *ended).max();
    let seconds = begun.zip(ended).map_or(0.0, |(begun, ended)| (ended - begun).as_secs_f64());
    Ok(Crowd { latencies_us: seen.into_iter().flat_map(|(latencies, _, _)| latencies).collect(), seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_asks_in_its_turn() {
        let mut clients = [0u32, 0, 0];
        let count = |client: &mut u32| -> Result<(), ()> {
            *client += 1;
            std::thread::sleep(Duration::from_millis(1));
            Ok(())
        };
        let seen = crowd(&mut clients, Duration::from_millis(20), count).unwrap();
        assert!(clients.iter().all(|count| *count > 0));
        assert_eq!(seen.latencies_us.len(), clients.iter().sum::<u32>() as usize);
        assert!(seen.seconds > 0.0 && seen.latencies_us.iter().all(|us| *us >= 1000.0));
        assert_eq!(together(&mut clients[..2], count).unwrap().latencies_us.len(), 2);
    }

    #[test]
    fn a_failure_ends_it() {
        let mut clients = [1, 2];
        let fail = |client: &mut i32| if *client == 2 { Err("no") } else { Ok(()) };
        assert_eq!(crowd(&mut clients, Duration::from_secs(3600), fail).unwrap_err(), "no");
    }
}
