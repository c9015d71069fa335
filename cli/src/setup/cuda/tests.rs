//! Whole setups for CUDA in a temporary cache, without a network: given, fetched, stopped midway, and refused.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::super::fetch::Dialect;
use super::super::fixtures::{library, pinned_wheel, wheel_of};
use super::super::install::{InstallError, read_stamp};
use super::*;

const RUNTIME: &str = "onnxruntime/capi/libonnxruntime.so";
const PROVIDER: &str = "onnxruntime/capi/libonnxruntime_providers_cuda.so";
const BLAS: &str = "nvidia/cu13/lib/libcublas.so.13";

/// A cache, two small wheels that are wanted there, and a folder to give files from.
struct Cache {
    folder: TempDir,
    /// The members of each wheel: path and bytes.
    contents: Vec<Vec<(&'static str, Vec<u8>)>>,
    wheels: &'static [Wheel],
    /// Wheels that a client was looked for to fetch.
    asked: RefCell<Vec<String>>,
}

impl Cache {
    fn new() -> Cache {
        let of = |last: u8| [library(), vec![last]].concat();
        let contents = vec![vec![(RUNTIME, of(1)), (PROVIDER, of(2))], vec![(BLAS, of(3))]];
        let pin = |package, members: &[(&'static str, Vec<u8>)]| {
            let members: Vec<_> = members.iter().map(|(path, bytes)| (*path, bytes.as_slice())).collect();
            pinned_wheel(package, &members)
        };
        let wheels = vec![pin("onnxruntime-gpu", &contents[0]), pin("nvidia-cublas", &contents[1])];
        let folder = tempfile::tempdir().unwrap();
        Cache { folder, contents, wheels: Vec::leak(wheels), asked: RefCell::default() }
    }

    fn directory(&self) -> PathBuf {
        self.folder.path().join("onnxruntime-cuda/version")
    }

    fn target(&self, member: &str) -> PathBuf {
        self.directory().join(member.rsplit('/').next().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A file that is the wheel at `at`, with `changed` in the place of each member's bytes where it is given.
    fn wheel(&self, at: usize, changed: Option<&[u8]>) -> PathBuf {
        let members = self.contents[at].iter().map(|(path, bytes)| (*path, changed.unwrap_or(bytes)));
        self.file(&format!("{at}.whl"), &wheel_of(&members.collect::<Vec<_>>()))
    }

    fn both(&self) -> [PathBuf; 2] {
        [self.wheel(0, None), self.wheel(1, None)]
    }

    fn setup(&self, request: Request) -> anyhow::Result<Vec<Action>> {
        let no_client = |wheel: &'static Wheel| {
            self.asked.borrow_mut().push(wheel.package.to_owned());
            Err(FetchError::NoClient { tried: "none".to_owned(), wheel })
        };
        let done = setup_at(&self.directory(), self.wheels, request, no_client)?;
        Ok(done.into_iter().map(|file| file.action).collect())
    }

    fn refused(&self, request: Request) -> CudaError {
        self.setup(request).unwrap_err().downcast().unwrap()
    }

    fn is_whole(&self) -> bool {
        self.contents
            .iter()
            .flatten()
            .all(|(path, bytes)| fs::read(self.target(path)).is_ok_and(|found| found == *bytes))
    }
}

fn from(from: &[PathBuf]) -> Request<'_> {
    Request { from, ..Request::default() }
}

/// Writes over a library in place, which is read-only.
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn given_wheels_install_every_file_once_read_only_and_stamped() {
    let cache = Cache::new();
    let [first, second] = cache.both();
    // The order is the user's.
    assert_eq!(cache.setup(from(&[second, first])).unwrap(), [Action::Installed; 3]);
    assert!(cache.is_whole());
    for member in cache.wheels.iter().flat_map(|wheel| wheel.members) {
        let target = cache.target(member.path);
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o444);
        assert_eq!(read_stamp(&target).as_deref(), Some(member.sha256));
    }
    assert_eq!(cache.setup(Request::default()).unwrap(), [Action::Present; 3]);
    assert_eq!(cache.setup(Request { verify: true, ..Request::default() }).unwrap(), [Action::Verified; 3]);
    assert!(cache.asked.borrow().is_empty(), "nothing is fetched");
    let hidden =
        fs::read_dir(cache.directory()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(hidden.filter(|name| name.starts_with('.')).collect::<Vec<_>>(), [".lock"]);
}

#[test]
fn what_is_still_missing_is_named_and_what_was_given_stays() {
    let cache = Cache::new();
    let [first, second] = cache.both();
    let refused = cache.refused(from(std::slice::from_ref(&second)));
    let CudaError::NotGiven { missing } = refused else { panic!("{refused}") };
    assert_eq!(missing.iter().map(|wheel| wheel.package).collect::<Vec<_>>(), ["onnxruntime-gpu"]);
    assert!(cache.target(BLAS).exists());
    let done = cache.setup(from(std::slice::from_ref(&first))).unwrap();
    assert_eq!(done, [Action::Installed, Action::Installed, Action::Present]);
}

#[test]
fn only_wheels_with_missing_files_are_fetched() {
    let cache = Cache::new();
    cache.setup(from(&cache.both())).unwrap();
    fs::remove_file(cache.target(BLAS)).unwrap();
    let error = cache.setup(Request::default()).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(FetchError::NoClient { .. })), "{error:#}");
    assert_eq!(*cache.asked.borrow(), ["nvidia-cublas"]);
    let mut other = library();
    other[9] ^= 1;
    overwrite(&cache.target(PROVIDER), &[other, vec![2]].concat());
    assert!(cache.setup(Request { verify: true, ..Request::default() }).is_err());
    assert_eq!(*cache.asked.borrow(), ["nvidia-cublas", "onnxruntime-gpu"]);
}

