//! What chance deals out: seeded, so that the same samples always give the same answer.

use blink_examples::Random;

use super::between;

/// A number below `end`, which is not 0.
pub(super) fn below(random: &mut Random, end: usize) -> usize {
    ((u128::from(random.bits()) * end as u128) >> 64) as usize
}

/// The median of as many samples, drawn with replacement from `sorted`, which is not empty.
pub(super) fn drawn_median(random: &mut Random, sorted: &[f64]) -> f64 {
    // How often each was drawn says the same as the drawn in order, and nothing need be sorted.
    let mut drawn = vec![0_usize; sorted.len()];
    for _ in sorted {
        drawn[below(random, sorted.len())] += 1;
    }
    let at = |place: usize| {
        let mut passed = 0;
        let found = drawn.iter().position(|times| {
            passed += times;
            passed > place
        });
        sorted[found.unwrap_or(sorted.len() - 1)]
    };
    between(sorted.len(), 0.5, at)
}
