//! What doctor says of GPUs, from what was found.
//!
//! A machine without a driver lacks nothing: models run on its processor. A gap is a warning where there is a GPU that
//! stands idle, or where the CUDA build is installed and cannot be used; nothing here is ever a problem.

use std::path::Path;

use blink_runtime::library::{ORT_VERSION, Origin};

use super::super::checks::Check;
use super::{Build, DRIVER_LIBRARY, Device, Facts, Found};

/// The first series of drivers that run CUDA 13.
const OLDEST_DRIVER: u32 = 580;

/// What NVIDIA's libraries are parts of: a row's name, what to install, and the libraries.
///
/// The file of built-ins that nvrtc loads is named for the very version of nvrtc, so only nvrtc itself is looked for.
const PARTS: [(&str, &str, &[&str]); 7] = [
    ("cudart", "the CUDA runtime 13", &["libcudart.so.13"]),
    ("cublas", "cuBLAS 13", &["libcublas.so.13", "libcublasLt.so.13"]),
    ("curand", "cuRAND 10 of CUDA 13", &["libcurand.so.10"]),
    ("nvjitlink", "nvJitLink 13", &["libnvJitLink.so.13"]),
    ("cufft", "cuFFT 12 of CUDA 13", &["libcufft.so.12"]),
    ("nvrtc", "NVRTC 13", &["libnvrtc.so.13"]),
    (
        "cudnn",
        "cuDNN 9 for CUDA 13",
        &[
            "libcudnn.so.9",
            "libcudnn_graph.so.9",
            "libcudnn_ops.so.9",
            "libcudnn_heuristic.so.9",
            "libcudnn_engines_precompiled.so.9",
            "libcudnn_engines_runtime_compiled.so.9",
            "libcudnn_cnn.so.9",
            "libcudnn_adv.so.9",
        ],
    ),
];

/// The rows: devices, driver, CUDA build, and NVIDIA's libraries where any of those is there.
pub(in super::super) fn rows(facts: &Facts) -> Vec<Check> {
    let mut rows = vec![devices(facts), driver(facts), build(facts)];
    if facts.driver.is_some() || facts.is_installed() {
        rows.extend(PARTS.iter().map(|part| libraries(part, facts)));
    }
    rows
}

impl Facts {
    fn is_installed(&self) -> bool {
        matches!(self.build, Build::Found { .. })
    }
}

fn devices(facts: &Facts) -> Check {
    const NAME: &str = "gpu";
    let advice = "check `nvidia-smi`; start a container with its GPUs (such as --gpus all)";
    if facts.devices.is_empty() {
        return match facts.driver {
            Some(_) => Check::warning(NAME, "none, though NVIDIA's driver is there", advice),
            None => Check::ok(NAME, "none"),
        };
    }
    let tell = |device: &Device| {
        let model = device.model.as_deref().unwrap_or("unknown model");
        format!("{model} ({}/dev/nvidia{})", if device.has_node { "" } else { "no " }, device.minor)
    };
    let found = facts.devices.iter().map(tell).collect::<Vec<_>>().join(", ");
    if facts.devices.iter().any(|device| device.has_node) {
        Check::ok(NAME, found)
    } else {
        Check::warning(NAME, found, advice)
    }
}

fn driver(facts: &Facts) -> Check {
    const NAME: &str = "gpu driver";
    let Some(version) = &facts.driver else {
        return match facts.is_installed() {
            true => Check::warning(
                NAME,
                "none, though the CUDA build is installed: models for CUDA cannot start",
                format!("install NVIDIA's driver {OLDEST_DRIVER} or later, or start the container with its GPUs"),
            ),
            false => Check::ok(NAME, "none"),
        };
    };
    let series = version.split('.').next().and_then(|series| series.parse::<u32>().ok());
    if series.is_some_and(|series| series < OLDEST_DRIVER) {
        let found = format!("NVIDIA {version}, which is too old for CUDA 13");
        return Check::warning(NAME, found, format!("install {OLDEST_DRIVER} or later to run models on the GPU"));
    }
    match &facts.driver_library {
        Some(library) => Check::ok(NAME, format!("NVIDIA {version}, {}", library.display())),
        None => Check::warning(
            NAME,
            format!("NVIDIA {version}, but no {DRIVER_LIBRARY} on the loader's path"),
            "install the driver's libraries, or give a container the capability `compute` \
             (NVIDIA_DRIVER_CAPABILITIES)",
        ),
    }
}

fn build(facts: &Facts) -> Check {
    const NAME: &str = "gpu build";
    const SETUP: &str = "blink setup --device cuda";
    match &facts.build {
        Build::Unpublished => Check::ok(NAME, "none is published for this platform"),
        Build::Missing(_) | Build::Misnamed(_) if facts.driver.is_none() => Check::ok(NAME, "none"),
        Build::Missing(_) => {
            let found = format!("the CUDA build of ONNX Runtime {ORT_VERSION} is not installed");
            Check::warning(NAME, found, format!("{SETUP}, to run models on the GPU"))
        }
        Build::Misnamed(error) => Check::warning(NAME, error.as_str(), "correct ORT_DYLIB_PATH, or unset it"),
        Build::Found { library, pinned } => {
            let origin = if library.origin == Origin::Environment { "named by ORT_DYLIB_PATH" } else { "in the cache" };
            let place = format!("{} ({origin})", library.path.display());
            match pinned {
                true => Check::ok(NAME, format!("ONNX Runtime {ORT_VERSION} for CUDA, the pinned build: {place}")),
                false => Check::warning(
                    NAME,
                    format!("not the pinned build, by size and stamp: {place}"),
                    format!("fine if you built it yourself; else `{SETUP} --verify`"),
                ),
            }
        }
    }
}

fn libraries((name, product, files): &(&'static str, &str, &[&str]), facts: &Facts) -> Check {
    let of_part = || facts.libraries.iter().filter(|found| files.contains(&found.name));
    let missing: Vec<_> = of_part().filter(|found| found.path.is_none()).map(|found| found.name).collect();
    let Some(advice) = missing.first().map(|_| {
        format!(
            "`blink setup --device cuda` fetches it; or install {product} and name its directory in LD_LIBRARY_PATH"
        )
    }) else {
        let mut places: Vec<_> = of_part().filter_map(place).collect();
        places.dedup();
        return Check::ok(name, places.join(", "));
    };
    let found = if missing.len() == files.len() { "missing".to_owned() } else { format!("no {}", missing.join(", ")) };
    // Without the build nothing uses it yet, and its setup fetches what is missing.
    if facts.is_installed() { Check::warning(name, found, advice) } else { Check::ok(name, "none") }
}

/// Where a library is, for a row.
fn place(found: &Found) -> Option<String> {
    let directory = found.path.as_deref().and_then(Path::parent)?;
    Some(if found.is_beside { "beside the CUDA build".to_owned() } else { directory.display().to_string() })
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
