//! Heads of which any bit may be wrong: what is taken from them lies in them, whatever they say. Miri runs these too.

use super::*;
use crate::image::{CHECKSUM_OFFSET, READ, bytes_of};

const IMAGE_LEN: u64 = DATA_OFFSET + 2 * PAGE;
const LABEL: &[u8] = b"a label";
const PATHS: &[u8] = b"/first\0/second\0";

/// The bytes of a head, where a mapping would put them.
#[repr(align(8))]
#[derive(Clone, Copy)]
struct Bytes([u8; PAGE as usize]);

impl Bytes {
    /// A head that keeps every rule: three segments, two files, one range.
    fn sound() -> Bytes {
        let mut header: Header = read(&[0; size_of::<Header>()]).expect("enough bytes");
        (header.magic, header.version, header.head_len, header.image_len) = (MAGIC, VERSION, PAGE, IMAGE_LEN);
        (header.segments, header.files, header.ranges) = (3, 2, 1);
        (header.label_len, header.paths_len) = (LABEL.len() as u32, PATHS.len() as u32);
        let thread = &mut header.thread;
        thread.letter = ADDRESS_START;
        (thread.stack_pointer, thread.resume) = (ADDRESS_START, ADDRESS_START);
        (thread.fs_base, thread.tid_address) = (ADDRESS_START, ADDRESS_START);
        let segment = |index, source, offset, flags| Segment {
            start: ADDRESS_START + index * PAGE,
            len: PAGE,
            offset,
            source,
            flags,
        };
        let segments = [
            segment(0, ANONYMOUS, 0, READ | WRITE),
            segment(1, IMAGE, DATA_OFFSET, READ | WRITE),
            segment(2, FIRST_FILE + 1, 0, READ | EXECUTE),
        ];
        let file = |path| FileId { device: 1, inode: 2, len: 3 * PAGE - 1, modified: 4, modified_ns: 5, path };
        let range = Range { source: u64::from(FIRST_FILE), offset: PAGE, len: 2 * PAGE };

        let (mut bytes, mut at) = (Bytes([0; PAGE as usize]), 0);
        let mut put = |part: &[u8], len: usize| {
            bytes.0[at..at + part.len()].copy_from_slice(part);
            at += len;
        };
        put(bytes_of(&header), size_of::<Header>());
        put(LABEL, LABEL.len().next_multiple_of(8));
        segments.iter().for_each(|segment| put(bytes_of(segment), size_of::<Segment>()));
        [file(0), file(7)].iter().for_each(|file| put(bytes_of(file), size_of::<FileId>()));
        put(bytes_of(&range), size_of::<Range>());
        put(PATHS, PATHS.len());
        bytes.summed()
    }

    fn summed(mut self) -> Bytes {
        let sum = checksum::of_head(&self.0);
        self.0[CHECKSUM_OFFSET..][..8].copy_from_slice(&sum.to_ne_bytes());
        self
    }

    fn flipped(mut self, bit: usize) -> Bytes {
        self.0[bit / 8] ^= 1 << (bit % 8);
        self
    }

    fn head(&self) -> Result<Head<'_>, Refusal> {
        Head::of(&self.0, IMAGE_LEN)
    }
}

/// Bits of a head: every one, or, where an interpreter runs this, one of many.
fn bits() -> impl Iterator<Item = usize> {
    (0..PAGE as usize * 8).step_by(if cfg!(miri) { 997 } else { 1 })
}

#[test]
fn a_sound_one_is_taken_apart() {
    let bytes = Bytes::sound();
    let head = bytes.head().expect("it keeps the rules");
    assert_eq!((head.segments.len(), head.files.len(), head.ranges.len()), (3, 2, 1));
    assert_eq!((head.label, head.paths), (LABEL, PATHS));
    assert_eq!(head.path(&head.files[0]), Some(&b"/first\0"[..]));
    assert_eq!(head.path(&head.files[1]), Some(&b"/second\0"[..]));
}

#[test]
fn any_bit_is_found_by_the_sum() {
    let sound = Bytes::sound();
    for bit in bits() {
        assert!(sound.flipped(bit).head().is_err(), "bit {bit}");
    }
}

/// What has a right sum is believed only as far as the rules go.
#[test]
fn any_bit_may_be_wrong_where_the_sum_is_right() {
    let (sound, mut refused) = (Bytes::sound(), 0);
    for bit in bits() {
        let bytes = sound.flipped(bit).summed();
        let Ok(head) = bytes.head() else {
            refused += 1;
            continue;
        };
        let paths = head.files.iter().map(|file| head.path(file).expect("a checked path").len());
        assert!(paths.sum::<usize>() <= 2 * head.paths.len());
        assert!(head.label.len() + head.paths.len() + size_of_val(head.segments) <= bytes.0.len());
        let is_file = |segment: &&Segment| segment.source >= FIRST_FILE;
        let files = head.segments.iter().filter(is_file).map(|segment| segment.source - FIRST_FILE);
        assert!(files.into_iter().all(|index| (index as usize) < head.files.len()));
        assert!(head.segments.iter().all(|segment| segment.flags & EXECUTE == 0 || segment.source >= FIRST_FILE));
    }
    assert!(refused > 0);
}

#[test]
fn one_that_was_cut_is_refused() {
    let bytes = Bytes::sound();
    for len in (0..bytes.0.len()).step_by(if cfg!(miri) { 307 } else { 1 }) {
        assert!(Head::of(&bytes.0[..len], IMAGE_LEN).is_err(), "{len} bytes");
    }
}

/// It is used where it stands: elsewhere it is refused, not read at a wrong address.
#[test]
fn one_that_stands_askew_is_refused() {
    #[repr(align(8))]
    struct Askew([u8; PAGE as usize + 8]);
    let mut askew = Askew([0; PAGE as usize + 8]);
    for by in 1..8 {
        askew.0[by..][..PAGE as usize].copy_from_slice(&Bytes::sound().0);
        assert_eq!(Head::of(&askew.0[by..], IMAGE_LEN).map(|_| ()), Err(Refusal::Layout));
    }
}
