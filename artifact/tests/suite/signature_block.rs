//! The rules of the signature block, each broken: such a file does not open, signed or not.

use std::fs;

use blink_artifact::{Artifact, OpenError};

use crate::support::*;

/// A signed artifact as bytes.
fn signed_image() -> Image {
    let home = tempfile::tempdir().unwrap();
    Image(fs::read(signed(home.path())).unwrap())
}

/// The same with one byte replaced.
fn with(at: usize, byte: u8) -> Image {
    let mut image = signed_image();
    image.0[at] = byte;
    image
}

#[test]
fn the_block_is_laid_out_as_the_format_says() {
    let image = signed_image();
    assert_eq!(image.0[128..136], [1, 0, 0, 0, 0, 0, 0, 0]);
    let id: String = image.0[136..144].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(id, key().public().id().to_string());
    assert!(image.0[144..208].iter().any(|&byte| byte != 0));
    assert!(image.0[208..256].iter().all(|&byte| byte == 0));
    let header = *image.open().unwrap().header();
    assert_eq!((header.version, header.signature.unwrap().key), (1, key().public().id()));
}

#[test]
fn an_algorithm_that_is_not_known_is_refused_and_named() {
    for algorithm in [2_u32, 3, 0x101, 0x0100_0000, u32::MAX] {
        let mut image = signed_image();
        image.put(128, &algorithm.to_le_bytes());
        refused!(image.open(), OpenError::SignatureAlgorithm { algorithm: found } if found == algorithm);
    }
}

#[test]
fn a_block_in_use_without_an_algorithm_is_refused_at_every_byte() {
    for at in 132..256 {
        let mut image = Image::small();
        image.0[at] = 0x80;
        refused!(image.open(), OpenError::SignatureWithoutAlgorithm { offset } if offset == at);
    }
    // A signature whose algorithm was taken away is no unsigned artifact.
    refused!(with(128, 0).open(), OpenError::SignatureWithoutAlgorithm { offset: 136..144 });
}

#[test]
fn bytes_beside_and_after_the_signature_are_zero() {
    for at in (132..136).chain(208..256) {
        for byte in [1, 0x80, 0xff] {
            refused!(with(at, byte).open(), OpenError::ReservedSignatureByte { offset } if offset == at);
        }
    }
}

#[test]
fn a_block_without_a_key_or_without_a_signature_is_refused() {
    let mut image = signed_image();
    image.put(136, &[0; 8]);
    refused!(image.open(), OpenError::SignatureWithoutKey);
    let mut image = signed_image();
    image.put(144, &[0; 64]);
    refused!(image.open(), OpenError::SignatureEmpty);
}

#[test]
fn a_signed_artifact_is_the_unsigned_one_but_for_its_block() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.blink");
    unsigned(&path);
    let (before, after) = (fs::read(&path).unwrap(), fs::read(signed(home.path())).unwrap());
    assert!(before[..128] == after[..128] && before[256..] == after[256..] && before[128..256] != after[128..256]);
    assert_eq!(Artifact::open(&path).unwrap().header().signature, None);
}
