#!/bin/sh
# A model run by `wasmtime run -S nn`: a WebAssembly guest asks for an inference, and WASI-NN makes it by ONNX Runtime.
#
# Usage: wasmtime.sh DIRECTORY --prepare MODEL.onnx --input NAME=FILE.npy ... --threads N   (not clocked)
#        wasmtime.sh DIRECTORY --input NAME=FILE.npy ... --threads N [--serve]
#
# The model is optimised and the guest compiled beforehand. Inputs are taken in the order given. WASI-NN has no setting
# for threads: ONNX Runtime takes one for each core, and `--prepare` refuses another number.
set -eu

here=$(dirname "$0")
peers=${PEERS:-$here/../../target/peers}
directory=$1
case " $* " in
*" --prepare "*)
    "$peers/python/bin/python" "$here/python_wasmtime.py" "$@"
    exec "$peers/wasmtime/wasmtime" compile "$peers/wasmtime/guest.wasm" -o "$directory/guest.cwasm"
    ;;
esac

# The guest sees the whole file system, and has no working directory of its own: paths are made absolute.
case $directory in
/*) ;;
*) directory=$PWD/$directory ;;
esac
shift
for word in "$@"; do
    case $word in
    --* | *=/*) ;;
    *=*) word=${word%%=*}=$PWD/${word#*=} ;;
    esac
    set -- "$@" "$word"
    shift
done

export ORT_DYLIB_PATH="$peers/wasmtime/libonnxruntime.so" ORT_DISABLE_TELEMETRY=1
exec "$peers/wasmtime/wasmtime" run --allow-precompiled -S nn -S nn-graph="onnx::$directory" --dir / \
    "$directory/guest.cwasm" "$directory" "$@"
