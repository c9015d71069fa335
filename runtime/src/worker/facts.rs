//! [`Facts`]: what a worker believes about itself, for whoever wonders whether it is right.
//!
//! A worker that was restored must believe what is true of its own process, and not of the one that was written down.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Facts {
    /// Its process id.
    pid: u32,
    /// Its working directory; `None` where it is gone.
    directory: Option<String>,
    /// Its environment. Names and values that are not UTF-8 are shown as near as can be.
    environment: BTreeMap<String, String>,
    /// What a hash map made now makes of the same key: it differs where the hash keys do.
    hash: u64,
}

impl Facts {
    pub(super) fn now() -> Facts {
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        Facts {
            pid: std::process::id(),
            directory: std::env::current_dir().ok().map(|directory| text(directory.as_os_str())),
            environment: std::env::vars_os().map(|(name, value)| (text(&name), text(&value))).collect(),
            hash: RandomState::new().hash_one("blink"),
        }
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}
