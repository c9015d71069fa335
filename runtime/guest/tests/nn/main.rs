//! wasi-nn as guests meet it: right answers by either interface, and hostile guests, after each of which the same
//! linked guest gives the right answer again. And code that is not for this engine, which is never run.

mod component;
mod foreign;
mod module;
mod support;
