//! Outputs become a body: JSON, and after it what goes out in binary, copied once.

use blink_tensors::{DType, DataView, TensorView};
use bytes::Bytes;
use serde::Serialize;

use crate::error::RequestError;
use crate::protocol::datatype::{datatype, has_json};
use crate::protocol::{OutputRequest, binary};

/// What an answer says beside its outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerHead {
    /// The model's name.
    pub model: String,
    /// The model's version.
    pub version: u64,
    /// The client's own name for the request.
    pub id: Option<String>,
    /// The outputs that were asked for, in the order they come; empty: all.
    pub outputs: Vec<OutputRequest>,
    /// Whether outputs go out in binary of which nothing is said in `outputs`.
    pub binary: bool,
}

/// An answer's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// All of it.
    pub body: Bytes,
    /// Length of the JSON, where binary follows it.
    pub json_len: Option<usize>,
}

/// The body of an answer with these outputs. Refused is an output that has no JSON form and is not asked for in
/// binary: of a datatype that has none, or with a value that is no number.
pub fn encode(head: &AnswerHead, outputs: &[(&str, TensorView<'_>)]) -> Result<Encoded, RequestError> {
    let is_binary = |index: usize| head.outputs.get(index).and_then(|output| output.binary).unwrap_or(head.binary);
    let mut out = Vec::with_capacity(expected_len(outputs, is_binary));
    out.extend_from_slice(b"{\"model_name\":");
    json(&mut out, &head.model)?;
    out.extend_from_slice(b",\"model_version\":");
    json(&mut out, &head.version.to_string())?;
    if let Some(id) = &head.id {
        out.extend_from_slice(b",\"id\":");
        json(&mut out, id)?;
    }
    out.extend_from_slice(b",\"outputs\":[");
    for (index, (name, view)) in outputs.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"name\":" } else { b",{\"name\":" });
        json(&mut out, name)?;
        out.extend_from_slice(b",\"datatype\":");
        json(&mut out, datatype(view.dtype()))?;
        out.extend_from_slice(b",\"shape\":");
        json(&mut out, view.shape())?;
        if is_binary(index) {
            out.extend_from_slice(b",\"parameters\":{\"binary_data_size\":");
            json(&mut out, &binary_len(name, view)?)?;
            out.extend_from_slice(b"}}");
        } else {
            out.extend_from_slice(b",\"data\":[");
            data(name, view, &mut out)?;
            out.extend_from_slice(b"]}");
        }
    }
    out.extend_from_slice(b"]}");
    let json_len = (0..outputs.len()).any(is_binary).then_some(out.len());
    for (index, (name, view)) in outputs.iter().enumerate() {
        if is_binary(index) {
            binary::write(name, view, &mut out)?;
        }
    }
    Ok(Encoded { body: out.into(), json_len })
}

