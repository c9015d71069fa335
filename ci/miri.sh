#!/usr/bin/env bash
# Miri, on what needs no mapping of a file, no library and no process: the parsers, and the helpers around unsafe code.
# It needs a nightly toolchain with miri and rust-src. MIRI_TOOLCHAIN names another than `nightly`.
#
# | what | why it is here |
# |---|---|
# | blink-tensors, all | npy, npz, JSON, raw, aligned buffers: bytes of strangers, and memory allocated by hand |
# | blink-artifact, `parsed_tests` | header, table and manifest of the goldens, flipped and cut |
# | blink-restorer, all | the head of an image, used where it stands |
# | blink-snapshots, free lists, labels, reasons | what needs no mapping |
#
# What it leaves out, and who has it: mappings of files (`artifact/tests/suite/`), calls of ONNX Runtime
# (`ci/valgrind.sh`), system calls (`tests/`).
set -euo pipefail
cd "$(dirname "$0")/.."

toolchain=${MIRI_TOOLCHAIN:-nightly}
# Tests read files and clocks of this machine.
export MIRIFLAGS="${MIRIFLAGS:-} -Zmiri-disable-isolation"
miri() {
    cargo "+$toolchain" miri test --locked "$@"
}

miri -p blink-tensors --lib --test json --test npy_read --test npy_reject --test npy_reject_data --test npy_write
# zlib-rs frees what it holds by a reference, against both models of borrowing: all else is asked.
MIRIFLAGS="$MIRIFLAGS -Zmiri-disable-stacked-borrows" miri -p blink-tensors --test npz
miri -p blink-restorer --lib
miri -p blink-artifact --lib -- parsed_tests
miri -p blink-snapshots --lib -- free_list reason store::key
