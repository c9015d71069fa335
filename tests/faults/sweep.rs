//! [`Operation`]: what a verb does, with each call of each kind failing once; and [`Tally`], what came of it.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

use crate::kind::Kind;
use crate::trial::{Outcome, Trial};

/// How many of the calls of a kind fail where nobody says otherwise, at most.
const MOST: u64 = 60;

/// An operation that can be run again and again.
pub(crate) struct Operation<'a> {
    /// What it is called in what is told.
    pub(crate) name: &'static str,
    /// Puts everything into the first state.
    pub(crate) reset: &'a dyn Fn(),
    /// It, to be run.
    pub(crate) command: &'a dyn Fn() -> Command,
    /// Checks what stands after a run: the old or the new. The words say which run it was.
    pub(crate) holds: &'a dyn Fn(Outcome, &str),
    /// What is left that does not belong there.
    pub(crate) left: &'a dyn Fn() -> Vec<String>,
    /// Whether ONNX Runtime is in the verb's own process: what it does not survive ends that, and no file is changed.
    pub(crate) in_engine: bool,
    /// What is done before it is run again, with nothing failing.
    pub(crate) before_next: &'a dyn Fn(),
    /// How many calls of a kind fail, in place of [`MOST`]: for operations that take long.
    pub(crate) most: Option<u64>,
}

/// How many runs ended in which way.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<Outcome, u64>);

impl Tally {
    /// One more.
    pub(crate) fn add(&mut self, outcome: Outcome) {
        *self.0.entry(outcome).or_default() += 1;
    }

    /// Tells of them on stderr, where the harness lets it through.
    pub(crate) fn tell(&self, name: &str, kind: Kind, calls: u64) {
        let of = |outcome| self.0.get(&outcome).copied().unwrap_or(0);
        let (errors, successes) = (of(Outcome::Error), of(Outcome::Success));
        let (aborts, crashes, not_started) = (of(Outcome::Abort), of(Outcome::Crash), of(Outcome::NotStarted));
        let all = errors + successes + aborts + crashes + not_started;
        let line = format!(
            "faults: {name}, {kind:?}: {all} of {calls} calls failed: {errors} errors, {successes} successes, \
             {aborts} aborts, {crashes} crashes, {not_started} not started\n"
        );
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

/// The numbers of the calls that are to fail, of so many: all, or the first, the last, and some between.
pub(crate) fn chosen(calls: u64, most: u64) -> Vec<u64> {
    let most = match std::env::var("BLINK_FAULTS").as_deref() {
        Ok("all") => u64::MAX,
        Ok(number) => number.parse().expect("BLINK_FAULTS is 'all' or a number"),
        Err(_) => most,
    };
    if calls <= most {
        return (1..=calls).collect();
    }
    let third = (most / 3).max(1);
    let (first, last) = (1..=third, calls - third + 1..=calls);
    let step = (calls - 2 * third).div_ceil(third).max(1);
    let between = (third + 1..=calls - third).step_by(usize::try_from(step).expect("a step"));
    first.chain(between).chain(last).collect()
}

impl Operation<'_> {
    /// Has the calls of each kind fail, one in each run.
    pub(crate) fn sweep(&self, kinds: &[Kind]) {
        for &kind in kinds {
            (self.reset)();
            let counted = Trial::run((self.command)(), kind, 0);
            assert!(counted.status.success(), "{}: {counted:?}", self.name);
            (self.holds)(Outcome::Success, "with nothing failing");
            let mut tally = Tally::default();
            for n in chosen(counted.calls, self.most.unwrap_or(MOST)) {
                tally.add(self.fail(kind, n));
            }
            tally.tell(self.name, kind, counted.calls);
        }
    }

    /// Has call number `n` fail, and runs it once more without.
    fn fail(&self, kind: Kind, n: u64) -> Outcome {
        (self.reset)();
        let trial = Trial::run((self.command)(), kind, n);
        let when = format!("{}, {kind:?} {n}: {trial:?}", self.name);
        let outcome = trial.outcome(kind, self.in_engine);
        (self.holds)(outcome, &when);
        let left = (self.left)();
        // Only what was ended where it stood may leave something, or what could not be removed: until the next run.
        (self.before_next)();
        let again = (self.command)().output().expect("it starts");
        assert!(again.status.success(), "after {when}: {again:?}");
        (self.holds)(Outcome::Success, &format!("after {when}"));
        assert_eq!((self.left)(), [""; 0], "after {when}, which left {left:?}");
        outcome
    }
}
