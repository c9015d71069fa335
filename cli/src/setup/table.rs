//! Which build of ONNX Runtime each platform runs: pinned by the hash of the wheel and of the library inside it.
//!
//! One row a platform, each taken from the published wheel itself. A new version of ONNX Runtime replaces every
//! number here; the test at the end says which of them still name the old one.

use std::env::consts;

use blink_runtime::library::ORT_VERSION;

use super::wheel::{Member, Wheel};

/// One platform's pinned build.
#[derive(Debug)]
pub(crate) struct Pinned {
    /// The operating system, as `std::env::consts::OS` names it.
    pub(crate) os: &'static str,
    /// The architecture, as `std::env::consts::ARCH` names it.
    pub(crate) arch: &'static str,
    /// The wheel, of which one file is taken: the library.
    pub(crate) wheel: Wheel,
}

/// Every platform that has a pinned build.
pub(crate) const TABLE: &[Pinned] = &[
    Pinned {
        os: "linux",
        arch: "x86_64",
        wheel: Wheel {
            package: "onnxruntime",
            version: ORT_VERSION,
            python: "312",
            platform: "manylinux_2_28_x86_64",
            sha256: "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536",
            bytes: 23_760_988,
            members: &[Member {
                path: "onnxruntime/capi/libonnxruntime.so.1.31.1",
                sha256: "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
                bytes: 29_352_200,
            }],
        },
    },
    Pinned {
        os: "linux",
        arch: "aarch64",
        wheel: Wheel {
            package: "onnxruntime",
            version: ORT_VERSION,
            python: "312",
            platform: "manylinux_2_28_aarch64",
            sha256: "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc",
            bytes: 21_420_803,
            members: &[Member {
                path: "onnxruntime/capi/libonnxruntime.so.1.31.1",
                sha256: "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467",
                bytes: 25_265_040,
            }],
        },
    },
    Pinned {
        os: "macos",
        arch: "aarch64",
        wheel: Wheel {
            package: "onnxruntime",
            version: ORT_VERSION,
            python: "312",
            platform: "macosx_14_0_arm64",
            sha256: "96dd2564b10ea7153ad9c207e7cd8e5917cb3ba521e0e0a62ac03486fdc8d56c",
            bytes: 20_882_125,
            members: &[Member {
                path: "onnxruntime/capi/libonnxruntime.1.31.1.dylib",
                sha256: "d586cbe89effc085a09d3341b3cfbd5c322517f9d397aeb20814af21433f2b36",
                bytes: 33_037_336,
            }],
        },
    },
];

impl Pinned {
    /// The build for this machine; `None` where no row fits its operating system and architecture.
    pub(crate) fn for_host() -> Option<&'static Pinned> {
        TABLE.iter().find(|row| row.os == consts::OS && row.arch == consts::ARCH)
    }

    /// The library inside the wheel.
    pub(crate) fn library(&self) -> &'static Member {
        &self.wheel.members[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_of_this_version_and_well_formed() {
        for Pinned { wheel, .. } in TABLE {
            let [library] = wheel.members else { panic!("{}: one library is taken", wheel.platform) };
            assert!(library.path.contains(ORT_VERSION), "{}: still names another version", wheel.platform);
            for hash in [wheel.sha256, library.sha256] {
                let lower_hex = hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                assert!(hash.len() == 64 && lower_hex, "{}: {hash}", wheel.platform);
            }
            assert!(library.bytes > wheel.bytes, "{}", wheel.platform);
        }
    }

    #[test]
    fn no_two_rows_share_a_platform_or_a_hash() {
        for (at, row) in TABLE.iter().enumerate() {
            for other in &TABLE[at + 1..] {
                assert_ne!((row.os, row.arch), (other.os, other.arch));
                assert_ne!(row.wheel.sha256, other.wheel.sha256);
                assert_ne!(row.library().sha256, other.library().sha256);
            }
        }
    }
}
