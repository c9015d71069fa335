//! No bit of a head can be flipped: an image that lost one is not restored.

use blink_restorer::image::Head as Checked;
use blink_runtime::Reason;
use blink_snapshots::store::Store;
use blink_tensors::AlignedBuffer;

use crate::fallback::strictly;
use crate::head::{Head, overwrite};
use crate::here::{restored, warmed_one};

/// So many bits from one that is tried on the restorer itself to the next; a prime, to meet every place of a word.
const STRIDE: usize = 251;

#[test]
fn each_is_missed_by_the_check_of_the_head() {
    let (_home, warmed) = warmed_one();
    let image = std::fs::read(&warmed.path).expect("the image");
    let (len, header) = (image.len() as u64, Head::read(&image).header);
    let mut head = AlignedBuffer::from(&image[..header.head_len as usize]);
    assert!(Checked::of(&head, len).is_ok());
    let bits = head.len() * 8;
    for bit in 0..bits {
        head[bit / 8] ^= 1 << (bit % 8);
        assert!(Checked::of(&head, len).is_err(), "bit {bit} of {bits}");
        head[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(Checked::of(&head, len).is_ok() && bits > 8 * 4096);
}

#[test]
fn the_restorer_itself_runs_none_of_them() {
    let (home, warmed) = warmed_one();
    let image = std::fs::read(&warmed.path).expect("the image");
    let head_len = Head::read(&image).header.head_len as usize;
    let launcher = home.launcher();
    let flip = |bit: usize, mask: u8| overwrite(&warmed.path, (bit / 8) as u64, &[image[bit / 8] ^ mask]);
    // Each field of the first lines, and then one bit in so many.
    let first = (0..64).map(|word| word * 64);
    let bits: Vec<_> = first.chain((0..head_len * 8).step_by(STRIDE)).collect();
    assert!(bits.len() > 300, "{}", bits.len());
    for &bit in &bits {
        flip(bit, 1 << (bit % 8));
        match strictly(&home, &launcher) {
            Some(Reason::Damaged { .. } | Reason::Format { .. } | Reason::OtherKey) => {}
            other => panic!("bit {bit}: {other:?}"),
        }
        flip(bit, 0);
    }
    assert_eq!(launcher.counts().normal, 0);
    restored(&home);
}

/// What lists snapshots judges them by the same check.
#[test]
fn the_list_shows_none_of_them_as_valid() {
    let (home, warmed) = warmed_one();
    let image = std::fs::read(&warmed.path).expect("the image");
    let store = Store::new(home.snapshots());
    let is_valid = || store.list().expect("the directory").iter().all(|entry| entry.verdict.is_ok());
    assert!(is_valid());
    for byte in (0..Head::read(&image).header.head_len as usize).step_by(STRIDE) {
        overwrite(&warmed.path, byte as u64, &[image[byte] ^ 1]);
        assert!(!is_valid(), "byte {byte}");
        overwrite(&warmed.path, byte as u64, &[image[byte]]);
    }
    assert!(is_valid());
}
