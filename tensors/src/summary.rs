//! What to print of a tensor: range, mean, NaN and the first few values.

use serde::{Serialize, Serializer};

use crate::numeric::{self, Number};
use crate::{DType, DataView, TensorView, json};

/// Figures over all elements of one tensor.
///
/// `min`, `max` and `mean` leave NaN out, and are `None` where nothing is left, as for strings. Bools count as 0
/// and 1, integers past 2^53 are rounded. In JSON a figure that is not finite is a string, as in [`json`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The element type.
    pub dtype: DType,
    /// The dims, outermost first.
    pub shape: Vec<usize>,
    /// Number of elements.
    pub elements: usize,
    /// The least element.
    #[serde(serialize_with = "figure")]
    pub min: Option<f64>,
    /// The greatest element.
    #[serde(serialize_with = "figure")]
    pub max: Option<f64>,
    /// The sum of the elements over their number.
    #[serde(serialize_with = "figure")]
    pub mean: Option<f64>,
    /// How many elements are NaN.
    pub nan: usize,
    /// The first elements, row-major, each in as many digits as tell it apart; a string longer than 64 characters
    /// is cut.
    pub first: Vec<String>,
}

const MAX_CHARS: usize = 64;

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?}", self.dtype, self.shape)?;
        for (name, figure) in [("min", self.min), ("max", self.max), ("mean", self.mean)] {
            if let Some(figure) = figure {
                write!(f, "  {name} {figure:.6}")?;
            }
        }
        if self.nan > 0 {
            write!(f, "  {} NaN", self.nan)?;
        }
        let more = if self.elements > self.first.len() { ", ..." } else { "" };
        write!(f, "  [{}{more}]", self.first.join(", "))
    }
}

impl Summary {
    /// The summary of `view`, with its first `values` elements.
    pub fn new(view: TensorView<'_>, values: usize) -> Summary {
        let mut summary = Summary {
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            elements: view.elements(),
            min: None,
            max: None,
            mean: None,
            nan: 0,
            first: first(view, values),
        };
        let (mut sum, mut counted) = (0.0, 0usize);
        for value in numeric::iter_f64(view).into_iter().flatten() {
            if value.is_nan() {
                summary.nan += 1;
                continue;
            }
            summary.min = Some(summary.min.map_or(value, |min| min.min(value)));
            summary.max = Some(summary.max.map_or(value, |max| max.max(value)));
            sum += value;
            counted += 1;
        }
        summary.mean = (counted > 0).then(|| sum / counted as f64);
        summary
    }
}

fn first(view: TensorView<'_>, values: usize) -> Vec<String> {
    match view.data() {
        DataView::Strings(strings) => strings.iter().take(values).map(|string| cut(string)).collect(),
        DataView::Bytes(_) => {
            numeric::iter(view).into_iter().flatten().take(values).map(|value| text(view.dtype(), value)).collect()
        }
    }
}

fn text(dtype: DType, value: Number) -> String {
    match value {
        Number::Bool(value) => value.to_string(),
        Number::Integer(value) => value.to_string(),
        Number::Float(value) if dtype == DType::F64 => value.to_string(),
        // Exact: every narrower float is an f32.
        Number::Float(value) => (value as f32).to_string(),
    }
}

fn cut(string: &str) -> String {
    match string.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}...", &string[..end]),
        None => string.to_owned(),
    }
}

fn figure<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(json::float).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    fn f32s(values: &[f32]) -> Tensor {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Tensor::from_bytes(DType::F32, &[values.len()], &bytes).unwrap()
    }

    #[test]
    fn figures_leave_nan_out() {
        let summary = Summary::new(f32s(&[0.1, f32::NAN, -2.5, 3.5]).view(), 3);
        assert_eq!((summary.min, summary.max, summary.nan, summary.elements), (Some(-2.5), Some(3.5), 1, 4));
        assert!((summary.mean.unwrap() - 1.1 / 3.0).abs() < 1e-7);
        assert_eq!(summary.first, ["0.1", "NaN", "-2.5"]);
        let nothing = Summary::new(f32s(&[f32::NAN]).view(), 0);
        assert_eq!((nothing.min, nothing.max, nothing.mean, nothing.nan), (None, None, None, 1));
        let empty = Summary::new(f32s(&[]).view(), 5);
        assert_eq!((empty.min, empty.mean, empty.elements, empty.first.len()), (None, None, 0, 0));
    }

    #[test]
    fn every_numeric_dtype_has_figures() {
        for dtype in DType::ALL.into_iter().filter(|&dtype| dtype != DType::String) {
            let summary = Summary::new(Tensor::zeros(dtype, &[3, 1]).unwrap().view(), 2);
            assert_eq!((summary.dtype, &summary.shape[..], summary.elements), (dtype, &[3, 1][..], 3));
            assert_eq!((summary.min, summary.max, summary.mean), (Some(0.0), Some(0.0), Some(0.0)), "{dtype}");
            assert_eq!(summary.first, if dtype == DType::Bool { ["false"; 2] } else { ["0"; 2] });
        }
    }

    #[test]
    fn integers_print_exactly() {
        let tensor = Tensor::from_bytes(DType::I64, &[], &i64::MIN.to_le_bytes()).unwrap();
        assert_eq!(Summary::new(tensor.view(), 1).first, ["-9223372036854775808"]);
    }

    #[test]
    fn strings_have_only_first_values() {
        let tensor = Tensor::strings(&[2], vec!["é".repeat(100), "b".into()]).unwrap();
        let summary = Summary::new(tensor.view(), 9);
        assert_eq!((summary.min, summary.mean, summary.nan), (None, None, 0));
        assert_eq!(summary.first, ["é".repeat(64) + "...", "b".to_owned()]);
    }

    #[test]
    fn json_keeps_infinities() {
        let summary = Summary::new(f32s(&[f32::INFINITY, 0.5]).view(), 1);
        let json = serde_json::to_value(&summary).unwrap();
        let expected = serde_json::json!({
            "dtype": "f32", "shape": [2], "elements": 2, "min": 0.5, "max": "Infinity", "mean": "Infinity",
            "nan": 0, "first": ["inf"],
        });
        assert_eq!(json, expected);
    }
}
