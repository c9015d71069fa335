//! [`Looker`]: one look at the disk. What is new is served, what has changed takes over once it is proved, what is gone
//! is retired, and what is broken leaves in place what was there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{error, info, warn};

use super::error::{LoadError, RepositoryError};
use super::known::{Known, UNLOADED, hides, slots};
use super::open::{Opened, open};
use super::scan::{Candidate, Scan, scan};
use super::starter::Starter;
use super::table::{Table, prefix};
use super::warm::Warmer;
use crate::config::Config;
use crate::model::Model;

/// Whoever looks at the disk. All that it knows beside the table is which file it has seen in which place.
pub(super) struct Looker {
    config: Config,
    pub(super) table: Arc<Table>,
    pub(super) starter: Arc<dyn Starter>,
    warmer: Warmer,
    pub(super) known: BTreeMap<PathBuf, Known>,
    /// Names that a client has unloaded, which no look loads again.
    pub(super) unloaded: BTreeSet<String>,
    /// What was last told of each source that cannot be looked at.
    told: BTreeMap<PathBuf, String>,
}

impl Looker {
    pub(super) fn new(config: &Config, table: Arc<Table>, starter: Arc<dyn Starter>, warmer: Warmer) -> Looker {
        let (known, unloaded, told) = Default::default();
        Looker { config: config.clone(), table, starter, warmer, known, unloaded, told }
    }

    /// The look before anything is served. Nothing is taken over yet, so nothing is proved; what an operator must mend
    /// is an error.
    pub(super) fn first_look(&mut self) -> Result<(), RepositoryError> {
        let mut scan = scan(&self.config.models);
        if !scan.unreadable.is_empty() {
            return Err(scan.unreadable.swap_remove(0).1);
        }
        tell_cut(&scan);
        let mut opened = Vec::new();
        let mut taken: BTreeMap<(String, u64), PathBuf> = BTreeMap::new();
        for candidate in scan.candidates {
            let result = self.open(&candidate);
            for (name, version) in slots(&candidate, result.as_ref().ok()) {
                if let Some(first) = taken.insert((name.clone(), version), candidate.path.clone()) {
                    return Err(RepositoryError::Twice { name, version, first, second: candidate.path });
                }
            }
            opened.push((candidate, result));
        }
        for (candidate, result) in opened {
            self.take(&candidate, result, |_, _| Ok(()));
        }
        Ok(())
    }

    /// A later look. `wanted`: a name that is to be served even where nothing has changed.
    pub(super) fn look(&mut self, wanted: Option<&str>) {
        let scan = scan(&self.config.models);
        tell_cut(&scan);
        self.tell_unreadable(&scan);
        self.forget_gone(&scan);
        self.drop_poisoned();
        for candidate in scan.candidates {
            if self.is_to_be_opened(&candidate, wanted) {
                let result = self.open(&candidate);
                self.poison_written(&candidate, result.as_ref().ok());
                self.take(&candidate, result, Looker::prove);
            }
        }
        self.drop_poisoned();
    }

    fn open(&self, candidate: &Candidate) -> Result<Opened, LoadError> {
        candidate.identity.clone()?;
        open(candidate, &self.config, &*self.starter, &self.table.poisoned)
    }

    fn is_to_be_opened(&self, candidate: &Candidate, wanted: Option<&str>) -> bool {
        let Some(known) = self.known.get(&candidate.path) else { return true };
        let is_changed = candidate.identity.as_ref().ok() != known.identity.as_ref();
        let is_wanted = wanted.is_some_and(|name| candidate.may_hold(name));
        let is_served = |(name, version): &(String, u64)| self.table.served(name, *version).is_some();
        match &known.failure {
            Some(failure) => is_changed || is_wanted || known.may_pass(failure),
            None => is_changed || is_wanted && !known.slots.iter().all(is_served),
        }
    }

    /// Serves what was opened, or keeps why it was not.
    fn take(
        &mut self,
        candidate: &Candidate,
        result: Result<Opened, LoadError>,
        prove: impl FnOnce(&Looker, &[Arc<Model>]) -> Result<(), LoadError>,
    ) {
        let known = self.known.entry(candidate.path.clone()).or_default();
        (known.name, known.version) = (candidate.name.clone(), candidate.version);
        let opened = match result {
            Ok(opened) => opened,
            Err(failure) => {
                known.identity = candidate.identity.as_ref().ok().copied();
                return self.refuse(candidate, failure);
            }
        };
        // What is served from this very file already stays as it is.
        let is_same = known.serving == Some(opened.identity);
        known.identity = Some(opened.identity);
        let slots = slots(candidate, Some(&opened));
        let is_news = |model: &Arc<Model>| {
            let is_served = self.table.served(&model.name, model.version).is_some();
            let is_wanted = !self.unloaded.contains(&model.name);
            is_wanted && !(is_same && is_served)
        };
        let news: Vec<_> = opened.models.iter().filter(|model| is_news(model)).cloned().collect();
        match self.is_free(candidate, &slots, &news).and_then(|()| prove(self, &news)) {
            Ok(()) => self.publish(candidate, slots, news),
            Err(failure) => self.refuse(candidate, failure),
        }
    }

