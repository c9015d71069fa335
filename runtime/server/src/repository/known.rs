//! [`Known`]: what the last look saw in one place, so that the next one opens only what may have changed.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use super::error::{LoadError, RepositoryError};
use super::open::Opened;
use super::scan::Candidate;
use crate::integrity::Identity;

/// Why a model that was unloaded is not served.
pub(super) const UNLOADED: &str = "it was unloaded";

/// What is known of the artifact in one place.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) name: String,
    pub(super) version: u64,
    /// The file that was opened last, whatever came of it.
    pub(super) identity: Option<Identity>,
    /// The file that is served.
    pub(super) serving: Option<Identity>,
    /// What it holds in the table, served or not.
    pub(super) slots: BTreeSet<(String, u64)>,
    pub(super) failure: Option<LoadError>,
}

impl Known {
    /// Whether a model of that name is or was meant to be in it.
    pub(super) fn is_of(&self, name: &str) -> bool {
        self.name == name || self.slots.iter().any(|(slot, _)| slot == name)
    }

    /// Whether it may be served later though its file has not changed: it was perhaps being written when it was
    /// opened, or others were in its way.
    pub(super) fn may_pass(&self, failure: &LoadError) -> bool {
        match failure {
            LoadError::Taken | LoadError::PrefixTaken { .. } | LoadError::NoArtifact | LoadError::Directory(_) => true,
            LoadError::Open { .. } => self.identity.is_none_or(|identity| identity.is_young()),
            LoadError::Name { .. }
            | LoadError::ModelName { .. }
            | LoadError::Host { .. }
            | LoadError::OrtVersion { .. }
            | LoadError::Device { .. }
            | LoadError::GuestDevice { .. }
            | LoadError::Signature(_)
            | LoadError::NoCode
            | LoadError::Poisoned
            | LoadError::DoesNotStart => false,
        }
    }
}

impl Candidate {
    /// Whether a model of that name may be in it: its own, or one of several.
    pub(super) fn may_hold(&self, name: &str) -> bool {
        name.strip_prefix(&self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// The names and versions that a candidate takes.
pub(super) fn slots(candidate: &Candidate, opened: Option<&Opened>) -> BTreeSet<(String, u64)> {
    match opened {
        Some(opened) => opened.models.iter().map(|model| (model.name.clone(), model.version)).collect(),
        None => BTreeSet::from([(candidate.name.clone(), candidate.version)]),
    }
}

/// Whether nothing can be said of `path`, as `source` cannot be looked at. A file that was named itself and is not
/// there is gone; a directory that is not there is perhaps a volume that will be back.
pub(super) fn hides(source: &Path, error: &RepositoryError, path: &Path) -> bool {
    let is_missing = matches!(error, RepositoryError::Source { source, .. } if source.kind() == ErrorKind::NotFound);
    path.starts_with(source) && !(path == source && is_missing)
}
