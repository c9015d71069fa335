//! `blink bench ab`: two builds, each with its own launcher.

use crate::here::{FEW, home, runs, ways};
use crate::support::folder::BLINK;

#[test]
fn two_builds_take_turns_and_the_same_one_is_no_regression() {
    let home = home();
    std::fs::copy(BLINK, home.folder.path("blink-old")).unwrap();
    let ended = home.blink(&format!("bench ab --base ./blink-old one.blink {FEW} -o ab.json")).ok();
    let written: serde_json::Value = serde_json::from_slice(&home.folder.read("ab.json")).unwrap();
    assert_eq!(ways(&written), ["base-snapshot", "base-normal", "new-snapshot", "new-normal"]);
    assert_eq!(runs(&written, "base-normal", "hot").len(), 3);
    assert!(ended.text().contains("base-snapshot") && ended.text().contains("new-normal"), "{}", ended.text());
    let cache: Vec<_> = std::fs::read_dir(home.folder.path("cache")).unwrap().collect();
    assert!(cache.is_empty(), "{cache:?}");
}

#[test]
fn what_is_no_build_is_refused() {
    let home = home();
    let ab = |base: &str| home.blink(&format!("bench ab one.blink {FEW} --base {base}")).run().failed(1);
    let missing = ab("./none");
    assert!(missing.stderr.contains("base (./none) cannot be started"), "{}", missing.stderr);
    home.folder.write("old.sh", "#!/bin/sh\nexit 2\n");
    home.folder.write("other.sh", "#!/bin/sh\necho '{\"ready\":{\"protocol\":99}}'\n");
    for name in ["old.sh", "other.sh"] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(home.folder.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let old = ab("./old.sh");
    assert!(old.stderr.contains("ended before it was ready"), "{}", old.stderr);
    let other = ab("./other.sh");
    assert!(other.stderr.contains("another protocol"), "{}", other.stderr);
}

#[test]
fn an_artifact_that_cannot_be_measured_ends_with_its_own_code() {
    let home = home();
    let ended = home.blink(&format!("bench ab one.blink {FEW} --model two --base")).arg(BLINK).run().failed(2);
    assert!(ended.stderr.contains("base: "), "{}", ended.stderr);
}
