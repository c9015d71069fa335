#!/usr/bin/env bash
# The project's own contract: ResNet-50, and figures that are quiet on a busy machine. Wall time is not among them, only
# the ratio of two ways to start within one run.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
cargo build --release --locked
export BLINK=$target/release/blink
export RESULTS=$target/contract/results RUNS=${RUNS:-10} THREADS=${THREADS:-2}

"$BLINK" demo --model resnet50 --runs 1 --keep "$target/contract" >/dev/null
status=0
ci/cold-start.sh "$target/contract/resnet50.blink" \
    'snapshot:cpu<150ms' 'snapshot:faults<1500' 'snapshot:syscalls<1000' \
    'normal:cpu<250ms' 'normal:faults<4000' 'normal:syscalls<2000' \
    'snapshot/normal<0.95' || status=$?
[ ! -e "$RESULTS/summary.md" ] || cat "$RESULTS/summary.md"
exit "$status"
