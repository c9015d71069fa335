//! Every single bit of header and table, flipped: each is refused, and by the rule that owns it.

use blink_artifact::OpenError;

use crate::support::*;

fn flip(image: &Image, bit: usize) -> Image {
    let mut flipped = image.clone();
    flipped.0[bit / 8] ^= 1 << (bit % 8);
    flipped
}

#[test]
fn every_bit_of_the_header_is_refused_by_its_own_rule() {
    for (image, bit) in Image::samples().iter().flat_map(|image| (0..256 * 8).map(move |bit| (image, bit))) {
        let error = flip(image, bit).open().expect_err(&format!("bit {bit} was accepted"));
        let own = match bit / 8 {
            0..8 => matches!(error, OpenError::NotAnArtifact { .. }),
            // Of the versions that are known one has another provider.
            8..12 => matches!(error, OpenError::FormatVersion { .. } | OpenError::Provider { .. }),
            12..16 => matches!(error, OpenError::HeaderLength { .. }),
            16..24 => matches!(error, OpenError::FileLength { .. }),
            // Other numbers that are possible change the structure; so do other versions of ONNX Runtime.
            24..28 => matches!(error, OpenError::SectionCount { .. } | OpenError::StructureHash),
            28..32 => matches!(error, OpenError::EntryLength { found } if found != 64),
            32..36 => matches!(error, OpenError::HostClass { .. } | OpenError::StructureHash),
            36..40 => matches!(error, OpenError::Provider { code } if code != u32::from(image.0[36])),
            40..46 => matches!(error, OpenError::StructureHash),
            46..48 | 52..64 | 96..128 => matches!(error, OpenError::ReservedHeaderByte { offset } if offset == bit / 8),
            48..52 => matches!(error, OpenError::ModelCount { .. } | OpenError::StructureHash),
            64..96 => matches!(error, OpenError::StructureHash),
            // One bit of the algorithm is the one that is known.
            128 if bit % 8 == 0 => matches!(error, OpenError::SignatureWithoutKey),
            128..132 => matches!(error, OpenError::SignatureAlgorithm { .. }),
            _ => matches!(error, OpenError::SignatureWithoutAlgorithm { offset } if offset == bit / 8),
        };
        assert!(own, "bit {bit} (byte {}) was refused with {error:?}", bit / 8);
    }
}

#[test]
fn every_bit_of_the_table_is_refused_by_the_structure_hash() {
    for image in Image::samples() {
        for bit in 256 * 8..image.table_end() * 8 {
            refused!(flip(&image, bit).open(), OpenError::StructureHash);
        }
    }
}

#[test]
fn every_bit_of_the_table_is_refused_by_its_own_rule_where_the_structure_hash_was_made_to_fit() {
    let bits = |image: &Image| 256 * 8..image.table_end() * 8;
    for (image, bit) in Image::samples().iter().flat_map(|image| bits(image).map(move |bit| (image, bit))) {
        let mut flipped = flip(image, bit);
        flipped.seal();
        let (section, byte) = ((bit / 8 - 256) / 64, (bit / 8) % 64);
        let error = match flipped.open() {
            Err(error) => error,
            // Length and hash of what is hashed later, and then it is found.
            Ok(artifact) => {
                assert!([1, 3, 4, 5].contains(&section), "bit {bit} of section {section} was accepted");
                assert!((16..24).contains(&byte) || byte >= 32, "bit {bit} (byte {byte} of its entry) was accepted");
                refused!(artifact.verify(|_| ()), OpenError::SectionHash { .. });
                assert_eq!(artifact.guest().is_err(), section == 4, "bit {bit}");
                assert_eq!(artifact.native_code().is_err(), section == 5, "bit {bit}");
                continue;
            }
        };
        // Each class is asserted for itself; a rule further on may only ever refuse what the rules before it passed.
        let own = match byte {
            0..4 => matches!(
                error,
                OpenError::SectionKind { .. }
                    | OpenError::SectionVersion { .. }
                    | OpenError::ManifestPlace { .. }
                    | OpenError::WeightsPlace { .. }
                    | OpenError::CodePlace { .. }
                    | OpenError::SecondGuest { .. }
                    | OpenError::SectionsOfModel { .. }
            ),
            4..8 => matches!(error, OpenError::SectionModel { .. }),
            8..16 => matches!(error, OpenError::SectionOffset { .. } | OpenError::SectionOutside { .. }),
            16..24 => matches!(
                error,
                OpenError::SectionHash { .. }
                    | OpenError::SectionOutside { .. }
                    | OpenError::SectionOffset { .. }
                    | OpenError::TrailingBytes { .. }
                    | OpenError::Manifest(_)
            ),
            24..28 => matches!(error, OpenError::SectionAlignment { .. }),
            28..32 => matches!(error, OpenError::ReservedEntryByte { .. }),
            _ => matches!(error, OpenError::SectionHash { .. }),
        };
        assert!(own, "bit {bit} (byte {byte} of section {section}) was refused with {error:?}");
    }
}
