//! The message of an answer: outputs raw or typed, as the inputs were.

use blink_tensors::TensorView;

use super::contents;
use super::proto::ModelInferResponse;
use super::proto::model_infer_response::InferOutputTensor;
use crate::error::RequestError;
use crate::protocol::{binary, datatype};

/// The outputs, encoded. Fails where a dtype has no typed form, and the request was typed.
pub(super) fn encode(outputs: &[(&str, TensorView<'_>)], raw: bool) -> Result<ModelInferResponse, RequestError> {
    let mut response = ModelInferResponse::default();
    for (name, view) in outputs {
        let mut output = InferOutputTensor {
            name: (*name).to_owned(),
            datatype: datatype(view.dtype()).to_owned(),
            shape: view.shape().iter().map(|dim| i64::try_from(*dim).unwrap_or(i64::MAX)).collect(),
            ..InferOutputTensor::default()
        };
        if raw {
            let mut elements = Vec::with_capacity(binary::len(view).unwrap_or_default());
            binary::write(name, view, &mut elements)?;
            response.raw_output_contents.push(elements.into());
        } else {
            let words = || format!("output '{name}' ({}) is sent raw only: send the inputs raw", output.datatype);
            output.contents = Some(contents::encode(view).ok_or_else(|| RequestError::Invalid(words()))?);
        }
        response.outputs.push(output);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use blink_tensors::DType;

    use super::*;

    #[test]
    fn outputs_are_all_raw_or_all_typed() {
        let strings = ["s".to_owned()];
        let outputs = [
            ("a", TensorView::new(DType::I16, &[1, 2], &[1, 0, 255, 255]).unwrap()),
            ("b", TensorView::strings(&[], &strings).unwrap()),
        ];
        let response = encode(&outputs, true).unwrap();
        assert_eq!(response.raw_output_contents, [&[1u8, 0, 255, 255][..], b"\x01\0\0\0s"]);
        assert!(response.outputs.iter().all(|output| output.contents.is_none()));
        assert_eq!((&response.outputs[0].shape[..], &response.outputs[0].datatype[..]), (&[1, 2][..], "INT16"));
        let response = encode(&outputs, false).unwrap();
        assert!(response.raw_output_contents.is_empty());
        let [a, b] = &response.outputs[..] else { panic!() };
        assert_eq!(a.contents.as_ref().unwrap().int_contents, [1, -1]);
        assert_eq!(b.contents.as_ref().unwrap().bytes_contents, ["s"]);
        assert_eq!((&b.name[..], &b.datatype[..], b.shape.len()), ("b", "BYTES", 0));
    }

    #[test]
    fn halves_have_no_typed_form() {
        let outputs = [("a", TensorView::new(DType::F16, &[1], &[0, 60]).unwrap())];
        assert!(encode(&outputs, true).is_ok());
        assert!(matches!(encode(&outputs, false), Err(RequestError::Invalid(words)) if words.contains("raw")));
    }
}
