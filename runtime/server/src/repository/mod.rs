//! x
pub(crate) mod name;
