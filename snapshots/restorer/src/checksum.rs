//! The sum over an image's head: FNV-1a (Fowler, Noll, Vo) over 64-bit words instead of bytes.
//!
//! Each step is a bijection of the sum so far and of the word, so that two inputs that differ in one word always have
//! different sums. It guards against damage. It is no signature: who can write images can write sums.

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The sum of `bytes`, little-endian words; a last word that is cut short is filled with zeros.
pub fn sum(bytes: &[u8]) -> u64 {
    proceed(BASIS, bytes)
}

/// The sum of an image's head, with the eight bytes of its own field taken as zero.
pub fn of_head(head: &[u8]) -> u64 {
    let field = crate::image::CHECKSUM_OFFSET;
    if head.len() < field + 8 {
        return sum(head);
    }
    let (before, rest) = head.split_at(field);
    proceed(proceed(proceed(BASIS, before), &[0; 8]), &rest[8..])
}

fn proceed(sum: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(sum, |sum, word| step(sum, u64::from_le_bytes(*word)));
    if rest.is_empty() {
        return sum;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    step(sum, u64::from_le_bytes(last))
}

const fn step(sum: u64, word: u64) -> u64 {
    // The high bits of a product do not reach its low bits: they are brought down.
    let mixed = (sum ^ word).wrapping_mul(PRIME);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_counts() {
        let mut bytes = [0u8; 24];
        let first = sum(&bytes);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(sum(&bytes), first);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn the_order_of_words_counts() {
        let (mut one, mut other) = ([0u8; 16], [0u8; 16]);
        (one[0], other[8]) = (1, 1);
        assert_ne!(sum(&one), sum(&other));
        assert_ne!(sum(&one[..9]), sum(&one[..8]));
    }
}
