//! Code that is there and does nothing for the answer: what a start costs a guest by its size is measured with it.

pub(crate) fn stir(seed: u64) -> u64 {
    seed
}
