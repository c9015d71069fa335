//! Bodies that clients send, and bodies that nobody should.

use blink_artifact::manifest::ValueSpec;
use blink_tensors::DType;

use super::*;

fn entry() -> Entry {
    let input = ValueSpec { name: "x".into(), dtype: DType::F32, dims: Some(vec!["n".into()]), optional: false };
    Entry { name: None, inputs: vec![input], outputs: Vec::new() }
}

fn with_binary(json: &str, binary: &[u8]) -> Result<Asked, RequestError> {
    decode(&entry(), [json.as_bytes(), binary].concat().into(), Some(json.len()))
}

fn plain(json: &str) -> Result<Asked, RequestError> {
    decode(&entry(), Bytes::copy_from_slice(json.as_bytes()), None)
}

fn refused(asked: Result<Asked, RequestError>) -> String {
    match asked {
        Err(RequestError::Invalid(words)) => words,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fields_come_in_any_order() {
    let json = r#"{"outputs": [{"parameters": {"binary_data": false}, "name": "y"}, {"name": "z", "parameters": null}],
        "inputs": [{"data": [[1.5], [2]], "shape": [2, 1], "datatype": "FP32", "name": "x\u00e9"}],
        "parameters": {"priority": 3, "timeout": 1500, "nested": {"deep": [1]}}, "other": {}, "id": "7"}"#;
    let asked = plain(json).unwrap();
    let bytes = [1.5f32, 2.0].map(f32::to_le_bytes).concat();
    let input = InputTensor {
        name: "x\u{e9}".into(),
        dtype: DType::F32,
        shape: vec![2, 1],
        elements: Elements::Bytes(bytes.into()),
    };
    let output = |name: &str, binary| OutputRequest { name: name.into(), binary };
    let request = InferRequest {
        id: Some("7".into()),
        inputs: vec![input],
        outputs: vec![output("y", Some(false)), output("z", None)],
        timeout: Some(Duration::from_micros(1500)),
    };
    assert_eq!(asked, Asked { request, binary: false });
}

#[test]
fn binary_inputs_follow_the_json_in_order_and_are_not_copied() {
    let json = r#"{"parameters": {"binary_data_output": true}, "id": null, "outputs": null, "inputs": [
        {"name": "a", "shape": [2], "datatype": "UINT8", "parameters": {"binary_data_size": 2}},
        {"name": "b", "shape": [1], "datatype": "INT8", "parameters": {}, "data": [-3]},
        {"name": "c", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 5}}]}"#;
    let body = Bytes::from([json.as_bytes(), b"\x01\x02\x01\0\0\0z"].concat());
    let asked = decode(&entry(), body.clone(), Some(json.len())).unwrap();
    assert!(asked.binary);
    let elements: Vec<_> = asked.request.inputs.iter().map(|input| input.elements.clone()).collect();
    let expected = [
        Elements::Bytes(Bytes::from_static(&[1, 2])),
        Elements::Bytes(Bytes::from_static(&[0xfd])),
        Elements::Strings(vec!["z".into()]),
    ];
    assert_eq!(elements, expected);
    let Elements::Bytes(first) = &elements[0] else { panic!() };
    assert_eq!(first.as_ptr(), body[json.len()..].as_ptr());
}

#[test]
fn a_body_without_json_is_the_one_input() {
    let asked = decode(&entry(), Bytes::from_static(&[0; 8]), Some(0)).unwrap();
    assert_eq!((asked.request.inputs[0].shape.as_slice(), asked.binary), (&[2][..], true));
}

