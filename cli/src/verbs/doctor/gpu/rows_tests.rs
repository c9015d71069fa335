//! What is said of machines as they come: without a GPU, without the build, with half of it, with all of it.

use std::collections::BTreeSet;

use blink_runtime::library::{Library, NVIDIA_FILE_NAMES};

use super::super::super::checks::State;
use super::*;

/// A machine without a driver, on a platform that has a CUDA build.
fn bare() -> Facts {
    let libraries = NVIDIA_FILE_NAMES.map(|name| Found { name, path: None, is_beside: false });
    Facts { build: Build::Missing("none".into()), libraries: libraries.into(), ..Facts::default() }
}

/// A machine with one GPU and its driver, and no more.
fn driven() -> Facts {
    Facts {
        driver: Some("580.95.05".into()),
        driver_library: Some("/usr/lib/libcuda.so.1".into()),
        devices: vec![Device { minor: 0, model: Some("NVIDIA H200".into()), has_node: true }],
        ..bare()
    }
}

fn installed(facts: Facts) -> Facts {
    let library = Library { path: "/cache/libonnxruntime.so".into(), origin: Origin::Cache };
    Facts { build: Build::Found { library, pinned: true }, ..facts }
}

/// Every library beside the CUDA build.
fn complete(facts: Facts) -> Facts {
    let beside = |found: Found| Found { path: Some(Path::new("/cache").join(found.name)), is_beside: true, ..found };
    Facts { libraries: facts.libraries.clone().into_iter().map(beside).collect(), ..installed(facts) }
}

fn row(facts: &Facts, name: &str) -> Check {
    rows(facts).into_iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}"))
}

fn warnings(facts: &Facts) -> Vec<&'static str> {
    let rows = rows(facts);
    assert!(rows.iter().all(|row| row.state != State::Problem), "{rows:?}");
    assert!(rows.iter().all(|row| (row.state == State::Warning) == row.advice.is_some()), "{rows:?}");
    rows.iter().filter(|row| row.state == State::Warning).map(|row| row.name).collect()
}

#[test]
fn the_parts_are_every_library_but_the_built_ins() {
    let named: Vec<_> = PARTS.iter().flat_map(|(_, _, files)| *files).copied().collect();
    let known = NVIDIA_FILE_NAMES.iter().copied().filter(|name| !name.contains("builtins"));
    assert_eq!(named.iter().copied().collect::<BTreeSet<_>>(), known.collect::<BTreeSet<_>>());
    assert_eq!(named.len(), NVIDIA_FILE_NAMES.len() - 1);
}

#[test]
fn a_machine_without_a_driver_lacks_nothing() {
    let facts = bare();
    assert_eq!(warnings(&facts), [""; 0]);
    assert!(rows(&facts).iter().all(|row| row.found == "none"), "{:?}", rows(&facts));
    let misnamed = Facts { build: Build::Misnamed("ORT_DYLIB_PATH names a.so".into()), ..bare() };
    assert_eq!(warnings(&misnamed), [""; 0]);
    assert_eq!(warnings(&Facts::default()), [""; 0], "nor does another platform");
}

#[test]
fn the_build_without_a_driver_is_warned_of_once() {
    assert_eq!(warnings(&complete(bare())), ["gpu driver"]);
    assert!(row(&complete(bare()), "gpu driver").advice.unwrap().contains("580"));
}

#[test]
fn a_gpu_without_the_build_is_told_how_to_get_it() {
    let facts = driven();
    assert_eq!(warnings(&facts), ["gpu build"]);
    assert!(row(&facts, "gpu build").advice.unwrap().contains("blink setup --device cuda"));
    assert_eq!(row(&facts, "gpu").found, "NVIDIA H200 (/dev/nvidia0)");
    assert_eq!(row(&facts, "gpu driver").found, "NVIDIA 580.95.05, /usr/lib/libcuda.so.1");
    let misnamed = Facts { build: Build::Misnamed("ORT_DYLIB_PATH names a.so".into()), ..driven() };
    assert!(row(&misnamed, "gpu build").advice.unwrap().contains("ORT_DYLIB_PATH"));
}

#[test]
fn a_complete_machine_has_no_gaps() {
    let facts = complete(driven());
    assert_eq!(warnings(&facts), [""; 0]);
    assert_eq!(row(&facts, "cudnn").found, "beside the CUDA build");
    let mut system = installed(driven());
    for found in &mut system.libraries {
        found.path = Some(Path::new("/usr/local/cuda/lib64").join(found.name));
    }
    assert_eq!(warnings(&system), [""; 0]);
    assert_eq!(row(&system, "cublas").found, "/usr/local/cuda/lib64");
    // nvrtc of another version brings built-ins of another name.
    system.libraries.iter_mut().filter(|found| found.name.contains("builtins")).for_each(|found| found.path = None);
    assert_eq!(warnings(&system), [""; 0]);
}

#[test]
fn missing_libraries_are_named_with_what_to_install() {
    let facts = installed(driven());
    assert_eq!(warnings(&facts), PARTS.map(|(name, _, _)| name));
    let cudnn = row(&facts, "cudnn");
    assert_eq!(cudnn.found, "missing");
    let advice = cudnn.advice.unwrap();
    assert!(["blink setup --device cuda", "cuDNN 9", "LD_LIBRARY_PATH"].iter().all(|word| advice.contains(word)));

    let mut half = complete(driven());
    half.libraries.iter_mut().filter(|found| found.name == "libcudnn_cnn.so.9").for_each(|found| found.path = None);
    assert_eq!(warnings(&half), ["cudnn"]);
    assert_eq!(row(&half, "cudnn").found, "no libcudnn_cnn.so.9");
}

#[test]
fn drivers_that_cannot_do_are_told() {
    let with = |driver: &str| Facts { driver: Some(driver.into()), ..complete(driven()) };
    for old in ["535.104.05", "570.86.15", "579.99"] {
        assert_eq!(warnings(&with(old)), ["gpu driver"], "{old}");
    }
    for new in ["580.65.06", "590.1", "1000.2", "unknown version"] {
        assert_eq!(warnings(&with(new)), [""; 0], "{new}");
    }
    let without = Facts { driver_library: None, ..complete(driven()) };
    assert_eq!(warnings(&without), ["gpu driver"]);
    assert!(row(&without, "gpu driver").found.contains(DRIVER_LIBRARY));
}

#[test]
fn devices_that_cannot_be_used_are_told() {
    assert_eq!(warnings(&Facts { devices: vec![], ..complete(driven()) }), ["gpu"]);
    let mut facts = complete(driven());
    facts.devices[0].has_node = false;
    assert_eq!(warnings(&facts), ["gpu"]);
    facts.devices.push(Device { minor: 1, model: None, has_node: true });
    assert_eq!(warnings(&facts), [""; 0], "one of them can be");
    assert_eq!(row(&facts, "gpu").found, "NVIDIA H200 (no /dev/nvidia0), unknown model (/dev/nvidia1)");
}

#[test]
fn a_build_of_ones_own_is_told_from_the_pinned_one() {
    let library = Library { path: "/own/libonnxruntime.so".into(), origin: Origin::Environment };
    let facts = Facts { build: Build::Found { library, pinned: false }, ..complete(driven()) };
    assert_eq!(warnings(&facts), ["gpu build"]);
    assert!(row(&facts, "gpu build").found.contains("ORT_DYLIB_PATH"));
}
