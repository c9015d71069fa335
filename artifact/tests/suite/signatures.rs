//! What a signature holds and what it does not: each way to change a signed artifact, and who notices.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use blink_artifact::signature::{PublicKey, SecretKey, SignError, SignatureError, sign};
use blink_artifact::{Artifact, OpenError};

use crate::support::*;

fn checked(image: &Image, key: &PublicKey) -> Result<(), SignatureError> {
    image.open().expect("it opens").verify_signature(key)
}

#[test]
fn only_the_key_that_has_signed_is_taken() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.blink");
    unsigned(&path);
    let artifact = Artifact::open(&path).unwrap();
    assert_eq!(artifact.verify_signature(key().public()), Err(SignatureError::Unsigned));
    let artifact = Artifact::open(signed(home.path())).unwrap();
    assert_eq!(artifact.verify_signature(key().public()), Ok(()));
    let (found, expected) = (key().public().id(), other_key().public().id());
    let refused = artifact.verify_signature(other_key().public());
    assert_eq!(refused, Err(SignatureError::OtherKey { found, expected }));
}

#[test]
fn every_bit_of_the_block_is_refused_or_the_signature_does_not_hold() {
    let home = tempfile::tempdir().unwrap();
    let whole = Image(fs::read(signed(home.path())).unwrap());
    let key = key();
    assert_eq!(checked(&whole, key.public()), Ok(()));
    for bit in 128 * 8..256 * 8 {
        let mut image = whole.clone();
        image.0[bit / 8] ^= 1 << (bit % 8);
        match (bit / 8, image.open()) {
            (136..144, Ok(artifact)) => {
                let refused = artifact.verify_signature(key.public());
                assert!(matches!(refused, Err(SignatureError::OtherKey { .. })), "bit {bit}: {refused:?}");
            }
            (144..208, Ok(artifact)) => {
                let wrong = Err(SignatureError::Wrong { key: key.public().id() });
                assert_eq!(artifact.verify_signature(key.public()), wrong, "bit {bit}");
            }
            (at, opened) => {
                opened.expect_err(&format!("bit {bit} was accepted"));
                assert!(!(136..208).contains(&at), "bit {bit}");
            }
        }
    }
}

#[test]
fn what_the_structure_hash_covers_cannot_be_changed() {
    let home = tempfile::tempdir().unwrap();
    let whole = Image(fs::read(signed(home.path())).unwrap());
    let wrong = Err(SignatureError::Wrong { key: key().public().id() });
    // Another host class and another version of ONNX Runtime: both possible, and the hash was made to fit.
    assert_eq!(checked(&whole.clone().with_header(32, 1), key().public()), wrong);
    assert_eq!(checked(&whole.clone().with_header(40, 0x0020_0001), key().public()), wrong);
    // The hash of the weights in the table: other weights.
    assert_eq!(checked(&whole.clone().with_entry(3, Field::Hash, &[9; 32]), key().public()), wrong);
    // The signature of one artifact on another.
    let mut other = Image::with_guest();
    other.put(128, &whole.0[128..256]);
    assert_eq!(checked(&other, key().public()), wrong);
}

#[test]
fn sections_and_gaps_are_held_through_their_hashes() {
    let home = tempfile::tempdir().unwrap();
    let whole = Image(fs::read(signed(home.path())).unwrap());
    let sections = whole.open().unwrap().sections().to_vec();
    for section in &sections[1..] {
        let mut image = whole.clone();
        image.0[section.offset as usize] ^= 1;
        // The signature speaks of the hashes; whoever asks for it asks for them too.
        refused!(image.open().and_then(|artifact| artifact.verify(|_| ())), OpenError::SectionHash { .. });
    }
    let mut image = whole.clone();
    let gap = sections[0].end() as usize;
    image.0[gap] = 1;
    refused!(image.open().and_then(|artifact| artifact.verify(|_| ())), OpenError::PaddingByte { .. });
}

#[test]
fn the_key_id_is_signed_too() {
    // As if another key had the same signature: nobody can have moved it there.
    let home = tempfile::tempdir().unwrap();
    let mut image = Image(fs::read(signed(home.path())).unwrap());
    let other = other_key();
    let id = fs::read(home.path().join("signed.blink")).unwrap();
    unsigned(&home.path().join("b.blink"));
    sign(&home.path().join("b.blink"), &other, |_| ()).unwrap();
    let theirs = fs::read(home.path().join("b.blink")).unwrap();
    image.put(136, &theirs[136..144]);
    assert_eq!(checked(&image, other.public()), Err(SignatureError::Wrong { key: other.public().id() }));
    image.put(136, &id[136..144]);
    assert_eq!(checked(&image, key().public()), Ok(()));
}

#[test]
fn signing_again_replaces_the_signature_and_gives_the_same_bytes() {
    let home = tempfile::tempdir().unwrap();
    let path = signed(home.path());
    let first = fs::read(&path).unwrap();
    assert_eq!(sign(&path, &key(), |_| ()).unwrap().replaced, Some(key().public().id()));
    assert!(fs::read(&path).unwrap() == first);
    let again = sign(&path, &other_key(), |_| ()).unwrap();
    assert_eq!((again.key, again.replaced), (other_key().public().id(), Some(key().public().id())));
    let artifact = Artifact::open(&path).unwrap();
    assert_eq!(artifact.verify_signature(other_key().public()), Ok(()));
    artifact.verify(|_| ()).unwrap();
}

#[test]
fn the_file_is_replaced_and_never_written_to() {
    let home = tempfile::tempdir().unwrap();
    let (path, link) = (home.path().join("a.blink"), home.path().join("link.blink"));
    unsigned(&path);
    symlink("a.blink", &link).unwrap();
    set_mode(&path, 0o640);
    let (mapped, before) = (Artifact::open(&path).unwrap(), fs::metadata(&path).unwrap().ino());
    let done = sign(&link, &key(), |_| ()).unwrap();
    assert_eq!(done.path, fs::canonicalize(&path).unwrap());
    assert_ne!(fs::metadata(&path).unwrap().ino(), before);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(mode(&path), 0o440);
    // Who had the old file has it still.
    assert_eq!(mapped.verify_signature(key().public()), Err(SignatureError::Unsigned));
    mapped.verify(|_| ()).unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
}

#[test]
fn what_is_damaged_is_not_signed() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.blink");
    let mut image = Image::small();
    let last = image.open().unwrap().sections().last().unwrap().offset as usize;
    image.0[last] ^= 1;
    fs::write(&path, &image.0).unwrap();
    refused!(sign(&path, &key(), |_| ()), SignError::Open { source: OpenError::SectionHash { .. }, .. });
    assert!(fs::read(&path).unwrap() == image.0);
    refused!(
        sign(&home.path().join("absent.blink"), &key(), |_| ()),
        SignError::Open { source: OpenError::Io { .. }, .. }
    );
}

#[test]
fn new_keys_differ() {
    let [first, second] = [(), ()].map(|()| SecretKey::generate().unwrap());
    assert_ne!(first.public().id(), second.public().id());
    assert_ne!(first.to_text(), second.to_text());
}
