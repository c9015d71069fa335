//! Random damage, the same on every run: whatever the bytes, opening refuses or gives an artifact that keeps its rules.
//!
//! Nothing here may panic: a panic on a file's bytes fails the test by itself.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use blink_artifact::{Artifact, OpenError};

use crate::support::*;

const THREADS: u64 = 4;

/// Runs `rounds` rounds in all, on threads with seeds of their own, and gives how many were accepted.
fn each(rounds: u64, round: impl Fn(&mut SplitMix64, &File) -> bool + Sync) -> u64 {
    let thread = |seed| {
        let mut random = SplitMix64(seed);
        let file = tempfile::tempfile().unwrap();
        (0..rounds / THREADS).filter(|_| round(&mut random, &file)).count() as u64
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|seed| scope.spawn(move || thread(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

/// Makes the file the image's bytes and no more.
fn rewrite(file: &File, image: &Image) {
    file.set_len(image.0.len() as u64).unwrap();
    file.write_all_at(&image.0, 0).unwrap();
}

/// Reads every part of an artifact and asserts the geometry that the specification promises.
fn walk(artifact: &Artifact, file_len: u64) -> Result<(), OpenError> {
    assert_eq!(artifact.header().file_len, file_len);
    let mut end = 256 + 64 * artifact.sections().len() as u64;
    for section in artifact.sections() {
        assert!(section.len > 0 && section.offset >= end && section.offset - end < u64::from(section.alignment));
        assert!(section.offset.is_multiple_of(u64::from(section.alignment)));
        end = section.end();
    }
    assert!(end <= file_len && file_len - end < 4096);
    assert_eq!(artifact.manifest().models.len(), artifact.header().models as usize);
    for model in 0..artifact.header().models + 1 {
        let (graph, weights) = (artifact.graph(model), artifact.weights(model));
        assert!(artifact.graph_and_weights(model).len() >= graph.len() + weights.len());
        assert_eq!(graph.is_empty(), model == artifact.header().models);
        let _ = artifact.golden(model).map(|golden| golden.len());
    }
    assert_eq!(artifact.manifest().guest.is_some(), artifact.header().version == 2);
    assert_eq!(artifact.guest_hash().is_some(), artifact.header().version == 2);
    let parts = [artifact.guest(), artifact.native_code()].map(|part| part.map(drop));
    let verified = artifact.verify(|_| ());
    assert!(verified.is_err() || parts.iter().all(Result::is_ok), "verify passed what {parts:?} did not");
    verified
}

/// A number that breaks things, or any number.
fn number(random: &mut SplitMix64) -> u64 {
    let special = [
        0,
        1,
        2,
        3,
        4,
        63,
        64,
        255,
        256,
        4095,
        4096,
        4097,
        20_480,
        1 << 21,
        1 << 31,
        u64::MAX >> 32,
        1 << 63,
        u64::MAX,
    ];
    match random.below(3) {
        0 => random.next() >> random.below(64),
        1 => random.pick(&special).wrapping_sub(random.next() % 3),
        _ => random.pick(&special),
    }
}

/// Changes bytes in one to four places of `range`.
fn damage(random: &mut SplitMix64, image: &mut Image, range: Range<usize>) {
    for _ in 0..1 + random.below(4) {
        let at = range.start + random.below(range.len());
        match random.below(4) {
            0 => image.0[at] ^= 1 << random.below(8),
            1 => image.0[at] = random.next() as u8,
            width => {
                let width = if width == 2 { 4 } else { 8 };
                let at = at - at % width;
                let value = number(random).to_le_bytes();
                image.put(at, &value[..width]);
            }
        }
    }
}

#[test]
fn damage_anywhere_is_refused_or_found() {
    let samples = Image::samples();
    let accepted = each(120_000, |random, file| {
        let whole = &samples[random.below(3)];
        let end_of_graph = whole.range(2).end;
        let mut image = whole.clone();
        let range = match random.below(3) {
            0 => 0..whole.table_end(),
            1 => whole.entry(0, Field::Offset)..end_of_graph,
            _ => 0..whole.0.len(),
        };
        damage(random, &mut image, range);
        rewrite(file, &image);
        let Ok(artifact) = Artifact::from_file(file, "mutated") else { return false };
        let verified = walk(&artifact, image.0.len() as u64);
        assert_eq!(verified.is_ok(), image.0 == whole.0, "damage passed, or none was found");
        true
    });
    assert!((1..120_000).contains(&accepted), "{accepted} were accepted: this tests one side only");
}

#[test]
fn damage_whose_hashes_fit_never_panics() {
    let samples = Image::samples();
    let accepted = each(60_000, |random, file| {
        let whole = &samples[random.below(3)];
        let mut image = whole.clone();
        damage(random, &mut image, 8..whole.table_end());
        if random.below(4) > 0 {
            // Past the header's own rules, to the table's.
            image.put(8, &whole.0[8..32]);
            image.put(96, &whole.0[96..256]);
        }
        image.seal();
        rewrite(file, &image);
        let Ok(artifact) = Artifact::from_file(file, "mutated") else { return false };
        let _ = walk(&artifact, image.0.len() as u64);
        true
    });
    assert!((1..60_000).contains(&accepted), "{accepted} were accepted: this tests one side only");
}

#[test]
fn lengths_at_random_never_panic() {
    let samples = Image::samples();
    each(10_000, |random, file| {
        let whole = &samples[random.below(3)];
        let len = random.below(2 * whole.0.len());
        let mut image = Image(whole.0.clone());
        image.0.resize(len, 0);
        if len >= 256 && random.below(2) == 0 {
            image.put_file_len();
            image.seal();
        }
        rewrite(file, &image);
        let opened = Artifact::from_file(file, "mutated");
        assert_eq!(opened.is_ok(), len == whole.0.len());
        opened.is_ok()
    });
}

#[test]
fn manifests_at_random_never_panic() {
    let samples = [Image::small_sections(), Image::guest_sections(), Image::device_sections()];
    let text = |sections: &Vec<RawSection>| String::from_utf8(sections[0].bytes.clone()).unwrap();
    let texts = samples.each_ref().map(text);
    let tokens = texts.each_ref().map(|text| text.split_inclusive(['{', '}', '[', ']', ',', ':']).collect::<Vec<_>>());
    let strange = [
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "null",
        "true",
        "-1",
        "0",
        "1e999",
        "18446744073709551616",
        "\"\"",
        "\"\\ud800\"",
        "\"models\":",
        "\"guest\":null,",
        "[[[[[[[[",
        "\u{0}",
        "1.5",
        "{\"a\":",
        " ",
        "\"name\":\"x\",",
    ];
    let accepted = each(20_000, |random, file| {
        let sample = random.below(3);
        let mut changed = tokens[sample].clone();
        for _ in 0..1 + random.below(3) {
            let at = random.below(changed.len());
            match random.below(4) {
                0 => drop(changed.remove(at)),
                1 => changed.insert(at, random.pick(&strange)),
                2 => changed[at] = random.pick(&strange),
                _ => changed[at] = random.pick(&tokens[sample]),
            }
        }
        let mut sections = samples[sample].clone();
        sections[0].bytes = changed.concat().into_bytes();
        sections[0].bytes.push(b' ');
        let image = Image::lay(1, &sections);
        let image = if sample == 2 { image.made_for_cuda() } else { image };
        rewrite(file, &image);
        let Ok(artifact) = Artifact::from_file(file, "mutated") else { return false };
        walk(&artifact, image.0.len() as u64).unwrap();
        true
    });
    assert!((1..20_000).contains(&accepted), "{accepted} were accepted: this tests one side only");
}
