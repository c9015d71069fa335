//! Code that is there and does nothing for the answer: what a guest's size costs a start is measured with it.
//!
//! Each piece has constants, branches and accesses of its own. A table of them is indexed by what an argument says, so
//! that none can be left out or merged with another.

/// One piece of code.
pub type Piece = fn(u64, &mut [u64; 16]) -> u64;

/// A table of 64 pieces for each number, as rows of 16. Numbers make pieces differ.
#[macro_export]
macro_rules! ballast {
    ($($block:literal)*) => {
        [$(
            $crate::ballast!(row 64 * $block; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15),
            $crate::ballast!(row 64 * $block + 16; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15),
            $crate::ballast!(row 64 * $block + 32; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15),
            $crate::ballast!(row 64 * $block + 48; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15),
        )*]
    };
    (row $at:expr; $($number:literal)*) => {
        [$($crate::ballast::piece::<{ $at + $number }> as $crate::ballast::Piece),*]
    };
}

/// Calls the piece that `seed` chooses, and gives what it made of it; `None` where there is none.
pub(crate) fn stir(pieces: &[Piece], seed: u64) -> Option<u64> {
    let chosen = seed.checked_rem(pieces.len() as u64)?;
    Some(pieces[chosen as usize](seed, &mut [seed; 16]))
}

/// A constant of each piece and round, by the mixing of SplitMix64.
const fn constant(piece: u64, round: u64) -> u64 {
    let mut x = (64 * piece + round).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A piece: sixteen rounds over a word and a table, of about 1.4 KB.
#[inline(never)]
pub fn piece<const PIECE: u64>(mut x: u64, table: &mut [u64; 16]) -> u64 {
    macro_rules! rounds {
        ($($number:literal)*) => {$(
            let key = const { constant(PIECE, $number) };
            x = (x ^ key).rotate_left((key & 31) as u32 + 1);
            if x & (1 << (key >> 58)) == 0 {
                table[(key >> 8) as usize % 16] ^= x.wrapping_mul(key | 1);
            } else {
                x = x.wrapping_add(table[(x >> 7) as usize % 16]);
            }
        )*};
    }
    rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    x
}
