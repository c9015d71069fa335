//! [`Signature`]: the 128 bytes of the header that say who has signed an artifact, and what exactly was signed.
//!
//! The message begins with words that nothing else of ours signs, and holds what a reader believes of the block itself.
//! So neither a signature of another purpose nor one of a later algorithm can be taken for one of these.

use std::ops::Range;

use super::error::SignatureError;
use super::keys::{KeyId, PublicKey};
use crate::error::OpenError;
use crate::header::{SIGNATURE, u32_at};

/// Bytes the block takes.
pub(crate) const BLOCK_LEN: usize = 128;
/// Where the algorithm's number stands in the block.
pub(crate) const ALGORITHM: Range<usize> = 0..4;
/// Where the key id stands.
pub(crate) const KEY_ID: Range<usize> = 8..16;
/// Where the signature itself stands.
pub(crate) const SIGNATURE_BYTES: Range<usize> = 16..80;
/// Bytes of the block that are set aside, all zero.
pub(crate) const RESERVED: [Range<usize>; 2] = [4..8, 80..128];
/// The number of no algorithm: the artifact is not signed, and all of the block is zero.
pub(crate) const UNSIGNED: u32 = 0;
/// The number of ed25519, the only algorithm.
pub(crate) const ED25519: u32 = 1;

/// What every signed message begins with.
const CONTEXT: &[u8; 32] = b"BlinkVM artifact signature v1\0\0\0";
/// Bytes of a message.
const MESSAGE_LEN: usize = CONTEXT.len() + SIGNATURE_BYTES.start + 32;

/// A signature as it stands in a header. That it is there says nothing yet: [`Signature::check`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key that it claims to be of.
    pub key: KeyId,
    pub(super) bytes: [u8; 64],
}

impl Signature {
    /// Reads the block; `None` where it says that nobody has signed.
    pub(crate) fn decode(block: &[u8; BLOCK_LEN]) -> Result<Option<Signature>, OpenError> {
        let in_use = |range: Range<usize>| {
            let at = block[range.clone()].iter().position(|&byte| byte != 0);
            at.map(|at| SIGNATURE.start + range.start + at)
        };
        match u32_at(block, ALGORITHM.start) {
            UNSIGNED => match in_use(0..BLOCK_LEN) {
                Some(offset) => return Err(OpenError::SignatureWithoutAlgorithm { offset }),
                None => return Ok(None),
            },
            ED25519 => {}
            algorithm => return Err(OpenError::SignatureAlgorithm { algorithm }),
        }
        if let Some(offset) = RESERVED.into_iter().find_map(in_use) {
            return Err(OpenError::ReservedSignatureByte { offset });
        }
        if in_use(KEY_ID).is_none() {
            return Err(OpenError::SignatureWithoutKey);
        }
        if in_use(SIGNATURE_BYTES).is_none() {
            return Err(OpenError::SignatureEmpty);
        }
        let (mut key, mut bytes) = ([0; 8], [0; 64]);
        key.copy_from_slice(&block[KEY_ID]);
        bytes.copy_from_slice(&block[SIGNATURE_BYTES]);
        Ok(Some(Signature { key: KeyId(key), bytes }))
    }

    /// The block as it stands in the header.
    pub(crate) fn encode(&self) -> [u8; BLOCK_LEN] {
        let mut block = [0; BLOCK_LEN];
        block[ALGORITHM].copy_from_slice(&ED25519.to_le_bytes());
        block[KEY_ID].copy_from_slice(&self.key.0);
        block[SIGNATURE_BYTES].copy_from_slice(&self.bytes);
        block
    }

    /// Whether `key` has signed the structure with this hash.
    pub fn check(&self, key: &PublicKey, structure_hash: &[u8; 32]) -> Result<(), SignatureError> {
        if self.key != key.id() {
            return Err(SignatureError::OtherKey { found: self.key, expected: key.id() });
        }
        if key.has_signed(&message(self.key, structure_hash), &self.bytes) {
            Ok(())
        } else {
            Err(SignatureError::Wrong { key: self.key })
        }
    }
}

/// What the key of that id signs for the structure with that hash: the context, the block up to the signature, and the
/// hash.
pub(super) fn message(key: KeyId, structure_hash: &[u8; 32]) -> [u8; MESSAGE_LEN] {
    let block = Signature { key, bytes: [0; 64] }.encode();
    let mut message = [0; MESSAGE_LEN];
    let (context, rest) = message.split_at_mut(CONTEXT.len());
    let (begin, hash) = rest.split_at_mut(SIGNATURE_BYTES.start);
    context.copy_from_slice(CONTEXT);
    begin.copy_from_slice(&block[..SIGNATURE_BYTES.start]);
    hash.copy_from_slice(structure_hash);
    message
}
