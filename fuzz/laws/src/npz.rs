//! NumPy's npz archives: the tensors that were read are the same when they were written and read again.
//!
//! Each archive is read twice: as it is, and with the sums of its stored entries made right, since few changed archives
//! would get past them.

use std::io::Cursor;
use std::ops::Range;

use blink_tensors::npz::{Limits, decode_as, encode};

use crate::npy::{holds, same};
use crate::{Outcome, crc32};

/// Small, so that an archive that passes them is known to have been stopped.
const LIMITS: Limits = Limits { entries: 64, entry_bytes: 1 << 20, total_bytes: 2 << 20 };

/// Checks an archive.
pub fn check(archive: &[u8]) -> Outcome {
    let plain = read(archive);
    read(&summed(archive)).or(plain)
}

fn read(archive: &[u8]) -> Outcome {
    let tensors = match decode_as(archive, LIMITS, |_| None) {
        Ok(tensors) => tensors,
        Err(error) => return Outcome::refused(&error),
    };
    assert!(tensors.len() <= LIMITS.entries);
    for (name, tensor) in &tensors {
        assert!(!name.is_empty());
        holds(tensor.view(), LIMITS.entry_bytes as usize);
    }
    let views: Vec<_> = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.view())).collect();
    let mut written = Cursor::new(Vec::new());
    encode(&views, &mut written).expect("what is read from an archive can be written to one");
    let dtype = |name: &str| views.iter().find(|(given, _)| given == name).map(|(_, view)| view.dtype());
    let again = decode_as(written.get_ref(), Limits::default(), dtype).expect("what was written can be read");
    assert_eq!(again.len(), tensors.len());
    for ((name, tensor), (name_again, tensor_again)) in tensors.iter().zip(&again) {
        assert_eq!(name, name_again);
        same(tensor.view(), tensor_again.view());
    }
    Outcome::Taken
}

/// The archive with the sums and lengths of its stored entries made right, as far as they are where they should be.
fn summed(archive: &[u8]) -> Vec<u8> {
    let mut bytes = archive.to_vec();
    let heads: Vec<usize> =
        archive.windows(4).enumerate().filter(|(_, w)| w == b"PK\x01\x02").map(|(at, _)| at).collect();
    for head in heads.into_iter().take(LIMITS.entries + 1) {
        let _ = sum_entry(&mut bytes, head);
    }
    bytes
}

/// `None` where the entry whose central record begins at `head` is not stored, or not whole.
fn sum_entry(bytes: &mut [u8], head: usize) -> Option<()> {
    const STORED: [u8; 2] = [0, 0];
    if bytes.get(head + 10..head + 12)? != STORED {
        return None;
    }
    let len = number(bytes, head + 20..head + 24)?;
    let local = number(bytes, head + 42..head + 46)?;
    let names = number(bytes, local + 26..local + 28)? + number(bytes, local + 28..local + 30)?;
    let data = local + 30 + names;
    let sum = crc32::of(bytes.get(data..data.checked_add(len)?)?).to_le_bytes();
    bytes.get_mut(local + 14..local + 18)?.copy_from_slice(&sum);
    bytes.get_mut(head + 16..head + 20)?.copy_from_slice(&sum);
    let len = u32::try_from(len).ok()?.to_le_bytes();
    bytes.get_mut(local + 22..local + 26)?.copy_from_slice(&len);
    bytes.get_mut(head + 24..head + 28)?.copy_from_slice(&len);
    Some(())
}

/// A little-endian number of at most 4 bytes.
fn number(bytes: &[u8], place: Range<usize>) -> Option<usize> {
    Some(bytes.get(place)?.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
}
