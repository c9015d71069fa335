//! Where ONNX Runtime's shared library is: named by the environment, beside the executable, or in the cache.
//!
//! The search runs on every cold start, so it asks only whether a file is there, once for each place. It opens,
//! reads and hashes nothing, and it never falls through from a path that the user has named.

mod cuda;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use serde::Serialize;

pub use cuda::{CUDA_FILE_NAMES, NVIDIA_FILE_NAMES, cuda_dir, find_cuda, find_cuda_for};

/// The version of ONNX Runtime whose interface the runtime is built against.
pub const ORT_VERSION: &str = "1.31.1";

/// The library's file name on this system.
pub const FILE_NAME: &str =
    if cfg!(target_os = "macos") { "libonnxruntime.1.31.1.dylib" } else { "libonnxruntime.so.1.31.1" };

/// The variable that names the library itself.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// The variable that names the cache directory.
pub const CACHE_VARIABLE: &str = "BLINK_CACHE_DIR";

/// Which place a library was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Named by `ORT_DYLIB_PATH`.
    Environment,
    /// Beside the executable.
    Executable,
    /// In the cache directory, where `blink setup` puts it.
    Cache,
}

/// A shared library that exists; whether it is the right one shows only when it is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Library {
    pub path: PathBuf,
    pub origin: Origin,
}

/// Why no library was found.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum LibraryError {
    #[error("ORT_DYLIB_PATH names {path}, which is not there: correct it, or unset it to search the usual places")]
    NamedMissing { path: PathBuf },
    #[error("ONNX Runtime {ORT_VERSION} not found (looked at {}): run `blink setup`", list(looked_at))]
    NotFound { looked_at: Vec<PathBuf> },
    #[error(
        "ORT_DYLIB_PATH names {path}, and no {missing} stands beside it: name the library of a CUDA build, or unset it \
         and run `blink setup --device cuda`"
    )]
    NamedWithoutCuda { path: PathBuf, missing: &'static str },
    #[error("CUDA build of ONNX Runtime {ORT_VERSION} not found (no {missing}): run `blink setup --device cuda`")]
    CudaNotFound { missing: PathBuf },
    #[error("no cache directory is known: set BLINK_CACHE_DIR, or HOME")]
    NoCacheDirectory,
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    if paths.is_empty() { "nowhere: HOME and BLINK_CACHE_DIR are not set".to_owned() } else { paths.join(", ") }
}

/// Finds the library: `ORT_DYLIB_PATH`, then beside the executable, then the cache.
///
/// A path in `ORT_DYLIB_PATH` must exist; it is an error otherwise, not a reason to look elsewhere. What is found is
/// given as an absolute path.
pub fn find() -> Result<Library, LibraryError> {
    find_for(env::current_exe().ok(), &|name| env::var_os(name))
}

/// As [`find`], for a process of the program `executable` with these variables.
pub fn find_for(executable: Option<PathBuf>, variables: Variables) -> Result<Library, LibraryError> {
    let found = find_among(&candidates(variables, executable))?;
    // The dynamic loader looks elsewhere for a bare name, and workers may have another working directory.
    Ok(Library { path: std::path::absolute(&found.path).unwrap_or(found.path), ..found })
}

/// The directory of everything that `blink` keeps and can make again.
///
/// `BLINK_CACHE_DIR`; else `blink` in the user's cache directory: `$XDG_CACHE_HOME`, `~/.cache`, or on macOS
/// `~/Library/Caches`. The directory may not exist yet.
pub fn cache_dir() -> Result<PathBuf, LibraryError> {
    cache_dir_in(&|name| env::var_os(name)).ok_or(LibraryError::NoCacheDirectory)
}

/// Where `blink warm` keeps snapshots, unless a launcher is told otherwise.
pub fn snapshots_dir() -> Result<PathBuf, LibraryError> {
    cache_dir().map(|cache| cache.join("snapshots"))
}

/// Where native code of guests is kept that was made on this host.
pub fn guests_dir() -> Result<PathBuf, LibraryError> {
    cache_dir().map(|cache| cache.join("guests"))
}

/// Where `blink setup` installs the library of this version.
pub fn cached_path() -> Result<PathBuf, LibraryError> {
    cache_dir().map(library_in)
}

fn library_in(cache: PathBuf) -> PathBuf {
    cache.join("onnxruntime").join(ORT_VERSION).join(FILE_NAME)
}

/// Reads one environment variable.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

