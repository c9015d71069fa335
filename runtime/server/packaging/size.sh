#!/usr/bin/env bash
# Prints how large the image is that Containerfile makes: the sum of the files that collect.sh puts together.
# usage: size.sh BLINK ONNXRUNTIME_LIBRARY
set -euo pipefail

if [ $# -ne 2 ]; then
    echo "usage: size.sh BLINK ONNXRUNTIME_LIBRARY" >&2
    exit 2
fi
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
"$(dirname "$0")/collect.sh" "$1" "$2" "$tree"
find "$tree" -type f -printf '%s %P\n' | sort -rn | awk '
    { printf "%12d  /%s\n", $1, $2; sum += $1 }
    END { printf "%12d  bytes in all, %.1f MiB\n", sum, sum / 1048576 }'
