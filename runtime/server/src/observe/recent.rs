//! [`RecentStarts`]: the last starts that were seen, for the page. It never holds more than 64.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{StartSeen, otlp};

/// Starts that are kept.
const KEPT: usize = 64;

/// The last starts. Cheap to clone: clones share them.
#[derive(Clone, Debug, Default)]
pub struct RecentStarts {
    starts: Arc<Mutex<VecDeque<StartSeen>>>,
}

impl RecentStarts {
    /// Adds one, and sends its spans on where they are wanted. The oldest makes room.
    pub fn push(&self, seen: StartSeen) {
        otlp::start(&seen);
        let mut starts = self.lock();
        if starts.len() == KEPT {
            starts.pop_front();
        }
        starts.push_back(seen);
    }

    /// All that are kept, the oldest first.
    pub fn list(&self) -> Vec<StartSeen> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<StartSeen>> {
        self.starts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use blink_runtime::{Start, Timeline};

    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let recent = RecentStarts::default();
        for version in 0..KEPT as u64 + 3 {
            let timeline = Timeline::begin(None, 0);
            recent.clone().push(StartSeen {
                model: "m".into(),
                version,
                start: Start::Snapshot,
                timeline,
                at: SystemTime::now(),
            });
        }
        let versions: Vec<u64> = recent.list().iter().map(|seen| seen.version).collect();
        assert_eq!((versions.len(), versions[0], versions[KEPT - 1]), (KEPT, 3, KEPT as u64 + 2));
    }
}
