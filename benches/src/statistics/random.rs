//! [`Random`]: seeded numbers, so that the same samples always give the same answer.

use super::between;

/// The SplitMix64 generator.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// The median of as many samples, drawn with replacement from `sorted`, which is not empty.
    pub(super) fn median(&mut self, sorted: &[f64]) -> f64 {
        // How often each was drawn says the same as the drawn in order, and nothing need be sorted.
        let mut drawn = vec![0_usize; sorted.len()];
        for _ in sorted {
            drawn[self.below(sorted.len())] += 1;
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
}
