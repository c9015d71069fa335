//! wasi-nn as guests meet it: right answers by either interface, and hostile guests, after each of which the same
//! linked guest gives the right answer again.

mod component;
mod module;
mod support;
