//! `--budget`: kept, broken, and what was not measured.

use crate::here::{FEW, home};

#[test]
fn kept_budgets_are_shown_and_broken_ones_end_with_three() {
    let home = home();
    let bench = |budgets: &str| home.blink(&format!("bench one.blink {FEW} {budgets} -o new.json")).run();
    let kept =
        bench("--budget p95<60s --budget faults<1000000 --budget snapshot/normal<100 --budget normal:pss<=1GiB").ok();
    assert_eq!(kept.text().matches("kept  ").count(), 4, "{}", kept.text());
    let broken = bench("--budget p50<1us --budget cold<60s").failed(3);
    assert!(broken.text().contains("BROKEN  p50<1us") && broken.stderr.contains("1 of 2 budgets"), "{}", broken.text());
    // The measurement is there all the same, with the verdict in it.
    let written: serde_json::Value = serde_json::from_slice(&home.folder.read("new.json")).unwrap();
    assert_eq!((&written["budgets"][0]["kept"], &written["budgets"][1]["kept"]), (&false.into(), &true.into()));
}

#[test]
fn what_was_not_measured_breaks_its_budget() {
    let home = home();
    let bench = |budget: &str| home.blink(&format!("bench one.blink {FEW} --budget {budget}")).run();
    for budget in ["normal@disk:p50<60s", "python:p50<60s", "restore.max<60s@normal", "session<60s"] {
        let ended = bench(budget);
        if budget.ends_with("@normal") {
            ended.misused();
        } else {
            let ended = ended.failed(3);
            assert!(ended.text().contains(&format!("BROKEN  {budget}")), "{}", ended.text());
        }
    }
}

#[test]
fn a_budget_that_means_nothing_is_refused() {
    let home = home();
    for budget in
        ["p50", "p50<", "p50<60", "p50<60MB", "faults<3ms", "pace<1ms", "p50>1ms", "p101<1ms", "a/b<1ms", "<1ms"]
    {
        home.blink("bench one.blink --budget").arg(budget).run().misused();
    }
}
