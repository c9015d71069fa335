//! One verb a file: its arguments, and what it does with them.

pub(crate) mod bench;
pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod inspect;
pub(crate) mod keygen;
pub(crate) mod man;
pub(crate) mod native;
pub(crate) mod run;
mod scratch;
pub(crate) mod serve;
pub(crate) mod setup;
pub(crate) mod sign;
pub(crate) mod snapshots;
pub(crate) mod stock;
pub(crate) mod trust;
pub(crate) mod verify;
pub(crate) mod warm;
pub(crate) mod worker;
