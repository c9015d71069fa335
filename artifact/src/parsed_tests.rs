//! The format's parsers on bytes, without a file or a mapping: what Miri can run. Hashes are not asked, so that what is
//! behind them is reached. That each rule has its own error is `tests/suite/`.

use std::fs;
use std::path::Path;

use crate::OpenError;
use crate::header::{ExecutionProvider, HEADER_LEN, Header};
use crate::manifest::Manifest;
use crate::manifest::rules::{GuestSections, SectionFacts};
use crate::table::{self, Section, SectionKind};

/// How far apart things are tried that would take an interpreter too long one by one.
const STEP: usize = if cfg!(miri) { 409 } else { 2 };

fn goldens() -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
    let mut paths: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 8, "{paths:?}");
    paths.iter().step_by(if cfg!(miri) { 3 } else { 1 }).map(|path| fs::read(path).unwrap()).collect()
}

/// Header, table and manifest of `file`, as an artifact is opened, but for the hashes.
fn parsed(file: &[u8]) -> Result<(Vec<Section>, Manifest), OpenError> {
    let header = Header::decode(file, file.len() as u64)?;
    let end = table::table_end(header.sections);
    let truncated = OpenError::TruncatedTable { found: file.len() as u64, expected: end };
    let sections = table::decode(&header, file.get(HEADER_LEN..end as usize).ok_or(truncated)?)?;
    // What the table says lies in the file.
    let bytes = |section: &Section| file[section.offset as usize..section.end() as usize].to_vec();
    let all: Vec<_> = sections.iter().map(bytes).collect();
    let has = |kind| sections.iter().any(|section| section.kind == kind);
    let len = |kind: SectionKind, model: u32| {
        let found = sections.iter().find(|section| section.kind == kind && section.model == Some(model));
        found.map_or(0, |section| section.len)
    };
    let facts = SectionFacts {
        len,
        guest: GuestSections { guest: has(SectionKind::Guest), code: has(SectionKind::Code) },
        is_for_device: header.provider != ExecutionProvider::Cpu,
    };
    let manifest = Manifest::decode(&all[0], header.models, &facts)?;
    Ok((sections, manifest))
}

#[test]
fn what_was_written_is_read() {
    for golden in goldens() {
        let (sections, manifest) = parsed(&golden).unwrap();
        assert!(sections.len() >= 2 && !manifest.models.is_empty());
    }
}

#[test]
fn a_flipped_bit_is_an_error_or_another_value() {
    let mut refused = 0;
    for mut golden in goldens().into_iter().take(if cfg!(miri) { 1 } else { usize::MAX }) {
        let (sections, _) = parsed(&golden).unwrap();
        let manifest = sections[0].offset as usize..sections[0].end() as usize;
        let head = 0..table::table_end(sections.len() as u32) as usize;
        for byte in head.chain(manifest).step_by(STEP) {
            for bit in (0..8).step_by(if cfg!(miri) { 5 } else { 1 }) {
                golden[byte] ^= 1 << bit;
                refused += usize::from(parsed(&golden).is_err());
                golden[byte] ^= 1 << bit;
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn a_cut_file_is_an_error() {
    for golden in goldens() {
        for len in (0..golden.len()).step_by(STEP) {
            assert!(parsed(&golden[..len]).is_err(), "{len} bytes");
        }
    }
}
