//! How long a gRPC client waits: the `grpc-timeout` header, and the `timeout` parameter of an inference.
//!
//! Where both are there, the shorter one counts.

use std::time::Duration;

use tonic::metadata::MetadataMap;

use super::proto::InferParameter;
use super::proto::infer_parameter::ParameterChoice;
use crate::error::RequestError;

/// What the headers say: up to eight digits and a unit (`H`, `M`, `S`, `m`, `u`, `n`).
pub(super) fn of_headers(metadata: &MetadataMap) -> Result<Option<Duration>, RequestError> {
    let Some(value) = metadata.get("grpc-timeout") else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(parse);
    let wrong = "header 'grpc-timeout' is not understood: expected up to eight digits and one of H, M, S, m, u, n";
    parsed.map(Some).ok_or_else(|| RequestError::Invalid(wrong.into()))
}

fn parse(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// What the parameter says, in microseconds; 0: nothing.
pub(super) fn of_parameter(parameter: Option<&InferParameter>) -> Result<Option<Duration>, RequestError> {
    let wrong = || RequestError::Invalid("parameter 'timeout' is not a number of microseconds of 0 or more".into());
    let micros = match parameter.and_then(|parameter| parameter.parameter_choice.as_ref()) {
        None => return Ok(None),
        Some(ParameterChoice::Int64Param(micros)) => u64::try_from(*micros).map_err(|_| wrong())?,
        Some(ParameterChoice::Uint64Param(micros)) => *micros,
        Some(ParameterChoice::StringParam(micros)) => micros.parse().map_err(|_| wrong())?,
        Some(ParameterChoice::BoolParam(_) | ParameterChoice::DoubleParam(_)) => return Err(wrong()),
    };
    Ok((micros > 0).then(|| Duration::from_micros(micros)))
}

/// The shorter of two.
pub(super) fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_strictly() {
        let of = |value: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert("grpc-timeout", value.parse().unwrap());
            of_headers(&metadata)
        };
        assert_eq!(of_headers(&MetadataMap::new()), Ok(None));
        for (value, micros) in [("0S", 0), ("2S", 2_000_000), ("99999999u", 99_999_999), ("1H", 3_600_000_000)] {
            assert_eq!(of(value), Ok(Some(Duration::from_micros(micros))), "{value}");
        }
        for value in ["", "S", "1", "1s", "+1S", "123456789S", "1 S", "-1S", "1.5S"] {
            assert!(of(value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_parameter_of_nothing_is_no_limit() {
        let of = |choice| of_parameter(Some(&InferParameter { parameter_choice: Some(choice) }));
        assert_eq!(of(ParameterChoice::Int64Param(0)), Ok(None));
        assert_eq!(of(ParameterChoice::Uint64Param(1500)), Ok(Some(Duration::from_micros(1500))));
        assert!(of(ParameterChoice::Int64Param(-1)).is_err());
        assert!(of(ParameterChoice::BoolParam(true)).is_err());
        assert_eq!(shorter(Some(Duration::from_secs(1)), None), Some(Duration::from_secs(1)));
        assert_eq!(shorter(Some(Duration::from_secs(2)), Some(Duration::ZERO)), Some(Duration::ZERO));
    }
}
