//! What clients and operators ask of a [`Looker`]: to load, to unload, to tell what there is.

use std::path::PathBuf;
use std::sync::Arc;

use blink_artifact::Artifact;

use super::error::{LoadError, RepositoryError};
use super::known::{Known, UNLOADED};
use super::starter::Starter;
use super::swap::Looker;
use super::table::{Rows, Table};
use super::warm::Warmer;
use crate::config::Config;
use crate::error::RequestError;
use crate::model::Model;

/// What a configuration would serve from one artifact, or why not.
#[derive(Debug)]
pub struct Found {
    /// The artifact.
    pub path: PathBuf,
    /// The name that its place gives it.
    pub name: String,
    /// The version that its place gives it.
    pub version: u64,
    /// Its models, or its guest.
    pub models: Result<Vec<Arc<Model>>, LoadError>,
}

impl Looker {
    /// Looks, and serves `name` again where it was unloaded.
    pub(super) fn load(&mut self, name: &str) -> Result<(), RequestError> {
        self.unloaded.remove(name);
        self.look(Some(name));
        let failure = self.known.values().filter(|known| known.is_of(name)).find_map(|known| known.failure.as_ref());
        match failure {
            Some(failure) => Err(RequestError::Unavailable(format!("model '{name}' was not loaded: {failure}"))),
            None => self.table.find(name, None).map(drop),
        }
    }

    /// Serves `name` no more.
    pub(super) fn unload(&mut self, name: &str) -> Result<(), RequestError> {
        let versions = self.table.change(|rows| rows.versions(name));
        if versions.is_empty() {
            return self.table.find(name, None).map(drop);
        }
        self.unloaded.insert(name.to_owned());
        let stop =
            |rows: &mut Rows| versions.iter().filter_map(|version| rows.stop(name, *version, UNLOADED)).collect();
        let stopped = self.table.change(stop);
        self.retire(stopped, "unloaded");
        Ok(())
    }

    /// What each place comes to, by its path.
    pub(super) fn found(&self) -> Vec<Found> {
        let found = |(path, known): (&PathBuf, &Known)| {
            let models = known.slots.iter().filter_map(|(name, version)| self.table.served(name, *version)).collect();
            let models = known.failure.clone().map_or(Ok(models), Err);
            Found { path: path.clone(), name: known.name.clone(), version: known.version, models }
        };
        self.known.iter().map(found).collect()
    }
}

/// What `config` would serve. Nothing is started.
pub(super) fn check(config: &Config) -> Result<Vec<Found>, RepositoryError> {
    let mut looker = Looker::new(config, Arc::new(Table::default()), Arc::new(Nobody), Warmer::none());
    looker.first_look()?;
    Ok(looker.found())
}

/// Has no workers, and needs none: nothing is served.
struct Nobody;

impl Starter for Nobody {
    fn make_code(&self, _: &Arc<Model>, _: &Artifact) -> Result<(), String> {
        Ok(())
    }

    fn prove(&self, _: &Arc<Model>) -> Result<(), String> {
        Ok(())
    }

    fn warm(&self, _: &Arc<Model>) -> Result<(), String> {
        Ok(())
    }

    fn poison(&self, _: &Arc<Model>, _: &str) {}

    fn keep(&self, _: &Arc<Model>) {}

    fn retire(&self, _: u64) {}
}