#[test]
fn no_timeout_is_none() {
    for timeout in ["0", "null"] {
        let asked = plain(&format!(r#"{{"inputs": [], "parameters": {{"timeout": {timeout}}}}}"#)).unwrap();
        assert_eq!(asked.request.timeout, None);
    }
}

#[test]
fn what_is_not_a_request_is_refused() {
    for json in ["", "{", "[]", "null", "{}", r#"{"inputs": {}}"#, r#"{"inputs": []} {}"#, r#"{"inputs": [1]}"#] {
        assert!(refused(plain(json)).starts_with("request is not"), "{json}");
    }
    assert!(refused(plain("7")).contains("expected an object with inputs"));
    for parameter in [r#""timeout": -1"#, r#""timeout": "1""#, r#""binary_data_output": 1"#] {
        let json = format!(r#"{{"inputs": [], "parameters": {{{parameter}}}}}"#);
        assert!(refused(plain(&json)).starts_with("request is not"), "{json}");
    }
    assert!(refused(decode(&entry(), Bytes::from_static(b"\xff"), None)).starts_with("request is not"));
}

#[test]
fn deep_json_is_refused_or_passed_over_without_descending() {
    for depth in [100, 250_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(plain(&format!(r#"{{"inputs": [], "parameters": {deep}}}"#)).is_err(), "{depth}");
        assert!(plain(&format!(r#"{{"inputs": {deep}}}"#)).is_err(), "{depth}");
        assert!(plain(&deep).is_err(), "{depth}");
        let input = format!(r#"{{"name": "x", "shape": [1], "datatype": "FP32", "data": {deep}}}"#);
        assert!(refused(plain(&format!(r#"{{"inputs": [{input}]}}"#))).contains("neither flat nor nested"), "{depth}");
        let unknown = format!(r#"{{"inputs": [], "unknown": {deep}}}"#);
        assert!(plain(&unknown).is_ok(), "{depth}");
    }
}

#[test]
fn lengths_that_the_body_has_not_are_refused() {
    let size = |size: &str| {
        let parameters = format!(r#"{{"binary_data_size": {size}}}"#);
        format!(r#"{{"inputs": [{{"name": "x", "shape": [2], "datatype": "UINT8", "parameters": {parameters}}}]}}"#)
    };
    assert!(with_binary(&size("2"), b"12").is_ok());
    assert!(refused(with_binary(&size("2"), b"1")).contains("1 are left"));
    assert!(refused(with_binary(&size("2"), b"123")).contains("1 bytes after its last input"));
    assert!(refused(with_binary(&size("3"), b"123")).contains("takes 2"));
    assert!(refused(with_binary(&size("18446744073709551615"), b"12")).contains("2 are left"));
    assert!(refused(with_binary(&size("-1"), b"12")).starts_with("request is not"));
    assert!(refused(plain(&size("2"))).contains("0 are left"));
    let body = Bytes::from_static(b"{}");
    assert!(refused(decode(&entry(), body, Some(99_999_999_999))).contains("request has 2 bytes"));
}

#[test]
fn what_is_said_twice_or_not_at_all_is_refused() {
    let input = |more: &str| format!(r#"{{"name": "x", "shape": [1], "datatype": "UINT8"{more}}}"#);
    let inputs = |inputs: &str| plain(&format!(r#"{{"inputs": [{inputs}]}}"#));
    let good = input(r#", "data": [1]"#);
    assert!(inputs(&good).is_ok());
    assert!(refused(inputs(&format!("{good},{good}"))).contains("given twice"));
    assert!(refused(inputs(&input(""))).contains("neither data nor"));
    assert!(refused(inputs(&input(r#", "data": null"#))).contains("neither data nor"));
    assert!(refused(inputs(&input(r#", "data": [1], "parameters": {"binary_data_size": 1}"#))).contains("both"));
    assert!(refused(inputs(&input(r#", "parameters": {"shared_memory_region": "r"}"#))).contains("shared memory"));
    assert!(refused(inputs(&good.replace("\"x\"", r#""a\u0000""#))).contains("NUL"));
    assert!(refused(inputs(&good.replace("UINT8", "uint8"))).contains("expected one of BOOL"));
    assert!(refused(inputs(&good.replace("[1]", "[16, 1152921504606846978]"))).contains("can be counted"));
    assert!(refused(inputs(&good.replace("[1]", "[-1]"))).starts_with("request is not"));
    assert!(
        refused(inputs(&good.replace("\"shape\": [1]", &format!("\"shape\": {:?}", [1; 33])))).contains("length 33")
    );
    let outputs = |outputs: &str| plain(&format!(r#"{{"inputs": [], "outputs": [{outputs}]}}"#));
    assert!(refused(outputs(r#"{"name": "y"}, {"name": "y"}"#)).contains("asked for twice"));
    assert!(refused(outputs(r#"{"name": "y", "parameters": {"classification": 3}}"#)).contains("classification"));
    assert!(
        refused(outputs(r#"{"name": "y", "parameters": {"shared_memory_region": "r"}}"#)).contains("shared memory")
    );
}

#[test]
fn lists_are_counted_while_they_are_read() {
    let output = r#"{"name": "y"}"#;
    let json = format!(r#"{{"inputs": [], "outputs": [{}]}}"#, vec![output; 1025].join(","));
    assert!(refused(plain(&json)).contains("at most 1024"));
}

/// A request with a byte changed, removed or doubled, and its length said wrongly: an answer or an error, never a panic,
/// and never elements that are not as many as the shape says.
#[test]
fn no_damage_to_a_request_makes_a_panic() {
    let json = r#"{"id":"1","parameters":{"timeout":5},"inputs":[{"name":"a","shape":[2,1],"datatype":"FP32","data":[[1],
        [2.5]]},{"name":"s","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":9}},{"name":"b","shape":[1],
        "datatype":"BYTES","data":["\\u00e9"]}],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}"#;
    let body = [json.as_bytes(), b"\x01\0\0\0z\0\0\0\0"].concat();
    assert!(decode(&entry(), body.clone().into(), Some(json.len())).is_ok());
    let mut taken = 0;
    for at in 0..body.len() {
        for byte in [0u8, b'0', b'9', b'"', b'[', b'{', b'\\', 0xff] {
            let (mut changed, mut longer, mut shorter) = (body.clone(), body.clone(), body.clone());
            changed[at] = byte;
            longer.insert(at, byte);
            shorter.remove(at);
            for (damaged, len) in [(changed, json.len()), (longer, json.len() + 1), (shorter, json.len() - 1)] {
                for len in [None, Some(len), Some(at)] {
                    let Ok(asked) = decode(&entry(), damaged.clone().into(), len) else { continue };
                    taken += 1;
                    asked.request.inputs.iter().for_each(holds_what_it_says);
                }
            }
        }
    }
    assert!(taken > 0);
}

fn holds_what_it_says(input: &InputTensor) {
    let count = elements(&input.name, &input.shape).unwrap();
    match &input.elements {
        Elements::Bytes(bytes) => assert_eq!(Some(bytes.len()), input.dtype.byte_len(count)),
        Elements::Strings(strings) => assert_eq!(strings.len(), count),
    }
}
