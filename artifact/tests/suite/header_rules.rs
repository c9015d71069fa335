//! The header's rules, each broken with the structure hash made right again.

use blink_artifact::{ExecutionProvider, HostClass, OpenError, OrtVersion};

use crate::support::*;

#[test]
fn versions_that_are_not_known_are_named() {
    for (image, version) in
        Image::samples().into_iter().flat_map(|image| [0, 4, 0x101, u32::MAX].map(|v| (image.clone(), v)))
    {
        refused!(image.with_header(8, version).open(), OpenError::FormatVersion { found } if found == version);
    }
    assert_eq!(Image::samples().map(|image| image.open().unwrap().header().version), [1, 2, 3]);
}

#[test]
fn a_newer_version_is_named_before_anything_else_of_it_is_judged() {
    let mut image = Image::small().with_header(8, 4);
    image.0[12..256].fill(0xff);
    refused!(image.open(), OpenError::FormatVersion { found: 4 });
}

#[test]
fn lengths_of_header_and_entries_are_fixed() {
    for len in [0, 255, 257, 512, u32::MAX] {
        refused!(Image::small().with_header(12, len).open(), OpenError::HeaderLength { found } if found == len);
    }
    for len in [0, 63, 65, 128, u32::MAX] {
        refused!(Image::small().with_header(28, len).open(), OpenError::EntryLength { found } if found == len);
    }
}

#[test]
fn the_file_length_is_the_real_one() {
    let image = Image::small();
    let real = image.0.len() as u64;
    for recorded in [0, 1, real - 4096, real - 1, real + 1, real + 4096, u64::MAX] {
        let mut image = image.clone();
        image.put(16, &recorded.to_le_bytes());
        image.seal();
        refused!(
            image.open(),
            OpenError::FileLength { recorded: said, found } if (said, found) == (recorded, real)
        );
    }
}

#[test]
fn counts_have_bounds() {
    for sections in [0, 1, 257, u32::MAX] {
        let image = Image::small().with_header(24, sections);
        refused!(image.open(), OpenError::SectionCount { found } if found == sections);
    }
    for models in [0, 65, u32::MAX] {
        let image = Image::small().with_header(48, models);
        refused!(image.open(), OpenError::ModelCount { found } if found == models);
    }
}

#[test]
fn counts_at_their_bounds_are_read() {
    let mut sections = vec![Image::small_sections().swap_remove(0)];
    sections.extend((0..255).map(|model| RawSection::new(GRAPH, model % 64, b"graph")));
    let full = Image::lay(64, &sections);
    refused!(full.open(), OpenError::SectionsOfModel { model: 0, found: 4, .. });
    let two = Image::lay(1, &[RawSection::new(MANIFEST, WHOLE, &manifest(vec![record("a")])), sections[1].clone()]);
    assert_eq!(two.open().unwrap().sections().len(), 2);
}

#[test]
fn host_classes_and_providers_that_are_not_listed_are_refused() {
    for code in [0, 6, 0x100, u32::MAX] {
        refused!(Image::small().with_header(32, code).open(), OpenError::HostClass { code: found } if found == code);
    }
    for code in [0, 3, 0x101, u32::MAX] {
        for image in Image::samples() {
            refused!(image.with_header(36, code).open(), OpenError::Provider { code: found } if found == code);
        }
    }
}

#[test]
fn cuda_is_of_version_3_and_version_3_of_nothing_else() {
    for image in [Image::small(), Image::with_guest()] {
        refused!(image.clone().with_header(36, 2).open(), OpenError::Provider { code: 2 });
        refused!(image.with_header(8, 3).open(), OpenError::Provider { code: 1 });
    }
    refused!(Image::for_device().with_header(36, 1).open(), OpenError::Provider { code: 1 });
    for version in [1, 2] {
        refused!(Image::for_device().with_header(8, version).open(), OpenError::Provider { code: 2 });
    }
    assert_eq!(Image::for_device().open().unwrap().header().provider, ExecutionProvider::Cuda);
}

#[test]
fn host_classes_providers_and_versions_that_are_listed_are_read() {
    for class in HostClass::ALL {
        let artifact = Image::small().with_header(32, class.code()).open().unwrap();
        assert_eq!((artifact.header().host_class, artifact.header().provider), (class, ExecutionProvider::Cpu));
    }
    let mut image = Image::small();
    image.put(40, &[0x34, 0x12, 0xff, 0xff, 0, 0]);
    image.seal();
    assert_eq!(image.open().unwrap().header().ort, OrtVersion { major: 0x1234, minor: 0xffff, patch: 0 });
}

#[test]
fn bytes_set_aside_are_zero() {
    for at in (46..48).chain(52..64).chain(96..128) {
        let mut image = Image::small();
        image.0[at] = 1;
        image.seal();
        refused!(image.open(), OpenError::ReservedHeaderByte { offset } if offset == at);
    }
}

#[test]
fn a_structure_hash_of_anything_else_is_refused() {
    let image = Image::small();
    for other in [&image.0[..64], &image.0[..image.table_end()], &image.0[256..image.table_end()], &[]] {
        let mut image = image.clone();
        image.put(64, blake3::hash(other).as_bytes());
        refused!(image.open(), OpenError::StructureHash);
    }
}

#[test]
fn versions_of_onnx_runtime_are_three_numbers() {
    assert_eq!(OrtVersion::parse("1.31.1"), Some(OrtVersion { major: 1, minor: 31, patch: 1 }));
    assert_eq!(OrtVersion { major: 1, minor: 31, patch: 1 }.to_string(), "1.31.1");
    for text in
        ["", "1", "1.31", "1.31.1.0", "1.31.", ".31.1", "1.31.x", "1.31.65536", "1.31.-1", "1.31.1-rc1", " 1.31.1"]
    {
        assert_eq!(OrtVersion::parse(text), None, "{text:?}");
    }
}
