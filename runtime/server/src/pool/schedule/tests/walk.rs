//! Whatever happens in whatever order: limits hold, and each request is answered or refused, once.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

const BUDGET: u64 = 14 * UNIT;
const SLOTS: usize = 3;

struct Walk {
    world: World,
    random: StdRng,
    open: BTreeSet<u64>,
    ending: BTreeSet<u64>,
    models: BTreeMap<u64, u64>,
    /// What happened at all.
    seen: BTreeSet<&'static str>,
}

impl Walk {
    fn new(seed: u64) -> Walk {
        let mut world = World::new(SLOTS, Some(BUDGET));
        world.rows = 1;
        let batching = Some(Batching { size: 3, wait: Duration::from_millis(2) });
        let world = world
            .with(1, Terms { queue: 5, ..at_most(4) })
            .with(2, Terms { batching, time: Some(Duration::from_millis(200)), ..at_most(2) })
            .with(3, Terms { workers: (1, 2), private: 3 * UNIT, ..terms() })
            .with(4, Terms { idle: Duration::ZERO, weights: 0, ..at_most(3) });
        let mut walk = Walk {
            world,
            random: StdRng::seed_from_u64(seed),
            open: BTreeSet::new(),
            ending: BTreeSet::new(),
            models: BTreeMap::new(),
            seen: BTreeSet::new(),
        };
        walk.world.schedule.keep(3, walk.world.now());
        walk.world.schedule.set_batch_sizes(2, vec![false, true, true, true]);
        let did = walk.world.did();
        walk.note(did);
        walk
    }

    fn note(&mut self, did: Vec<Did>) {
        for done in did {
            self.seen.insert(match &done {
                Did::End(_, why) => why.map_or("end", Event::name),
                Did::Refuse(_, why) => why,
                Did::Run(_, tickets) if tickets.len() > 1 => "batch",
                Did::Launch(..) | Did::Run(..) => "run",
                Did::LaunchNormally(..) => "again",
                Did::Stop(_) => "stop",
                Did::Warn => "warn",
            });
            match done {
                Did::End(worker, _) => assert!(self.ending.insert(worker)),
                Did::Refuse(ticket, _) => assert!(self.open.remove(&ticket), "{ticket} was told twice"),
                Did::Stop(_) | Did::Warn | Did::Launch(..) | Did::LaunchNormally(..) | Did::Run(..) => {}
            }
        }
        let schedule = &self.world.schedule;
        assert!(schedule.running() <= SLOTS);
        assert!(schedule.held() <= BUDGET, "{} bytes are held", schedule.held());
        assert_eq!(tasks(schedule), self.open.len());
        for (id, entry) in schedule.models() {
            assert!(schedule.staying(id) <= entry.terms.workers.1, "model {id} has too many workers");
            assert!(entry.queue.len() <= entry.terms.queue);
        }
    }

    /// One worker that has something in hand, or is starting.
    fn any_busy(&mut self) -> Option<u64> {
        let busy: Vec<u64> = self.world.hands.keys().copied().collect();
        (!busy.is_empty()).then(|| busy[self.random.random_range(0..busy.len())])
    }

    fn step(&mut self) {
        let did = match self.random.random_range(0..20) {
            0..7 => {
                let model = self.random.random_range(1..5);
                self.world.kind = self.random.random_range(0..2);
                self.open.insert(self.world.tickets + 1);
                self.models.insert(self.world.tickets + 1, model);
                self.world.arrive(model)
            }
            7..13 => self.finish(),
            13 => match self.any_busy() {
                Some(worker) => self.world.died(worker),
                None => Vec::new(),
            },
            14 => {
                let open: Vec<u64> = self.open.iter().copied().collect();
                if open.is_empty() {
                    return;
                }
                let ticket = open[self.random.random_range(0..open.len())];
                if self.world.cancel(self.models[&ticket], ticket) {
                    self.open.remove(&ticket);
                }
                self.world.did()
            }
            15..18 => match self.ending.pop_first() {
                Some(worker) => self.world.ended(worker),
                None => Vec::new(),
            },
            _ => {
                let millis = [1, 10, 150, 40_000][self.random.random_range(0..4)];
                self.world.pass(millis)
            }
        };
        self.note(did);
    }

    fn finish(&mut self) -> Vec<Did> {
        let Some(worker) = self.any_busy() else { return Vec::new() };
        for item in &self.world.hands[&worker] {
            assert!(self.open.remove(&item.ticket), "{} was told twice", item.ticket);
        }
        let millis = self.random.random_range(0..20);
        self.world.ran(worker, millis)
    }

    /// Nothing new comes: everything that is open ends.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            if self.open.is_empty() {
                return;
            }
            let did = self.finish();
            self.note(did);
            while let Some(worker) = self.ending.pop_first() {
                let did = self.world.ended(worker);
                self.note(did);
            }
            let did = self.world.pass(5);
            self.note(did);
        }
        panic!("{:?} are never answered", self.open);
    }
}

#[test]
fn nothing_is_lost_and_limits_hold() {
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let mut walk = Walk::new(seed);
        for _ in 0..500 {
            walk.step();
        }
        walk.settle();
        assert!(walk.world.is_empty());
        seen.extend(walk.seen);
    }
    for what in ["again", "batch", "evicted", "failed", "full", "idle", "run", "stop", "stopped", "unavailable"] {
        assert!(seen.contains(what), "never seen: {what}, only {seen:?}");
    }
}
