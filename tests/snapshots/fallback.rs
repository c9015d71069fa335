//! What is expected of every start for which there is no snapshot to use: the normal answer, the reason in every
//! place where one looks for it, and a failure for whoever wants no normal start.

use blink_runtime::{LaunchError, Launcher, Reason, Start, StartMode, WorkerError};

use crate::here::answers;
use crate::support::folder::Blink;
use crate::support::{home::Home, models};

/// `one` of `home` starts normally, for the reason of that name. Told by the library and by `blink`, which is the
/// program of `launcher`.
pub(crate) fn falls_back(home: &Home, launcher: &Launcher, name: &str, what: &str) {
    let before = launcher.counts();
    let mut worker = launcher.launch(&home.spec("one.blink", StartMode::Auto)).expect("a worker is launched");
    assert!(answers(&mut worker), "{what}: another answer");
    let Start::Normal { reason: Some(reason) } = worker.start().clone() else { panic!("{what}: {:?}", worker.start()) };
    assert_eq!(reason.name(), name, "{what}: {reason}");

    let mut after = launcher.counts();
    assert_eq!(after.normal, before.normal + 1, "{what}");
    let counted = after.reasons.insert(reason.name(), before.reasons.get(name).copied().unwrap_or(0));
    assert_eq!(counted, after.reasons.get(name).map(|count| count + 1), "{what}");
    assert!(after.reasons.iter().all(|(name, count)| *count == before.reasons.get(name).copied().unwrap_or(0)));

    let strict = strictly(home, launcher);
    assert_eq!(strict, Some(reason.clone()), "{what}");
    told(what, &reason, || home.blink("run one.blink --input x.npy"));
}

/// Why a start from the snapshot and from nothing else failed; `None` where it did not.
pub(crate) fn strictly(home: &Home, launcher: &Launcher) -> Option<Reason> {
    let mut worker = match launcher.launch(&home.spec("one.blink", StartMode::Snapshot)) {
        Err(LaunchError::NoSnapshot { reason, .. }) => return Some(reason),
        launched => launched.expect("a worker is launched"),
    };
    match worker.run(&[("x", models::x().view())]) {
        Err(WorkerError::NotRestored { reason }) => Some(reason),
        Err(error) => panic!("{error}"),
        Ok(_) => None,
    }
}

/// The run of `one` that `blink` makes starts normally and tells `reason`; with `--start snapshot` it fails with it.
pub(crate) fn told(what: &str, reason: &Reason, blink: impl Fn() -> Blink) {
    let reason = reason.to_string();
    let ended = blink().arg("--format").arg("json").ok();
    let report = ended.json("blink.run/1");
    assert_eq!((&report["start"], &report["start_reason"]), (&"normal".into(), &reason.clone().into()), "{what}");
    assert_eq!(report["outputs"][0]["values"], serde_json::json!([[5.0, 14.0], [0.5, 0.0]]), "{what}");
    assert!(ended.stderr.contains(&reason), "{what}: {}", ended.stderr);
    blink().arg("--start").arg("snapshot").refused(1).names(&[&reason]);
}

/// The run of `one` that `blink` makes starts from the snapshot.
pub(crate) fn is_used(blink: Blink) {
    let ended = blink.arg("--format").arg("json").ok().quiet();
    let report = ended.json("blink.run/1");
    assert_eq!((&report["start"], &report["start_reason"]), (&"snapshot".into(), &serde_json::Value::Null));
    assert_eq!(report["outputs"][0]["values"], serde_json::json!([[5.0, 14.0], [0.5, 0.0]]));
}
