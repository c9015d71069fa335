//! The head of an image: whatever is accepted keeps to the addresses and files that it may use.
//!
//! Each head is checked twice: as it is, and with the sum made right, since no changed head gets past it. An image is
//! taken to be as long as its head says.

use blink_restorer::checksum;
use blink_restorer::image::{
    ADDRESS_END, ADDRESS_START, ANONYMOUS, CHECKSUM_OFFSET, DATA_OFFSET, EXECUTE, FIRST_FILE, Head, Header, IMAGE,
    MAX_FILES, PAGE, PATH_MAX, Range, SHARED, Segment, WRITE, read,
};
use blink_restorer::refusal::Refusal;
use blink_tensors::AlignedBuffer;

use crate::Outcome;

/// Checks the head that `bytes` begin with.
pub fn check(bytes: &[u8]) -> Outcome {
    let plain = judge(bytes);
    judge(&summed(bytes)).or(plain)
}

fn judge(bytes: &[u8]) -> Outcome {
    let image_len = read(bytes).map_or(0, |header: Header| header.image_len);
    let bytes = AlignedBuffer::from(bytes);
    let head = match Head::of(&bytes, image_len) {
        Ok(head) => head,
        Err(refusal) => {
            let refused_for_its_form =
                matches!(refusal, Refusal::NotAnImage | Refusal::Version(_) | Refusal::Checksum | Refusal::Layout);
            assert!(refused_for_its_form, "{refusal:?} is nothing that a head alone can tell");
            return Outcome::Refused;
        }
    };
    assert_eq!(Head::of(&bytes, image_len.wrapping_add(1)).err(), Some(Refusal::NotAnImage));
    assert!(head.header.head_len <= DATA_OFFSET && head.header.head_len as usize <= bytes.len());
    assert!(head.files.len() <= MAX_FILES);
    head.segments.iter().for_each(|segment| keeps_to_its_place(&head, segment));
    head.ranges.iter().for_each(|range| lies_in_its_file(&head, range));
    for file in head.files {
        let path = head.path(file).expect("a file without a path");
        assert!(
            path.len() > 1 && path.len() <= PATH_MAX && path.iter().position(|&byte| byte == 0) == Some(path.len() - 1)
        );
    }
    for [start, len] in head.header.vdso.mappings {
        assert!(len == 0 || is_of_a_user(start, len));
    }
    let thread = &head.header.thread;
    for address in [thread.resume, thread.stack_pointer, thread.letter, thread.fs_base, thread.tid_address] {
        assert!((ADDRESS_START..ADDRESS_END).contains(&address));
    }
    Outcome::Taken
}

fn is_of_a_user(start: u64, len: u64) -> bool {
    let end = u128::from(start) + u128::from(len);
    start >= ADDRESS_START && end <= u128::from(ADDRESS_END) && start.is_multiple_of(PAGE) && len.is_multiple_of(PAGE)
}

fn keeps_to_its_place(head: &Head<'_>, segment: &Segment) {
    assert!(segment.len > 0 && is_of_a_user(segment.start, segment.len) && segment.offset.is_multiple_of(PAGE));
    let end = u128::from(segment.offset) + u128::from(segment.len);
    match segment.source {
        ANONYMOUS => assert_eq!(segment.flags & (EXECUTE | SHARED), 0),
        IMAGE => {
            assert_eq!(segment.flags & (EXECUTE | SHARED), 0);
            assert!(segment.offset >= DATA_OFFSET && end <= u128::from(head.header.image_len));
        }
        file => {
            assert!(((file - FIRST_FILE) as usize) < head.files.len());
            assert_ne!(segment.flags & (WRITE | SHARED), WRITE | SHARED);
        }
    }
}

fn lies_in_its_file(head: &Head<'_>, range: &Range) {
    let end = u128::from(range.offset) + u128::from(range.len);
    let len = match range.source - u64::from(IMAGE) {
        0 => head.header.image_len,
        file => head.files[file as usize - 1].len,
    };
    assert!(end <= u128::from(len).next_multiple_of(u128::from(PAGE)));
}

/// The head with its length no longer than it is, and its sum made right.
fn summed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let Some(header) = read::<Header>(&bytes) else { return bytes };
    let place = std::mem::offset_of!(Header, head_len);
    let len = (bytes.len() as u64).min(header.head_len).max(size_of::<Header>() as u64);
    bytes[place..place + 8].copy_from_slice(&len.to_ne_bytes());
    let sum = checksum::of_head(&bytes[..len as usize]);
    bytes[CHECKSUM_OFFSET..CHECKSUM_OFFSET + 8].copy_from_slice(&sum.to_ne_bytes());
    bytes
}
