#!/usr/bin/env bash
# Memcheck on the calls of ONNX Runtime: sessions that start, answer, refuse and end in one process. An error or a leak
# that is not in ci/valgrind.supp fails. It needs valgrind, and the library that `blink setup` installs.
set -euo pipefail
cd "$(dirname "$0")/.."

# Valgrind shows a program no vDSO, which rustix would look for by itself: here it asks the C library.
export RUSTFLAGS="${RUSTFLAGS:-} --cfg=rustix_use_libc"
target=${CARGO_TARGET_DIR:-target}/valgrind
# Only ONNX Runtime is to be quick, and that is built already.
program=$(cargo test --locked -p blink-runtime --test engine --no-run --target-dir "$target" --message-format=json \
    --config 'profile.dev.package."*".opt-level=0' |
    sed -n 's/.*"executable":"\([^"]*engine-[^"]*\)".*/\1/p' | tail -1)
# Tests take turns: two threads at once show nothing more, and one less.
valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
    --num-callers=40 --suppressions=ci/valgrind.supp "$program" --test-threads=1
