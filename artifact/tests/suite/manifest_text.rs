//! Manifests that are no JSON, or JSON of another shape, in artifacts whose hashes fit.

use blink_artifact::ManifestError;
use serde_json::{Value, json};

use crate::support::*;

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
        bad_manifest!(open_manifest(bytes), ManifestError::Json(_));
    }
    let mut trailing = serde_json::to_vec(&small_manifest()).unwrap();
    trailing.extend(b"{}");
    bad_manifest!(open_manifest(&trailing), ManifestError::Json(_));
    trailing.truncate(trailing.len() - 3);
    bad_manifest!(open_manifest(&trailing), ManifestError::Json(_));
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
        bad_manifest!(altered(|value| place(value)["surprise"] = json!(1)), ManifestError::Json(_));
        let mut whole = small_manifest();
        for field in place(&mut whole).as_object().unwrap().keys() {
            let without = altered(|value| drop(place(value).as_object_mut().unwrap().remove(field)));
            if may_be_absent.contains(&field.as_str()) {
                without.unwrap_or_else(|error| panic!("without {field}: {error}"));
            } else {
                bad_manifest!(without, ManifestError::Json(_));
            }
        }
    }
    let text = serde_json::to_string(&small_manifest()).unwrap();
    bad_manifest!(open_manifest(text.replacen('{', "{\"compiler\":\"twice\",", 1).as_bytes()), ManifestError::Json(_));
}

#[test]
fn fields_of_a_guest_that_are_not_known_or_not_there_or_there_twice_are_refused() {
    let places: [fn(&mut Value) -> &mut Value; 3] =
        [|v| &mut v["guest"], |v| &mut v["guest"]["code"], |v| &mut v["guest"]["steps"][0]];
    for place in places {
        bad_manifest!(altered_guest(|value| place(value)["surprise"] = json!(1)), ManifestError::Json(_));
        let mut whole = guest_manifest();
        for field in place(&mut whole).as_object().unwrap().keys() {
            let without = altered_guest(|value| drop(place(value).as_object_mut().unwrap().remove(field)));
            // Left out, it is null, which tells of no code.
            if field == "code" {
                bad_manifest!(without, ManifestError::CodeUnknown);
            } else {
                bad_manifest!(without, ManifestError::Json(_));
            }
        }
    }
    for twice in ["\"guest\":{", "\"code\":{", "\"name\":\"guest\","] {
        let text = guest_manifest().to_string();
        let (before, after) = text.split_once(twice).unwrap();
        let end = if twice.ends_with('{') { format!("\"a\":1}},{twice}") } else { twice.to_owned() };
        bad_manifest!(
            open_manifest_with_guest(format!("{before}{twice}{end}{after}").as_bytes()),
            ManifestError::Json(_)
        );
    }
}

#[test]
fn a_guest_of_other_words_or_null_is_refused() {
    for wrong in ["Module", "wasm", "", "core"] {
        bad_manifest!(altered_guest(|value| value["guest"]["kind"] = json!(wrong)), ManifestError::Json(_));
    }
    for kind in ["module", "component"] {
        altered_guest(|value| value["guest"]["kind"] = json!(kind)).unwrap();
    }
    for wrong in [json!(null), json!([]), json!("guest"), json!(true), json!({})] {
        bad_manifest!(altered(|value| value["guest"] = wrong.clone()), ManifestError::Json(_));
        bad_manifest!(altered_guest(|value| value["guest"] = wrong), ManifestError::Json(_));
    }
    for wrong in [json!(-1), json!(1.5), json!("1"), json!(null)] {
        bad_manifest!(altered_guest(|value| value["guest"]["steps"][1]["after"] = wrong), ManifestError::Json(_));
    }
}

