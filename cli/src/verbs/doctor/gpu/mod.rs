//! What this machine has for models on an NVIDIA GPU: gathered here, judged in `rows`.
//!
//! Files are looked at and `ldconfig` is asked; no library is loaded, so nothing of a driver or of CUDA runs in this
//! process.

mod loader;
mod rows;

use std::fs;
use std::path::{Path, PathBuf};

use blink_runtime::host;
use blink_runtime::library::{self, CUDA_FILE_NAMES, Library, LibraryError, NVIDIA_FILE_NAMES};
use serde::Serialize;

use crate::setup::cuda;
use loader::Loader;
pub(super) use rows::rows;

/// The driver's own part of CUDA. It comes with the driver, and from nowhere else.
const DRIVER_LIBRARY: &str = "libcuda.so.1";

/// Everything that was found.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Facts {
    /// The kernel driver's version.
    driver: Option<String>,
    /// Where the driver's part of CUDA is.
    driver_library: Option<PathBuf>,
    devices: Vec<Device>,
    build: Build,
    /// NVIDIA's libraries, each with where it is.
    libraries: Vec<Found>,
}

/// A GPU that the driver lists, or that only its device node shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Device {
    /// The number in the name of its device node.
    minor: u32,
    model: Option<String>,
    /// Whether its device node is there, without which it cannot be used.
    has_node: bool,
}

/// The CUDA build of ONNX Runtime.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
enum Build {
    /// None is published for this platform.
    #[default]
    Unpublished,
    Missing(String),
    /// What `ORT_DYLIB_PATH` names is not one.
    Misnamed(String),
    Found {
        library: Library,
        pinned: bool,
    },
}

/// A library, looked for.
#[derive(Clone, Debug, Serialize)]
struct Found {
    name: &'static str,
    path: Option<PathBuf>,
    /// Whether it stands beside the CUDA build; elsewhere the machine's loader finds it.
    is_beside: bool,
}

/// Looks at this machine.
pub(super) fn gather() -> Facts {
    let loader = Loader::of_this_machine();
    let build = build();
    let beside = match &build {
        Build::Found { library, .. } => library.path.parent(),
        _ => None,
    };
    Facts {
        driver: host::nvidia_driver(),
        driver_library: loader.find(DRIVER_LIBRARY),
        devices: devices(Path::new("/proc/driver/nvidia/gpus"), Path::new("/dev")),
        libraries: NVIDIA_FILE_NAMES.iter().map(|name| look(name, beside, &loader)).collect(),
        build,
    }
}

fn build() -> Build {
    if !cuda::is_published() {
        return Build::Unpublished;
    }
    match library::find_cuda() {
        Ok(library) => {
            let directory = library.path.parent().unwrap_or(Path::new("/"));
            let pinned = CUDA_FILE_NAMES.iter().all(|name| cuda::is_pinned(directory, name));
            Build::Found { pinned, library }
        }
        Err(error @ (LibraryError::NamedMissing { .. } | LibraryError::NamedWithoutCuda { .. })) => {
            Build::Misnamed(error.to_string())
        }
        Err(error) => Build::Missing(error.to_string()),
    }
}

fn look(name: &'static str, beside: Option<&Path>, loader: &Loader) -> Found {
    let path = beside.map(|directory| directory.join(name)).filter(|path| path.exists());
    let is_beside = path.is_some();
    Found { name, path: path.or_else(|| loader.find(name)), is_beside }
}

/// The devices that the driver lists in `listed`, or else those with a node in `nodes`.
fn devices(listed: &Path, nodes: &Path) -> Vec<Device> {
    let entries = |directory| fs::read_dir(directory).into_iter().flatten().flatten();
    let has_node = |minor: u32| nodes.join(format!("nvidia{minor}")).exists();
    let text = |entry: fs::DirEntry| fs::read_to_string(entry.path().join("information")).ok();
    let mut devices: Vec<_> = entries(listed)
        .filter_map(text)
        .filter_map(|text| parse_information(&text))
        .map(|(minor, model)| Device { minor, model, has_node: has_node(minor) })
        .collect();
    if devices.is_empty() {
        let minor = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_prefix("nvidia")?.parse().ok();
        devices.extend(entries(nodes).filter_map(minor).map(|minor| Device { minor, model: None, has_node: true }));
    }
    devices.sort_by_key(|device| device.minor);
    devices
}

/// The minor number and the model in what the driver says of one device.
fn parse_information(text: &str) -> Option<(u32, Option<String>)> {
    let field = |name: &str| {
        let value = |line: &str| Some(line.split_once(':').filter(|(key, _)| key.trim() == name)?.1.trim().to_owned());
        text.lines().find_map(value).filter(|value| !value.is_empty())
    };
    Some((field("Device Minor")?.parse().ok()?, field("Model")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn information(minor: u32, model: &str) -> String {
        format!(
            "Model: \t\t {model}\nIRQ:   \t\t 42\nBus Type: \t PCIe\nDevice Minor: \t {minor}\nGPU Excluded:\t No\n"
        )
    }

    #[test]
    fn what_the_driver_says_of_a_device_is_read() {
        assert_eq!(parse_information(&information(3, "NVIDIA L4")), Some((3, Some("NVIDIA L4".into()))));
        assert_eq!(parse_information("Device Minor: 0"), Some((0, None)));
        for text in ["", "Model: NVIDIA L4\n", "Device Minor: many\n", "Device Minor:"] {
            assert_eq!(parse_information(text), None, "{text}");
        }
    }

    #[test]
    fn devices_are_listed_by_number_and_those_without_a_node_marked() {
        let root = tempfile::tempdir().unwrap();
        let (listed, nodes) = (root.path().join("gpus"), root.path().join("dev"));
        assert_eq!(devices(&listed, &nodes), []);
        fs::create_dir_all(&nodes).unwrap();
        for name in ["nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm", "null"] {
            fs::write(nodes.join(name), "").unwrap();
        }
        let bare = |minor| Device { minor, model: None, has_node: true };
        assert_eq!(devices(&listed, &nodes), [bare(2), bare(10)]);

        for (bus, minor) in [("0000:01:00.0", 10), ("0000:02:00.0", 1)] {
            fs::create_dir_all(listed.join(bus)).unwrap();
            fs::write(listed.join(bus).join("information"), information(minor, "NVIDIA H200")).unwrap();
        }
        let full = |minor, has_node| Device { minor, model: Some("NVIDIA H200".into()), has_node };
        assert_eq!(devices(&listed, &nodes), [full(1, false), full(10, true)]);
    }

    #[test]
    fn beside_the_build_comes_before_the_loader() {
        let root = tempfile::tempdir().unwrap();
        let (beside, other) = (root.path().join("beside"), root.path().join("other"));
        let name = NVIDIA_FILE_NAMES[0];
        let loader = Loader::new(Some(other.as_os_str()), "");
        let look = || look(name, Some(&beside), &loader);
        assert_eq!(look().path, None);
        for (directory, is_beside) in [(&other, false), (&beside, true)] {
            fs::create_dir(directory).unwrap();
            fs::write(directory.join(name), "").unwrap();
            assert_eq!((look().path, look().is_beside), (Some(directory.join(name)), is_beside));
        }
    }
}
