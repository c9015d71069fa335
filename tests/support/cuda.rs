//! [`Machine`]: a machine with NVIDIA's driver and devices, made up of stand-ins, for a child process to run on.
//!
//! ONNX Runtime's own CUDA provider runs on it. The stand-ins are C sources in `tests/device/stand_in`, built once for
//! each state of the sources. What they cannot show stands on top of each: matrix products, relu and sums are computed
//! and most other kernels are not, and all work is done when its call returns.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use blink_runtime::library::{self, ORT_VERSION};
use tempfile::TempDir;

use super::cuda_log::Log;
use super::folder::BLINK;

/// Names the directory with ONNX Runtime's CUDA build, in place of the one that `blink setup` fills.
const ORT_VARIABLE: &str = "BLINK_CUDA_ORT";

/// What the CUDA build is made of, as far as it is used.
const ORT_FILES: [&str; 3] =
    ["libonnxruntime.so.1.31.1", "libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/// cuDNN's soname: the one library that ONNX Runtime does without until a node needs it.
pub(crate) const CUDNN: &str = "libcudnn.so.9";

/// A machine of stand-ins: one device with 8 GiB, all of NVIDIA's libraries installed, nothing failing.
///
/// It has a cache directory of its own, in which the CUDA build stands as `blink setup --device cuda` leaves it; what
/// else the user's cache holds is there too. It goes with this value.
pub(crate) struct Machine {
    folder: TempDir,
    variables: Vec<(&'static str, OsString)>,
    fails: Vec<String>,
}

impl Machine {
    /// The machine described above.
    pub(crate) fn new() -> Machine {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (cuda, driver) =
            (folder.path().join("cache/onnxruntime-cuda").join(ORT_VERSION), folder.path().join("driver"));
        fs::create_dir_all(&cuda).expect("a directory for ONNX Runtime");
        fs::create_dir(&driver).expect("a directory for the driver");
        link_all(&stand_ins().join("toolkit"), &cuda);
        // What all of them are linked to; a real installation has nothing of the kind.
        link_all(&stand_ins().join("driver"), &driver);
        symlink(driver.join("libblink_stand_in.so"), cuda.join("libblink_stand_in.so")).expect("a link");
        if let Ok(users) = library::cached_path() {
            let users = users.parent().and_then(Path::parent).expect("a directory of versions");
            symlink(users, folder.path().join("cache/onnxruntime")).expect("a link");
        }
        Machine { folder, variables: Vec::new(), fails: Vec::new() }
    }

    /// The same with ONNX Runtime's CUDA build installed.
    ///
    /// It is looked for in the directory that `BLINK_CUDA_ORT` names, else in the user's cache; where it is not there,
    /// `blink setup` fetches it, once.
    pub(crate) fn with_onnx_runtime() -> Machine {
        let machine = Machine::new();
        for name in ORT_FILES {
            symlink(onnx_runtime().join(name), machine.cuda_directory().join(name)).expect("a link");
        }
        machine
    }

    /// With so many devices, at most 8; with none the driver is there and says so.
    pub(crate) fn devices(self, count: usize) -> Machine {
        self.set("BLINK_STAND_IN_DEVICES", count.to_string())
    }

    /// With so many bytes of memory on each device.
    pub(crate) fn memory(self, bytes: u64) -> Machine {
        self.set("BLINK_STAND_IN_MEMORY", bytes.to_string())
    }

    /// With devices of this name.
    pub(crate) fn name(self, name: &str) -> Machine {
        self.set("BLINK_STAND_IN_NAME", name.to_owned())
    }

    /// With a driver that knows this version of CUDA, as drivers tell it: 13000 is 13.0.
    pub(crate) fn driver(self, version: u32) -> Machine {
        self.set("BLINK_STAND_IN_VERSION", version.to_string())
    }

    /// The `call`-th call of `function` in each process, counted from 1, gives `code` and does nothing.
    pub(crate) fn failing(mut self, function: &str, call: u64, code: i32) -> Machine {
        self.fails.push(format!("{function}:{call}:{code}"));
        self
    }

    /// From the `call`-th call of `function` on, in each process, every call of every function gives `code`.
    pub(crate) fn lost(self, function: &str, call: u64, code: i32) -> Machine {
        self.set("BLINK_STAND_IN_LOST", format!("{function}:{call}:{code}"))
    }

    /// Every copy takes so much longer.
    pub(crate) fn slow_copies(self, by: Duration) -> Machine {
        self.set("BLINK_STAND_IN_COPY_US", by.as_micros().to_string())
    }

    /// With one of NVIDIA's libraries taken away, named by its soname; `libcuda.so.1` is the driver. Where the system
    /// that the tests run on has that library itself, the dynamic loader finds that one: see [`Machine::broken`].
    pub(crate) fn without(self, soname: &str) -> Machine {
        fs::remove_file(self.library(soname)).unwrap_or_else(|error| panic!("{soname}: {error}"));
        self
    }

    /// With an empty file in the place of one of NVIDIA's libraries, which does not load on any system.
    pub(crate) fn broken(self, soname: &str) -> Machine {
        let path = self.library(soname);
        let machine = self.without(soname);
        fs::write(path, "").unwrap_or_else(|error| panic!("{soname}: {error}"));
        machine
    }

    fn library(&self, soname: &str) -> PathBuf {
        let directory = if soname == "libcuda.so.1" { self.driver_directory() } else { self.cuda_directory() };
        directory.join(soname)
    }

    fn set(mut self, name: &'static str, value: String) -> Machine {
        self.variables.push((name, value.into()));
        self
    }

    /// Where ONNX Runtime's CUDA build and NVIDIA's libraries are, but for the driver's.
    pub(crate) fn cuda_directory(&self) -> PathBuf {
        self.folder.path().join("cache/onnxruntime-cuda").join(ORT_VERSION)
    }

    /// Where `libcuda.so.1` is; processes on this machine find it under its soname alone.
    pub(crate) fn driver_directory(&self) -> PathBuf {
        self.folder.path().join("driver")
    }

    /// The variables that put a process on this machine.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = self.variables.clone();
        variables.push(("BLINK_CACHE_DIR", self.folder.path().join("cache").into()));
        variables.push(("BLINK_STAND_IN_LOG", self.log_path().into()));
        variables.push(("LD_LIBRARY_PATH", self.driver_directory().into()));
        if !self.fails.is_empty() {
            variables.push(("BLINK_STAND_IN_FAIL", self.fails.join(",").into()));
        }
        variables
    }

    /// What every process on this machine did so far.
    pub(crate) fn log(&self) -> Log {
        Log::read(&self.log_path())
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

/// Links every file of a directory into another one.
fn link_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("an entry");
        symlink(entry.path(), to.join(entry.file_name())).expect("a link");
    }
}

/// The stand-ins, built: `driver/`, `toolkit/` and the program `probe`.
pub(crate) fn stand_ins() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/device/stand_in");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let built = target.join(format!("stand-in-{}", digest(&sources)));
        if built.is_dir() {
            return built;
        }
        // Another process may build the same: who is done first is the one that counts, and no one sees half of it.
        let building = tempfile::Builder::new().prefix("stand-in-").tempdir_in(target).expect("a directory");
        let output = Command::new("sh").arg(sources.join("build.sh")).arg(building.path()).output().expect("sh");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the stand-ins for NVIDIA's libraries need a C compiler (cc):\n{said}");
        if let Err(error) = fs::rename(building.path(), &built) {
            assert!(built.is_dir(), "{}: {error}", built.display());
        }
        built
    })
}

/// One digest of all files of a directory, by their names.
fn digest(directory: &Path) -> String {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let mut hasher = blake3::Hasher::new();
    for path in paths {
        hasher.update(path.as_os_str().as_encoded_bytes());
        hasher.update(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// The directory with [`ORT_FILES`].
fn onnx_runtime() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        if let Some(named) = std::env::var_os(ORT_VARIABLE) {
            let named = PathBuf::from(named);
            let missing = ORT_FILES.iter().find(|name| !named.join(name).is_file());
            assert!(missing.is_none(), "{ORT_VARIABLE} names {}, which has no {}", named.display(), missing.unwrap());
            return named;
        }
        let cache = library::cache_dir().expect("a cache directory");
        let installed = cache.join("onnxruntime-cuda").join(ORT_VERSION);
        let is_complete = || ORT_FILES.iter().all(|name| installed.join(name).is_file());
        if !is_complete() {
            let setup = Command::new(BLINK).args("setup --device cuda --nvidia system".split(' ')).output();
            let setup = setup.expect("blink starts");
            let said = String::from_utf8_lossy(&setup.stderr);
            assert!(is_complete(), "ONNX Runtime's CUDA build is needed, `blink setup --device cuda` gave:\n{said}");
        }
        installed
    })
}
