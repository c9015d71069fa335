//! What time alone brings: workers that waited long enough, runs that took too long, pauses and waits that are over.

use std::time::Instant;

use super::{Parts, Schedule};
use crate::observe::Event;

impl<P: Parts> Schedule<P> {
    /// Does what is due. [`Schedule::soonest`] then says when to come again.
    pub(in crate::pool) fn tick(&mut self, now: Instant) {
        let late = |(id, seat): (&u64, &super::Seat<P>)| Some((*id, seat.must_end.filter(|(at, _)| *at <= now)?.1));
        let late: Vec<_> = self.workers.iter().filter_map(late).collect();
        late.into_iter().for_each(|(worker, why)| self.kill(worker, why));
        let aged: Vec<_> = self.models.keys().copied().collect();
        aged.into_iter().for_each(|id| self.end_aged(id, now));
        self.soonest = None;
        self.dispatch(now);
        let due = self.next_due();
        due.into_iter().for_each(|at| self.due(at));
    }

    /// When [`Schedule::tick`] is to be called at the latest; `None`: time alone brings nothing.
    pub(in crate::pool) fn soonest(&self) -> Option<Instant> {
        self.soonest
    }

    /// Ends workers that have waited long enough, down to the fewest: those first that waited longest.
    fn end_aged(&mut self, id: u64, now: Instant) {
        loop {
            let Some(entry) = self.models.get(&id).filter(|entry| entry.waiting() == 0) else { return };
            let Some(worker) = entry.idle.first().copied().filter(|_| self.staying(id) > entry.fewest()) else {
                return;
            };
            let Some(seat) = self.workers.get(&worker) else { return };
            if now < seat.since + entry.patience() {
                return;
            }
            self.end(worker, Some(Event::Idle), now);
        }
    }

    /// When a worker will have waited long enough or a run will be too long. What else may be due, [`Schedule::dispatch`]
    /// finds.
    fn next_due(&self) -> Option<Instant> {
        let runs = self.workers.values().filter_map(|seat| Some(seat.must_end?.0));
        let ages = |(id, entry): &(&u64, &super::Entry<P>)| entry.waiting() == 0 && self.staying(**id) > entry.fewest();
        let idle = self.models.iter().filter(ages).filter_map(|(_, entry)| {
            let longest = self.workers.get(entry.idle.first()?)?;
            Some(longest.since + entry.patience())
        });
        runs.chain(idle).min()
    }
}
