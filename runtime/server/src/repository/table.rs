//! [`Table`]: what is served, by name and version. Requests read it; only the repository's own thread changes it, and
//! each change is seen whole or not at all.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, Weak};

use super::error::LoadError;
use crate::config::nearest;
use crate::error::RequestError;
use crate::integrity::POISONED;
use crate::model::Model;

/// One line of the index.
#[derive(Clone, Debug)]
pub struct IndexEntry {
    /// The model's name.
    pub name: String,
    /// The version.
    pub version: u64,
    /// Whether it is served.
    pub state: ModelState,
    /// Why it is not served; of a model that is, why what lies in its place now is not. Else empty.
    pub reason: String,
    /// The model, where it is served.
    pub model: Option<Arc<Model>>,
}

/// How a version of a model stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelState {
    /// It is served.
    Ready,
    /// It is being proved.
    Loading,
    /// It takes no new requests, and has not answered all it has.
    Unloading,
    /// It is not served.
    Unavailable,
}

impl ModelState {
    /// The name, as the protocol writes it.
    pub const fn name(self) -> &'static str {
        match self {
            ModelState::Ready => "READY",
            ModelState::Loading => "LOADING",
            ModelState::Unloading => "UNLOADING",
            ModelState::Unavailable => "UNAVAILABLE",
        }
    }
}

/// All that is served or could be.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: RwLock<Rows>,
    /// Files that were poisoned since the server was started.
    pub(super) poisoned: Arc<AtomicU64>,
}

/// The table, while it is being changed.
#[derive(Debug, Default)]
pub(super) struct Rows {
    names: BTreeMap<String, BTreeMap<u64, Slot>>,
    /// Guests by where their paths begin.
    apps: HashMap<String, Arc<Model>>,
    /// Bytes of the longest of these.
    longest: usize,
}

/// The place of one version.
#[derive(Debug, Default)]
struct Slot {
    model: Option<Arc<Model>>,
    is_loading: bool,
    /// What was served here last, for as long as somebody works with it.
    leaving: Weak<Model>,
    reason: String,
}

