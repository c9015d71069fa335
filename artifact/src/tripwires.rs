//! Numbers that the format has promised, written down a second time: a changed one does not compile.
//!
//! Why: files that hold them are out there, on machines whose `blink` nobody updates on the same day. What the
//! numbers cannot show (offsets, the manifest's words) the golden artifacts in `tests/goldens/` hold.

use crate::header::{self, ExecutionProvider};
use crate::manifest::rules;
use crate::signature::block;
use crate::table::{self, SectionKind};
use crate::target::HostClass;

macro_rules! promised {
    ($($what:literal: $holds:expr;)*) => {$(
        const _: () = assert!(
            $holds,
            concat!(
                "format versions 1 to 3 promise: ", $what, ". Do not just update this number. Artifacts that exist ",
                "were written with it. A change is a new format version: describe it in docs/format.md (its last ",
                "table too), raise FORMAT_VERSION, decide what readers do with older ones, and add golden artifacts ",
                "with `cargo test -p blink-artifact --test suite -- --ignored write_goldens_of_a_new_version`"
            )
        );
    )*};
}

promised! {
    "the magic": matches!(header::MAGIC, [0x89, b'B', b'L', b'N', b'K', 0x0d, 0x0a, 0x1a]);
    "its own numbers": header::WITHOUT_GUEST == 1 && header::WITH_GUEST == 2 && header::FORMAT_VERSION == 3;
    "a header of 256 bytes": header::HEADER_LEN == 256;
    "a structure hash of the first 64 bytes": header::HASHED.start == 0 && header::HASHED.end == 64;
    "the structure hash right after them": header::STRUCTURE_HASH.start == 64 && header::STRUCTURE_HASH.end == 96;
    "bytes 46 and 47 zero": header::ZERO[0].start == 46 && header::ZERO[0].end == 48;
    "bytes 52 to 63 zero": header::ZERO[1].start == 52 && header::ZERO[1].end == 64;
    "bytes 96 to 127 zero": header::ZERO[2].start == 96 && header::ZERO[2].end == 128;
    "a signature block to the header's end": header::SIGNATURE.start == 128 && header::SIGNATURE.end == 256;
    "a signature block of 128 bytes": block::BLOCK_LEN == 128;
    "the algorithm first in it": block::ALGORITHM.start == 0 && block::ALGORITHM.end == 4;
    "the key id at 8 in it": block::KEY_ID.start == 8 && block::KEY_ID.end == 16;
    "the signature at 16 in it": block::SIGNATURE_BYTES.start == 16 && block::SIGNATURE_BYTES.end == 80;
    "zeros at 4 to 7 and from 80 on in it": block::RESERVED[0].start == 4
        && block::RESERVED[0].end == 8
        && block::RESERVED[1].start == 80
        && block::RESERVED[1].end == 128;
    "algorithm 0 for none, 1 for ed25519": block::UNSIGNED == 0 && block::ED25519 == 1;
    "table entries of 64 bytes": table::ENTRY_LEN == 64;
    "FFFFFFFF for no model": table::WHOLE_ARTIFACT == 0xffff_ffff;
    "pages of 4096 bytes": header::PAGE == 4096;
    "alignments up to 2 MiB": header::HUGE_PAGE == 2_097_152;
    "2 to 256 sections": header::MIN_SECTIONS == 2 && header::MAX_SECTIONS == 256;
    "1 to 64 models": header::MAX_MODELS == 64;
    "a manifest of 4 MiB at most": rules::MAX_MANIFEST_LEN == 4_194_304;
    "names of 1024 bytes at most": rules::MAX_NAME == 1024;
    "1024 values a side at most": rules::MAX_VALUES == 1024;
    "64 steps of a guest at most": rules::MAX_STEPS == 64;
    "ranks of 64 at most": rules::MAX_RANK == 64;
    "arenas aligned to 16 at least": *rules::ARENA_ALIGNMENT.start() == 16;
    "arenas aligned to 4096 at most": *rules::ARENA_ALIGNMENT.end() == 4096;
    "65536 weights told of at most": rules::MAX_WEIGHTS == 65_536;
    "uploaded weights aligned to 64": rules::WEIGHT_ALIGNMENT == 64;
    "code 2 for the CUDA provider": ExecutionProvider::Cuda.code() == 2;
    "code 1 for the CPU provider": ExecutionProvider::Cpu.code() == 1;
    "kind 1 for the manifest": SectionKind::Manifest.code() == 1;
    "kind 2 for golden outputs": SectionKind::Golden.code() == 2;
    "kind 3 for a graph": SectionKind::Graph.code() == 3;
    "kind 4 for weights": SectionKind::Weights.code() == 4;
    "kind 16 for a guest": SectionKind::Guest.code() == 16;
    "kind 17 for native code": SectionKind::Code.code() == 17;
    "kinds 1 to 4 in all versions": SectionKind::Manifest.since() == 1
        && SectionKind::Golden.since() == 1
        && SectionKind::Graph.since() == 1
        && SectionKind::Weights.since() == 1;
    "kinds 16 and 17 from version 2 on": SectionKind::Guest.since() == 2 && SectionKind::Code.since() == 2;
    "class 1 for x86-64": HostClass::X86_64.code() == 1;
    "class 2 for x86-64-avx2": HostClass::X86_64Avx2.code() == 2;
    "class 3 for x86-64-avx512": HostClass::X86_64Avx512.code() == 3;
    "class 4 for aarch64": HostClass::Aarch64.code() == 4;
    "class 5 for aarch64-neon": HostClass::Aarch64Neon.code() == 5;
}