#[test]
fn a_setup_that_was_stopped_goes_on_where_it_was() {
    let cache = Cache::new();
    // Delivers the wheel whose package a list names, where a file of that name is; `$log` tells what was asked for.
    let script = "case $1 in --version) exit 0;; esac\n\
                  for word in \"$@\"; do case $before in --dest) dest=$word;; --requirement) list=$word;; esac; \
                  before=$word; done\n\
                  read -r line < $list; cd ${0%/*}; echo ${line%%==*} >> log; cp ${line%%==*}.whl $dest\n";
    let path = cache.file("client.sh", script.as_bytes());
    let client = Client::new(&["sh", path.to_str().unwrap()], Dialect::Pip);
    let setup = || setup_at(&cache.directory(), cache.wheels, Request::default(), |_| Ok(client.clone()));
    fs::rename(cache.wheel(0, None), cache.folder.path().join("onnxruntime-gpu.whl")).unwrap();
    let error = setup().unwrap_err();
    let Some(FetchError::ClientFailed { wheel, .. }) = error.downcast_ref() else { panic!("{error:#}") };
    assert_eq!(wheel.package, "nvidia-cublas");
    assert!(cache.target(RUNTIME).exists() && cache.target(PROVIDER).exists());

    fs::rename(cache.wheel(1, None), cache.folder.path().join("nvidia-cublas.whl")).unwrap();
    let done: Vec<_> = setup().unwrap().iter().map(|file| file.action).collect();
    assert_eq!(done, [Action::Present, Action::Present, Action::Installed]);
    assert!(cache.is_whole());
    let asked = fs::read_to_string(cache.folder.path().join("log")).unwrap();
    assert_eq!(asked.lines().collect::<Vec<_>>(), ["onnxruntime-gpu", "nvidia-cublas", "nvidia-cublas"]);
}

#[test]
fn a_file_without_a_stamp_is_read_once_then_stamped() {
    let cache = Cache::new();
    cache.setup(from(&cache.both())).unwrap();
    fs::remove_file(cache.directory().join("libcublas.so.13.sha256")).unwrap();
    assert_eq!(cache.setup(Request::default()).unwrap(), [Action::Present, Action::Present, Action::Verified]);
    assert_eq!(cache.setup(Request::default()).unwrap(), [Action::Present; 3]);
}

#[test]
fn force_renews_what_was_given_and_no_more() {
    let cache = Cache::new();
    let [first, second] = cache.both();
    cache.setup(from(&[first, second.clone()])).unwrap();
    let done = cache.setup(Request { force: true, ..from(&[second]) }).unwrap();
    assert_eq!(done, [Action::Present, Action::Present, Action::Installed]);
    assert!(cache.setup(Request { force: true, ..Request::default() }).is_err(), "all is to be fetched");
    assert_eq!(*cache.asked.borrow(), ["onnxruntime-gpu"]);
    assert!(cache.is_whole(), "what stands is left until something better is there");
}

