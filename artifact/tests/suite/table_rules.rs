//! The table's rules, each broken with the hashes made right again.

use blink_artifact::{ManifestError, OpenError, SectionKind};

use crate::support::*;

/// The manifest of one model, as a section.
fn manifest_section() -> RawSection {
    RawSection::new(MANIFEST, WHOLE, &manifest(vec![record("a")]))
}

fn section(kind: u32, model: u32) -> RawSection {
    RawSection::new(kind, model, b"some bytes")
}

/// An artifact of a manifest and these sections.
fn with(models: u32, sections: &[(u32, u32)]) -> Image {
    let rest = sections.iter().map(|&(kind, model)| section(kind, model));
    Image::lay(models, &std::iter::once(manifest_section()).chain(rest).collect::<Vec<_>>())
}

/// Kinds that no version has: 18 is set aside.
const UNKNOWN: [u32; 8] = [0, 5, 15, 18, 19, 0x103, 0x110, u32::MAX];

#[test]
fn kinds_that_are_not_known_are_refused() {
    for (image, kind) in Image::samples().iter().flat_map(|image| UNKNOWN.map(|kind| (image, kind))) {
        for index in 0..image.sections() {
            let image = image.clone().with_entry(index, Field::Kind, &kind.to_le_bytes());
            refused!(image.open(), OpenError::SectionKind { index: at, code } if (at, code) == (index, kind));
        }
    }
}

#[test]
fn alignments_are_powers_of_two_from_a_page_to_a_huge_page() {
    for alignment in [0, 1, 3, 2048, 4095, 4097, 6144, 3 << 20, 4 << 20, 1 << 31, u32::MAX] {
        let image = Image::small().with_entry(2, Field::Alignment, &alignment.to_le_bytes());
        refused!(image.open(), OpenError::SectionAlignment { index: 2, found } if found == alignment);
    }
    for alignment in (12..=21).map(|bits| 1 << bits) {
        let mut sections = Image::small_sections();
        sections[3].alignment = alignment;
        assert_eq!(Image::lay(1, &sections).open().unwrap().sections()[3].alignment, alignment);
    }
}

#[test]
fn empty_sections_are_refused() {
    for index in 0..4 {
        let image = Image::small().with_entry(index, Field::Len, &0u64.to_le_bytes());
        refused!(image.open(), OpenError::SectionEmpty { index: at } if at == index);
    }
}

#[test]
fn sections_stay_inside_the_file() {
    let image = Image::small();
    let file_len = image.0.len() as u64;
    for (offset, len) in [
        (4 * 4096, 4097),
        (file_len, 1),
        (file_len - 4096, u64::MAX),
        // Offset and length overflow together.
        (u64::MAX, 1),
        (u64::MAX, u64::MAX),
        (u64::MAX - 4095, 4096),
        (1 << 63, 1 << 63),
    ] {
        let image = image.clone().with_entry(3, Field::Offset, &u64::to_le_bytes(offset));
        let image = image.with_entry(3, Field::Len, &u64::to_le_bytes(len));
        refused!(
            image.open(),
            OpenError::SectionOutside { index: 3, offset: o, len: l, file_len: f }
                if (o, l, f) == (offset, len, file_len)
        );
    }
}

#[test]
fn sections_neither_overlap_nor_leave_holes_nor_stand_out_of_order() {
    let image = Image::small();
    let place = |index, offset: u64| image.clone().with_entry(index, Field::Offset, &offset.to_le_bytes());
    for (index, found, expected) in [
        (0, 0, 4096),                 // over the header
        (0, 512, 4096),               // not aligned
        (0, 2 * 4096, 4096),          // a hole before the first
        (2, 2 * 4096, 3 * 4096),      // over the one before
        (2, 4096, 3 * 4096),          // before the one before
        (2, 3 * 4096 + 64, 3 * 4096), // not aligned
        (2, 4 * 4096, 3 * 4096),      // a hole
    ] {
        refused!(
            place(index, found).open(),
            OpenError::SectionOffset { index: i, found: f, expected: e } if (i, f, e) == (index, found, expected)
        );
    }
    // The last two change places in the table, not in the file.
    let [graph, weights] = [2, 3].map(|at| image.0[256 + 64 * at..][..64].to_vec());
    let swapped = image.clone().with_entry(2, Field::Kind, &weights).with_entry(3, Field::Kind, &graph);
    refused!(swapped.open(), OpenError::SectionOffset { index: 2, .. });
    // A section that grows into the next.
    let grown = image.clone().with_entry(1, Field::Len, &4097u64.to_le_bytes());
    refused!(grown.open(), OpenError::SectionOffset { index: 2, found: 12_288, expected: 16_384 });
}

#[test]
fn a_page_of_zeros_between_two_sections_is_a_hole() {
    let mut image = Image::small();
    let at = image.entry(3, Field::Offset);
    image.0.splice(at..at, [0; 4096]);
    let image = image.with_entry(3, Field::Offset, &(at as u64 + 4096).to_le_bytes());
    let len = image.0.len();
    refused!(image.with_len(len).open(), OpenError::SectionOffset { index: 3, .. });
}