impl Table {
    pub(super) fn find(&self, name: &str, version: Option<u64>) -> Result<Arc<Model>, RequestError> {
        let rows = self.read();
        let Some(versions) = rows.names.get(name) else { return Err(rows.unknown(name)) };
        let slot = match version {
            Some(version) => versions.get(&version),
            None => versions.values().rev().find(|slot| slot.model.is_some()).or(versions.values().next_back()),
        };
        match (slot, version) {
            (Some(Slot { model: Some(model), .. }), _) => model.poisoned().map_or_else(|| Ok(Arc::clone(model)), Err),
            (Some(slot), _) => Err(RequestError::Unavailable(format!("model '{name}' is not served: {}", slot.why()))),
            (None, version) => Err(RequestError::NotFound(format!(
                "model '{name}' has no version {}: it has {}",
                version.unwrap_or_default(),
                versions.keys().map(u64::to_string).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    pub(super) fn app(&self, path: &str) -> Option<(Arc<Model>, usize)> {
        let rows = self.read();
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let ends: Vec<usize> = ends.take_while(|&end| end <= rows.longest).collect();
        ends.into_iter().rev().find_map(|end| Some((Arc::clone(rows.apps.get(&path[..end])?), end)))
    }

    pub(super) fn versions(&self, name: &str) -> Vec<u64> {
        let rows = self.read();
        let versions = rows.names.get(name).into_iter().flatten();
        versions.filter(|(_, slot)| slot.model.is_some()).map(|(version, _)| *version).collect()
    }

    pub(super) fn index(&self) -> Vec<IndexEntry> {
        let rows = self.read();
        let slots = rows.names.iter().flat_map(|(name, versions)| versions.iter().map(move |slot| (name, slot)));
        let entry = |(name, (version, slot)): (&String, (&u64, &Slot))| IndexEntry {
            name: name.clone(),
            version: *version,
            state: slot.state(),
            reason: slot.told().to_owned(),
            model: slot.model.clone(),
        };
        slots.map(entry).collect()
    }

    pub(super) fn models(&self) -> Vec<Arc<Model>> {
        self.read().names.values().flat_map(BTreeMap::values).filter_map(|slot| slot.model.clone()).collect()
    }

    /// Whether just this model is served, not another of its name and version.
    pub(super) fn serves(&self, model: &Model) -> bool {
        self.served(&model.name, model.version).is_some_and(|served| served.id == model.id)
    }

    /// What is served by that name and version.
    pub(super) fn served(&self, name: &str, version: u64) -> Option<Arc<Model>> {
        self.read().names.get(name)?.get(&version)?.model.clone()
    }

    /// The app that answers at just this prefix.
    pub(super) fn app_at(&self, prefix: &str) -> Option<Arc<Model>> {
        self.read().apps.get(prefix).cloned()
    }

    /// Changes the table in one step.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Rows) -> T) -> T {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut rows);
        rows.collect_apps();
        result
    }

    fn read(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    /// Serves `model`; gives what was served in its place.
    pub(super) fn serve(&mut self, model: Arc<Model>) -> Option<Arc<Model>> {
        let slot = self.names.entry(model.name.clone()).or_default().entry(model.version).or_default();
        (slot.is_loading, slot.reason) = (false, String::new());
        slot.model.replace(model)
    }

    /// Serves that version no more, for this reason; gives what was served.
    pub(super) fn stop(&mut self, name: &str, version: u64, reason: &str) -> Option<Arc<Model>> {
        let slot = self.names.entry(name.to_owned()).or_default().entry(version).or_default();
        (slot.is_loading, slot.reason) = (false, reason.to_owned());
        let model = slot.model.take();
        if let Some(model) = &model {
            slot.leaving = Arc::downgrade(model);
        }
        model
    }

    /// Keeps why what lies in that place now is not served. What is served goes on.
    pub(super) fn refuse(&mut self, name: &str, version: u64, reason: &LoadError) {
        let slot = self.names.entry(name.to_owned()).or_default().entry(version).or_default();
        (slot.is_loading, slot.reason) = (false, reason.to_string());
    }

    /// Whether that version is being proved.
    pub(super) fn set_loading(&mut self, name: &str, version: u64, is_loading: bool) {
        let slot = self.names.entry(name.to_owned()).or_default().entry(version).or_default();
        slot.is_loading = is_loading;
        // Made for the proof alone, it goes with it.
        if !is_loading && slot.model.is_none() && slot.reason.is_empty() {
            self.forget(name, version);
        }
    }

    /// Forgets that version; gives what was served.
    pub(super) fn forget(&mut self, name: &str, version: u64) -> Option<Arc<Model>> {
        let versions = self.names.get_mut(name)?;
        let slot = versions.remove(&version);
        if versions.is_empty() {
            self.names.remove(name);
        }
        slot?.model
    }

    /// The versions that are known of `name`, served or not.
    pub(super) fn versions(&self, name: &str) -> Vec<u64> {
        self.names.get(name).into_iter().flat_map(BTreeMap::keys).copied().collect()
    }

    /// Of each guest, the highest version that is served answers.
    fn collect_apps(&mut self) {
        let highest = |versions: &BTreeMap<u64, Slot>| versions.values().rev().find_map(|slot| slot.model.clone());
        let apps = self.names.values().filter_map(highest).filter(|model| model.guest.is_some());
        self.apps = apps.map(|model| (prefix(&model), model)).collect();
        self.longest = self.apps.keys().map(String::len).max().unwrap_or(0);
    }

    fn unknown(&self, name: &str) -> RequestError {
        let near = nearest(name, self.names.keys().map(String::as_str));
        let near = near.map(|near| format!(": did you mean '{near}'?")).unwrap_or_default();
        let name: String = name.chars().take(200).collect();
        RequestError::NotFound(format!("model '{name}' is not here{near}"))
    }
}

impl Slot {
    fn state(&self) -> ModelState {
        match self {
            Slot { model: Some(model), .. } if model.integrity.is_poisoned() => ModelState::Unavailable,
            Slot { model: Some(_), .. } => ModelState::Ready,
            Slot { is_loading: true, .. } => ModelState::Loading,
            Slot { leaving, .. } if leaving.strong_count() > 0 => ModelState::Unloading,
            _ => ModelState::Unavailable,
        }
    }

    /// Why it is in that state.
    fn told(&self) -> &str {
        let is_poisoned = self.model.as_ref().is_some_and(|model| model.integrity.is_poisoned());
        if is_poisoned { POISONED } else { &self.reason }
    }

    fn why(&self) -> &str {
        if self.is_loading { "it is being started" } else { &self.reason }
    }
}

/// Where a guest's paths begin.
pub(super) fn prefix(model: &Model) -> String {
    model.settings.prefix.clone().unwrap_or_else(|| format!("/apps/{}", model.name))
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
