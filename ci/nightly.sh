#!/usr/bin/env bash
# What takes too long before each change: nightly.sh [SECONDS of soak]. Each part runs on its own too.
set -euo pipefail
cd "$(dirname "$0")/.."

ci/miri.sh
ci/valgrind.sh
# Three times as many calls fail as in `ci/test.sh`.
BLINK_FAULTS=180 cargo test -p blink-cli --test faults
if [ -x fuzz/run.sh ]; then
    fuzz/run.sh long
fi
ci/soak.sh "${1:-3600}"
