//! What is refused, and how: the documented exit code, and one line on stderr that says what was found and what was
//! wanted. Lines are checked for the facts they must hold, never word for word.
//!
//! | file | what is wrong |
//! |---|---|
//! | `inputs.rs` | inputs that the model does not take, outputs that it does not give |
//! | `arguments.rs` | arguments of `compile` and `run` |
//! | `artifacts.rs` | artifacts for other hosts, of another ONNX Runtime, damaged |
//! | `levels.rs` | what each level of checking finds; artifacts that change while they are read; links |
//! | `library.rs` | ONNX Runtime missing, or something else in its place |
//! | `models.rs` | models that cannot be compiled |
//! | `signatures.rs` | artifacts that are not signed as asked, and keys that are none |

mod arguments;
mod artifacts;
mod inputs;
mod levels;
mod library;
mod models;
mod signatures;
#[path = "../support/mod.rs"]
mod support;
