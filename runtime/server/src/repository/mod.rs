//! x
pub(crate) mod name;
pub use crate::stand_in::repository::*;
