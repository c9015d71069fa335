#!/usr/bin/env bash
# Puts together the files of an image: blink, ONNX Runtime beside it, the C libraries both need, and nothing else.
# usage: collect.sh BLINK ONNXRUNTIME_LIBRARY DESTINATION
set -euo pipefail

if [ $# -ne 3 ]; then
    echo "usage: collect.sh BLINK ONNXRUNTIME_LIBRARY DESTINATION" >&2
    exit 2
fi
blink=$1 library=$2 destination=$3

mkdir -p "$destination/blink" "$destination/models"
install -m 0755 "$blink" "$destination/blink/blink"
# Found there because it stands beside the program.
install -m 0755 "$library" "$destination/blink/$(basename "$library")"

# The loader stands where programs name it; libraries where the loader looks without a cache file.
ldd "$blink" "$library" | grep -oE '/[^ ]+\.so[^ ]*' | grep -v ':$' | sort -u | while read -r needed; do
    [ "$needed" = "$library" ] && continue
    install -D -m 0755 "$(readlink -f "$needed")" "$destination$needed"
done
