//! The CUDA build of ONNX Runtime, on a machine that need not have a GPU. Nothing is fetched.

use blink_runtime::library::{CACHE_VARIABLE, CUDA_FILE_NAMES, LIBRARY_VARIABLE, NVIDIA_FILE_NAMES, ORT_VERSION};

use crate::support::Folder;
use crate::support::folder::Blink;

/// `blink`, with a cache of its own in the folder.
fn alone(folder: &Folder, arguments: &str) -> Blink {
    folder.blink(arguments).without(LIBRARY_VARIABLE).env(CACHE_VARIABLE, folder.path("cache"))
}

#[test]
fn options_that_are_for_another_device_are_refused() {
    let folder = Folder::new();
    folder.blink("setup --nvidia system").refused(2).names(&["--nvidia", "--device cuda"]);
    folder.blink("setup --from a.whl --from b.whl").refused(2).names(&["--from", "--device cpu"]);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_file_that_is_no_wheel_is_refused_and_nothing_is_made() {
    let folder = Folder::new();
    folder.write("some.whl", "not a wheel");
    for file in ["some.whl", "absent.whl"] {
        let refusal = alone(&folder, &format!("setup --device cuda --from {file}")).refused(1);
        refusal.names(&[file, "onnxruntime-gpu 1.31.1", "nvidia-cudnn-cu13"]);
    }
    let refusal = alone(&folder, "setup --device cuda --nvidia system --from some.whl").refused(1);
    refusal.names(&["some.whl", "onnxruntime-gpu 1.31.1"]);
    assert_eq!(folder.names(), ["some.whl"]);
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[test]
fn platforms_without_a_cuda_build_are_told() {
    let folder = Folder::new();
    alone(&folder, "setup --device cuda").refused(1).names(&["linux x86_64", "blink setup --device cpu"]);
    assert!(folder.names().is_empty());
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn doctor_says_where_nvidias_libraries_are_and_which_are_missing() {
    let folder = Folder::new();
    let build = folder.path("cache/onnxruntime-cuda").join(ORT_VERSION);
    std::fs::create_dir_all(&build).expect("the folder is ours");
    std::fs::create_dir(folder.path("own")).expect("the folder is ours");
    CUDA_FILE_NAMES.iter().for_each(|name| folder.write(&format!("{}/{name}", build.display()), ""));
    folder.write(&format!("{}/libcudart.so.13", build.display()), "");
    folder.write("own/libcurand.so.10", "");
    let doctor =
        |format: &str| alone(&folder, &format!("doctor {format}")).env("LD_LIBRARY_PATH", folder.path("own")).run();
    // Without the CPU build no model runs, whatever there is for CUDA.
    let report = doctor("--format json").failed(1).json("blink.doctor/1");
    let checks = report["checks"].as_array().expect("a list");
    let check = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(check("gpu build")["state"], "warning", "empty files are not the pinned build");
    assert_eq!((&check("cudart")["state"], &check("cudart")["found"]), (&"ok".into(), &"beside the CUDA build".into()));
    assert_eq!(check("curand")["found"], folder.path("own").display().to_string());
    assert!(checks.iter().all(|check| check["name"] == "library" || check["state"] != "problem"), "{checks:?}");

    let libraries = report["gpu"]["libraries"].as_array().expect("a list");
    let found = |name: &str| libraries.iter().find(|found| found["name"] == name).expect("every library is told");
    assert_eq!(found("libcudart.so.13")["is_beside"], true);
    assert_eq!(found("libcurand.so.10")["is_beside"], false);
    assert_eq!(libraries.len(), NVIDIA_FILE_NAMES.len());
    let said = doctor("").failed(1);
    assert!(said.text().contains("cudart") && said.text().contains("beside the CUDA build"), "{}", said.text());
}
