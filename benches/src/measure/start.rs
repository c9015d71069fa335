//! One start of a [`Setup`]: the page cache brought into its state, the clock, and the looks after it has stopped.

use std::io;
use std::path::PathBuf;

use blink_runtime::timeline::now;

use super::Launches;
use crate::launch::LaunchError;
use crate::measurement::{Kind, Run, State};
use crate::memory::Shares;
use crate::reap;
use crate::setup::Setup;
use crate::way::{Launch, Way};

/// Why a start of a [`Setup`] is no measurement.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum MeasureError {
    #[error("{way}: {source}")]
    Launch { way: String, source: LaunchError },
    #[error("page cache cannot be asked about: {0}")]
    PageCache(io::Error),
    #[error(
        "{left} bytes of {path} stay in the page cache: no start from the disk can be measured while others use that file, \
         or on a file system that lives in memory",
        path = path.display()
    )]
    Cached { path: PathBuf, left: u64 },
}

impl Launches for Setup {
    type Error = MeasureError;

    fn ways(&self) -> Vec<(String, Kind, Option<f64>)> {
        let kind = |way: &Way| match &way.launch {
            Launch::Worker(_) => Kind::Worker,
            Launch::Process(_) => {
                let typed = self.peers.iter().find(|peer| peer.name == way.name);
                Kind::Peer { command: typed.map(|peer| peer.command.clone()).unwrap_or_default() }
            }
        };
        self.ways
            .iter()
            .zip(&self.differences)
            .map(|(way, &difference)| (way.name.clone(), kind(way), difference))
            .collect()
    }

    fn takes(&self, way: usize, state: State) -> bool {
        state == State::Hot || self.ways.get(way).is_some_and(Way::is_worker)
    }

    fn start(&mut self, index: usize, state: State) -> Result<Run, MeasureError> {
        let way = &self.ways[index];
        let mut cached = None;
        if state == State::Disk {
            if let Some((path, left)) = self.files.forget().map_err(MeasureError::PageCache)? {
                return Err(MeasureError::Cached { path: path.to_owned(), left });
            }
            cached = Some(0);
        } else if way.is_worker() && !self.is_bare && self.device.is_none() {
            cached = self.files.cached().ok();
        }

        let (mut shares, mut look_ms) = (None, 0.0);
        let (user, system) = reap::children();
        let look = |pid| {
            let begun = now();
            shares = Shares::of(pid).ok();
            look_ms = (now() - begun) as f64 / 1e6;
        };
        let launched = if self.is_bare { way.launch() } else { way.launch_and(0, look) };
        let launched = launched.map_err(|source| MeasureError::Launch { way: way.name.clone(), source })?;
        self.answers.checked += 1;
        if let Some(difference) = launched.difference {
            let greatest = self.differences[index].get_or_insert(0.0);
            *greatest = greatest.max(difference);
        }
        if self.is_bare || self.device.is_some() {
            let phases = launched.phases;
            return Ok(Run { cold_ms: launched.cold_ms, phases, cached_bytes: cached, ..Run::default() });
        }
        self.looks_ms.push(look_ms);
        let (user_after, system_after) = reap::children();
        Ok(Run {
            user_ms: Some(user_after - user),
            system_ms: Some(system_after - system),
            pss_bytes: shares.map(|shares: Shares| shares.proportional),
            private_bytes: shares.map(|shares| shares.private),
            cached_bytes: cached,
            ..Run::from(&launched)
        })
    }

    fn warm(&mut self, way: usize, runs: usize) -> Result<Vec<f64>, MeasureError> {
        let way = &self.ways[way];
        let repeat = u32::try_from(runs).unwrap_or(u32::MAX);
        let launched = way.launch_and(repeat, |_| ());
        let launched = launched.map_err(|source| MeasureError::Launch { way: way.name.clone(), source })?;
        self.answers.checked += 1;
        Ok(launched.warm_ms)
    }
}
