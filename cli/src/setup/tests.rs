//! Whole setups in a temporary cache, without a network: given files, repeated, damaged, and many at once.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::fixtures::{library, pin, wheel};
use super::*;

struct Cache {
    directory: tempfile::TempDir,
    library: Vec<u8>,
    pinned: &'static Pinned,
}

impl Cache {
    fn new() -> Cache {
        let library = library();
        let pinned = pin(&library);
        Cache { directory: tempfile::tempdir().unwrap(), library, pinned }
    }

    fn target(&self) -> PathBuf {
        self.directory.path().join("onnxruntime/version/library.so")
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn wheel(&self) -> PathBuf {
        self.file("a.whl", &wheel(self.pinned.library().path, &self.library))
    }

    fn setup(&self, request: Request) -> anyhow::Result<Action> {
        let no_client = |wheel| Err(fetch::FetchError::NoClient { tried: "none".to_owned(), wheel });
        setup_at(&self.target(), self.pinned, request, no_client).map(|outcome| outcome.action)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.target().parent().unwrap()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Writes over the library in place, which is read-only.
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_second_setup_does_nothing_and_needs_no_source() {
    let cache = Cache::new();
    let wheel = cache.wheel();
    let from = Request { from: Some(&wheel), ..Request::default() };
    assert_eq!(cache.setup(from).unwrap(), Action::Installed);
    assert_eq!(cache.names(), [".lock", "library.so", "library.so.sha256"]);
    assert_eq!(cache.setup(Request::default()).unwrap(), Action::Present);
    assert_eq!(cache.setup(Request { verify: true, ..Request::default() }).unwrap(), Action::Verified);
    assert_eq!(cache.setup(Request { force: true, ..from }).unwrap(), Action::Installed);
}

#[test]
fn a_library_without_a_stamp_is_hashed_once_then_stamped() {
    let cache = Cache::new();
    let target = cache.target();
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::write(&target, &cache.library).unwrap();
    assert_eq!(cache.setup(Request::default()).unwrap(), Action::Verified);
    assert_eq!(cache.setup(Request::default()).unwrap(), Action::Present);
}

#[test]
fn damage_is_seen_by_size_always_and_by_content_on_request() {
    let cache = Cache::new();
    let wheel = cache.wheel();
    let from = Request { from: Some(&wheel), ..Request::default() };
    cache.setup(from).unwrap();
    overwrite(&cache.target(), &cache.library[..1000]);
    assert_eq!(cache.setup(from).unwrap(), Action::Installed);

    let mut damaged = cache.library.clone();
    damaged[5000] ^= 1;
    overwrite(&cache.target(), &damaged);
    assert_eq!(cache.setup(Request { verify: true, ..from }).unwrap(), Action::Installed);
    assert_eq!(fs::read(cache.target()).unwrap(), cache.library);
}

#[test]
fn an_unverified_library_is_taken_on_request_and_replaced_without() {
    let cache = Cache::new();
    let other = cache.file("other.so", b"\x7fELF another library");
    let request = Request { from: Some(&other), allow_unverified: true, ..Request::default() };
    assert!(cache.setup(Request { allow_unverified: false, ..request }).is_err());
    assert!(!cache.target().exists());
    assert_eq!(cache.setup(request).unwrap(), Action::Installed);
    let wheel = cache.wheel();
    assert_eq!(cache.setup(Request { from: Some(&wheel), ..Request::default() }).unwrap(), Action::Installed);
    assert_eq!(fs::read(cache.target()).unwrap(), cache.library);
    assert_eq!(cache.setup(request).unwrap(), Action::Installed);
    assert_ne!(fs::read(cache.target()).unwrap(), cache.library);
}

#[test]
fn a_failed_setup_leaves_nothing_to_load_and_the_next_clears_what_a_killed_one_left() {
    let cache = Cache::new();
    let error = cache.setup(Request::default()).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(fetch::FetchError::NoClient { .. })), "{error:#}");
    assert_eq!(cache.names(), [".lock"]);
    let left = cache.target().with_file_name(".setup-killed");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("library"), "half").unwrap();
    let wheel = cache.wheel();
    cache.setup(Request { from: Some(&wheel), ..Request::default() }).unwrap();
    assert_eq!(cache.names(), [".lock", "library.so", "library.so.sha256"]);
}

#[test]
fn setups_at_once_install_once() {
    let cache = Cache::new();
    let wheel = cache.wheel();
    let from = Request { from: Some(&wheel), ..Request::default() };
    let actions: Vec<_> = std::thread::scope(|scope| {
        let setups: Vec<_> = (0..8).map(|_| scope.spawn(|| cache.setup(from).unwrap())).collect();
        setups.into_iter().map(|setup| setup.join().unwrap()).collect()
    });
    assert_eq!(actions.iter().filter(|&&action| action == Action::Installed).count(), 1, "{actions:?}");
    assert_eq!(fs::read(cache.target()).unwrap(), cache.library);
    assert_eq!(cache.names(), [".lock", "library.so", "library.so.sha256"]);
}

#[test]
fn a_cache_that_is_a_file_is_an_error() {
    let cache = Cache::new();
    cache.file("onnxruntime", b"");
    assert!(cache.setup(Request::default()).is_err());
}
