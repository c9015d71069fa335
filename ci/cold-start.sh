#!/usr/bin/env bash
# A cold-start contract that any CI can hold: cold-start.sh ARTIFACT BUDGET...
#
#   cold-start.sh model.blink 'cpu<60ms' 'faults<1500' 'snapshot/normal<0.8'
#
# Measures, judges, and leaves what was found in $RESULTS, whether the contract was kept or not:
#   bench.json, bench.txt         the measurement, raw values included; the same in words
#   report.html, summary.md       a page with plots; a summary for the page of a CI job
#   junit.xml                     each budget as a test case
#   github-action-benchmark.json, bencher.json   for those who keep figures over time
#   ab.json, ab.txt               the builds $BASE and $BLINK compared, where BASE is set
#
# Environment: BLINK (default: blink on PATH), RESULTS (default: ./cold-start), RUNS (default: 20), THREADS (default: as
# `blink bench` chooses), BASE (an older blink, to compare with on this machine).
#
# Ends with the code of `blink bench`: 3 when a budget is broken; where all are kept, that of `blink bench ab`: 3 when
# a figure got worse.
set -euo pipefail

if [ $# -lt 1 ]; then
    echo "cold-start.sh: ARTIFACT is missing: cold-start.sh ARTIFACT BUDGET..." >&2
    exit 2
fi
blink=${BLINK:-blink}
results=${RESULTS:-cold-start}
artifact=$1
shift
budgets=()
for budget in "$@"; do
    budgets+=("--budget=$budget")
done
rounds=(--runs "${RUNS:-20}")
[ -z "${THREADS:-}" ] || rounds+=(--threads "$THREADS")

mkdir -p "$results"
# What an earlier run left must not pass for this one's.
for name in bench.json bench.txt report.html summary.md junit.xml github-action-benchmark.json bencher.json ab.json \
    ab.txt; do
    rm -f "$results/$name"
done

# told FILE COMMAND...: what the command says on stdout, here and in FILE. Its code is the command's.
told() {
    local file=$results/$1
    shift
    "$@" | tee "$file"
}

status=0
# What follows `--` is a guest's.
case $artifact in -*) artifact=./$artifact ;; esac
told bench.txt "$blink" bench "${rounds[@]}" "${budgets[@]}" --output "$results/bench.json" "$artifact" || status=$?
# Without a measurement there is nothing to report: the code says why.
[ -e "$results/bench.json" ] || exit "$status"

report() {
    "$blink" bench report "$results/bench.json" --as "$1" --output "$results/$2"
}
report html report.html
report markdown summary.md
report junit junit.xml
report github-action-benchmark github-action-benchmark.json
report bencher bencher.json

if [ -n "${BASE:-}" ]; then
    worse=0
    told ab.txt "$blink" bench ab --base "$BASE" "${rounds[@]}" --output "$results/ab.json" "$artifact" || worse=$?
    {
        printf '\n### Against the base build\n\n```text\n'
        cat "$results/ab.txt"
        printf '```\n'
    } >>"$results/summary.md"
    [ "$status" -ne 0 ] || status=$worse
fi
exit "$status"
