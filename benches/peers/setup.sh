#!/bin/sh
# Installs what a start is measured against: `setup.sh [PEER...]`, by default `python`, which the cold-start bench uses.
# Peers: python openvino iree tract wasmtime, or `all`. Each goes into target/peers/NAME (or $PEERS/NAME). And python-gpu,
# for machines with an NVIDIA GPU, which is not among all: NVIDIA's libraries it takes from `blink setup --device cuda`.
#
# Packages come by name from whatever pip and cargo are configured to use, in the versions below and in Cargo.lock. A
# peer that cannot be installed says why and does not stop the others; the script then ends with 1.
set -eu

ONNXRUNTIME=1.31.1
OPENVINO=2026.4.1
IREE=3.13.0

here=$(cd "$(dirname "$0")" && pwd)
peers=${PEERS:-${CARGO_TARGET_DIR:-$here/../../target}/peers}
mkdir -p "$peers"
peers=$(cd "$peers" && pwd)

# environment NAME PACKAGE...: a virtual environment with these packages.
environment() {
    directory=$peers/$1
    shift
    if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
        echo "setup.sh: python3 with venv and pip not found: install them (on Debian: python3-venv)" >&2
        return 1
    fi
    [ -x "$directory/bin/python" ] || python3 -m venv "$directory" || return 1
    "$directory/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

# package NAME MODULE: where Python found it.
package() {
    "$peers/$1/bin/python" -c "import importlib.util as u; print(u.find_spec('$2').submodule_search_locations[0])"
}

python() {
    environment python "onnxruntime==$ONNXRUNTIME" numpy || return 1
    ORT_DISABLE_TELEMETRY=1 "$peers/python/bin/python" -c '
import numpy, onnxruntime
print("python: onnxruntime", onnxruntime.__version__, "and numpy", numpy.__version__, "are ready")'
}

python_gpu() {
    environment python-gpu "onnxruntime-gpu==$ONNXRUNTIME" numpy onnx || return 1
    echo "python-gpu: onnxruntime-gpu $ONNXRUNTIME is ready"
}

openvino() {
    environment openvino "openvino==$OPENVINO" numpy || return 1
    package=$(package openvino openvino) || return 1
    library=$(ls "$package"/libs/libopenvino.so.*) || return 1
    "${CXX:-c++}" -std=c++17 -O2 -Wall -isystem "$package/include" "$here/openvino.cpp" "$library" \
        -Wl,-rpath,"$package/libs" -o "$peers/openvino/openvino" || return 1
    echo "openvino: OpenVINO $OPENVINO is ready, from Python and as a program"
}

iree() {
    environment iree "iree-base-compiler[onnx]==$IREE" "iree-base-runtime==$IREE" || return 1
    ln -sf "$(package iree iree._runtime_libs)/iree-run-module" "$peers/iree/iree-run-module" || return 1
    "$peers/iree/iree-run-module" --help >/dev/null || return 1
    echo "iree: IREE $IREE is ready"
}

# build WORD...: cargo, in the peers' own workspace.
build() {
    (cd "$here" && cargo build --release --locked --target-dir "$peers/build" "$@")
}

tract() {
    build --package peer-tract || return 1
    mkdir -p "$peers/tract" && cp "$peers/build/release/tract" "$peers/tract/tract" || return 1
    echo "tract: tract $(sed -n 's/^tract-onnx = "=\(.*\)"/\1/p' "$here/tract/Cargo.toml") is ready"
}

# The command line as it is, with its ONNX Runtime backend; the library is that of Python's onnxruntime.
wasmtime() {
    environment python "onnxruntime==$ONNXRUNTIME" numpy || return 1
    rustup target add wasm32-wasip1 || return 1
    build --package peer-guest --target wasm32-wasip1 || return 1
    build --package peer-wasmtime || return 1
    mkdir -p "$peers/wasmtime" || return 1
    cp "$peers/build/release/wasmtime" "$peers/build/wasm32-wasip1/release/guest.wasm" "$peers/wasmtime" || return 1
    ln -sf "$(package python onnxruntime)/capi/libonnxruntime.so.$ONNXRUNTIME" "$peers/wasmtime/libonnxruntime.so"
    "$peers/wasmtime/wasmtime" run --help >/dev/null || return 1
    echo "wasmtime: wasmtime $(sed -n 's/^wasmtime = .*"=\([0-9.]*\)".*/\1/p' "$here/wasmtime/Cargo.toml") is ready"
}

[ $# -gt 0 ] || set -- python
[ "$*" != all ] || set -- python openvino iree tract wasmtime
failed=
for peer in "$@"; do
    case $peer in
    python-gpu) python_gpu || failed="$failed $peer" ;;
    python | openvino | iree | tract | wasmtime) "$peer" || failed="$failed $peer" ;;
    *)
        echo "setup.sh: unknown peer '$peer': expected python, python-gpu, openvino, iree, tract, wasmtime or all" >&2
        exit 2
        ;;
    esac
done
if [ -n "$failed" ]; then
    echo "setup.sh: not installed:$failed" >&2
    exit 1
fi
