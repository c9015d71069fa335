//! [`Model`]: one version of one model that is served. At rest it is this and nothing else.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use blink_artifact::manifest::{GuestKind, ValueSpec};

use crate::config::ModelSettings;
use crate::observe::Statistics;

/// One version of a model, or a guest with the models it asks. Never changed: a new artifact is a new value.
#[derive(Debug)]
pub struct Model {
    /// Its number in this process; no other `Model` has had it.
    pub id: u64,
    /// What clients call it.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// The artifact, for people to read.
    pub path: PathBuf,
    /// The artifact, open: workers are started from this file whatever its path names by then.
    pub file: Arc<File>,
    /// Which of the artifact's models; `None`: a guest, with all of them.
    pub entry: Option<Entry>,
    /// The guest's kind, where this is one.
    pub guest: Option<GuestKind>,
    /// Bytes of weights, which all workers of the model share.
    pub weights: u64,
    /// Bytes that one worker is expected to hold for itself; measured ones take their place.
    pub private: u64,
    /// How it is served.
    pub settings: ModelSettings,
    /// What is counted of it.
    pub statistics: Statistics,
}

/// A model of the artifact, as clients may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the artifact.
    pub name: String,
    /// What clients give, in the graph's order.
    pub inputs: Vec<ValueSpec>,
    /// What clients get, in the graph's order.
    pub outputs: Vec<ValueSpec>,
}
