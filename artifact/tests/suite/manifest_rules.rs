//! The manifest's rules, each broken in JSON that is otherwise right, in an artifact whose hashes fit.

use blink_artifact::ManifestError;
use serde_json::{Value, json};

use crate::support::*;

/// An input or output called `name`.
fn named(name: &str) -> Value {
    json!({"name": name, "dtype": "f32", "dims": []})
}

#[test]
fn the_header_and_the_manifest_count_the_same_models() {
    bad_manifest!(altered(|value| value["models"] = json!([])), ManifestError::ModelCount { found: 0, expected: 1 });
    let second = |value: &mut Value| {
        let mut second = value["models"][0].clone();
        second["name"] = json!("second");
        value["models"].as_array_mut().unwrap().push(second);
    };
    bad_manifest!(altered(second), ManifestError::ModelCount { found: 2, expected: 1 });
}

#[test]
fn names_are_unique() {
    let mut sections = Image::small_sections();
    sections[0].bytes = manifest(vec![record("same"), record("same")]);
    sections.push(RawSection::new(GRAPH, 1, b"graph"));
    sections.remove(1);
    bad_manifest!(Image::lay(2, &sections).open(), ManifestError::DuplicateModel { name } if name == "same");

    for side in ["inputs", "outputs"] {
        let twice = altered_model(|model| {
            model[side] = json!([named("a"), named("b"), named("a")]);
            model["golden"] = json!(null);
        });
        bad_manifest!(twice, ManifestError::DuplicateValue { name, side: found, .. } if (name.as_str(), found) == ("a", side));
    }
    let across = altered_model(|model| {
        model["inputs"] = json!([named("a")]);
        model["outputs"] = json!([named("a")]);
    });
    across.unwrap();
}

#[test]
fn names_have_1_to_1024_bytes() {
    // Two bytes a letter: it is bytes that count.
    for (len, name) in [(0, String::new()), (1025, "x".repeat(1025)), (1026, "ä".repeat(513))] {
        let places: [fn(&mut Value, &str); 4] = [
            |model, name| model["name"] = json!(name),
            |model, name| model["inputs"][0]["name"] = json!(name),
            |model, name| model["outputs"][0]["name"] = json!(name),
            |model, name| model["inputs"][0]["dims"] = json!([name]),
        ];
        for place in places {
            bad_manifest!(altered_model(|model| place(model, &name)), ManifestError::NameLength { found } if found == len);
            altered_model(|model| place(model, &"ä".repeat(512))).unwrap();
        }
    }
}

#[test]
fn a_model_has_at_most_1024_inputs_and_outputs() {
    let many = |side: &'static str, count: usize| {
        altered_model(|model| {
            model[side] = (0..count).map(|at| named(&format!("value {at}"))).collect();
            model["golden"] = json!(null);
        })
    };
    for side in ["inputs", "outputs"] {
        bad_manifest!(
            many(side, 1025),
            ManifestError::TooManyValues { side: found, found: 1025, .. } if found == side
        );
        many(side, 1024).unwrap();
    }
}

#[test]
fn ranks_are_at_most_64() {
    type Place = fn(&mut Value, usize);
    let places: [(&str, Place); 4] = [
        ("input", |model, rank| model["inputs"][0]["dims"] = json!(vec![Value::Null; rank])),
        ("output", |model, rank| model["outputs"][0]["dims"] = json!(vec![Value::Null; rank])),
        ("input", |model, rank| model["golden"]["shapes"] = json!([vec![1; rank]])),
        ("output", |model, rank| model["golden"]["outputs"][0]["shape"] = json!(vec![1; rank])),
    ];
    for (of, place) in places {
        for rank in [65, 100_000] {
            bad_manifest!(
                altered_model(|model| place(model, rank)),
                ManifestError::Rank { value, found } if (value.as_str(), found) == (of, rank)
            );
        }
        altered_model(|model| place(model, 64)).unwrap();
    }
    altered_model(|model| model["inputs"][0]["dims"] = json!(null)).unwrap();
}

#[test]
fn arenas_are_aligned_to_a_power_of_two_from_16_to_4096() {
    let aligned = |alignment: u32| altered_model(|model| model["arena"]["alignment"] = json!(alignment));
    for alignment in [0, 1, 8, 15, 17, 48, 4095, 6000, 8192, u32::MAX] {
        bad_manifest!(aligned(alignment), ManifestError::ArenaAlignment { found } if found == alignment);
    }
    for bits in 4..=12 {
        aligned(1 << bits).unwrap();
    }
}

#[test]
fn a_golden_run_has_as_many_inputs_and_outputs_as_its_model() {
    for count in [0, 2] {
        bad_manifest!(
            altered_model(|model| model["golden"]["shapes"] = json!(vec![[1]; count])),
            ManifestError::GoldenCount { side: "inputs", found, expected: 1, .. } if found == count
        );
        bad_manifest!(
            altered_model(|model| {
                let output = model["golden"]["outputs"][0].clone();
                model["golden"]["outputs"] = json!(vec![output; count]);
            }),
            ManifestError::GoldenCount { side: "outputs", found, expected: 1, .. } if found == count
        );
    }
    altered_model(|model| model["golden"]["shapes"] = json!([null])).unwrap();
}

#[test]
fn golden_outputs_stand_inside_their_section() {
    // The section has 100 bytes.
    for (at, len) in [(0, 101), (100, 1), (101, 0), (1, 100), (u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX)] {
        bad_manifest!(
            altered_model(|model| model["golden"]["outputs"][0]["stored"] = json!([at, len])),
            ManifestError::GoldenPlace { offset, len: found, section_len: 100, .. } if (offset, found) == (at, len)
        );
    }
    for (at, len) in [(0, 100), (99, 1), (100, 0), (0, 0)] {
        altered_model(|model| model["golden"]["outputs"][0]["stored"] = json!([at, len])).unwrap();
    }
    let mut sections = Image::small_sections();
    sections.remove(1);
    bad_manifest!(Image::lay(1, &sections).open(), ManifestError::GoldenPlace { section_len: 0, .. });
}
