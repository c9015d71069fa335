//! Which models are there: found on disk, opened, taken over by newer ones, unloaded.
//!
//! | file | what it does |
//! |---|---|
//! | `name.rs` | what a model may be called |
//! | `scan.rs` | files and directories become candidates |
//! | `open.rs` | a candidate becomes [`crate::model::Model`]s, each on a descriptor of its own artifact |
//! | `table.rs` | what is served, by name and version: all that a request sees |
//! | `starter.rs` | [`Starter`]: what the repository asks of those who have workers |
//! | `swap.rs` | one look at the disk: what is new, changed or gone |
//! | `known.rs` | what the last look saw |
//! | `poison.rs` | what a look does about files that are not what they were |
//! | `control.rs` | loading and unloading by name; what there is |
//! | `keeper.rs` | the thread that looks, loads and unloads |
//! | `warm.rs` | the thread that makes snapshots |
//!
//! At rest a model is its entry in the table and a descriptor; nothing is mapped. A model that is served goes on being
//! served until what takes its place was proved, unless its own file is found to be poisoned ([`crate::integrity`]).

mod control;
mod error;
mod keeper;
mod known;
pub(crate) mod name;
mod open;
mod poison;
mod scan;
mod starter;
mod swap;
mod table;
#[cfg(test)]
mod testing;
mod warm;

use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use control::Found;
pub use error::{LoadError, OpenClass, RepositoryError};
pub use starter::Starter;
pub use table::{IndexEntry, ModelState};

use keeper::{Command, Keeper};
use swap::Looker;
use table::Table;

use crate::config::Config;
use crate::error::RequestError;
use crate::model::Model;

/// The models of a server. Cheap to clone; the last clone ends its threads.
#[derive(Clone, Debug)]
pub struct Repository {
    table: Arc<Table>,
    keeper: Keeper,
}

impl Repository {
    /// Opens every artifact that `config` names, and goes on looking from then on.
    ///
    /// An artifact that cannot be served is an entry of the index with its reason. Errors are what an operator must
    /// mend: a path that is not there, two artifacts of one name and version, threads that cannot be started. Blocks
    /// while artifacts are opened; starts no worker.
    pub fn open(config: &Config, starter: Arc<dyn Starter>) -> Result<Repository, RepositoryError> {
        let table = Arc::new(Table::default());
        let warmer = warm::Warmer::begin(config.warm, Arc::clone(&starter), Arc::clone(&table))?;
        let mut looker = Looker::new(config, Arc::clone(&table), starter, warmer);
        looker.first_look()?;
        Ok(Repository { table, keeper: Keeper::begin(looker, config.poll)? })
    }

    /// What `config` would serve; starts nothing and keeps nothing open beyond the result.
    pub fn check(config: &Config) -> Result<Vec<Found>, RepositoryError> {
        control::check(config)
    }

    /// The model or the guest of that name; without a version the highest that is served.
    pub fn find(&self, name: &str, version: Option<u64>) -> Result<Arc<Model>, RequestError> {
        self.table.find(name, version)
    }

    /// The guest below whose prefix `path` is, and how long that prefix is. The longest prefix wins; prefixes end where
    /// a segment does.
    pub fn app(&self, path: &str) -> Option<(Arc<Model>, usize)> {
        self.table.app(path)
    }

    /// The versions of `name` that are served, in order.
    pub fn versions(&self, name: &str) -> Vec<u64> {
        self.table.versions(name)
    }

    /// Every model that is known, served or not, by name and version.
    pub fn index(&self) -> Vec<IndexEntry> {
        self.table.index()
    }

    /// Everything that is served, guests too, by name and version.
    pub fn models(&self) -> Vec<Arc<Model>> {
        self.table.models()
    }

    /// Files that were poisoned since the server was started.
    pub fn poisoned(&self) -> u64 {
        self.table.poisoned.load(Ordering::Relaxed)
    }

    /// Looks at the disk soon, whatever the configuration says of polling. Returns at once.
    pub fn look(&self) {
        self.keeper.send(Command::Look);
    }

    /// Looks at the disk and serves what is called `name` there, also where it was unloaded or refused before. Returns
    /// when it is served, or with the reason why not.
    pub async fn load(&self, name: &str) -> Result<(), RequestError> {
        let name = name.to_owned();
        self.keeper.ask(|reply| Command::Load { name, reply }).await
    }

    /// Serves `name` no more, until it is loaded again. What runs and waits there is finished.
    pub async fn unload(&self, name: &str) -> Result<(), RequestError> {
        let name = name.to_owned();
        self.keeper.ask(|reply| Command::Unload { name, reply }).await
    }
}