fn candidates(variables: Variables, executable: Option<PathBuf>) -> Vec<Library> {
    if let Some(path) = variables(LIBRARY_VARIABLE).filter(|path| !path.is_empty()) {
        return vec![Library { path: path.into(), origin: Origin::Environment }];
    }
    let beside = executable.map(|executable| executable.with_file_name(FILE_NAME));
    let cached = cache_dir_in(variables).map(library_in);
    let found = [(beside, Origin::Executable), (cached, Origin::Cache)];
    found.into_iter().filter_map(|(path, origin)| Some(Library { path: path?, origin })).collect()
}

fn find_among(candidates: &[Library]) -> Result<Library, LibraryError> {
    match candidates.iter().find(|library| library.path.exists()) {
        Some(library) => Ok(library.clone()),
        None => match candidates {
            [Library { path, origin: Origin::Environment }] => Err(LibraryError::NamedMissing { path: path.clone() }),
            _ => Err(LibraryError::NotFound { looked_at: candidates.iter().map(|found| found.path.clone()).collect() }),
        },
    }
}

fn cache_dir_in(variables: Variables) -> Option<PathBuf> {
    let set = |name: &str| variables(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = set(CACHE_VARIABLE) {
        return Some(path);
    }
    if cfg!(target_os = "macos") {
        return Some(set("HOME")?.join("Library/Caches/blink"));
    }
    // The XDG rules: a relative path is to be ignored.
    let user = set("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or_else(|| Some(set("HOME")?.join(".cache")));
    Some(user?.join("blink"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn variables<'a>(set: &'a [(&'a str, &'a Path)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        move |name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_os_str().to_owned())
    }

    #[test]
    fn a_library_named_by_the_user_is_taken_or_missed_never_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let cached = library_in(directory.path().to_owned());
        fs::create_dir_all(cached.parent().unwrap()).unwrap();
        fs::write(&cached, "").unwrap();
        let named = directory.path().join("mine.so");
        let set = [(LIBRARY_VARIABLE, named.as_path()), (CACHE_VARIABLE, directory.path())];
        let find = || find_among(&candidates(&variables(&set), None));
        assert_eq!(find(), Err(LibraryError::NamedMissing { path: named.clone() }));
        fs::write(&named, "").unwrap();
        assert_eq!(find(), Ok(Library { path: named.clone(), origin: Origin::Environment }));
    }

    #[test]
    fn beside_the_executable_comes_before_the_cache() {
        let directory = tempfile::tempdir().unwrap();
        let (beside, cached) = (directory.path().join(FILE_NAME), library_in(directory.path().join("cache")));
        let cache = directory.path().join("cache");
        // An empty variable is one that is not set.
        let set = [(LIBRARY_VARIABLE, Path::new("")), (CACHE_VARIABLE, cache.as_path())];
        let find = || find_among(&candidates(&variables(&set), Some(directory.path().join("blink"))));
        assert_eq!(find(), Err(LibraryError::NotFound { looked_at: vec![beside.clone(), cached.clone()] }));
        fs::create_dir_all(cached.parent().unwrap()).unwrap();
        fs::write(&cached, "").unwrap();
        assert_eq!(find(), Ok(Library { path: cached, origin: Origin::Cache }));
        fs::write(&beside, "").unwrap();
        assert_eq!(find(), Ok(Library { path: beside, origin: Origin::Executable }));
    }

    #[test]
    fn without_a_home_there_is_no_cache() {
        assert_eq!(cache_dir_in(&variables(&[])), None);
        assert_eq!(cache_dir_in(&variables(&[("HOME", Path::new(""))])), None);
        let nowhere = find_among(&candidates(&variables(&[]), None));
        assert_eq!(nowhere, Err(LibraryError::NotFound { looked_at: vec![] }));
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn the_cache_follows_the_users_settings() {
        let (home, xdg, own) = (("HOME", Path::new("/h")), Path::new("/x"), (CACHE_VARIABLE, Path::new("/own")));
        let cache = |set: &[(&str, &Path)]| cache_dir_in(&variables(set)).unwrap();
        assert_eq!(cache(&[home]), Path::new("/h/.cache/blink"));
        assert_eq!(cache(&[home, ("XDG_CACHE_HOME", xdg)]), Path::new("/x/blink"));
        assert_eq!(cache(&[home, ("XDG_CACHE_HOME", Path::new("relative"))]), Path::new("/h/.cache/blink"));
        assert_eq!(cache(&[home, ("XDG_CACHE_HOME", xdg), own]), Path::new("/own"));
    }

    #[test]
    fn the_file_name_carries_the_version() {
        assert!(FILE_NAME.contains(ORT_VERSION));
    }
}
