#!/usr/bin/env bash
# Format, and clippy with warnings denied.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --all --check
# The peers in Rust are a workspace of their own.
find benches/peers -name '*.rs' -exec rustfmt --check --edition 2024 {} +
# So are the guests, which are for other targets.
cargo fmt --manifest-path examples/guests/Cargo.toml --all --check
# And the fuzz targets.
cargo fmt --manifest-path fuzz/Cargo.toml --check
cargo clippy --workspace --all-targets --locked -- -D warnings
