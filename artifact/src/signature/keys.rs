//! Keys, and the one line of text that each is kept as: `blink-ed25519-public KEYID KEY`, in hexadecimal digits.
//!
//! The id is a hash of the public key, so it names a key and tells a mistyped or damaged one too. A secret key is never
//! shown, but by [`SecretKey::to_text`].

use std::fmt;

use ed25519_dalek::{Signature as Ed25519Signature, Signer, SigningKey, VerifyingKey};

use super::block::{Signature, message};
use super::error::KeyError;

/// The first word of a public key's line.
const PUBLIC: &str = "blink-ed25519-public";
/// The first word of a secret key's line.
const SECRET: &str = "blink-ed25519-secret";
/// What key ids are hashed for.
const ID_CONTEXT: &str = "BlinkVM 2026 artifact signing key id";
/// Bytes of a key, public or secret.
const KEY_LEN: usize = 32;

/// The name of a key: the first 8 bytes of a hash of its public half.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(super) [u8; 8]);

/// The half of a key that tells whether the other half has signed. Anybody may have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    id: KeyId,
    key: VerifyingKey,
}

/// The half of a key that signs. Its memory is zeroed when it goes.
pub struct SecretKey {
    key: SigningKey,
    public: PublicKey,
}

impl KeyId {
    fn of(key: &VerifyingKey) -> KeyId {
        let hash = blake3::derive_key(ID_CONTEXT, key.as_bytes());
        let mut id = [0; 8];
        id.copy_from_slice(&hash[..8]);
        KeyId(id)
    }
}

impl PublicKey {
    /// Its id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Reads the line that [`PublicKey::to_text`] gives.
    pub fn from_text(text: &str) -> Result<PublicKey, KeyError> {
        let (id, bytes) = parse(text, PUBLIC)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NoKey)?;
        // A key of small order would have signed anything.
        if key.is_weak() {
            return Err(KeyError::NoKey);
        }
        let public = PublicKey { id: KeyId::of(&key), key };
        public.is_called(id).map(|()| public)
    }

    /// The line that is kept in a file, with its end.
    pub fn to_text(&self) -> String {
        format!("{PUBLIC} {} {}\n", self.id, hex(self.key.as_bytes()))
    }

    fn is_called(&self, found: KeyId) -> Result<(), KeyError> {
        if found == self.id { Ok(()) } else { Err(KeyError::Id { found, expected: self.id }) }
    }

    /// Whether the secret half has signed `message`. Signatures that could be written in a second way are none.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Ed25519Signature::from_bytes(signature)).is_ok()
    }
}

impl SecretKey {
    /// A new key, of random bytes that the kernel gives.
    pub fn generate() -> Result<SecretKey, KeyError> {
        let mut seed = [0; KEY_LEN];
        getrandom::fill(&mut seed).map_err(|error| KeyError::Random(error.to_string()))?;
        Ok(SecretKey::from_seed(&seed))
    }

    /// The key of a seed, which must be secret, and random.
    pub fn from_seed(seed: &[u8; KEY_LEN]) -> SecretKey {
        let key = SigningKey::from_bytes(seed);
        let verifying = key.verifying_key();
        SecretKey { key, public: PublicKey { id: KeyId::of(&verifying), key: verifying } }
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Reads the line that [`SecretKey::to_text`] gives.
    pub fn from_text(text: &str) -> Result<SecretKey, KeyError> {
        let (id, seed) = parse(text, SECRET)?;
        let secret = SecretKey::from_seed(&seed);
        secret.public.is_called(id).map(|()| secret)
    }

    /// The line that is kept in a file, with its end. It is the secret.
    pub fn to_text(&self) -> String {
        format!("{SECRET} {} {}\n", self.public.id, hex(self.key.as_bytes()))
    }

    /// Signs the structure with that hash.
    pub(super) fn sign(&self, structure_hash: &[u8; 32]) -> Signature {
        let key = self.public.id;
        Signature { key, bytes: self.key.sign(&message(key, structure_hash)).to_bytes() }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl serde::Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Debug for SecretKey {
    /// Names the key and keeps its secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public.id)
    }
}

/// The id and the key of a line that begins with `kind`. One line end may follow it.
fn parse(text: &str, kind: &'static str) -> Result<(KeyId, [u8; KEY_LEN]), KeyError> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let mut words = line.split(' ');
    let found = words.next().unwrap_or_default();
    if found != kind {
        let other = [PUBLIC, SECRET].into_iter().find(|other| *other == found);
        return Err(
            other.map_or(KeyError::NotAKey { expected: kind }, |found| KeyError::Kind { found, expected: kind })
        );
    }
    let (Some(id), Some(key), None) = (words.next(), words.next(), words.next()) else {
        return Err(KeyError::NotAKey { expected: kind });
    };
    Ok((KeyId(bytes("id", id)?), bytes("key", key)?))
}

/// The bytes that `digits` are, two digits each.
fn bytes<const N: usize>(what: &'static str, digits: &str) -> Result<[u8; N], KeyError> {
    if digits.len() != 2 * N {
        return Err(KeyError::Length { what, found: digits.len(), expected: 2 * N });
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(KeyError::Digit { what }),
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
