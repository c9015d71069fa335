//! What counts as a change: far enough to matter, and beyond chance.

use super::{Change, Pair, Row};
use crate::figure::{Figure, Unit};
use crate::statistics::{Derived, Difference, Interval, PERMUTATIONS, PermutationTest, Ratio, holm};

/// Chance may call a change where there is none in fewer comparisons than this share.
pub const SURE: f64 = 0.01;
/// Deals of a permutation test for each figure that is asked at once. The least p there is, corrected, is then a fifth
/// of [`SURE`], however many figures there are.
const PERMUTATIONS_EACH: usize = 500;
/// Counts that were the same in so many runs of each side have no noise.
const ENOUGH: usize = 3;

/// Judges all pairs at once.
pub(super) fn rows(pairs: Vec<Pair>, threshold: f64) -> Vec<Row> {
    let (judged, phases): (Vec<&Pair>, Vec<&Pair>) = pairs.iter().partition(|pair| is_judged(pair.figure));
    let permutations = |pairs: Vec<&Pair>| {
        let asked = pairs.iter().filter(|pair| !is_noiseless(pair)).count();
        PERMUTATIONS.max(asked.saturating_mul(PERMUTATIONS_EACH))
    };
    let (judged, phases) = (permutations(judged), permutations(phases));
    let mut rows: Vec<Row> =
        pairs.iter().map(|pair| row(pair, if is_judged(pair.figure) { judged } else { phases })).collect();
    correct(&mut rows, true);
    correct(&mut rows, false);
    for row in &mut rows {
        row.change = change(row, threshold);
    }
    rows
}

fn is_judged(figure: Figure) -> bool {
    !matches!(figure, Figure::Phase(_) | Figure::Pss | Figure::Private)
}

/// Whether it is a count that was the same in every run of its side. System calls are counted once.
fn is_noiseless(pair: &Pair) -> bool {
    let is_noiseless =
        |side: &Derived| side.is_constant() && (side.count() >= ENOUGH || pair.figure == Figure::Syscalls);
    pair.figure.unit() == Unit::Count && is_noiseless(&pair.old) && is_noiseless(&pair.new)
}

fn row(pair: &Pair, permutations: usize) -> Row {
    let Pair { way, state, figure, old, new } = pair;
    let is_finite = |ratio: &Ratio| ratio.interval.low.is_finite() && ratio.interval.high.is_finite();
    let ratio = if old.median() > 0.0 { Ratio::of_derived(new, old).filter(is_finite) } else { None };
    let test = if is_noiseless(pair) { None } else { PermutationTest::of_derived(old, new, permutations) };
    Row {
        way: way.clone(),
        state: *state,
        figure: *figure,
        unit: figure.unit(),
        is_judged: is_judged(*figure),
        counts: [old.count(), new.count()],
        old: old.median(),
        new: new.median(),
        difference: Difference::of_derived(new, old),
        ratio,
        p: test.map(|test| test.p),
        corrected_p: None,
        change: Change::Unclear,
    }
}

/// Corrects p of the rows that are judged, or of those that are not.
fn correct(rows: &mut [Row], is_judged: bool) {
    let asked: Vec<&mut Row> = rows.iter_mut().filter(|row| row.is_judged == is_judged && row.p.is_some()).collect();
    let corrected = holm(&asked.iter().filter_map(|row| row.p).collect::<Vec<_>>());
    for (row, p) in asked.into_iter().zip(corrected) {
        row.corrected_p = Some(p);
    }
}

fn change(row: &Row, threshold: f64) -> Change {
    let (floor, difference) = (floor(row.unit), row.difference);
    let is_far = row.ratio.is_none_or(|ratio| (ratio.ratio - 1.0).abs() > threshold);
    let is_beyond = is_far && difference.difference.abs() > floor;
    let is_sure = row.corrected_p.is_none_or(|p| p < SURE);
    if is_beyond && is_sure {
        return if difference.difference > 0.0 { Change::Worse } else { Change::Better };
    }
    let is_near = row.ratio.is_some_and(|ratio| lies_within(ratio.interval, 1.0 - threshold, 1.0 + threshold));
    if is_near || lies_within(difference.interval, -floor, floor) { Change::Same } else { Change::Unclear }
}

/// The greatest difference that nobody cares about.
fn floor(unit: Unit) -> f64 {
    match unit {
        Unit::Ms => 0.1,
        Unit::Bytes => f64::from(64 << 10),
        Unit::Count => 16.0,
        Unit::Times => 0.01,
    }
}

fn lies_within(Interval { low, high }: Interval, least: f64, most: f64) -> bool {
    least <= low && high <= most
}
