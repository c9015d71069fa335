#!/usr/bin/env bash
# The whole workspace type-checks for 64-bit Arm Linux.
set -euo pipefail
cd "$(dirname "$0")/.."

target=aarch64-unknown-linux-gnu
if ! rustup target list --installed | grep -qx "$target"; then
    rustup target add "$target"
fi
# A check links nothing, so the little C of a dependency may as well be compiled for this machine.
export CC_aarch64_unknown_linux_gnu=${CC_aarch64_unknown_linux_gnu:-cc} AR_aarch64_unknown_linux_gnu=${AR_aarch64_unknown_linux_gnu:-ar}
cargo check --workspace --locked --target "$target"
