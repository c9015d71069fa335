//! The CUDA build of ONNX Runtime and NVIDIA's libraries that it uses, pinned for Linux on x86-64.
//!
//! Each number is taken from the published wheel itself. NVIDIA's versions are those of CUDA 13.0, which the build was
//! compiled with, so that every driver for CUDA 13 runs them; cuDNN is of a later version than the build was compiled
//! with. Of each wheel only those files are taken that a running model loads.

use blink_runtime::library::ORT_VERSION;

use crate::setup::wheel::{Member, Wheel};

/// Every wheel, that of ONNX Runtime itself first.
pub(crate) const WHEELS: &[Wheel] = &[
    Wheel {
        package: "onnxruntime-gpu",
        version: ORT_VERSION,
        python: "312",
        platform: "manylinux_2_28_x86_64",
        sha256: "05d548956197b9d01f59b625de740e0d6be3593f874e241a12dc0362650ecdf7",
        bytes: 255_569_273,
        members: &[
            Member {
                path: "onnxruntime/capi/libonnxruntime.so.1.31.1",
                sha256: "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303",
                bytes: 29_421_832,
            },
            Member {
                path: "onnxruntime/capi/libonnxruntime_providers_cuda.so",
                sha256: "8387867e857499e045caff5d13ac6a5de29571c801562fa2dde0e45f1f31de52",
                bytes: 284_014_752,
            },
            Member {
                path: "onnxruntime/capi/libonnxruntime_providers_shared.so",
                sha256: "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d",
                bytes: 14_632,
            },
        ],
    },
    Wheel {
        package: "nvidia-cuda-runtime",
        version: "13.0.96",
        python: "312",
        platform: "manylinux_2_17_x86_64",
        sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        bytes: 2_243_632,
        members: &[Member {
            path: "nvidia/cu13/lib/libcudart.so.13",
            sha256: "96c42e418cec19054186b9429c321603cc190bf26a18104e19408117a2a817b0",
            bytes: 704_288,
        }],
    },
    Wheel {
        package: "nvidia-cublas",
        version: "13.1.0.3",
        python: "312",
        platform: "manylinux_2_27_x86_64",
        sha256: "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
        bytes: 423_133_236,
        members: &[
            Member {
                path: "nvidia/cu13/lib/libcublas.so.13",
                sha256: "e70f38efabe986acd5eb683497c62f0f1730a6176ee291d9d24c6e339d1fbf86",
                bytes: 54_177_976,
            },
            Member {
                path: "nvidia/cu13/lib/libcublasLt.so.13",
                sha256: "656298c804f5adbb0df930545c17911b9584ab4e5101c0eeb65d1fe881d880f8",
                bytes: 541_595_600,
            },
        ],
    },
    Wheel {
        package: "nvidia-curand",
        version: "10.4.0.35",
        python: "312",
        platform: "manylinux_2_27_x86_64",
        sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
        bytes: 59_544_258,
        members: &[Member {
            path: "nvidia/cu13/lib/libcurand.so.10",
            sha256: "b53732a66b302b11926e00f762e2c2ba67058347ff93cf4ae709de45e93e06da",
            bytes: 132_698_328,
        }],
    },
    Wheel {
        package: "nvidia-nvjitlink",
        version: "13.0.88",
        python: "312",
        platform: "manylinux_2_12_x86_64",
        sha256: "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
        bytes: 40_713_933,
        members: &[Member {
            path: "nvidia/cu13/lib/libnvJitLink.so.13",
            sha256: "931347fa77d9fd5511059e04627f122b1ee33e409f22c3273ddddbe065713a3a",
            bytes: 98_806_736,
        }],
    },
    Wheel {
        package: "nvidia-cufft",
        version: "12.0.0.61",
        python: "312",
        platform: "manylinux_2_17_x86_64",
        sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
        bytes: 214_085_489,
        members: &[Member {
            path: "nvidia/cu13/lib/libcufft.so.12",
            sha256: "0933f68bb7e3bf90f86d70bc87cd2f69027f7757e89e5de5e19ec33a53fd8d3a",
            bytes: 286_542_352,
        }],
    },
    Wheel {
        package: "nvidia-cuda-nvrtc",
        version: "13.0.88",
        python: "312",
        platform: "manylinux_2_12_x86_64",
        sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
        bytes: 90_215_200,
        members: &[
            Member {
                path: "nvidia/cu13/lib/libnvrtc-builtins.so.13.0",
                sha256: "91dcd944d01da9c0f08fff5d779db136a47f6d62bdb63bae900d2f481e92c3a2",
                bytes: 4_380_616,
            },
            Member {
                path: "nvidia/cu13/lib/libnvrtc.so.13",
                sha256: "a49e67e8e74590f1e98de55c39c6287efd3f59e3c3797464d7bbe0fe01349b11",
                bytes: 109_338_064,
            },
        ],
    },
    Wheel {
        package: "nvidia-cudnn-cu13",
        version: "9.15.1.9",
        python: "312",
        platform: "manylinux_2_27_x86_64",
        sha256: "ebc9a647918df0d7298d67cfaf41579fd4c78ead9aba246f5ad9414d61b9ec4c",
        bytes: 351_298_418,
        members: &[
            Member {
                path: "nvidia/cudnn/lib/libcudnn.so.9",
                sha256: "7ee289e52563f78db59910fe9af6acb7b502d250ad4b7c2d3e4a0bc10616d456",
                bytes: 125_144,
            },
            Member {
                path: "nvidia/cudnn/lib/libcudnn_adv.so.9",
                sha256: "7bbefc7523c831d9c03ac212093fe5cfdf22e81b81fa2ea7555433fc1db2c8f0",
                bytes: 107_071_928,
            },
            Member {
                path: "nvidia/cudnn/lib/libcudnn_cnn.so.9",
                sha256: "18d90cbbb52de316766c00bd77314f992b901809b535b221c7de08914b7c1c87",
                bytes: 4_204_152,
            },
            Member {
                path: "nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9",
                sha256: "49b0c2627085e027948bd8660e2ca00ab8dad5e8dbce9a701b8063d94fc6f7cb",
                bytes: 234_908_152,
            },
            Member {
                path: "nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9",
                sha256: "7bc19c4c54061bcc8c2eb19c0986b23933bfefa2aa53cec310d5cd304ca20471",
                bytes: 27_290_312,
            },
            Member {
                path: "nvidia/cudnn/lib/libcudnn_graph.so.9",
                sha256: "e80f394870a8567fa421b7991ff3f3ab668dfba7d8705872f9ed11e3b36b448b",
                bytes: 4_457_352,
            },
            Member {
                path: "nvidia/cudnn/lib/libcudnn_heuristic.so.9",
                sha256: "d1a7d1672d3a58d411ee3584073e23251c649e76809873e4311a8aa34056d0be",
                bytes: 56_629_720,
            },
            Member {
                path: "nvidia/cudnn/lib/libcudnn_ops.so.9",
                sha256: "41beb128587b3ecb0b7f52b716ecdcfd52572953e956b3473f57ef4e811ec471",
                bytes: 37_758_712,
            },
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use blink_runtime::library::{CUDA_FILE_NAMES, NVIDIA_FILE_NAMES};

    use super::*;

    #[test]
    fn the_wheels_hold_every_file_that_is_to_be_found_and_no_other() {
        let names = |wheels: &[Wheel]| -> BTreeSet<_> {
            wheels.iter().flat_map(|wheel| wheel.members).map(Member::file_name).collect()
        };
        assert_eq!(names(&WHEELS[..1]), BTreeSet::from(CUDA_FILE_NAMES));
        assert_eq!(names(&WHEELS[1..]), BTreeSet::from(NVIDIA_FILE_NAMES));
        let members: usize = WHEELS.iter().map(|wheel| wheel.members.len()).sum();
        assert_eq!(members, CUDA_FILE_NAMES.len() + NVIDIA_FILE_NAMES.len(), "a name stands twice");
    }

    #[test]
    fn every_hash_is_well_formed_and_of_one_file() {
        let members = WHEELS.iter().flat_map(|wheel| wheel.members).map(|member| member.sha256);
        let hashes: Vec<_> = WHEELS.iter().map(|wheel| wheel.sha256).chain(members).collect();
        for hash in &hashes {
            let lower_hex = hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            assert!(hash.len() == 64 && lower_hex, "{hash}");
        }
        assert_eq!(hashes.iter().collect::<BTreeSet<_>>().len(), hashes.len());
    }

    #[test]
    fn every_library_is_smaller_than_the_largest_that_is_read() {
        let members = WHEELS.iter().flat_map(|wheel| wheel.members);
        assert!(members.map(|member| member.bytes).all(|bytes| 0 < bytes && bytes < 1 << 30));
    }
}
