//! Where the CUDA build of ONNX Runtime is: beside the library that the environment names, or in the cache.
//!
//! The build is three files that stand in one directory, since ONNX Runtime looks for its providers beside itself.
//! Nothing is opened here; NVIDIA's own libraries may stand in that directory too, or elsewhere on the machine.

use std::env;
use std::path::{Path, PathBuf};

use super::{FILE_NAME, LIBRARY_VARIABLE, Library, LibraryError, ORT_VERSION, Origin, Variables, cache_dir_in};

/// The files of the CUDA build, the library itself first.
pub const CUDA_FILE_NAMES: [&str; 3] =
    [FILE_NAME, "libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/// NVIDIA's libraries that the CUDA build uses, by their sonames, each after those that it needs.
///
/// Not every one of them says where the others are: the loader has to be told their directory. `libcuda.so.1` is not among them: it is a part of the driver.
pub const NVIDIA_FILE_NAMES: [&str; 16] = [
    "libcudart.so.13",
    "libcublasLt.so.13",
    "libcublas.so.13",
    "libcurand.so.10",
    "libnvJitLink.so.13",
    "libcufft.so.12",
    "libnvrtc-builtins.so.13.0",
    "libnvrtc.so.13",
    "libcudnn_graph.so.9",
    "libcudnn_ops.so.9",
    "libcudnn_heuristic.so.9",
    "libcudnn_engines_precompiled.so.9",
    "libcudnn_engines_runtime_compiled.so.9",
    "libcudnn_cnn.so.9",
    "libcudnn_adv.so.9",
    "libcudnn.so.9",
];

/// Where `blink setup --device cuda` installs the CUDA build, and NVIDIA's libraries. It may not exist yet.
pub fn cuda_dir() -> Result<PathBuf, LibraryError> {
    super::cache_dir().map(|cache| cuda_dir_in(&cache))
}

/// Finds the CUDA build: the one that `ORT_DYLIB_PATH` names, else the one in the cache.
///
/// All of its files must be there. A path in `ORT_DYLIB_PATH` must be of a CUDA build; it is an error otherwise, not a
/// reason to look elsewhere. What is found is given as an absolute path.
pub fn find_cuda() -> Result<Library, LibraryError> {
    find_cuda_for(&|name| env::var_os(name))
}

/// As [`find_cuda`], for a process with these variables.
pub fn find_cuda_for(variables: Variables) -> Result<Library, LibraryError> {
    let missing_in =
        |directory: &Path| CUDA_FILE_NAMES[1..].iter().find(|name| !directory.join(name).exists()).copied();
    if let Some(path) = variables(LIBRARY_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from) {
        let path = std::path::absolute(&path).unwrap_or(path);
        if !path.exists() {
            return Err(LibraryError::NamedMissing { path });
        }
        return match missing_in(path.parent().unwrap_or(&path)) {
            Some(missing) => Err(LibraryError::NamedWithoutCuda { path, missing }),
            None => Ok(Library { path, origin: Origin::Environment }),
        };
    }
    let directory = cuda_dir_in(&cache_dir_in(variables).ok_or(LibraryError::NoCacheDirectory)?);
    let directory = std::path::absolute(&directory).unwrap_or(directory);
    let path = directory.join(FILE_NAME);
    let missing = if path.exists() { missing_in(&directory) } else { Some(FILE_NAME) };
    match missing {
        Some(missing) => Err(LibraryError::CudaNotFound { missing: directory.join(missing) }),
        None => Ok(Library { path, origin: Origin::Cache }),
    }
}

fn cuda_dir_in(cache: &Path) -> PathBuf {
    cache.join("onnxruntime-cuda").join(ORT_VERSION)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;

    use super::super::CACHE_VARIABLE;
    use super::*;

    fn find(cache: &Path, named: Option<&Path>) -> Result<Library, LibraryError> {
        find_cuda_for(&|name| match name {
            CACHE_VARIABLE => Some(cache.as_os_str().to_owned()),
            LIBRARY_VARIABLE => Some(named.map_or(OsString::new(), |path| path.as_os_str().to_owned())),
            _ => None,
        })
    }

    #[test]
    fn a_build_in_the_cache_is_found_once_all_of_it_is_there() {
        let cache = tempfile::tempdir().unwrap();
        let directory = cuda_dir_in(cache.path());
        fs::create_dir_all(&directory).unwrap();
        for name in CUDA_FILE_NAMES {
            let missing = directory.join(name);
            assert_eq!(find(cache.path(), None), Err(LibraryError::CudaNotFound { missing: missing.clone() }));
            fs::write(missing, "").unwrap();
        }
        let library = Library { path: directory.join(FILE_NAME), origin: Origin::Cache };
        assert_eq!(find(cache.path(), None), Ok(library));
    }

    #[test]
    fn a_library_named_by_the_user_is_a_cuda_build_or_refused() {
        let (cache, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let directory = cuda_dir_in(cache.path());
        fs::create_dir_all(&directory).unwrap();
        CUDA_FILE_NAMES.iter().for_each(|name| fs::write(directory.join(name), "").unwrap());
        let path = own.path().join("mine.so");
        let find = || find(cache.path(), Some(&path));
        assert_eq!(find(), Err(LibraryError::NamedMissing { path: path.clone() }));
        fs::write(&path, "").unwrap();
        for missing in &CUDA_FILE_NAMES[1..] {
            assert_eq!(find(), Err(LibraryError::NamedWithoutCuda { path: path.clone(), missing }));
            fs::write(own.path().join(missing), "").unwrap();
        }
        assert_eq!(find(), Ok(Library { path: path.clone(), origin: Origin::Environment }));
    }

    #[test]
    fn without_a_home_there_is_no_cache() {
        assert_eq!(find_cuda_for(&|_| None), Err(LibraryError::NoCacheDirectory));
    }

    #[test]
    fn errors_name_the_command_to_run() {
        let without = LibraryError::NamedWithoutCuda { path: "a.so".into(), missing: CUDA_FILE_NAMES[2] };
        for error in [without, LibraryError::CudaNotFound { missing: "b.so".into() }] {
            assert!(error.to_string().contains("`blink setup --device cuda`"), "{error}");
        }
    }
}
