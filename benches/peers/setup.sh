#!/bin/sh
# Puts Python's onnxruntime where the cold-start bench looks for it: a virtual environment under the target
# directory. Packages come by name from whatever index pip is configured to use.
set -eu

ONNXRUNTIME=1.31.1

repository=$(cd "$(dirname "$0")/../.." && pwd)
environment=${CARGO_TARGET_DIR:-$repository/target}/peers/python

if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo "setup.sh: python3 with venv and pip not found: install them (on Debian: python3-venv)" >&2
    exit 1
fi
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check "onnxruntime==$ONNXRUNTIME" numpy
ORT_DISABLE_TELEMETRY=1 "$environment/bin/python" -c '
import numpy, onnxruntime
print("onnxruntime", onnxruntime.__version__, "and numpy", numpy.__version__, "are ready")'
