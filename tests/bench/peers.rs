//! `--against`: any command, started as it is.

use crate::here::{FEW, home, left_out, measure, runs, ways};

#[test]
fn a_peer_takes_its_turns_and_gets_inputs_and_threads() {
    let home = home();
    home.folder.blink("run one.blink --input x.npy -o y.npy").ok();
    home.folder.write("peer.sh", "echo \"$@\" > words; sleep 0.01; cat y.npy");
    let bench = format!("bench one.blink {FEW} --input x.npy --threads 1 --format json");
    let ended = home.blink(&bench).args(["--against", "slow=sh peer.sh {threads} {inputs} 'a b'"]).ok();
    let measurement = ended.json("blink.bench/1");
    assert_eq!(ways(&measurement), ["snapshot", "normal", "slow"]);
    let words = String::from_utf8(home.folder.read("words")).unwrap();
    assert!(words.starts_with("1 --input x=/") && words.ends_with(".npy a b\n"), "{words}");
    let found = runs(&measurement, "slow", "hot");
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|run| run["cold_ms"].as_f64().unwrap() >= 10.0), "{found:?}");
    let slow = &measurement["ways"][2];
    assert_eq!((&slow["kind"]["kind"], &slow["difference"]), (&"peer".into(), &0.0.into()));
    assert_eq!(slow["kind"]["command"], "sh peer.sh {threads} {inputs} 'a b'");
    assert!(slow["syscalls"].as_u64().unwrap() > 10);
    assert_eq!(left_out(&measurement), "[]");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let home = home();
    let measurement = measure(&home, "--against date=true --against=echo");
    assert_eq!(ways(&measurement), ["snapshot", "normal", "date", "echo"]);
    assert!(measurement["ways"][2]["difference"].is_null());
    let left_out = left_out(&measurement);
    assert!(
        left_out.contains("whether date gives the right answer") && left_out.contains("whether echo"),
        "{left_out}"
    );
}

#[test]
fn a_peer_that_fails_ends_the_bench() {
    let home = home();
    let bench = |against: &str| home.blink(&format!("bench one.blink {FEW}")).args(["--against", against]).run();
    let failed = bench("no=sh -c 'echo because >&2; exit 3'").failed(1);
    assert!(failed.stderr.contains("because") && failed.stderr.contains("exit status: 3"), "{}", failed.stderr);
    let missing = bench("./no-such-program").failed(1);
    assert!(missing.stderr.contains("no-such-program"), "{}", missing.stderr);
    bench("a 'quote").misused().names(&["quote"]);
    bench("normal=true").misused().names(&["a way of our own"]);
    let twice = home.blink(&format!("bench one.blink {FEW} --against true --against true")).run().failed(2);
    assert!(twice.stderr.contains("two ways are called 'true'"), "{}", twice.stderr);
}
