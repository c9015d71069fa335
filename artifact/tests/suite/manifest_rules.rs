//! The manifest's rules, each broken in JSON that is otherwise right, in an artifact whose hashes fit.

use blink_artifact::{Artifact, ManifestError, OpenError};
use serde_json::{Value, json};

use crate::support::*;

/// The manifest of [`Image::small`], to be changed.
fn value() -> Value {
    serde_json::from_slice(&Image::small_sections()[0].bytes).unwrap()
}

/// Opens an artifact whose manifest is these bytes.
fn open(manifest: &[u8]) -> Result<Artifact, OpenError> {
    let mut sections = Image::small_sections();
    sections[0].bytes = manifest.to_vec();
    Image::lay(1, &sections).open()
}

/// Opens an artifact whose manifest has been changed.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Artifact, OpenError> {
    let mut value = value();
    change(&mut value);
    open(&serde_json::to_vec(&value).unwrap())
}

/// Opens an artifact whose first model has been changed.
fn model(change: impl FnOnce(&mut Value)) -> Result<Artifact, OpenError> {
    changed(|value| change(&mut value["models"][0]))
}

/// An input or output called `name`.
fn named(name: &str) -> Value {
    json!({"name": name, "dtype": "f32", "dims": []})
}

macro_rules! bad {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        refused!($result, OpenError::Manifest($pattern) $(if $guard)?)
    };
}

#[test]
fn what_is_not_json_is_refused() {
    for bytes in [
        &b"x"[..],
        b" ",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"{\"compiler\":\"\xff\",\"models\":[]}",
    ] {
        bad!(open(bytes), ManifestError::Json(_));
    }
    let mut trailing = serde_json::to_vec(&value()).unwrap();
    trailing.extend(b"{}");
    bad!(open(&trailing), ManifestError::Json(_));
    trailing.truncate(trailing.len() - 3);
    bad!(open(&trailing), ManifestError::Json(_));
}

#[test]
fn fields_that_are_not_known_or_not_there_or_there_twice_are_refused() {
    let places: [fn(&mut Value) -> &mut Value; 7] = [
        |v| v,
        |v| &mut v["models"][0],
        |v| &mut v["models"][0]["inputs"][0],
        |v| &mut v["models"][0]["arena"],
        |v| &mut v["models"][0]["golden"],
        |v| &mut v["models"][0]["golden"]["outputs"][0],
        |v| &mut v["models"][0]["provenance"],
    ];
    // These three are the same as null where they are left out.
    let may_be_absent = ["golden", "stored", "dims"];
    for place in places {
        bad!(changed(|value| place(value)["surprise"] = json!(1)), ManifestError::Json(_));
        let mut whole = value();
        for field in place(&mut whole).as_object().unwrap().keys() {
            let without = changed(|value| drop(place(value).as_object_mut().unwrap().remove(field)));
            if may_be_absent.contains(&field.as_str()) {
                without.unwrap_or_else(|error| panic!("without {field}: {error}"));
            } else {
                bad!(without, ManifestError::Json(_));
            }
        }
    }
    let text = serde_json::to_string(&value()).unwrap();
    bad!(open(text.replacen('{', "{\"compiler\":\"twice\",", 1).as_bytes()), ManifestError::Json(_));
}

#[test]
fn numbers_and_words_of_the_wrong_kind_are_refused() {
    for wrong in [json!(-1), json!(1.5), json!(1e300), json!("1"), json!(null), json!([]), json!(true)] {
        bad!(model(|model| model["arena"]["peak"] = wrong.clone()), ManifestError::Json(_));
    }
    bad!(
        open(serde_json::to_string(&value()).unwrap().replace("1048576", "18446744073709551616").as_bytes()),
        ManifestError::Json(_)
    );
    for (field, wrong) in [("encoding", "ORT"), ("encoding", "tflite"), ("optimisation", "layout")] {
        bad!(model(|model| model[field] = json!(wrong)), ManifestError::Json(_));
    }
    for wrong in ["F32", "float", "complex64", ""] {
        bad!(model(|model| model["inputs"][0]["dtype"] = json!(wrong)), ManifestError::Json(_));
    }
    for wrong in [json!(-1), json!(1.5), json!(true), json!({}), json!([1])] {
        bad!(model(|model| model["inputs"][0]["dims"] = json!([wrong])), ManifestError::Json(_));
    }
}

