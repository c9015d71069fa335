//! A small library, a wheel that holds it, and its pin: what the tests of setup install.

use std::io::{self, Write};

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use super::install::hex;
use super::table::Pinned;
use super::wheel::{Member, Wheel};

/// The library's path inside a wheel.
pub(super) const MEMBER: &str = "onnxruntime/capi/libonnxruntime.so.1.31.1";

/// A library of some size that starts as a shared library does.
pub(super) fn library() -> Vec<u8> {
    let noise = (0..300_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8);
    b"\x7fELF".iter().copied().chain(noise).collect()
}

/// A pin of `library` that lives as long as the tests.
pub(super) fn pin(library: &[u8]) -> &'static Pinned {
    let wheel = pinned_wheel("onnxruntime", &[(MEMBER, library)]);
    Box::leak(Box::new(Pinned { os: "linux", arch: "test", wheel }))
}

/// A pin of a package's wheel with these members.
pub(super) fn pinned_wheel(package: &'static str, members: &[(&'static str, &[u8])]) -> Wheel {
    let pin = |(path, bytes): &(&'static str, &[u8])| Member {
        path,
        sha256: Box::leak(hex(&Sha256::digest(bytes)).into_boxed_str()),
        bytes: bytes.len() as u64,
    };
    Wheel {
        package,
        version: "1.0",
        python: "312",
        platform: "test_platform",
        sha256: "",
        bytes: 1_500_000,
        members: Vec::leak(members.iter().map(pin).collect()),
    }
}

/// A wheel that holds `library` as `member`.
pub(super) fn wheel(member: &str, library: &[u8]) -> Vec<u8> {
    wheel_of(&[(member, library)])
}

/// A wheel that holds these members, and one file more.
pub(super) fn wheel_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, bytes) in [("onnxruntime/__init__.py", &b"pass\n"[..])].iter().chain(members) {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
