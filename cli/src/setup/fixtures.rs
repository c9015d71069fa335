//! A small library, a wheel that holds it, and its pin: what the tests of setup install.

use std::io::{self, Write};

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use super::install::hex;
use super::table::Pinned;

/// The library's path inside a wheel.
pub(super) const MEMBER: &str = "onnxruntime/capi/libonnxruntime.so.1.31.1";

/// A library of some size that starts as a shared library does.
pub(super) fn library() -> Vec<u8> {
    let noise = (0..300_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8);
    b"\x7fELF".iter().copied().chain(noise).collect()
}

/// A pin of `library` that lives as long as the tests.
pub(super) fn pin(library: &[u8]) -> &'static Pinned {
    Box::leak(Box::new(Pinned {
        os: "linux",
        arch: "test",
        python: "312",
        platform: "test_platform",
        wheel_sha256: "",
        wheel_bytes: 0,
        member: MEMBER,
        library_sha256: Box::leak(hex(&Sha256::digest(library)).into_boxed_str()),
        library_bytes: library.len() as u64,
    }))
}

/// A wheel that holds `library` as `member`.
pub(super) fn wheel(member: &str, library: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, bytes) in [("onnxruntime/__init__.py", &b"pass\n"[..]), (member, library)] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
