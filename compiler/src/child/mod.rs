//! A compilation in a child process, behind walls: for models and guests of people whose programs one would not run.
//!
//! | file | what it does |
//! |---|---|
//! | `confines.rs` | [`Confines`]: how far the child may go |
//! | `parent.rs` | [`compile_apart`]: has it done, answers the child, publishes what it made |
//! | `process.rs` | the child as its parent sees it: spawned, watched, heard, ended |
//! | `enter.rs` | the child: gives up what it may not have, and compiles |
//! | `asking.rs` | what a compilation asks of its surroundings, asked of the parent |
//! | `order.rs` | what the parent tells the child to do |
//! | `line.rs` | what is said between the two, and the socket it is said on |
//! | `error.rs` | why a child has made nothing; errors that it told |
//!
//! The child is the program itself, entered before any argument is parsed. It alone opens what the request names. It
//! writes to files without a name: temporary ones, made before the walls stand, and for the artifact one that its parent
//! lends it, and gives its name once the child is gone. So there is nothing that a child could leave behind.

mod asking;
mod confines;
mod enter;
mod error;
mod line;
mod order;
mod parent;
mod process;

pub use confines::Confines;
pub use enter::{enter, is_asked_for};
pub(crate) use error::is_of_memory;
pub use error::{ChildError, Told};
pub use parent::compile_apart;

/// The child's first argument.
const VERB: &str = "compile-process";
