//! Tensors as nested JSON lists, as in request and response bodies.
//!
//! The shape is what the nesting says, so `[]` has shape `[0]` and `[[], []]` shape `[2, 0]`; dims inside an empty one
//! are lost. Floats that JSON cannot write are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
//! Nothing is coerced: a value that the dtype does not hold is refused (rounding a float aside).

mod element;

use serde_json::Value;

use crate::numeric::{self, Number};
use crate::{DType, DataView, MAX_RANK, Tensor, TensorError, TensorView};

/// Why JSON could not be read as a tensor. A path is the list indices that lead to the value, outermost first.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum JsonError {
    #[error("lists are nested deeper than {MAX_RANK}")]
    Depth,
    #[error("list at {path:?} has {found} items, expected {expected}: lists of one depth must be of one length")]
    Length { path: Vec<usize>, expected: usize, found: usize },
    #[error("value at {path:?} is {found}, expected a list: lists of one depth must be nested alike")]
    NotList { path: Vec<usize>, found: &'static str },
    #[error("value at {path:?} is {found}, expected {expected} for dtype {dtype}")]
    Type { path: Vec<usize>, dtype: DType, expected: &'static str, found: &'static str },
    #[error("number {value} at {path:?} is out of range for dtype {dtype}")]
    Range { path: Vec<usize>, dtype: DType, value: String },
    #[error("number {value} at {path:?} has a fraction, expected an integer for dtype {dtype}")]
    Fraction { path: Vec<usize>, dtype: DType, value: String },
    #[error("json tensor: {0}")]
    Tensor(#[from] TensorError),
}

/// The tensor that `value` spells: nested lists of numbers, bools or strings, or one of these alone (rank 0).
///
/// Integers must be whole and in range (`2.0` is whole); bools are `true`, `false`, 0 or 1; floats round to the
/// nearest, and a finite number that would round to infinity is refused.
pub fn decode(value: &Value, dtype: DType) -> Result<Tensor, JsonError> {
    let shape = shape(value)?;
    let mut leaves = Vec::new();
    flatten(value, &shape, &mut Vec::new(), &mut leaves)?;
    let at = |index: usize| path(index, &shape);
    if dtype == DType::String {
        let string = |(index, leaf): (usize, &Value)| match leaf {
            Value::String(string) => Ok(string.clone()),
            _ => Err(JsonError::Type { path: at(index), dtype, expected: "a string", found: kind(leaf) }),
        };
        let strings = leaves.into_iter().enumerate().map(string).collect::<Result<_, _>>()?;
        return Ok(Tensor::strings(&shape, strings)?);
    }
    let mut tensor = Tensor::zeros(dtype, &shape)?;
    if let Some(bytes) = tensor.bytes_mut() {
        for (index, leaf) in leaves.into_iter().enumerate() {
            element::write(dtype, leaf, bytes, index).map_err(|refusal| refusal.at(at(index), dtype, leaf))?;
        }
    }
    Ok(tensor)
}

/// The shape that the first items of the nested lists have; whether the others follow is for [`flatten`].
fn shape(mut value: &Value) -> Result<Vec<usize>, JsonError> {
    let mut shape = Vec::new();
    while let Value::Array(items) = value {
        if shape.len() == MAX_RANK {
            return Err(JsonError::Depth);
        }
        shape.push(items.len());
        let Some(first) = items.first() else { break };
        value = first;
    }
    Ok(shape)
}

fn flatten<'a>(
    value: &'a Value,
    shape: &[usize],
    path: &mut Vec<usize>,
    leaves: &mut Vec<&'a Value>,
) -> Result<(), JsonError> {
    let Some((&expected, inner)) = shape.split_first() else {
        leaves.push(value);
        return Ok(());
    };
    let Value::Array(items) = value else {
        return Err(JsonError::NotList { path: path.clone(), found: kind(value) });
    };
    if items.len() != expected {
        return Err(JsonError::Length { path: path.clone(), expected, found: items.len() });
    }
    for (index, item) in items.iter().enumerate() {
        path.push(index);
        flatten(item, inner, path, leaves)?;
        path.pop();
    }
    Ok(())
}

/// The indices of element `index` of a tensor of `shape`.
fn path(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut path: Vec<usize> = shape.iter().rev().map(|&dim| (index % dim, index /= dim).0).collect();
    path.reverse();
    path
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The tensor as nested lists; `None` where it has more than `cap` elements, or lists, or more than
/// [`MAX_RANK`] dims.
///
/// [`decode`] reads the same elements back; of a NaN only that it is one.
pub fn encode(view: TensorView<'_>, cap: usize) -> Option<Value> {
    let shape = view.shape();
    if shape.len() > MAX_RANK || !within(shape, cap) {
        return None;
    }
    let leaves: Vec<Value> = match view.data() {
        DataView::Strings(strings) => strings.iter().map(|string| Value::from(string.as_str())).collect(),
        DataView::Bytes(_) => numeric::iter(view)?.map(|number| leaf(view.dtype(), number)).collect(),
    };
    Some(nest(shape, &mut leaves.into_iter()))
}

/// Whether no dim, counted through all dims before it, passes `cap`. A zero dim ends the nesting.
fn within(shape: &[usize], cap: usize) -> bool {
    let dims = shape.iter().take_while(|&&dim| dim != 0);
    let product = dims.copied().try_fold(1usize, |product, dim| product.checked_mul(dim));
    product.is_some_and(|product| product <= cap)
}

fn nest(shape: &[usize], leaves: &mut impl Iterator<Item = Value>) -> Value {
    match shape.split_first() {
        None => leaves.next().unwrap_or(Value::Null),
        Some((&dim, inner)) => Value::Array((0..dim).map(|_| nest(inner, leaves)).collect()),
    }
}

fn leaf(dtype: DType, number: Number) -> Value {
    match number {
        Number::Bool(value) => value.into(),
        Number::Integer(value) => u64::try_from(value).map(Value::from).unwrap_or_else(|_| (value as i64).into()),
        Number::Float(value) if dtype == DType::F64 => float(value),
        Number::Float(value) => float(shortest(value as f32)),
    }
}

/// The f64 nearest to the shortest decimal that tells `value` apart, so that 0.1 is written as 0.1, not as
/// 0.10000000149011612; `value` itself where rounding that f64 to f32 would give another.
fn shortest(value: f32) -> f64 {
    let decimal: Option<f64> = value.to_string().parse().ok();
    decimal.filter(|&decimal| decimal as f32 == value).unwrap_or(value.into())
}

/// A float as JSON: a number, or the string that stands for one JSON lacks.
pub(crate) fn float(value: f64) -> Value {
    let name = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    serde_json::Number::from_f64(value).map_or_else(|| name.into(), Value::Number)
}
