//! The rules of a model's device: who has one, and where its weights have their places.

use blink_artifact::{ManifestError, OpenError};
use serde_json::{Value, json};

use crate::support::*;

/// Opens an artifact for CUDA with these weights in its section of 3000 bytes.
fn weights(weights: Value) -> Result<blink_artifact::Artifact, OpenError> {
    altered_device(|model| model["device"]["weights"] = weights)
}

fn weight(name: &str, dtype: &str, shape: Value, offset: u64) -> Value {
    json!({"name": name, "dtype": dtype, "shape": shape, "offset": offset})
}

#[test]
fn every_model_of_an_artifact_for_a_device_has_one_and_no_other_has() {
    let forget = |model: &mut Value| drop(model.as_object_mut().unwrap().remove("device"));
    bad_manifest!(altered_device(forget), ManifestError::NoDevice { model } if model == "small");
    let told = device_manifest()["models"][0]["device"].clone();
    bad_manifest!(altered_model(|model| model["device"] = told), ManifestError::StrayDevice { model } if model == "small");

    let mut sections = Image::device_sections();
    let mut both: Value = serde_json::from_slice(&sections[0].bytes).unwrap();
    let mut second = both["models"][0].clone();
    second["name"] = json!("second");
    second["golden"] = json!(null);
    second["device"]["weights"] = json!([]);
    both["models"].as_array_mut().unwrap().push(second);
    sections.push(RawSection::new(GRAPH, 1, b"graph"));
    sections[0].bytes = serde_json::to_vec(&both).unwrap();
    Image::lay(2, &sections).made_for_cuda().open().unwrap();
    forget(&mut both["models"][1]);
    sections[0].bytes = serde_json::to_vec(&both).unwrap();
    let one = Image::lay(2, &sections).made_for_cuda().open();
    bad_manifest!(one, ManifestError::NoDevice { model } if model == "second");
}

#[test]
fn a_graph_for_a_device_is_in_the_onnx_encoding() {
    bad_manifest!(altered_device(|model| model["encoding"] = json!("ort")), ManifestError::DeviceEncoding { .. });
}

#[test]
fn there_is_an_error_for_each_output() {
    let error = json!({"max_abs": 0.0, "max_rel": 1e-3});
    for count in [0, 2] {
        bad_manifest!(
            altered_device(|model| model["device"]["error"] = json!(vec![error.clone(); count])),
            ManifestError::ErrorCount { found, expected: 1, .. } if found == count
        );
    }
    altered_device(|model| model["device"]["error"] = json!(null)).unwrap();
}

#[test]
fn names_of_a_device_have_1_to_1024_bytes() {
    type Place = fn(&mut Value, &str);
    let places: [Place; 3] = [
        |device, name| device["weights"][1]["name"] = json!(name),
        |device, name| device["trial"]["device"] = json!(name),
        |device, name| device["trial"]["on_cpu"] = json!({name: 1}),
    ];
    for place in places {
        for (len, name) in [(0, String::new()), (1025, "x".repeat(1025)), (1026, "ä".repeat(513))] {
            bad_manifest!(
                altered_device(|model| place(&mut model["device"], &name)),
                ManifestError::NameLength { found } if found == len
            );
        }
        altered_device(|model| place(&mut model["device"], &"ä".repeat(512))).unwrap();
    }
}

#[test]
fn weights_have_names_of_their_own_and_ranks_of_64_at_most() {
    let same = json!([weight("a", "f32", json!([1]), 0), weight("a", "f32", json!([1]), 64)]);
    bad_manifest!(weights(same), ManifestError::DuplicateValue { side: "weights", name, .. } if name == "a");
    for rank in [65, 10_000] {
        let deep = json!([weight("deep", "f32", json!(vec![1; rank]), 0)]);
        bad_manifest!(weights(deep), ManifestError::Rank { value, found } if (value.as_str(), found) == ("deep", rank));
    }
    weights(json!([weight("deep", "f32", json!(vec![1; 64]), 0)])).unwrap();
}

#[test]
fn at_most_65536_weights_are_told_of() {
    let many = |count: usize| -> Value { (0..count).map(|at| weight(&at.to_string(), "u8", json!([0]), 0)).collect() };
    bad_manifest!(weights(many(65_537)), ManifestError::TooManyWeights { found: 65_537, .. });
    assert_eq!(weights(many(65_536)).unwrap().manifest().models[0].device.as_ref().unwrap().weights.len(), 65_536);
}

#[test]
fn weights_stand_in_order_on_64_bytes_inside_their_section() {
    let refused_at = |told: Value, place: u64| {
        bad_manifest!(
            weights(told.clone()),
            ManifestError::WeightPlace { offset, section_len: 3000, .. } if offset == place
        );
    };
    for offset in [1, 4, 32, 63, 65, u64::MAX] {
        refused_at(json!([weight("a", "u8", json!([1]), offset)]), offset);
    }
    // The section has 3000 bytes: the last multiple of 64 in it is 2944.
    refused_at(json!([weight("a", "u8", json!([57]), 2944)]), 2944);
    refused_at(json!([weight("a", "u8", json!([]), 3008)]), 3008);
    refused_at(json!([weight("a", "u8", json!([1]), u64::MAX - 63)]), u64::MAX - 63);
    weights(json!([weight("a", "u8", json!([56]), 2944)])).unwrap();
    // Overlapping, and out of order.
    refused_at(json!([weight("a", "f32", json!([17]), 0), weight("b", "f32", json!([1]), 64)]), 64);
    refused_at(json!([weight("a", "f32", json!([1]), 64), weight("b", "f32", json!([1]), 0)]), 0);
    weights(json!([weight("a", "f32", json!([16]), 0), weight("b", "f32", json!([1]), 64)])).unwrap();
    // Holes are allowed: large weights begin at pages.
    weights(json!([weight("a", "f32", json!([1]), 0), weight("b", "f32", json!([1]), 1024)])).unwrap();
}

#[test]
fn weights_are_tensors_of_numbers_that_memory_can_hold() {
    let strings = json!([weight("a", "string", json!([1]), 0)]);
    bad_manifest!(weights(strings), ManifestError::WeightPlace { .. });
    for shape in [json!([u64::MAX, 2]), json!([u64::MAX]), json!([1_u64 << 32, 1_u64 << 32])] {
        let huge = json!([weight("a", "f32", shape, 0)]);
        bad_manifest!(weights(huge), ManifestError::WeightPlace { .. });
    }
}

#[test]
fn a_model_for_a_device_without_a_weights_section_has_no_weights() {
    let mut sections = Image::device_sections();
    sections.remove(3);
    let open = |sections: &[RawSection]| Image::lay(1, sections).made_for_cuda().open();
    bad_manifest!(open(&sections), ManifestError::WeightPlace { section_len: 0, .. });
    let mut manifest = device_manifest();
    manifest["models"][0]["device"]["weights"] = json!([]);
    sections[0].bytes = serde_json::to_vec(&manifest).unwrap();
    assert_eq!(open(&sections).unwrap().weights_hash(0), None);
}
