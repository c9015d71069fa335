//! BLAKE3 digests of a model's files.
//!
//! The digest of a model depends on the bytes of its files alone: moving or copying them changes nothing.

/// Separates these digests from BLAKE3 hashes of the same bytes made for other ends.
const CONTEXT: &str = "BlinkVM ONNX model files, version 1";

/// The BLAKE3 hash of one file.
pub(super) fn file(bytes: &[u8]) -> blake3::Hash {
    blake3::hash(bytes)
}

/// One digest, in hex, of the model file's hash and those of its external data files in order of first use.
pub(super) fn combined(files: impl IntoIterator<Item = blake3::Hash>) -> String {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    for hash in files {
        hasher.update(hash.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_and_their_order_count() {
        let [a, b] = [file(b"a"), file(b"b")];
        let digests = [combined([a]), combined([a, b]), combined([b, a]), combined([a, b, b])];
        for (i, first) in digests.iter().enumerate() {
            assert!(first.len() == 64 && !digests[i + 1..].contains(first));
        }
        assert_eq!(digests[1], combined([a, b]));
    }
}
