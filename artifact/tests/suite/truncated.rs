//! Files that were cut or extended: refused at every length but the right one.

use blink_artifact::OpenError;

use crate::support::*;

/// Lengths at which something might go unnoticed: every one up to the end of the table, and around every page.
fn lengths(image: &Image) -> Vec<usize> {
    let pages = (0..=image.0.len() + 4096).step_by(4096).flat_map(|page| [page.saturating_sub(1), page, page + 1]);
    let mut lengths: Vec<_> = (0..=image.table_end() + 1).chain(pages).filter(|&len| len != image.0.len()).collect();
    lengths.sort();
    lengths.dedup();
    lengths
}

#[test]
fn a_cut_or_extended_file_is_refused() {
    for (image, len) in
        Image::samples().iter().flat_map(|image| lengths(image).into_iter().map(move |len| (image, len)))
    {
        let mut cut = image.clone();
        cut.0.resize(len, 0);
        match len {
            0 => refused!(cut.open(), OpenError::Empty),
            1..256 => refused!(cut.open(), OpenError::TruncatedHeader { found } if found == len as u64),
            _ => refused!(
                cut.open(),
                OpenError::FileLength { recorded, found } if (recorded, found) == (image.0.len() as u64, len as u64)
            ),
        }
    }
}

#[test]
fn a_cut_or_extended_file_is_refused_where_its_header_was_made_to_fit() {
    let lengths = |image: &Image| lengths(image).into_iter().filter(|&len| len >= 256);
    for (image, len) in Image::samples().iter().flat_map(|image| lengths(image).map(move |len| (image, len))) {
        let last = image.range(image.sections() - 1).end;
        let cut = image.clone().with_len(len);
        match len {
            _ if !len.is_multiple_of(4096) => {
                refused!(cut.open(), OpenError::FileLengthUnaligned { recorded } if recorded == len as u64);
            }
            _ if len < last => {
                let first_outside = (0..image.sections()).find(|&at| image.range(at).end > len);
                refused!(cut.open(), OpenError::SectionOutside { index, .. } if Some(index) == first_outside);
            }
            _ => refused!(cut.open(), OpenError::TrailingBytes { end, .. } if end == last as u64),
        }
    }
}

#[test]
fn a_table_that_the_file_has_no_room_for_is_refused() {
    for (pages, sections, table_end) in [(1, 61, 4160), (1, 256, 16_640), (4, 256, 16_640)] {
        let mut image = Image::small().with_len(pages * 4096);
        image.put(24, &u32::to_le_bytes(sections));
        refused!(
            image.open(),
            OpenError::TruncatedTable { found, expected } if (found, expected) == (pages as u64 * 4096, table_end)
        );
    }
}

#[test]
fn the_start_of_another_file_is_no_truncated_header() {
    for len in 1..8 {
        let mut start = Image::small().0[..len].to_vec();
        start[len - 1] ^= 0x20;
        refused!(Image(start.clone()).open(), OpenError::NotAnArtifact { found } if found == start);
    }
}
