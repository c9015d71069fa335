//! Removing images that are of no use, or too many. Names are taken, nothing is changed: workers that were made of an
//! image keep it, and makers publish as if nobody pruned.

use super::{Entry, Store, StoreError};

/// Which images to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prune {
    /// Those that cannot be restored here.
    Invalid,
    /// Those, and of the others the oldest, until the rest has at most so many bytes.
    MaxBytes(u64),
    /// Every one.
    All,
}

/// Why an image was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It could not be restored here: [`Entry::verdict`] says why.
    Invalid,
    /// The rest was to be smaller.
    Size,
    /// Every one was to go.
    Asked,
}

/// An image that was removed.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Removed {
    pub entry: Entry,
    pub why: Why,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Pruned {
    /// In the order of removal.
    pub removed: Vec<Removed>,
    /// Images that stay, by path.
    pub kept: Vec<Entry>,
    /// Images that were to go and could not be removed. One does not keep the others from going.
    pub failed: Vec<StoreError>,
}

impl Store {
    /// Removes images by `rule`. One that is made again meanwhile stays.
    pub fn prune(&self, rule: Prune) -> Result<Pruned, StoreError> {
        let mut entries = self.list()?;
        // Useless ones first, then from the oldest on: the order in which they go.
        entries.sort_by_key(|entry| (entry.verdict.is_ok(), entry.modified));
        let mut rest: u128 = entries.iter().map(|entry| u128::from(entry.bytes)).sum();
        let mut pruned = Pruned::default();
        for entry in entries {
            let why = match (rule, &entry.verdict) {
                (_, Err(_)) => Why::Invalid,
                (Prune::All, _) => Why::Asked,
                (Prune::MaxBytes(most), _) if rest > most.into() => Why::Size,
                _ => {
                    pruned.kept.push(entry);
                    continue;
                }
            };
            match entry.unlink() {
                Ok(was_removed) => {
                    rest -= u128::from(entry.bytes);
                    pruned.removed.extend(was_removed.then_some(Removed { entry, why }));
                }
                Err(error) => pruned.failed.push(StoreError::io("removed", &entry.path)(error)),
            }
        }
        pruned.kept.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(pruned)
    }
}
