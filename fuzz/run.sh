#!/usr/bin/env bash
# Runs fuzz targets, each from its seeds, its regressions and what earlier runs have kept in corpus/:
#
#   run.sh short [SECONDS] [TARGET...]   10 s each of those that build in a minute, with the project's own toolchain
#   run.sh long [SECONDS] [TARGET...]    1260 s each of all, with nightly and AddressSanitizer; adds to counts.tsv
#   run.sh replay TARGET FILE            one input
#   run.sh control                       a bug is put there, and must be found
#
# Ends with an error where something is found, and says where it lies. Environment: JOBS (targets at a time, default 1),
# TMPDIR (default: /dev/shm, where there is one: targets write small files all the time).
set -euo pipefail
cd "$(dirname "$0")"

light=(artifact snapshot_head npy npz json)
full=(oip_json oip_binary grpc onnx nn_module nn_component restored)
triple=x86_64-unknown-linux-gnu

[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_odr_violation=0}

# Bytes of an input, and megabytes of one allocation: a small input that asks for more memory is a finding.
limits() {
    case $1 in
        artifact) echo -max_len=32768 -malloc_limit_mb=64 ;;
        snapshot_head) echo -max_len=16384 -malloc_limit_mb=8 ;;
        npy | npz) echo -max_len=8192 -malloc_limit_mb=64 ;;
        json | oip_json | oip_binary | grpc) echo -max_len=65536 -malloc_limit_mb=4 ;;
        onnx) echo -max_len=8192 -malloc_limit_mb=16 ;;
        nn_module | nn_component) echo -max_len=2048 -malloc_limit_mb=16 ;;
        restored) echo -max_len=19 -len_control=0 ;;
    esac
}

# features KIND TARGET: all where any will be needed, since dependencies are built anew for other features.
features() {
    case "$1 ${full[*]} " in long* | *" $2 "*) echo full ;; esac
}

# build short|long TARGET FEATURE...: prints the program.
build() {
    cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked --version 0.13.2 >&2
    local kind=$1 target=$2 toolchain=() sanitizer=none
    shift 2
    if [ "$kind" = long ]; then
        rustup run nightly rustc --version >/dev/null 2>&1 || rustup toolchain install nightly --profile minimal >&2
        toolchain=(+nightly) sanitizer=address
    fi
    cargo "${toolchain[@]}" fuzz build --fuzz-dir . --sanitizer "$sanitizer" --target-dir "target/$kind" \
        --features "$*" "$target" >&2
    echo "target/$kind/$triple/release/$target"
}

# ready TARGET: what it needs beside itself.
ready() {
    [ "$1" != restored ] || [ -n "${BLINK:-}" ] && return
    (cd .. && cargo build --locked) >&2
    BLINK=$(realpath ../target/debug/blink)
    export BLINK
}

# number PATTERN LOG: the last number that follows the pattern.
number() {
    grep -aoE "$1 *[0-9]+" "$2" | tail -1 | grep -oE '[0-9]+$' || echo 0
}

