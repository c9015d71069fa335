#!/usr/bin/env bash
# The soak, for as many seconds as are given, an hour where none are. What follows them goes to the bench.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-3600}
cargo build --release
cargo bench -p blink-cli -p blink-benches --bench soak -- --seconds "$seconds" "${@:2}"