#[test]
fn fields_of_a_device_that_are_not_known_or_not_there_are_refused() {
    let places: [fn(&mut Value) -> &mut Value; 4] = [
        |model| &mut model["device"],
        |model| &mut model["device"]["error"][0],
        |model| &mut model["device"]["trial"],
        |model| &mut model["device"]["weights"][0],
    ];
    for place in places {
        bad_manifest!(altered_device(|model| place(model)["surprise"] = json!(1)), ManifestError::Json(_));
        let mut whole = device_manifest()["models"][0].clone();
        for field in place(&mut whole).as_object().unwrap().keys() {
            let without = altered_device(|model| drop(place(model).as_object_mut().unwrap().remove(field)));
            if ["error", "trial"].contains(&field.as_str()) {
                without.unwrap_or_else(|error| panic!("without {field}: {error}"));
            } else {
                bad_manifest!(without, ManifestError::Json(_));
            }
        }
    }
    let text = device_manifest().to_string();
    let twice = text.replacen("\"cudnn\":", "\"cudnn\":false,\"cudnn\":", 1);
    assert_ne!(twice, text);
    bad_manifest!(open_manifest_for_device(twice.as_bytes()), ManifestError::Json(_));
}

#[test]
fn a_device_of_other_words_or_null_is_refused() {
    for wrong in [json!(null), json!([]), json!("cuda"), json!(true), json!({})] {
        bad_manifest!(altered_model(|model| model["device"] = wrong.clone()), ManifestError::Json(_));
        bad_manifest!(altered_device(|model| model["device"] = wrong), ManifestError::Json(_));
    }
    for wrong in ["FP16", "half", "bf16", ""] {
        bad_manifest!(altered_device(|model| model["device"]["precision"] = json!(wrong)), ManifestError::Json(_));
    }
    for wrong in [json!(-1), json!(1.5), json!("1"), json!(null)] {
        let place = |model: &mut Value| model["device"]["weights"][1]["offset"] = wrong.clone();
        bad_manifest!(altered_device(place), ManifestError::Json(_));
        let shape = |model: &mut Value| model["device"]["weights"][1]["shape"] = json!([wrong.clone()]);
        bad_manifest!(altered_device(shape), ManifestError::Json(_));
    }
    for wrong in [json!("1"), json!(null), json!(true)] {
        let place = |model: &mut Value| model["device"]["error"][0]["max_abs"] = wrong;
        bad_manifest!(altered_device(place), ManifestError::Json(_));
    }
}

#[test]
fn numbers_and_words_of_the_wrong_kind_are_refused() {
    for wrong in [json!(-1), json!(1.5), json!(1e300), json!("1"), json!(null), json!([]), json!(true)] {
        bad_manifest!(altered_model(|model| model["arena"]["peak"] = wrong.clone()), ManifestError::Json(_));
    }
    bad_manifest!(
        open_manifest(
            serde_json::to_string(&small_manifest()).unwrap().replace("1048576", "18446744073709551616").as_bytes()
        ),
        ManifestError::Json(_)
    );
    for (field, wrong) in [("encoding", "ORT"), ("encoding", "tflite"), ("optimisation", "layout")] {
        bad_manifest!(altered_model(|model| model[field] = json!(wrong)), ManifestError::Json(_));
    }
    for wrong in ["F32", "float", "complex64", ""] {
        bad_manifest!(altered_model(|model| model["inputs"][0]["dtype"] = json!(wrong)), ManifestError::Json(_));
    }
    for wrong in [json!(-1), json!(1.5), json!(true), json!({}), json!([1])] {
        bad_manifest!(altered_model(|model| model["inputs"][0]["dims"] = json!([wrong])), ManifestError::Json(_));
    }
}

#[test]
fn deep_nesting_is_refused() {
    for depth in [200, 100_000] {
        let nest = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        bad_manifest!(open_manifest(nest.as_bytes()), ManifestError::Json(_));
        // Where any kind of value is looked at before it is judged.
        let text = serde_json::to_string(&small_manifest()).unwrap();
        let deep = text.replace("[\"batch\",3,null]", &nest);
        assert_ne!(deep, text);
        bad_manifest!(open_manifest(deep.as_bytes()), ManifestError::Json(_));
        bad_manifest!(open_manifest("{\"compiler\":".repeat(depth).as_bytes()), ManifestError::Json(_));
    }
}
