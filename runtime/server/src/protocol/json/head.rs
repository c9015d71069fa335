//! [`Head`]: the JSON of a request. Fields nobody knows are passed over, whatever is in them.
//!
//! Lists are counted while they are read. Elements stay text until their dtype is known, wherever it stands.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use blink_tensors::MAX_RANK;
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::protocol::shape::MAX_TENSORS;

/// The JSON of a request.
#[derive(Deserialize)]
#[serde(expecting = "an object with inputs")]
pub(super) struct Head<'a> {
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) parameters: Option<Parameters>,
    #[serde(borrow)]
    pub(super) inputs: Capped<Input<'a>, MAX_TENSORS>,
    #[serde(borrow)]
    pub(super) outputs: Option<Capped<Output<'a>, MAX_TENSORS>>,
}

/// What is said of the whole request.
#[derive(Default, Deserialize)]
#[serde(expecting = "an object of parameters")]
pub(super) struct Parameters {
    /// In microseconds.
    pub(super) timeout: Option<u64>,
    pub(super) binary_data_output: Option<bool>,
}

/// One input.
#[derive(Deserialize)]
#[serde(expecting = "an object with name, shape, datatype and data")]
pub(super) struct Input<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) shape: Capped<u64, MAX_RANK>,
    #[serde(borrow)]
    pub(super) datatype: Cow<'a, str>,
    #[serde(default)]
    pub(super) parameters: Option<InputParameters>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
}

/// What is said of an input.
#[derive(Default, Deserialize)]
#[serde(expecting = "an object of parameters")]
pub(super) struct InputParameters {
    pub(super) binary_data_size: Option<u64>,
    pub(super) shared_memory_region: Option<IgnoredAny>,
}

/// One output that is asked for.
#[derive(Deserialize)]
#[serde(expecting = "an object with a name")]
pub(super) struct Output<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(default)]
    pub(super) parameters: Option<OutputParameters>,
}

/// What is said of an output.
#[derive(Default, Deserialize)]
#[serde(expecting = "an object of parameters")]
pub(super) struct OutputParameters {
    pub(super) binary_data: Option<bool>,
    pub(super) classification: Option<IgnoredAny>,
    pub(super) shared_memory_region: Option<IgnoredAny>,
}

/// A list of at most `MOST` items.
pub(super) struct Capped<T, const MOST: usize>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Capped<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(CappedVisitor::<T, MOST>(PhantomData)).map(Capped)
    }
}

struct CappedVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for CappedVisitor<T, MOST> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MOST} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut taken = Vec::new();
        while let Some(item) = items.next_element()? {
            if taken.len() == MOST {
                return Err(A::Error::invalid_length(MOST + 1, &self));
            }
            taken.push(item);
        }
        Ok(taken)
    }
}
