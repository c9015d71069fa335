//! The pieces of words that a text is made of, and their numbers.
//!
//! Read once: by the initialiser, when a compiler runs it, so that a start finds the table ready; by the first word
//! otherwise. The table hashes without a random seed, so that it is the same wherever it was made.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;

/// A piece a line; its number is that of its line, from 0.
const LINES: &str = include_str!("../vocabulary.txt");

static VOCABULARY: OnceLock<Vocabulary> = OnceLock::new();

type Table = HashMap<&'static str, i64, BuildHasherDefault<Fnv>>;

/// Pieces by what they are.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// Pieces that a word begins with.
    begin: Table,
    /// Pieces that go on with a word, without the `##` before them.
    inner: Table,
}

impl Vocabulary {
    /// What stands for a piece that is in no table.
    pub(crate) const UNKNOWN: i64 = 1;
    /// What a text begins with.
    pub(crate) const BEGIN: i64 = 2;
    /// What a text ends with.
    pub(crate) const END: i64 = 3;

    /// The one vocabulary.
    pub(crate) fn get() -> &'static Vocabulary {
        VOCABULARY.get_or_init(Vocabulary::read)
    }

    fn read() -> Vocabulary {
        let mut vocabulary = Vocabulary { begin: Table::default(), inner: Table::default() };
        for (number, line) in (0..).zip(LINES.lines()) {
            match line.strip_prefix("##") {
                Some(inner) => vocabulary.inner.insert(inner, number),
                None => vocabulary.begin.insert(line, number),
            };
        }
        vocabulary
    }

    /// The number of a piece, at the begin of a word or inside it.
    pub(crate) fn number(&self, piece: &str, inside: bool) -> Option<i64> {
        if inside { self.inner.get(piece).copied() } else { self.begin.get(piece).copied() }
    }
}

/// FNV-1a, 64 bits: short words, no seed.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
