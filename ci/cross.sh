#!/usr/bin/env bash
# The whole workspace type-checks for 64-bit Arm Linux.
set -euo pipefail
cd "$(dirname "$0")/.."

target=aarch64-unknown-linux-gnu
if ! rustup target list --installed | grep -qx "$target"; then
    rustup target add "$target"
fi
cargo check --workspace --locked --target "$target"
