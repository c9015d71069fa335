//! Damage: every byte after the table, changed on its own, is found; at open or at verify, as the level says.

use blink_artifact::{OpenError, SectionKind};

use crate::support::*;

#[test]
fn every_byte_of_sections_and_padding_is_watched_over() {
    for image in Image::samples() {
        every_byte_is_watched_over(&image);
    }
}

fn every_byte_is_watched_over(image: &Image) {
    let ranges: Vec<_> = (0..image.sections()).map(|at| image.range(at)).collect();
    let mut damaged = image.clone();
    for at in image.table_end()..image.0.len() {
        damaged.0[at] ^= 1 << (at % 8);
        let section = ranges.iter().position(|range| range.contains(&at));
        let opened = damaged.open();
        match section {
            Some(0) => refused!(opened, OpenError::SectionHash { kind: SectionKind::Manifest, model: None }),
            Some(2) => refused!(opened, OpenError::SectionHash { kind: SectionKind::Graph, model: Some(0) }),
            _ => {
                let artifact = opened.unwrap_or_else(|error| panic!("byte {at}: {error}"));
                assert_eq!(
                    (artifact.guest().is_err(), artifact.native_code().is_err()),
                    (section == Some(4), section == Some(5))
                );
                let verified = artifact.verify(|_| ());
                match section {
                    Some(1) => refused!(verified, OpenError::SectionHash { kind: SectionKind::Golden, model: Some(0) }),
                    Some(3) => {
                        refused!(verified, OpenError::SectionHash { kind: SectionKind::Weights, model: Some(0) })
                    }
                    Some(4) => refused!(verified, OpenError::SectionHash { kind: SectionKind::Guest, model: None }),
                    Some(_) => refused!(verified, OpenError::SectionHash { kind: SectionKind::Code, model: None }),
                    None => refused!(verified, OpenError::PaddingByte { offset } if offset == at as u64),
                }
            }
        }
        damaged.0[at] = image.0[at];
    }
    damaged.open().unwrap().verify(|_| ()).unwrap();
}

#[test]
fn a_hash_that_is_another_one_is_found() {
    for (index, at_open) in [(0, true), (1, false), (2, true), (3, false), (4, false), (5, false)] {
        let opened = Image::with_guest().with_entry(index, Field::Hash, &[7; 32]).open();
        if at_open {
            refused!(opened, OpenError::SectionHash { .. });
        } else {
            refused!(opened.unwrap().verify(|_| ()), OpenError::SectionHash { .. });
        }
    }
}

#[test]
fn the_damaged_model_is_named() {
    let mut sections = Image::small_sections();
    sections[0].bytes = manifest(vec![record("a"), record("b"), record("c")]);
    sections.remove(1);
    let rest = sections.split_off(1);
    for model in 0..3 {
        sections.extend(rest.iter().map(|section| RawSection { model, ..section.clone() }));
    }
    let image = Image::lay(3, &sections);
    for model in 0..3 {
        let graph = 1 + 2 * model as usize;
        let mut damaged = image.clone();
        damaged.0[image.entry(graph, Field::Offset)] ^= 1;
        let opened = damaged.open();
        refused!(opened, OpenError::SectionHash { kind: SectionKind::Graph, model: Some(found) } if found == model);
        let mut damaged = image.clone();
        damaged.0[image.entry(graph + 1, Field::Offset)] ^= 1;
        let verified = damaged.open().unwrap().verify(|_| ());
        refused!(verified, OpenError::SectionHash { kind: SectionKind::Weights, model: Some(found) } if found == model);
    }
}

#[test]
fn padding_before_a_huge_page_is_watched_over() {
    let mut sections = Image::small_sections();
    sections[3].alignment = 2 << 20;
    let image = Image::lay(1, &sections);
    image.open().unwrap().verify(|_| ()).unwrap();
    for at in [image.table_end(), 4 * 4096, 1 << 20, (2 << 20) - 1, image.0.len() - 1] {
        let mut damaged = image.clone();
        damaged.0[at] = 0xff;
        refused!(damaged.open().unwrap().verify(|_| ()), OpenError::PaddingByte { offset } if offset == at as u64);
    }
}

#[test]
fn a_hash_over_many_blocks_is_the_hash_of_the_whole() {
    let mut sections = Image::small_sections();
    sections[3].bytes = SplitMix64(11).bytes((17 << 20) + 5);
    let image = Image::lay(1, &sections);
    image.open().unwrap().verify(|_| ()).unwrap();
    let mut damaged = image.clone();
    damaged.0[image.entry(3, Field::Offset) + (17 << 20) + 4] ^= 1;
    let verified = damaged.open().unwrap().verify(|_| ());
    refused!(verified, OpenError::SectionHash { kind: SectionKind::Weights, model: Some(0) });
}
