#!/usr/bin/env bash
# The project's own contract: ResNet-50, and figures that stay quiet on a busy machine. No wall time is among them, only
# the ratio of two ways to start within one run. Environment: RUNS (default: 10).
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
cargo build --release --locked
export BLINK=$target/release/blink
export RESULTS=$target/contract/results RUNS=${RUNS:-10} THREADS=2

"$BLINK" demo --model resnet50 --runs 1 --keep "$target/contract" >/dev/null
status=0
ci/cold-start.sh "$target/contract/resnet50.blink" \
    'snapshot:cpu<300ms' 'snapshot:faults<3000' 'snapshot:syscalls<342' 'snapshot:ratio<1.8' \
    'normal:cpu<400ms' 'normal:faults<6000' 'normal:syscalls<462' \
    'snapshot/normal<1' || status=$?
[ ! -e "$RESULTS/summary.md" ] || cat "$RESULTS/summary.md"
exit "$status"
