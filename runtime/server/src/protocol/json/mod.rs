//! Requests and answers as JSON, with tensors in it or in binary after it.
//!
//! | file | what it is |
//! |---|---|
//! | `head.rs` | the JSON of a request, as serde reads it: known fields alone, counted |
//! | `data.rs` | a `data` list becomes bytes of its dtype, or strings |
//! | `walk.rs` | the leaves of that list, flat or nested |
//! | `decode.rs` | a body becomes an [`InferRequest`](super::InferRequest) |
//! | `bare.rs` | a body that is one input's elements and nothing else |
//! | `encode.rs` | outputs become a body |

mod bare;
mod data;
mod decode;
mod encode;
mod head;
mod walk;

pub use decode::{Asked, decode};
pub use encode::{AnswerHead, Encoded, encode};