#[test]
fn another_build_is_refused_and_taken_on_request() {
    let cache = Cache::new();
    let other = [&b"\x7fELF"[..], b" of another build"].concat();
    let given = [cache.wheel(0, None), cache.wheel(1, Some(&other))];
    let error = cache.setup(from(&given)).unwrap_err();
    let Some(InstallError::WrongHash { wheel, .. }) = error.downcast_ref() else { panic!("{error:#}") };
    assert_eq!(wheel.package, "nvidia-cublas");
    assert!(cache.target(RUNTIME).exists() && !cache.target(BLAS).exists());

    let unverified =
        setup_at(&cache.directory(), cache.wheels, Request { allow_unverified: true, ..from(&given) }, |_| {
            unreachable!("nothing is fetched")
        });
    assert_eq!(unverified.unwrap().iter().map(|file| file.pinned).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(fs::read(cache.target(BLAS)).unwrap(), other);
    let done = cache.setup(from(&[cache.wheel(1, None)])).unwrap();
    assert_eq!(done, [Action::Present, Action::Present, Action::Installed]);
}

#[test]
fn files_that_are_no_wanted_wheel_are_told_apart() {
    let cache = Cache::new();
    let [first, second] = cache.both();
    let twin = cache.file("twin.whl", &fs::read(&second).unwrap());
    let refused = cache.refused(from(&[second.clone(), first.clone(), twin]));
    assert!(matches!(refused, CudaError::GivenTwice { wheel, .. } if wheel.package == "nvidia-cublas"), "{refused}");
    let cut = cache.file("cut.whl", &fs::read(&first).unwrap()[..5000]);
    for path in [cut, cache.file("library.so", &library()), cache.folder.path().join("absent.whl")] {
        let refused = cache.refused(from(&[path]));
        assert!(matches!(refused, CudaError::NotAWheel { .. }), "{refused}");
    }
    let half = cache.file("half.whl", &wheel_of(&[(RUNTIME, &library())]));
    let refused = cache.refused(from(&[half]));
    let CudaError::UnknownWheel { expected, .. } = &refused else { panic!("{refused}") };
    assert_eq!(expected.len(), 2);
    // With the machine's own libraries, NVIDIA's wheels are not wanted.
    let given = [second];
    let refused = Given::new(&given, &cache.wheels[..1]).err().unwrap();
    assert!(matches!(refused, CudaError::UnknownWheel { .. }), "{refused}");
    assert!(!cache.directory().exists(), "nothing is made on the way to a refusal");
}

#[test]
fn a_wheel_is_never_unpacked_beyond_the_pinned_size() {
    let cache = Cache::new();
    let bomb = cache.wheel(1, Some(&vec![0; 20 << 20]));
    let error = cache.setup(from(&[bomb])).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(InstallError::TooLarge { .. })), "{error:#}");
}

#[test]
fn setups_at_once_install_once() {
    let cache = Cache::new();
    let given = cache.both();
    let (directory, wheels) = (cache.directory(), cache.wheels);
    let installed: usize = std::thread::scope(|scope| {
        let setup = || setup_at(&directory, wheels, from(&given), |_| unreachable!("nothing is fetched")).unwrap();
        let setups: Vec<_> = (0..8).map(|_| scope.spawn(setup)).collect();
        let done = setups.into_iter().flat_map(|setup| setup.join().unwrap());
        done.filter(|file| file.action == Action::Installed).count()
    });
    assert_eq!(installed, 3);
    assert!(cache.is_whole());
}

#[test]
fn one_platform_has_a_cuda_build() {
    supported("linux", "x86_64").unwrap();
    for (os, arch) in [("linux", "aarch64"), ("macos", "aarch64"), ("macos", "x86_64")] {
        let refused = supported(os, arch).unwrap_err();
        assert!(matches!(refused, CudaError::Platform { .. }), "{refused}");
    }
}

#[test]
fn the_machines_own_libraries_leave_one_wheel_to_fetch() {
    assert_eq!(wheels(Nvidia::System).iter().map(|wheel| wheel.package).collect::<Vec<_>>(), ["onnxruntime-gpu"]);
    assert_eq!(wheels(Nvidia::Fetch).len(), table::WHEELS.len());
}
