//! [`Derived`]: a figure made of several sets of samples, each as unsure as it is.
//!
//! "Over" is cold less warm. Were the warm median taken for a constant, its own noise would look like a change of
//! every cold start alike, and any test would be sure of it. So each set is resampled and permuted by itself.

use blink_examples::Random;

use super::random::drawn_median;
use super::{at, sorted};

/// Sets of samples, and the figure that one value of each makes.
#[derive(Clone, Debug)]
pub struct Derived {
    /// Each in order; none is empty.
    sets: Vec<Vec<f64>>,
    combine: fn(&[f64]) -> f64,
}

impl Derived {
    /// The figure that `combine` makes of one value of each of `sets`, in their order. `None` where one is empty, or
    /// there is none.
    pub fn of(sets: Vec<Vec<f64>>, combine: fn(&[f64]) -> f64) -> Option<Derived> {
        let is_whole = !sets.is_empty() && sets.iter().all(|set| !set.is_empty());
        is_whole.then(|| Derived { sets: sets.iter().map(|set| sorted(set)).collect(), combine })
    }

    /// The figure that `samples` are themselves; `None` where there are none.
    pub fn plain(samples: &[f64]) -> Option<Derived> {
        Derived::of(vec![samples.to_vec()], |values| values[0])
    }

    /// The figure that the medians make.
    pub fn median(&self) -> f64 {
        self.combined(|set| at(set, 0.5))
    }

    /// How many samples the first set has: those that the figure is of.
    pub fn count(&self) -> usize {
        self.sets[0].len()
    }

    /// Whether it is of one set, in which all samples are the same.
    pub fn is_constant(&self) -> bool {
        self.sets.len() == 1 && self.sets[0].first() == self.sets[0].last()
    }

    /// The sets, each in order.
    pub(super) fn sets(&self) -> &[Vec<f64>] {
        &self.sets
    }

    /// The figure that `values` make, one of each set.
    pub(super) fn combine(&self, values: &[f64]) -> f64 {
        (self.combine)(values)
    }

    /// The figure that the medians of resampled sets make.
    pub(super) fn resampled(&self, random: &mut Random) -> f64 {
        self.combined(|set| drawn_median(random, set))
    }

    fn combined(&self, of: impl FnMut(&Vec<f64>) -> f64) -> f64 {
        let values: Vec<f64> = self.sets.iter().map(of).collect();
        self.combine(&values)
    }
}
