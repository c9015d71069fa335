//! [`Grants`]: what a worker's guest may be given, which walls have to leave open from the start.

use std::path::{Path, PathBuf};

use blink_guest::{Directory, Request};

use crate::sandbox::Walls;

/// What stays reachable for a worker behind its walls, beside what it is started with. A model needs nothing of this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Files, and directories with all below them, that it may read. Absolute.
    pub read: Vec<PathBuf>,
    /// Directories that it may change, too. Absolute.
    pub write: Vec<PathBuf>,
    /// Whether it may use the network.
    pub network: bool,
}

impl Grants {
    /// What `request` needs: its directories, its network. Where it may bring models, the directory that their
    /// artifacts are in is to be added.
    pub fn of(request: &Request) -> Grants {
        let mut grants = Grants { network: request.network, ..Grants::default() };
        for Directory { host, writable, .. } in &request.directories {
            if *writable { grants.write.push(host.clone()) } else { grants.read.push(host.clone()) }
        }
        grants
    }

    /// What of `request` is not granted, in words.
    pub(crate) fn lack(&self, request: &Request) -> Option<String> {
        if request.network && !self.network {
            return Some("the network".into());
        }
        let is_below = |paths: &[PathBuf], path: &Path| paths.iter().any(|granted| path.starts_with(granted));
        let lacks = |directory: &&Directory| {
            let may_write = is_below(&self.write, &directory.host);
            !may_write && (directory.writable || !is_below(&self.read, &directory.host))
        };
        request.directories.iter().find(lacks).map(|directory| format!("directory {}", directory.host.display()))
    }

    /// The walls that leave open what is granted.
    pub(crate) fn walls(&self) -> Walls {
        let walls = self.read.iter().fold(Walls::new(), Walls::may_read);
        let walls = self.write.iter().fold(walls, Walls::may_write);
        if self.network { walls.may_connect() } else { walls }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(directories: &[(&str, bool)], network: bool) -> Request {
        let directory =
            |(host, writable): &(&str, bool)| Directory { host: host.into(), guest: "d".into(), writable: *writable };
        Request { directories: directories.iter().map(directory).collect(), network, ..Request::default() }
    }

    #[test]
    fn a_request_is_granted_what_it_was_launched_for() {
        let request = asks(&[("/a", false), ("/b", true)], true);
        let grants = Grants::of(&request);
        assert_eq!(grants.lack(&request), None);
        assert_eq!(grants.lack(&asks(&[("/a/c", false), ("/b/c", false), ("/b/c", true)], false)), None);
        assert_eq!(grants.walls(), Walls::new().may_read("/a").may_write("/b").may_connect());
        assert_eq!(Grants::of(&Request::default()).walls(), Walls::new());
    }

    #[test]
    fn what_it_was_not_launched_for_is_named() {
        let grants = Grants::of(&asks(&[("/a", false), ("/b", true)], false));
        for (directory, writable) in [("/", false), ("/c", false), ("/ab", false), ("/a", true), ("/c", true)] {
            let lack = grants.lack(&asks(&[(directory, writable)], false));
            assert_eq!(lack, Some(format!("directory {directory}")));
        }
        assert_eq!(grants.lack(&asks(&[], true)).as_deref(), Some("the network"));
    }
}