/// Room for the answer, so that it is rarely moved while it grows. Not a promise.
fn expected_len(outputs: &[(&str, TensorView<'_>)], is_binary: impl Fn(usize) -> bool) -> usize {
    let each = |(index, (name, view)): (usize, &(&str, TensorView<'_>))| {
        let len = binary::len(view).unwrap_or(0);
        let elements = if is_binary(index) { len } else { len.saturating_mul(3) };
        elements.saturating_add(name.len()).saturating_add(128)
    };
    outputs.iter().enumerate().map(each).fold(256, usize::saturating_add)
}

fn binary_len(name: &str, view: &TensorView<'_>) -> Result<usize, RequestError> {
    binary::len(view).ok_or_else(|| RequestError::Failed(format!("output '{name}' is larger than memory")))
}

fn data(name: &str, view: &TensorView<'_>, out: &mut Vec<u8>) -> Result<(), RequestError> {
    let dtype = view.dtype();
    if !has_json(dtype) {
        return Err(no_json(name, &format!("is {}, which has no JSON form", datatype(dtype))));
    }
    let bytes = match view.data() {
        DataView::Bytes(bytes) => bytes,
        DataView::Strings(strings) => return list(out, strings.iter()),
    };
    match dtype {
        DType::Bool => list(out, bytes.iter().map(|byte| *byte != 0)),
        DType::U8 => list(out, bytes.iter()),
        DType::I8 => list(out, numbers(bytes, i8::from_le_bytes)),
        DType::U16 => list(out, numbers(bytes, u16::from_le_bytes)),
        DType::I16 => list(out, numbers(bytes, i16::from_le_bytes)),
        DType::U32 => list(out, numbers(bytes, u32::from_le_bytes)),
        DType::I32 => list(out, numbers(bytes, i32::from_le_bytes)),
        DType::U64 => list(out, numbers(bytes, u64::from_le_bytes)),
        DType::I64 => list(out, numbers(bytes, i64::from_le_bytes)),
        DType::F64 => {
            finite(name, numbers(bytes, f64::from_le_bytes).all(f64::is_finite))?;
            list(out, numbers(bytes, f64::from_le_bytes))
        }
        _ => {
            finite(name, numbers(bytes, f32::from_le_bytes).all(f32::is_finite))?;
            list(out, numbers(bytes, f32::from_le_bytes))
        }
    }
}

fn numbers<T, const N: usize>(bytes: &[u8], of: impl Fn([u8; N]) -> T) -> impl Iterator<Item = T> {
    bytes.as_chunks::<N>().0.iter().map(move |chunk| of(*chunk))
}

fn finite(name: &str, is_finite: bool) -> Result<(), RequestError> {
    if is_finite {
        Ok(())
    } else {
        Err(no_json(name, "has a value that is NaN or infinite, which JSON has no word for"))
    }
}

fn no_json(name: &str, what: &str) -> RequestError {
    RequestError::Invalid(format!(
        "output '{name}' {what}: ask for it in binary, by its parameter binary_data or by binary_data_output"
    ))
}

/// Floats are the shortest that are read back as the same value of their own type.
fn list<T: Serialize>(out: &mut Vec<u8>, values: impl Iterator<Item = T>) -> Result<(), RequestError> {
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json(out, &value)?;
    }
    Ok(())
}

fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), RequestError> {
    serde_json::to_writer(out, value)
        .map_err(|error| RequestError::Failed(format!("answer cannot be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(outputs: &[Option<bool>], binary: bool) -> AnswerHead {
        let output = |binary: &Option<bool>| OutputRequest { name: "y".into(), binary: *binary };
        let outputs = outputs.iter().map(output).collect();
        AnswerHead { model: "m\"".into(), version: 3, id: Some("7\n".into()), outputs, binary }
    }

    fn text(dtype: DType, shape: &[usize], bytes: &[u8]) -> Result<String, RequestError> {
        let view = TensorView::new(dtype, shape, bytes).unwrap();
        let encoded = encode(&AnswerHead { id: None, ..head(&[], false) }, &[("y", view)])?;
        assert_eq!(encoded.json_len, None);
        Ok(String::from_utf8(encoded.body.to_vec()).unwrap())
    }

    #[test]
    fn outputs_stand_in_the_json_or_after_it() {
        let strings = ["a\"".to_owned()];
        let [first, second] = [
            TensorView::new(DType::F32, &[1, 2], &[0, 0, 0x80, 0x3f, 0xcd, 0xcc, 0xcc, 0x3d]).unwrap(),
            TensorView::strings(&[], &strings).unwrap(),
        ];
        let encoded = encode(&head(&[Some(true), None], false), &[("y", first), ("z\t", second)]).unwrap();
        let expected = concat!(
            r#"{"model_name":"m\"","model_version":"3","id":"7\n","outputs":["#,
            r#"{"name":"y","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},"#,
            r#"{"name":"z\t","datatype":"BYTES","shape":[],"data":["a\""]}]}"#,
        );
        let json_len = encoded.json_len.unwrap();
        assert_eq!(std::str::from_utf8(&encoded.body[..json_len]).unwrap(), expected);
        assert_eq!(encoded.body[json_len..], *first.bytes().unwrap());
        let encoded = encode(&head(&[Some(false), None], true), &[("y", first), ("z", second)]).unwrap();
        let json_len = encoded.json_len.unwrap();
        assert!(std::str::from_utf8(&encoded.body[..json_len]).unwrap().contains(r#""data":[1.0,0.1]"#));
        assert_eq!(encoded.body[json_len..], *b"\x02\0\0\0a\"");
    }

    #[test]
    fn an_answer_without_outputs_is_json() {
        let encoded = encode(&head(&[], true), &[]).unwrap();
        assert_eq!(encoded.json_len, None);
        assert!(encoded.body.ends_with(br#""outputs":[]}"#));
    }

    #[test]
    fn elements_are_numbers_that_are_read_back() {
        assert!(text(DType::Bool, &[2], &[0, 1]).unwrap().ends_with(r#""data":[false,true]}]}"#));
        assert!(text(DType::I8, &[2], &[0x80, 1]).unwrap().ends_with("[-128,1]}]}"));
        assert!(text(DType::U64, &[1], &[0xff; 8]).unwrap().ends_with("[18446744073709551615]}]}"));
        assert!(text(DType::F64, &[1], &0.1f64.to_le_bytes()).unwrap().ends_with("[0.1]}]}"));
        for value in [f32::MIN_POSITIVE, f32::MAX, 1e-45, -0.0, 16_777_216.0, 0.3] {
            let written = text(DType::F32, &[1], &value.to_le_bytes()).unwrap();
            let number = written.split("\"data\":[").nth(1).unwrap().trim_end_matches("]}]}");
            assert_eq!(number.parse::<f32>().unwrap().to_bits(), value.to_bits(), "{number}");
        }
    }

    #[test]
    fn what_json_cannot_say_is_asked_for_in_binary() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let words = text(DType::F32, &[1], &value.to_le_bytes()).unwrap_err().to_string();
            assert!(words.contains("ask for it in binary"), "{words}");
        }
        assert!(text(DType::F64, &[1], &f64::NAN.to_le_bytes()).is_err());
        for dtype in DType::ALL.into_iter().filter(|dtype| !has_json(*dtype)) {
            let view = TensorView::new(dtype, &[0], &[]).unwrap();
            assert!(matches!(encode(&head(&[], false), &[("y", view)]), Err(RequestError::Invalid(_))), "{dtype}");
            assert!(encode(&head(&[], true), &[("y", view)]).is_ok(), "{dtype}");
        }
    }
}
