#!/usr/bin/env bash
# The one step of the action: runs ../cold-start.sh, tells GitHub what came of it, and ends with its code.
#
# Environment: as cold-start.sh, and ARTIFACT, BUDGETS (one a line); GITHUB_OUTPUT and GITHUB_STEP_SUMMARY are
# GitHub's.
set -euo pipefail

# White space around a budget is not part of it, and an empty line is none.
budgets=()
while IFS= read -r budget || [ -n "$budget" ]; do
    budget=$(sed 's/^[[:space:]]*//; s/[[:space:]]*$//' <<<"$budget")
    [ -z "$budget" ] || budgets+=("$budget")
done <<<"$BUDGETS"

status=0
"$(dirname "$0")/../cold-start.sh" "$ARTIFACT" "${budgets[@]}" || status=$?

kept=false
[ "$status" -ne 0 ] || kept=true
# The name of the directory is somebody's text: a delimiter that it cannot hold keeps it one value.
delimiter=end-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf 'kept=%s\nresults<<%s\n%s\n%s\n' "$kept" "$delimiter" "$RESULTS" "$delimiter" >>"$GITHUB_OUTPUT"
[ ! -e "$RESULTS/summary.md" ] || cat "$RESULTS/summary.md" >>"$GITHUB_STEP_SUMMARY"
exit "$status"
