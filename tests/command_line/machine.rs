//! The verbs that concern no model.

use blink_runtime::library::{FILE_NAME, ORT_VERSION};

use crate::support::Folder;

/// Every verb of the product's first version.
const VERBS: [&str; 10] =
    ["setup", "compile", "run", "warm", "snapshots", "inspect", "verify", "doctor", "completions", "man"];

#[test]
fn setup_finds_the_library_in_place() {
    let folder = Folder::new();
    // The harness leaves the cache alone where `ORT_DYLIB_PATH` names another library.
    folder.blink("setup").without("ORT_DYLIB_PATH").ok();
    let report = folder.blink("setup --format json").without("ORT_DYLIB_PATH").ok().quiet().json("blink.setup/1");
    assert_eq!(report["action"], "present");
    assert_eq!((&report["version"], &report["pinned"]), (&ORT_VERSION.into(), &true.into()));
    let path = report["path"].as_str().expect("a path");
    assert!(path.ends_with(FILE_NAME) && std::path::Path::new(path).is_file(), "{path}");

    let said = folder.blink("setup").without("ORT_DYLIB_PATH").ok().quiet();
    assert_eq!(said.text().lines().count(), 1, "{}", said.text());
    assert!(said.text().contains("already installed") && said.text().contains(path), "{}", said.text());

    let read = folder.blink("setup --verify --format json").without("ORT_DYLIB_PATH").ok().json("blink.setup/1");
    assert_eq!((&read["action"], &read["sha256"]), (&"verified".into(), &report["sha256"]));
}

#[test]
fn doctor_says_what_the_machine_has() {
    let folder = Folder::new();
    let report = folder.blink("doctor --format json").ok().quiet().json("blink.doctor/1");
    assert_eq!(report["ready"], true);
    assert_eq!(report["host"]["class"], blink_runtime::host::class().name());
    let checks = report["checks"].as_array().expect("a list");
    let names: Vec<_> = checks.iter().map(|check| check["name"].as_str().expect("a name")).collect();
    for name in ["library", "processor", "features", "threads", "memory", "cache", "gpu", "gpu driver", "gpu build"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let libraries = report["gpu"]["libraries"].as_array().expect("a list");
    assert_eq!(libraries.len(), blink_runtime::library::NVIDIA_FILE_NAMES.len(), "{libraries:?}");
    assert!(report["gpu"]["devices"].is_array(), "{}", report["gpu"]);
    let said = folder.blink("doctor").ok().quiet();
    assert!(names.iter().all(|name| said.text().contains(name)), "{}", said.text());
}

#[test]
fn doctor_fails_where_models_cannot_run_and_says_what_to_do() {
    let folder = Folder::new();
    let doctor = |arguments: &str| {
        folder.blink(arguments).without("ORT_DYLIB_PATH").env("BLINK_CACHE_DIR", folder.path("empty")).run()
    };
    let report = doctor("doctor --format json").failed(1).json("blink.doctor/1");
    assert_eq!(report["ready"], false);
    let check = &report["checks"][0];
    assert_eq!((&check["name"], &check["state"]), (&"library".into(), &"problem".into()));
    assert!(check["advice"].as_str().expect("advice").contains("blink setup"), "{check}");
    assert_eq!(doctor("doctor").failed(1).stderr.lines().count(), 1);
}

#[test]
fn completions_name_every_verb() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = folder.blink(&format!("completions {shell}")).ok().quiet();
        assert!(VERBS.iter().all(|verb| script.text().contains(verb)), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_for_every_verb() {
    let folder = Folder::new();
    let page = folder.blink("man").ok().quiet();
    assert!(page.text().contains(".TH blink 1"), "{}", page.text());
    assert!(VERBS.iter().all(|verb| page.text().contains(verb)), "{}", page.text());
    folder.blink("man --directory .").ok().quiet();
    let pages = folder.names();
    for verb in VERBS {
        assert!(pages.contains(&format!("blink-{verb}.1")), "{pages:?}");
    }
}

#[test]
fn help_lists_the_verbs_and_the_exit_codes() {
    let folder = Folder::new();
    let help = folder.blink("--help").ok().quiet();
    assert!(VERBS.iter().all(|verb| help.text().contains(verb)), "{}", help.text());
    for code in 0..=7 {
        assert!(help.text().contains(&format!("\n  {code}  ")), "exit code {code} is not explained: {}", help.text());
    }
    for verb in VERBS {
        let help = folder.blink(&format!("{verb} --help")).ok().quiet();
        assert!(help.text().contains("Usage: blink"), "{}", help.text());
    }
    let bare = folder.blink("").run().failed(2);
    assert!(bare.stdout.is_empty() && VERBS.iter().all(|verb| bare.stderr.contains(verb)), "{}", bare.stderr);
    folder.blink("frobnicate").run().misused().names(&["frobnicate"]);
}

#[test]
fn the_version_is_the_packages() {
    let version = Folder::new().blink("--version").ok().quiet();
    assert_eq!(version.text(), format!("blink {}\n", env!("CARGO_PKG_VERSION")));
}
