#!/usr/bin/env bash
# That a planted bug is found; then the fuzz targets that build in a minute, ten seconds each, or as many as are given.
set -euo pipefail
cd "$(dirname "$0")/.."

fuzz/run.sh control
fuzz/run.sh short "$@"