    /// Whether no other artifact has these names, and no other app these prefixes.
    fn is_free(
        &self,
        candidate: &Candidate,
        slots: &BTreeSet<(String, u64)>,
        news: &[Arc<Model>],
    ) -> Result<(), LoadError> {
        let others = || self.known.iter().filter(|(path, _)| **path != candidate.path);
        if let Some((other, _)) = others().find(|(_, known)| !known.slots.is_disjoint(slots)) {
            if self.known.get(&candidate.path).is_none_or(|known| known.failure != Some(LoadError::Taken)) {
                error!("{} has a name and version that {} has already", candidate.path.display(), other.display());
            }
            return Err(LoadError::Taken);
        }
        for app in news.iter().filter(|model| model.guest.is_some()) {
            let prefix = prefix(app);
            if self.table.app_at(&prefix).is_some_and(|other| other.name != app.name) {
                return Err(LoadError::PrefixTaken { prefix });
            }
        }
        Ok(())
    }

    /// Has those proved that are to answer where others answer now.
    fn prove(&self, news: &[Arc<Model>]) -> Result<(), LoadError> {
        let takes_over = |model: &&Arc<Model>| {
            let served = self.table.versions(&model.name);
            served.contains(&model.version) || served.last().is_some_and(|highest| *highest < model.version)
        };
        for model in news.iter().filter(takes_over) {
            self.table.change(|rows| rows.set_loading(&model.name, model.version, true));
            let proved = self.starter.prove(model);
            self.table.change(|rows| rows.set_loading(&model.name, model.version, false));
            if let Err(words) = proved {
                error!(model = model.name, version = model.version, "{}: {words}", model.path.display());
                return Err(LoadError::DoesNotStart);
            }
        }
        Ok(())
    }

    /// Gives the names to `news` in one step. What had them is retired.
    fn publish(&mut self, candidate: &Candidate, slots: BTreeSet<(String, u64)>, news: Vec<Arc<Model>>) {
        let Some(known) = self.known.get_mut(&candidate.path) else { return };
        (known.failure, known.serving) = (None, known.identity);
        let former = std::mem::replace(&mut known.slots, slots);
        let (known, unloaded) = (&*known, &self.unloaded);
        let retired = self.table.change(|rows| {
            let mut retired: Vec<_> = news.iter().filter_map(|model| rows.serve(Arc::clone(model))).collect();
            let gone = former.difference(&known.slots);
            retired.extend(gone.filter_map(|(name, version)| rows.forget(name, *version)));
            let left_out = known.slots.iter().filter(|(name, _)| unloaded.contains(name));
            retired.extend(left_out.filter_map(|(name, version)| rows.stop(name, *version, UNLOADED)));
            retired
        });
        for model in &news {
            info!(model = model.name, version = model.version, "loaded {}", model.path.display());
            self.starter.keep(model);
            self.warmer.push(model);
        }
        self.retire(retired, "replaced");
    }

    /// Keeps why the artifact in a place is not served. What was served from there goes on.
    fn refuse(&mut self, candidate: &Candidate, failure: LoadError) {
        let own = (candidate.name.clone(), candidate.version);
        let is_anothers = self.known.iter().any(|(path, known)| *path != candidate.path && known.slots.contains(&own));
        let Some(known) = self.known.get_mut(&candidate.path) else { return };
        if known.slots.is_empty() && !is_anothers {
            known.slots.insert(own);
        }
        let slots = &known.slots;
        self.table.change(|rows| slots.iter().for_each(|(name, version)| rows.refuse(name, *version, &failure)));
        if known.failure.as_ref() != Some(&failure) {
            warn!(model = candidate.name, version = candidate.version, "{}: {failure}", candidate.path.display());
        }
        known.failure = Some(failure);
    }

    /// Forgets places where nothing is any more. Those below a source that cannot be looked at are left as they are.
    fn forget_gone(&mut self, scan: &Scan) {
        let there: BTreeSet<&Path> = scan.candidates.iter().map(|candidate| candidate.path.as_path()).collect();
        let is_hidden = |path: &Path| scan.unreadable.iter().any(|(source, error)| hides(source, error, path));
        // A version's directory may outlive its artifact.
        let is_bare = |candidate: &&Candidate| matches!(candidate.identity, Err(LoadError::NoArtifact));
        let bare: BTreeSet<&Path> = scan.candidates.iter().filter(is_bare).map(|bare| bare.path.as_path()).collect();
        let is_gone = |path: &Path, known: &Known| match bare.contains(path) {
            true => !known.slots.is_empty(),
            false => !there.contains(path) && !is_hidden(path),
        };
        let gone = self.known.iter().filter(|(path, known)| is_gone(path, known));
        let gone: Vec<PathBuf> = gone.map(|(path, _)| path.clone()).collect();
        for path in gone {
            let slots = self.known.remove(&path).map(|known| known.slots).unwrap_or_default();
            let forget = |(name, version): &(String, u64)| self.table.change(|rows| rows.forget(name, *version));
            let retired: Vec<_> = slots.iter().filter_map(forget).collect();
            self.retire(retired, "gone");
        }
    }

    pub(super) fn retire(&self, models: Vec<Arc<Model>>, why: &str) {
        for model in models {
            info!(model = model.name, version = model.version, "{why}: no new requests for {}", model.path.display());
            self.starter.retire(model.id);
        }
    }

    /// Tells of sources that cannot be looked at, once each time that this changes.
    fn tell_unreadable(&mut self, scan: &Scan) {
        let now = scan.unreadable.iter().map(|(path, error)| (path.clone(), error.to_string()));
        let now: BTreeMap<PathBuf, String> = now.collect();
        now.iter().filter(|(path, words)| self.told.get(*path) != Some(words)).for_each(|(_, words)| error!("{words}"));
        self.told = now;
    }
}

fn tell_cut(scan: &Scan) {
    if scan.is_cut {
        error!("there are more than {} artifacts: the others are not served", scan.candidates.len());
    }
}

#[cfg(test)]
#[path = "swap_tests.rs"]
mod tests;
