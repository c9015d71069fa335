//! Where a process finds less than it is used to: nothing that can be written, no shared memory, little address space.
//! And numbers that are none.

use std::process::{Command, Output};

use blink_examples::values;
use blink_tensors::npy;

use crate::server::Server;
use crate::support::home::Home;
use crate::support::models;

const RUN: &str = "run one.blink --input x.npy --format json";

/// Runs `blink` after `script` in mounts of its own; `None` where this user cannot mount, which is said.
fn among_mounts(home: &Home, script: &str, line: &str) -> Option<Output> {
    if !Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: {script}, since this user cannot mount (unshare -m)");
        return None;
    }
    let blink = home.blink(line).by(&format!("{script} && exec \"$0\" \"$@\"")).into_command();
    let mut command = Command::new("unshare");
    command.arg("-m").arg(blink.get_program()).args(blink.get_args()).current_dir(home.folder.path(""));
    command.envs(blink.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Some(command.output().expect("unshare starts"))
}

/// A run that has answered rightly; how it was started.
fn started(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["outputs"][0]["values"], serde_json::json!([[5.0, 14.0], [0.5, 0.0]]));
    report["start"].as_str().expect("a word").to_owned()
}

#[test]
fn a_root_that_is_read_only() {
    const SCRIPT: &str = "mount -o remount,bind,ro /";
    let home = Home::of(models::compiled_one());
    let run = |start: &str| among_mounts(&home, SCRIPT, &format!("{RUN} --start {start}"));
    let Some(output) = run("normal") else { return };
    assert_eq!(started(&output), "normal");
    home.warm("one.blink");
    assert_eq!(started(&run("snapshot").expect("as before")), "snapshot");
    let names = home.folder.names();
    for line in ["warm one.blink", "compile one.onnx -o two.blink", "compile one.onnx -o one.blink", "keygen -o key"] {
        let output = among_mounts(&home, SCRIPT, line).expect("as before");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{line}: {said}");
        let is_one_line = said.starts_with("blink: ") && said.lines().count() == 1;
        assert!(is_one_line && said.contains("Read-only file system"), "{line}: {said}");
    }
    assert_eq!(home.folder.names(), names);
}

/// Memory that processes share has no name, so it needs no place.
#[test]
fn no_place_for_shared_memory() {
    const SCRIPT: &str = "mount -t tmpfs little /dev && mknod -m 666 /dev/null c 1 3 && test ! -e /dev/shm";
    let home = Home::of(models::compiled_one());
    home.warm("one.blink");
    for start in ["normal", "snapshot"] {
        let Some(output) = among_mounts(&home, SCRIPT, &format!("{RUN} --start {start}")) else { return };
        assert_eq!(started(&output), start);
    }
}

#[test]
fn half_a_gibibyte_of_address_space() {
    const SCRIPT: &str = "ulimit -v 524288; exec \"$0\" \"$@\"";
    let home = Home::of(models::compiled_one());
    for line in [RUN, "warm one.blink", "compile one.onnx -o two.blink", "verify one.blink"] {
        let output = home.blink(line).by(SCRIPT).into_command().output().expect("sh starts");
        let said = String::from_utf8_lossy(&output.stderr);
        let is_told = said.lines().last().is_some_and(|line| line.starts_with("blink: "));
        assert!(output.status.success() || (output.status.code() < Some(8) && is_told), "{line}: {output:?}");
    }
    std::fs::create_dir(home.folder.path("models")).expect("the folder is ours");
    std::fs::copy(home.folder.path("one.blink"), home.folder.path("models/one.blink")).expect("room");
    let line = "serve models --http 127.0.0.1:0 --grpc none --warm never --workers 0..1";
    let server = Server::spawn(home.blink(line).by(SCRIPT).into_command());
    server.ready();
    for _ in 0..3 {
        let body = format!(r#"{{"inputs":[{{"name":"x","shape":[2,3],"datatype":"FP32","data":{:?}}}]}}"#, models::X);
        let reply = server.infer("one", body);
        match reply.status {
            200 => assert_eq!(reply.json()["outputs"][0]["data"], serde_json::json!(models::Y)),
            status => reply.refused(status, &[]),
        }
        assert_eq!(server.get("/v2/health/live").status, 200);
    }
    server.end();
}

/// They come out as arithmetic has them, by each start, and leave the worker as it was.
#[test]
fn numbers_that_are_none() {
    let home = Home::of(models::compiled_one());
    home.warm("one.blink");
    let (inf, tiny) = (f32::INFINITY, f32::from_bits(3));
    let rows = [
        ([f32::NAN, 1.0, 2.0], [f32::NAN, f32::NAN]),
        ([0.0, inf, 1.0], [inf, inf]),
        ([0.0, -inf, inf], [f32::NAN, f32::NAN]),
        ([inf, 0.0, 0.0], [f32::NAN, inf]),
        // No bit of it is lost.
        ([0.0, tiny, 0.0], [tiny, 2.0 * tiny]),
        ([0.0, f32::MAX, f32::MAX], [inf, inf]),
    ];
    let given: Vec<f32> = rows.iter().flat_map(|(row, _)| *row).collect();
    home.folder.npy("odd.npy", &values(&[rows.len(), 3], &given));
    for start in ["normal", "snapshot"] {
        home.blink(&format!("run one.blink --input odd.npy --output odd-{start}.npy --start {start}")).ok();
        let answer = npy::decode(&home.folder.read(&format!("odd-{start}.npy"))).expect("an npy file");
        let bytes = answer.view().bytes().expect("numbers");
        let found = bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")));
        for (found, expected) in found.zip(rows.iter().flat_map(|(_, row)| *row)) {
            let same = found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan());
            assert!(same, "{start}: {found:e}, expected {expected:e}");
        }
    }
}
