//! [`Facts`]: what a worker believes about itself, for whoever wonders whether it is right.
//!
//! A worker that was restored must believe what is true of its own process, and not of the one that was written down.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use serde::Serialize;

use super::process::utc_offset;
use crate::sandbox::Standing;

#[derive(Serialize)]
pub(super) struct Facts {
    /// Its process id.
    pid: u32,
    /// Its working directory; `None` where it is gone.
    directory: Option<String>,
    /// Its environment. Names and values that are not UTF-8 are shown as near as can be.
    environment: BTreeMap<String, String>,
    /// How far its local time is ahead of UTC at the beginning of 1970, in seconds.
    utc_offset: i64,
    /// What a hash map made now makes of the same key: it differs where the hash keys do.
    hash: u64,
    /// The same on a thread made now, whose hash keys come fresh from the system's random numbers.
    random: Option<u64>,
    /// The walls around it; `None` where none were wanted.
    walls: Option<Standing>,
}

impl Facts {
    pub(super) fn now(walls: Option<Standing>) -> Facts {
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        let hash = || RandomState::new().hash_one("blink");
        let thread = std::thread::Builder::new().spawn(hash);
        Facts {
            pid: std::process::id(),
            directory: std::env::current_dir().ok().map(|directory| text(directory.as_os_str())),
            environment: std::env::vars_os().map(|(name, value)| (text(&name), text(&value))).collect(),
            utc_offset: utc_offset(),
            hash: hash(),
            random: thread.ok().and_then(|thread| thread.join().ok()),
            walls,
        }
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}
