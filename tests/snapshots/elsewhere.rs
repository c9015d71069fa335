//! Where no worker can be parked, `warm` says so, and every start is a normal one.

use crate::support::{home::Home, models};

#[test]
fn there_are_no_snapshots_and_that_is_said() {
    let home = Home::of(models::compiled_one());
    home.blink("warm one.blink").refused(1).names(&["x86-64 Linux only"]);
    let told = home.blink("run one.blink --input x.npy --format json").ok().json("blink.run/1");
    assert_eq!(told["start"], "normal");
    assert_eq!(home.images(), [""; 0].map(std::path::PathBuf::from));
}