#[test]
fn deep_nesting_is_refused() {
    for depth in [200, 100_000] {
        let nest = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        bad!(open(nest.as_bytes()), ManifestError::Json(_));
        // Where any kind of value is looked at before it is judged.
        let text = serde_json::to_string(&value()).unwrap();
        let deep = text.replace("[\"batch\",3,null]", &nest);
        assert_ne!(deep, text);
        bad!(open(deep.as_bytes()), ManifestError::Json(_));
        bad!(open("{\"compiler\":".repeat(depth).as_bytes()), ManifestError::Json(_));
    }
}

#[test]
fn the_header_and_the_manifest_count_the_same_models() {
    bad!(changed(|value| value["models"] = json!([])), ManifestError::ModelCount { found: 0, expected: 1 });
    let second = |value: &mut Value| {
        let mut second = value["models"][0].clone();
        second["name"] = json!("second");
        value["models"].as_array_mut().unwrap().push(second);
    };
    bad!(changed(second), ManifestError::ModelCount { found: 2, expected: 1 });
}

#[test]
fn names_are_unique() {
    let mut sections = Image::small_sections();
    sections[0].bytes = manifest(vec![record("same"), record("same")]);
    sections.push(RawSection::new(GRAPH, 1, b"graph"));
    sections.remove(1);
    bad!(Image::lay(2, &sections).open(), ManifestError::DuplicateModel { name } if name == "same");

    for side in ["inputs", "outputs"] {
        let twice = model(|model| {
            model[side] = json!([named("a"), named("b"), named("a")]);
            model["golden"] = json!(null);
        });
        bad!(twice, ManifestError::DuplicateValue { name, side: found, .. } if (name.as_str(), found) == ("a", side));
    }
    let across = model(|model| {
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
            bad!(model(|model| place(model, &name)), ManifestError::NameLength { found } if found == len);
            model(|model| place(model, &"ä".repeat(512))).unwrap();
        }
    }
}

#[test]
fn a_model_has_at_most_1024_inputs_and_outputs() {
    let many = |side: &'static str, count: usize| {
        model(|model| {
            model[side] = (0..count).map(|at| named(&format!("value {at}"))).collect();
            model["golden"] = json!(null);
        })
    };
    for side in ["inputs", "outputs"] {
        bad!(
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
            bad!(
                model(|model| place(model, rank)),
                ManifestError::Rank { value, found } if (value.as_str(), found) == (of, rank)
            );
        }
        model(|model| place(model, 64)).unwrap();
    }
    model(|model| model["inputs"][0]["dims"] = json!(null)).unwrap();
}

#[test]
fn arenas_are_aligned_to_a_power_of_two_from_16_to_4096() {
    let aligned = |alignment: u32| model(|model| model["arena"]["alignment"] = json!(alignment));
    for alignment in [0, 1, 8, 15, 17, 48, 4095, 6000, 8192, u32::MAX] {
        bad!(aligned(alignment), ManifestError::ArenaAlignment { found } if found == alignment);
    }
    for bits in 4..=12 {
        aligned(1 << bits).unwrap();
    }
}

#[test]
fn a_golden_run_has_as_many_inputs_and_outputs_as_its_model() {
    for count in [0, 2] {
        bad!(
            model(|model| model["golden"]["shapes"] = json!(vec![[1]; count])),
            ManifestError::GoldenCount { side: "inputs", found, expected: 1, .. } if found == count
        );
        bad!(
            model(|model| {
                let output = model["golden"]["outputs"][0].clone();
                model["golden"]["outputs"] = json!(vec![output; count]);
            }),
            ManifestError::GoldenCount { side: "outputs", found, expected: 1, .. } if found == count
        );
    }
    model(|model| model["golden"]["shapes"] = json!([null])).unwrap();
}

#[test]
fn golden_outputs_stand_inside_their_section() {
    // The section has 100 bytes.
    for (at, len) in [(0, 101), (100, 1), (101, 0), (1, 100), (u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX)] {
        bad!(
            model(|model| model["golden"]["outputs"][0]["stored"] = json!([at, len])),
            ManifestError::GoldenPlace { offset, len: found, section_len: 100, .. } if (offset, found) == (at, len)
        );
    }
    for (at, len) in [(0, 100), (99, 1), (100, 0), (0, 0)] {
        model(|model| model["golden"]["outputs"][0]["stored"] = json!([at, len])).unwrap();
    }
    let mut sections = Image::small_sections();
    sections.remove(1);
    bad!(Image::lay(1, &sections).open(), ManifestError::GoldenPlace { section_len: 0, .. });
}
