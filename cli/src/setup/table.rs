//! Which build of ONNX Runtime each platform runs: pinned by the hash of the wheel and of the library inside it.
//!
//! One row a platform, each taken from the published wheel itself. A new version of ONNX Runtime replaces every
//! number here; the test at the end says which of them still name the old one.

use std::env::consts;

use blink_runtime::library::ORT_VERSION;

/// One platform's pinned build.
#[derive(Debug)]
pub(crate) struct Pinned {
    /// The operating system, as `std::env::consts::OS` names it.
    pub(crate) os: &'static str,
    /// The architecture, as `std::env::consts::ARCH` names it.
    pub(crate) arch: &'static str,
    /// The Python version that the wheel is for, as its tag has it.
    pub(crate) python: &'static str,
    /// The wheel's platform tag.
    pub(crate) platform: &'static str,
    /// SHA-256 of the wheel, in lower-case hexadecimal.
    pub(crate) wheel_sha256: &'static str,
    /// Size of the wheel, in bytes.
    pub(crate) wheel_bytes: u64,
    /// The library's path inside the wheel.
    pub(crate) member: &'static str,
    /// SHA-256 of the library, in lower-case hexadecimal.
    pub(crate) library_sha256: &'static str,
    /// Size of the library, in bytes.
    pub(crate) library_bytes: u64,
}

/// Every platform that has a pinned build.
pub(crate) const TABLE: &[Pinned] = &[
    Pinned {
        os: "linux",
        arch: "x86_64",
        python: "312",
        platform: "manylinux_2_28_x86_64",
        wheel_sha256: "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536",
        wheel_bytes: 23_760_988,
        member: "onnxruntime/capi/libonnxruntime.so.1.31.1",
        library_sha256: "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
        library_bytes: 29_352_200,
    },
    Pinned {
        os: "linux",
        arch: "aarch64",
        python: "312",
        platform: "manylinux_2_28_aarch64",
        wheel_sha256: "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc",
        wheel_bytes: 21_420_803,
        member: "onnxruntime/capi/libonnxruntime.so.1.31.1",
        library_sha256: "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467",
        library_bytes: 25_265_040,
    },
    Pinned {
        os: "macos",
        arch: "aarch64",
        python: "312",
        platform: "macosx_14_0_arm64",
        wheel_sha256: "96dd2564b10ea7153ad9c207e7cd8e5917cb3ba521e0e0a62ac03486fdc8d56c",
        wheel_bytes: 20_882_125,
        member: "onnxruntime/capi/libonnxruntime.1.31.1.dylib",
        library_sha256: "d586cbe89effc085a09d3341b3cfbd5c322517f9d397aeb20814af21433f2b36",
        library_bytes: 33_037_336,
    },
];

impl Pinned {
    /// The build for this machine; `None` where no row fits its operating system and architecture.
    pub(crate) fn for_host() -> Option<&'static Pinned> {
        TABLE.iter().find(|row| row.os == consts::OS && row.arch == consts::ARCH)
    }

    /// The one line of a requirements file that admits this wheel and no other.
    pub(crate) fn requirement(&self) -> String {
        format!("onnxruntime=={ORT_VERSION} --hash=sha256:{}\n", self.wheel_sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_of_this_version_and_well_formed() {
        for row in TABLE {
            assert!(row.member.contains(ORT_VERSION), "{}: still names another version", row.platform);
            for hash in [row.wheel_sha256, row.library_sha256] {
                let lower_hex = hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                assert!(hash.len() == 64 && lower_hex, "{}: {hash}", row.platform);
            }
            assert!(row.library_bytes > row.wheel_bytes, "{}", row.platform);
        }
    }

    #[test]
    fn no_two_rows_share_a_platform_or_a_hash() {
        for (at, row) in TABLE.iter().enumerate() {
            for other in &TABLE[at + 1..] {
                assert_ne!((row.os, row.arch), (other.os, other.arch));
                assert_ne!(row.wheel_sha256, other.wheel_sha256);
                assert_ne!(row.library_sha256, other.library_sha256);
            }
        }
    }
}
