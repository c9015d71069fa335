//! Signatures: who says that an artifact is theirs, kept in the header's last 128 bytes (layout: `docs/format.md`).
//!
//! | file | what it holds |
//! |---|---|
//! | `block.rs` | [`Signature`]: the block in the header, and the message that is signed |
//! | `keys.rs` | [`PublicKey`], [`SecretKey`], [`KeyId`], and their text |
//! | `key_files.rs` | keys as files: who may read and write them |
//! | `trust.rs` | [`TrustStore`]: a directory of public keys, and what it admits |
//! | `vouched.rs` | [`Vouched`]: that a trusted key has signed; whether there is anything to ask for |
//! | `sign.rs` | [`sign()`]: a signed copy in the place of an artifact |
//! | `error.rs` | why a key, a directory or a signature is refused |
//!
//! Opening an artifact decodes the block and computes nothing. A signature is checked where somebody asks for it.

pub(crate) mod block;
mod error;
mod key_files;
mod keys;
mod sign;
mod trust;
mod vouched;

pub use block::Signature;
pub use error::{AdmitError, KeyError, KeyFileError, SignError, SignatureError, TrustError};
pub use keys::{KeyId, PublicKey, SecretKey};
pub use sign::{Signed, sign};
pub use trust::TrustStore;
pub use vouched::{Vouched, signed_code};
