//! The schedule with made-up times: no process, no thread, no clock.

mod batches;
mod deaths;
mod fairness;
mod memory;
mod scaling;
mod walk;

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::*;
use crate::config::Batching;

/// A task: its ticket, and what it joins by.
#[derive(Clone, Debug)]
struct Item {
    ticket: u64,
    arrived: Instant,
    rows: usize,
    kind: u64,
    was_run: bool,
}

impl Task for Item {
    fn ticket(&self) -> u64 {
        self.ticket
    }
    fn arrived(&self) -> Instant {
        self.arrived
    }
    fn rows(&self) -> usize {
        self.rows
    }
    fn joins(&self, first: &Item) -> bool {
        self.kind == first.kind
    }
    fn run_again(&mut self) -> bool {
        !std::mem::replace(&mut self.was_run, true)
    }
}

enum Made {}

impl Parts for Made {
    type Task = Item;
    type Model = u64;
    type Post = Rc<Cell<u64>>;
}

/// What the schedule had done, by worker and tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Did {
    Launch(u64, Vec<u64>),
    LaunchNormally(u64, Vec<u64>),
    Run(u64, Vec<u64>),
    End(u64, Option<Event>),
    Stop(u64),
    Refuse(u64, &'static str),
    Warn,
}

/// A schedule and its world.
struct World {
    schedule: Schedule<Made>,
    start: Instant,
    millis: u64,
    tickets: u64,
    /// What each worker has in hand.
    hands: BTreeMap<u64, Vec<Item>>,
    rows: usize,
    kind: u64,
}

const A: u64 = 1;
const B: u64 = 2;
const C: u64 = 3;
/// Of memory.
const UNIT: u64 = 100;

fn terms() -> Terms {
    Terms {
        name: "m".into(),
        workers: (0, 1),
        idle: Duration::from_secs(30),
        queue: 1000,
        time: None,
        device: None,
        weights: 2 * UNIT,
        private: UNIT,
        batching: None,
    }
}

fn at_most(workers: usize) -> Terms {
    Terms { workers: (0, workers), ..terms() }
}

impl World {
    fn new(running: usize, memory: Option<u64>) -> World {
        let schedule = Schedule::new(PoolLimits { memory, running });
        let (hands, start) = (BTreeMap::new(), Instant::now());
        World { schedule, start, millis: 0, tickets: 0, hands, rows: 0, kind: 0 }
    }

    fn with(mut self, model: u64, terms: Terms) -> World {
        self.schedule.know(model, self.now(), || (terms, model));
        self
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.millis)
    }

    /// Time passes; what it brings is done.
    fn pass(&mut self, millis: u64) -> Vec<Did> {
        self.millis += millis;
        self.schedule.tick(self.now());
        self.did()
    }

    fn arrive(&mut self, model: u64) -> Vec<Did> {
        self.tickets += 1;
        let item = Item { ticket: self.tickets, arrived: self.now(), rows: self.rows, kind: self.kind, was_run: false };
        self.schedule.arrive(model, item, self.now());
        self.did()
    }

    /// The worker's run is over, after so many milliseconds.
    fn ran(&mut self, worker: u64, millis: u64) -> Vec<Did> {
        self.millis += millis;
        let is_empty = self.hands.remove(&worker).is_none_or(|hand| hand.is_empty());
        let ran = if is_empty { Ran::Ready } else { Ran::Answered(Duration::from_millis(millis)) };
        self.schedule.ran(worker, ran, self.now());
        self.did()
    }

    fn died(&mut self, worker: u64) -> Vec<Did> {
        self.die(worker, true)
    }

    fn die(&mut self, worker: u64, is_worth_another: bool) -> Vec<Did> {
        let error = RequestError::Failed("died".into());
        self.end_by(worker, if is_worth_another { Death::of_worker(error) } else { Death::of_start(error) })
    }

    /// The worker found no room on its device.
    fn no_room(&mut self, worker: u64) -> Vec<Did> {
        let error = RequestError::Later { words: "no room".into(), retry_after: Duration::from_secs(1) };
        self.end_by(worker, Death::for_want_of_room(error))
    }

    fn end_by(&mut self, worker: u64, death: Death) -> Vec<Did> {
        let tasks = self.hands.remove(&worker).unwrap_or_default();
        self.schedule.died(worker, tasks, death, self.now());
        self.did()
    }

    fn ended(&mut self, worker: u64) -> Vec<Did> {
        self.schedule.ended(worker, self.now());
        self.did()
    }

    fn cancel(&mut self, model: u64, ticket: u64) -> bool {
        self.schedule.cancel(model, ticket, self.now()).is_some()
    }

    fn did(&mut self) -> Vec<Did> {
        let tickets = |tasks: &[Item]| tasks.iter().map(|task| task.ticket).collect::<Vec<_>>();
        let mut done = Vec::new();
        for action in self.schedule.take_actions() {
            done.push(match action {
                Action::Launch { worker, post, normally, tasks, .. } => {
                    post.set(worker);
                    let tickets = tickets(&tasks);
                    assert!(self.hands.insert(worker, tasks).is_none());
                    if normally { Did::LaunchNormally(worker, tickets) } else { Did::Launch(worker, tickets) }
                }
                Action::Run { post, tasks } => {
                    let tickets = tickets(&tasks);
                    assert!(self.hands.insert(post.get(), tasks).is_none(), "worker {} is busy", post.get());
                    Did::Run(post.get(), tickets)
                }
                Action::End { post, why } => Did::End(post.get(), why),
                Action::Stop { post } => Did::Stop(post.get()),
                Action::Warn { .. } => Did::Warn,
                Action::Refuse { task, error } => Did::Refuse(task.ticket, error.name()),
            });
        }
        done
    }

    /// Whether nothing waits and nothing runs.
    fn is_empty(&self) -> bool {
        tasks(&self.schedule) == 0
    }

    fn states(&self, model: u64) -> Vec<WorkerState> {
        let workers = self.schedule.models.get(&model).map_or(&[][..], |entry| &entry.workers);
        workers.iter().map(|worker| self.schedule.workers[worker].state).collect()
    }
}

/// Tasks that wait or run.
fn tasks(schedule: &Schedule<Made>) -> usize {
    let waiting = schedule.models.values().map(|entry| entry.queue.len() + entry.again.len());
    waiting.chain(schedule.workers.values().map(|seat| seat.tickets.len())).sum()
}