# fuzz PROGRAM TARGET SECONDS KIND
fuzz() {
    local program=$1 target=$2 seconds=$3 kind=$4 status=0 from=$SECONDS
    mkdir -p "corpus/$target" "artifacts/$target" "regressions/$target" "artifacts/logs"
    local log=artifacts/logs/$target.log
    # shellcheck disable=SC2046
    "$program" $(limits "$target") -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
        -artifact_prefix="artifacts/$target/" "corpus/$target" "seeds/$target" "regressions/$target" >"$log" 2>&1 ||
        status=$?
    local runs edges corpus findings=0
    runs=$(number 'stat::number_of_executed_units:' "$log")
    edges=$(number 'cov:' "$log")
    corpus=$(find "corpus/$target" -type f | wc -l)
    [ "$status" -eq 0 ] || findings=1
    printf '%-14s %10s executions, %6s edges, %6s inputs kept\n' "$target" "$runs" "$edges" "$corpus"
    if [ "$kind" = long ]; then
        printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$(date -u +%F)" "$(git rev-parse --short HEAD)" "$target" \
            "$((SECONDS - from))" "$runs" "$edges" "$corpus" "$findings" >>counts.tsv
    fi
    [ "$status" -eq 0 ] && return
    local file
    file=$(grep -aoE "artifacts/$target/[a-z]+-[0-9a-f]+" "$log" | tail -1 || true)
    {
        grep -aE 'panicked at|ERROR: |SUMMARY: ' -A1 "$log" | head -8 || tail -5 "$log"
        echo "$target has found something: fuzz/${file:-artifacts/logs/$target.log}"
        echo "  again: fuzz/run.sh replay $target fuzz/$file"
        echo "  once it is mended: keep it in fuzz/regressions/$target/"
    } >&2
    return 1
}

# all KIND SECONDS TARGET...
all() {
    local kind=$1 seconds=$2 target failed=0 running=0
    shift 2
    for target in "$@"; do
        [ -d "seeds/$target" ] || { echo "run.sh: no target '$target': ${light[*]} ${full[*]}" >&2; exit 2; }
    done
    # All programs first, so that none waits for the compiler while its time runs.
    for target in "$@"; do
        build "$kind" "$target" $(features "$kind" "$target") >/dev/null
        ready "$target"
    done
    for target in "$@"; do
        if [ "$running" -ge "${JOBS:-1}" ]; then
            wait -n || failed=1
            running=$((running - 1))
        fi
        fuzz "target/$kind/$triple/release/$target" "$target" "$seconds" "$kind" &
        running=$((running + 1))
    done
    for ((; running > 0; running--)); do
        wait -n || failed=1
    done
    return "$failed"
}

# The planted bug: what is read of an i16 array that begins with more than 127 is wrong. No seed is such an array.
control() {
    local program found
    program=$(build short npy planted)
    kept=$(mktemp -d)
    trap 'rm -rf "$kept"' EXIT
    mkdir "$kept/corpus"
    if "$program" $(limits npy) -max_total_time=60 -artifact_prefix="$kept/" "$kept/corpus" seeds/npy >"$kept/log" 2>&1; then
        echo "run.sh: the planted bug was not found in a minute" >&2
        return 1
    fi
    found=$(find "$kept" -name 'crash-*' | head -1)
    if ! grep -aq "i2'" "$found"; then
        trap - EXIT
        echo "run.sh: something else was found: $kept" >&2
        return 1
    fi
    if "$program" "$found" >/dev/null 2>&1; then
        echo "run.sh: what was found does not fail again" >&2
        return 1
    fi
    echo "the planted bug was found after $(grep -aoE '^#[0-9]+' "$kept/log" | tail -1 | tr -d '#') executions"
}

verb=${1:-}
shift || true
case $verb in
    short | long)
        seconds=10
        targets=("${light[@]}")
        if [ "$verb" = long ]; then
            seconds=1260
            targets+=("${full[@]}")
        fi
        if [[ ${1:-} =~ ^[0-9]+$ ]]; then
            seconds=$1
            shift
        fi
        [ $# -eq 0 ] || targets=("$@")
        all "$verb" "$seconds" "${targets[@]}"
        ;;
    replay)
        file=$(cd "$OLDPWD" && realpath "$2")
        ready "$1"
        # With the sanitizer, where that was built.
        kind=short
        [ ! -x "target/long/$triple/release/$1" ] || kind=long
        # shellcheck disable=SC2046
        program=$(build "$kind" "$1" $(features "$kind" "$1"))
        "$program" "$file"
        ;;
    control) control ;;
    *)
        sed -n '2,/^set/{/^set/!p}' "$0" | sed 's/^# \{0,1\}//' >&2
        exit 2
        ;;
esac
