//! [`Standing`]: which walls stand around a process, or could.

use std::fmt;

use serde::Serialize;

/// Which walls there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Whether nothing that is executed gives privileges that the process has not.
    pub no_new_privileges: bool,
    /// The version of Landlock that judges files; `None` where nothing does.
    pub landlock: Option<u32>,
    /// Whether system calls are filtered.
    pub filter: bool,
}

/// Set in the number of a standing, so that none is 0.
const TOLD: u32 = 1;
const NO_NEW_PRIVILEGES: u32 = 1 << 1;
const FILTER: u32 = 1 << 2;
/// Where Landlock's version begins; 0 where there is none.
const LANDLOCK: u32 = 8;

impl Standing {
    /// Each wall, by name, and whether it is there.
    pub fn walls(&self) -> [(&'static str, bool); 3] {
        let Standing { no_new_privileges, landlock, filter } = *self;
        [("Landlock", landlock.is_some()), ("seccomp", filter), ("no new privileges", no_new_privileges)]
    }

    /// Whether every wall is there.
    pub fn is_whole(&self) -> bool {
        self.walls().iter().all(|(_, is_there)| *is_there)
    }

    /// The walls that are not there, in words; empty where all are.
    pub fn missing(&self) -> String {
        let missing: Vec<_> = self.walls().iter().filter(|(_, is_there)| !is_there).map(|(name, _)| *name).collect();
        missing.join(", ")
    }

    /// It as a number, which is never 0.
    pub(crate) fn to_code(self) -> u32 {
        let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
        TOLD | flag(self.no_new_privileges, NO_NEW_PRIVILEGES)
            | flag(self.filter, FILTER)
            | self.landlock.unwrap_or(0) << LANDLOCK
    }

    /// What [`Standing::to_code`] was made of; `None` for 0.
    pub(crate) fn from_code(code: u32) -> Option<Standing> {
        let landlock = Some(code >> LANDLOCK).filter(|version| *version > 0);
        let standing =
            Standing { no_new_privileges: code & NO_NEW_PRIVILEGES != 0, landlock, filter: code & FILTER != 0 };
        (code & TOLD != 0).then_some(standing)
    }
}

impl fmt::Display for Standing {
    /// The walls that are there, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = self.walls().into_iter().filter(|(_, is_there)| *is_there);
        let mut words: Vec<String> = there.map(|(name, _)| name.to_owned()).collect();
        if let (Some(version), Some(first)) = (self.landlock, words.first_mut()) {
            *first = format!("{first} (ABI {version})");
        }
        if words.is_empty() { f.write_str("no walls") } else { f.write_str(&words.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_back() {
        for landlock in [None, Some(1), Some(7)] {
            for (no_new_privileges, filter) in [(false, false), (true, false), (false, true), (true, true)] {
                let standing = Standing { no_new_privileges, landlock, filter };
                assert_eq!(Standing::from_code(standing.to_code()), Some(standing));
            }
        }
        assert_eq!(Standing::from_code(0), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let whole = Standing { no_new_privileges: true, landlock: Some(7), filter: true };
        assert!(whole.is_whole() && whole.missing().is_empty());
        assert_eq!(whole.to_string(), "Landlock (ABI 7), seccomp, no new privileges");
        let none = Standing::default();
        assert_eq!((none.to_string().as_str(), none.is_whole()), ("no walls", false));
        assert_eq!(none.missing(), "Landlock, seccomp, no new privileges");
        let half = Standing { landlock: None, ..whole };
        assert_eq!((half.to_string().as_str(), half.missing().as_str()), ("seccomp, no new privileges", "Landlock"));
    }
}
