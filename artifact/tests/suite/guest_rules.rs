//! The rules of a guest and its native code: where they stand, what the manifest says of them, who hashes them.

use blink_artifact::{ManifestError, OpenError, SectionKind};
use serde_json::{Value, json};

use crate::support::*;

/// An artifact of one model whose manifest tells of a guest with native code, with these sections after it.
fn with(sections: &[(u32, u32)]) -> Image {
    let manifest = manifest_with_guest(vec![record("a")], guest());
    let rest = sections.iter().map(|&(kind, model)| RawSection::new(kind, model, b"some bytes"));
    Image::lay(1, &std::iter::once(RawSection::new(MANIFEST, WHOLE, &manifest)).chain(rest).collect::<Vec<_>>())
}

#[test]
fn version_1_has_no_guest_and_no_code() {
    refused!(
        Image::with_guest().with_header(8, 1).open(),
        OpenError::SectionVersion { index: 4, kind: SectionKind::Guest, version: 1 }
    );
    let alone = with(&[(GRAPH, 0), (CODE, WHOLE)]).with_header(8, 1);
    refused!(alone.open(), OpenError::SectionVersion { index: 2, kind: SectionKind::Code, version: 1 });
}

#[test]
fn version_2_has_a_guest() {
    refused!(Image::small().with_header(8, 2).open(), OpenError::NoGuest { version: 2 });
    refused!(with(&[(GRAPH, 0)]).with_header(8, 2).open(), OpenError::NoGuest { version: 2 });
}

#[test]
fn there_is_one_guest_at_most() {
    for (index, sections) in [
        (2, &[(GUEST, WHOLE), (GUEST, WHOLE), (GRAPH, 0)][..]),
        (3, &[(GUEST, WHOLE), (CODE, WHOLE), (GUEST, WHOLE), (CODE, WHOLE), (GRAPH, 0)]),
        (4, &[(GUEST, WHOLE), (CODE, WHOLE), (GRAPH, 0), (GUEST, WHOLE)]),
    ] {
        refused!(with(sections).open(), OpenError::SecondGuest { index: at } if at == index);
    }
}

#[test]
fn native_code_stands_right_after_the_guest() {
    for (index, sections) in [
        (1, &[(CODE, WHOLE), (GRAPH, 0)][..]),
        (1, &[(CODE, WHOLE), (GUEST, WHOLE), (GRAPH, 0)]),
        (2, &[(GRAPH, 0), (CODE, WHOLE)]),
        (3, &[(GUEST, WHOLE), (GRAPH, 0), (CODE, WHOLE)]),
        // Twice: the second does not follow the guest.
        (3, &[(GUEST, WHOLE), (CODE, WHOLE), (CODE, WHOLE), (GRAPH, 0)]),
    ] {
        refused!(with(sections).open(), OpenError::CodePlace { index: at } if at == index);
    }
    with(&[(GUEST, WHOLE), (CODE, WHOLE), (GRAPH, 0)]).open().unwrap().verify(|_| ()).unwrap();
    with(&[(GRAPH, 0), (GUEST, WHOLE), (CODE, WHOLE)]).open().unwrap().verify(|_| ()).unwrap();
}

#[test]
fn weights_stand_right_after_their_graph_and_not_after_a_guest() {
    let between = with(&[(GRAPH, 0), (GUEST, WHOLE), (WEIGHTS, 0)]);
    refused!(between.open(), OpenError::WeightsPlace { index: 3 });
}

#[test]
fn guest_and_code_belong_to_no_model() {
    for (index, kind) in [(4, SectionKind::Guest), (5, SectionKind::Code)] {
        for model in [0, 1, u32::MAX - 1] {
            let image = Image::with_guest().with_entry(index, Field::Model, &model.to_le_bytes());
            refused!(
                image.open(),
                OpenError::SectionModel { index: at, kind: k, found } if (at, k, found) == (index, kind, Some(model))
            );
        }
    }
}

#[test]
fn initialised_memory_is_set_aside() {
    refused!(
        with(&[(GUEST, WHOLE), (CODE, WHOLE), (18, WHOLE), (GRAPH, 0)]).open(),
        OpenError::SectionKind { index: 3, code: 18 }
    );
}

