//! Names and dims that clients send: bounded, and counted without overflow, before anything is made of them.

use blink_tensors::MAX_RANK;

use crate::error::RequestError;

/// Most bytes of a tensor's name.
pub const MAX_NAME: usize = 1024;
/// Most inputs of a request, and most outputs that are asked for.
pub const MAX_TENSORS: usize = 1024;

/// Refuses a name that no tensor can have: with a NUL, or longer than [`MAX_NAME`] bytes. `side` is `input` or
/// `output`, for the error.
pub fn checked_name(side: &str, name: &str) -> Result<(), RequestError> {
    if name.len() > MAX_NAME {
        let found = name.len();
        return invalid(format!("{side} has a name of {found} bytes, at most {MAX_NAME} are taken"));
    }
    if name.contains('\0') {
        return invalid(format!("{side} {name:?} has a NUL in its name: no tensor has one"));
    }
    Ok(())
}

/// The dims of input `name` as sizes; a negative one is refused, as is a rank above [`MAX_RANK`].
pub fn dims(name: &str, shape: &[i64]) -> Result<Vec<usize>, RequestError> {
    checked_rank(name, shape.len())?;
    shape
        .iter()
        .map(|&dim| {
            usize::try_from(dim).or_else(|_| {
                invalid(format!("input '{name}' has dim {dim}: a tensor that is sent has sizes, 0 or more"))
            })
        })
        .collect()
}

/// How many elements input `name` has in that shape; 1 for a scalar, 0 where a dim is 0.
pub fn elements(name: &str, shape: &[usize]) -> Result<usize, RequestError> {
    checked_rank(name, shape.len())?;
    if shape.contains(&0) {
        return Ok(0);
    }
    match shape.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim)) {
        Some(elements) => Ok(elements),
        None => invalid(format!("input '{name}' has shape {shape:?}: more elements than can be counted")),
    }
}

fn checked_rank(name: &str, rank: usize) -> Result<(), RequestError> {
    if rank > MAX_RANK {
        return invalid(format!("input '{name}' has {rank} dims, at most {MAX_RANK} are taken"));
    }
    Ok(())
}

/// The error that tells a client what is wrong with what it sent.
pub(super) fn invalid<T>(words: String) -> Result<T, RequestError> {
    Err(RequestError::Invalid(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_counted_without_overflow() {
        assert_eq!(elements("x", &[]), Ok(1));
        assert_eq!(elements("x", &[2, 3]), Ok(6));
        assert_eq!(elements("x", &[usize::MAX, 0, usize::MAX]), Ok(0));
        for shape in [[1 << 4, (1 << 60) + 2], [usize::MAX, 2]] {
            assert!(matches!(elements("x", &shape), Err(RequestError::Invalid(_))), "{shape:?}");
        }
        assert!(elements("x", &[1; 32]).is_ok());
        assert!(matches!(elements("x", &[1; 33]), Err(RequestError::Invalid(_))));
    }

    #[test]
    fn dims_have_sizes() {
        assert_eq!(dims("x", &[0, 7, i64::MAX]), Ok(vec![0, 7, i64::MAX as usize]));
        assert!(matches!(dims("x", &[-1]), Err(RequestError::Invalid(_))));
        assert!(matches!(dims("x", &[1; 255]), Err(RequestError::Invalid(_))));
    }

    #[test]
    fn names_that_nothing_has_are_refused() {
        assert_eq!(checked_name("input", ".. \u{2028}"), Ok(()));
        assert_eq!(checked_name("input", &"n".repeat(MAX_NAME)), Ok(()));
        assert!(matches!(checked_name("input", "a\0b"), Err(RequestError::Invalid(_))));
        assert!(matches!(checked_name("input", &"n".repeat(MAX_NAME + 1)), Err(RequestError::Invalid(_))));
    }
}