#[test]
fn nothing_follows_the_last_section_but_its_page() {
    let image = Image::small();
    let len = image.0.len();
    let end = (image.entry(3, Field::Offset) + image.entry(3, Field::Len)) as u64;
    for more in [4096, 8192, 2 << 20] {
        let image = image.clone().with_len(len + more);
        let opened = image.open();
        refused!(opened, OpenError::TrailingBytes { end: e, file_len } if (e, file_len) == (end, (len + more) as u64));
    }
}

#[test]
fn bytes_set_aside_in_an_entry_are_zero() {
    for (index, byte) in (0..4).flat_map(|index| (0..4).map(move |byte| (index, byte))) {
        let mut value = [0; 4];
        value[byte] = 1;
        let image = Image::small().with_entry(index, Field::Zero, &value);
        refused!(image.open(), OpenError::ReservedEntryByte { index: at } if at == index);
    }
}

#[test]
fn the_manifest_is_the_first_section_and_the_only_one_of_its_kind() {
    let missing = Image::lay(1, &[section(GRAPH, 0), section(WEIGHTS, 0)]);
    refused!(missing.open(), OpenError::ManifestPlace { index: 0, kind: SectionKind::Graph });
    let second = Image::lay(1, &[section(GRAPH, 0), manifest_section()]);
    refused!(second.open(), OpenError::ManifestPlace { index: 0, kind: SectionKind::Graph });
    let twice = Image::lay(1, &[manifest_section(), section(GRAPH, 0), manifest_section()]);
    refused!(twice.open(), OpenError::ManifestPlace { index: 2, kind: SectionKind::Manifest });
}

#[test]
fn a_manifest_that_is_too_long_is_refused_before_it_is_hashed() {
    let mut sections = Image::small_sections();
    sections[0].bytes = vec![b' '; (4 << 20) + 1];
    let mut image = Image::lay(1, &sections);
    image.0[4096] = b'x';
    refused!(image.open(), OpenError::Manifest(ManifestError::TooLong { found: 4_194_305 }));
    sections[0].bytes = manifest(vec![record("a")]);
    sections[0].bytes.resize(4 << 20, b' ');
    sections.remove(1);
    assert_eq!(Image::lay(1, &sections).open().unwrap().manifest().models.len(), 1);
}

#[test]
fn sections_belong_to_the_models_there_are() {
    let model = |index, model: u32| Image::small().with_entry(index, Field::Model, &model.to_le_bytes());
    for index in 1..4 {
        for found in [1, 64, u32::MAX - 1] {
            refused!(model(index, found).open(), OpenError::SectionModel { found: Some(f), .. } if f == found);
        }
        refused!(model(index, WHOLE).open(), OpenError::SectionModel { index: at, found: None, .. } if at == index);
    }
    for found in [0, 1, u32::MAX - 1] {
        refused!(model(0, found).open(), OpenError::SectionModel { index: 0, found: Some(f), .. } if f == found);
    }
}

#[test]
fn weights_stand_right_after_their_own_graph() {
    for (models, sections) in [
        (1, &[(WEIGHTS, 0), (GRAPH, 0)][..]),
        (1, &[(GRAPH, 0), (GOLDEN, 0), (WEIGHTS, 0)]),
        (2, &[(GRAPH, 0), (WEIGHTS, 1), (GRAPH, 1)]),
        (2, &[(GRAPH, 0), (GRAPH, 1), (WEIGHTS, 0)]),
        // Twice: the second does not follow the graph.
        (1, &[(GRAPH, 0), (WEIGHTS, 0), (WEIGHTS, 0)]),
    ] {
        let at = 1 + sections.iter().rposition(|&(kind, _)| kind == WEIGHTS).unwrap();
        refused!(with(models, sections).open(), OpenError::WeightsPlace { index } if index == at);
    }
}

#[test]
fn each_model_has_one_graph_and_at_most_one_golden() {
    use SectionKind::{Golden, Graph};
    for (models, sections, of, what, how_many) in [
        (1, &[(GOLDEN, 0)][..], 0, Graph, 0),
        (2, &[(GRAPH, 0), (WEIGHTS, 0)], 1, Graph, 0),
        (2, &[(GRAPH, 1)], 0, Graph, 0),
        (1, &[(GRAPH, 0), (GRAPH, 0)], 0, Graph, 2),
        (1, &[(GRAPH, 0), (WEIGHTS, 0), (GRAPH, 0), (WEIGHTS, 0)], 0, Graph, 2),
        (1, &[(GOLDEN, 0), (GRAPH, 0), (GOLDEN, 0)], 0, Golden, 2),
    ] {
        refused!(
            with(models, sections).open(),
            OpenError::SectionsOfModel { model, kind, found } if (model, kind, found) == (of, what, how_many)
        );
    }
}