#[test]
fn manifest_and_sections_tell_of_the_same_guest() {
    bad_manifest!(with(&[(GUEST, WHOLE), (GRAPH, 0)]).open(), ManifestError::CodeWithoutSection);
    bad_manifest!(with(&[(GRAPH, 0)]).open(), ManifestError::GuestWithoutSection);
    bad_manifest!(altered_guest(|value| value["guest"]["code"] = json!(null)), ManifestError::CodeUnknown);
    let forget = |value: &mut Value| drop(value.as_object_mut().unwrap().remove("guest"));
    bad_manifest!(altered_guest(forget), ManifestError::GuestUnknown);
    let told = guest_manifest()["guest"].clone();
    bad_manifest!(altered(|value| value["guest"] = told), ManifestError::GuestWithoutSection);
}

#[test]
fn names_of_a_guest_have_1_to_1024_bytes() {
    let places: [fn(&mut Value) -> &mut Value; 6] = [
        |guest| &mut guest["name"],
        |guest| &mut guest["steps"][0]["name"],
        |guest| &mut guest["steps"][1]["name"],
        |guest| &mut guest["code"]["wasmtime"],
        |guest| &mut guest["code"]["settings"],
        |guest| &mut guest["code"]["target"],
    ];
    for place in places {
        for (len, name) in [(0, String::new()), (1025, "x".repeat(1025)), (1026, "ä".repeat(513))] {
            bad_manifest!(
                altered_guest(|value| *place(&mut value["guest"]) = json!(name)),
                ManifestError::NameLength { found } if found == len
            );
        }
        altered_guest(|value| *place(&mut value["guest"]) = json!("ä".repeat(512))).unwrap();
    }
}

#[test]
fn a_guest_has_at_most_64_steps() {
    let steps = |count: usize| {
        altered_guest(|value| {
            let step = value["guest"]["steps"][0].clone();
            value["guest"]["steps"] = json!(vec![step; count]);
        })
    };
    for count in [65, 1000] {
        bad_manifest!(steps(count), ManifestError::TooManySteps { found } if found == count);
    }
    for count in [0, 1, 64] {
        assert_eq!(steps(count).unwrap().manifest().guest.as_ref().unwrap().steps.len(), count);
    }
}

#[test]
fn damage_to_a_guest_is_found_by_who_asks_for_it_and_not_by_open() {
    for (index, kind) in [(4, SectionKind::Guest), (5, SectionKind::Code)] {
        let mut image = Image::with_guest();
        for at in [image.range(index).start, image.range(index).end - 1] {
            image.0[at] ^= 1;
            let artifact = image.open().unwrap();
            let asked = if index == 4 { artifact.guest() } else { artifact.native_code() };
            refused!(asked, OpenError::SectionHash { kind: k, model: None } if k == kind);
            refused!(artifact.verify(|_| ()), OpenError::SectionHash { kind: k, model: None } if k == kind);
            // The other one and the model are as they were.
            let other = if index == 4 { artifact.native_code() } else { artifact.guest() };
            assert_eq!(other.unwrap().as_deref(), Some(&*parts_with_guest()[9 - index].bytes));
            assert_eq!(artifact.graph(0), parts()[2].bytes);
            image.0[at] ^= 1;
        }
    }
}

#[test]
fn native_code_of_another_artifact_is_refused() {
    let ours = Image::with_guest();
    let mut sections = Image::guest_sections();
    sections[5].bytes = SplitMix64(9).bytes(sections[5].bytes.len());
    let theirs = Image::lay(1, &sections);
    let (code, entry) = (ours.range(5), 256 + 64 * 5..256 + 64 * 6);
    assert_eq!((theirs.range(5), theirs.0.len()), (code.clone(), ours.0.len()));

    let mut swapped = ours.clone();
    swapped.put(code.start, &theirs.0[code]);
    let artifact = swapped.open().unwrap();
    refused!(artifact.native_code(), OpenError::SectionHash { kind: SectionKind::Code, model: None });
    refused!(artifact.verify(|_| ()), OpenError::SectionHash { kind: SectionKind::Code, model: None });
    // Its entry of the table comes with it.
    swapped.put(entry.start, &theirs.0[entry]);
    refused!(swapped.open(), OpenError::StructureHash);
}
