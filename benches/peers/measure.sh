#!/usr/bin/env bash
# Every installed peer beside blink, on the same model with the same inputs and threads: measure.sh [resnet50] [bert]
#
# Leaves target/peers/measured/MODEL.json, and all models measured so far as report.html and cold-starts.svg beside it.
# Environment: RUNS (default: 20), THREADS (default: 2), PEERS (where setup.sh has put them).
#
# Peers are installed by setup.sh; one that is not there is left out, and that is said.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
export PEERS=${PEERS:-$target/peers}
runs=${RUNS:-20} threads=${THREADS:-2}
blink=$target/release/blink
peers=benches/peers
out=$target/peers/measured
mkdir -p "$out"

# installed NAME FILE: whether the peer is there.
installed() {
    [ -e "$PEERS/$1/$2" ] || { echo "measure.sh: $1 is not installed and is left out (setup.sh $1)" >&2; return 1; }
}

measure() {
    local model=$1 files=$out/$1
    "$blink" demo --model "$model" --runs 1 --keep "$files" >/dev/null
    local onnx=$files/$model.onnx inputs=() file name against=()
    for file in "$files/$model".*.npy; do
        name=${file#"$files/$model."}
        inputs+=(--input "${name%.npy}=$file")
    done

    # prepared NAME DIRECTORY COMMAND...: what the peer makes beforehand, once.
    prepared() {
        local directory=$files/$1
        shift
        [ -e "$directory" ] || "$@" "$directory" --prepare "$onnx" "${inputs[@]}" --threads "$threads" >&2
    }
    if installed python bin/python; then
        against+=(--against "python=$PEERS/python/bin/python $peers/python_onnxruntime.py $onnx {inputs} --threads {threads}")
    fi
    if installed openvino openvino; then
        prepared openvino "$PEERS/openvino/bin/python" $peers/python_openvino.py
        against+=(--against "openvino=$PEERS/openvino/openvino $files/openvino {inputs} --threads {threads}")
    fi
    if installed iree iree-run-module; then
        prepared iree $peers/iree.sh
        against+=(--against "iree=$peers/iree.sh $files/iree {inputs} --threads {threads}")
    fi
    if installed tract tract; then
        # It cannot store what it makes of BERT.
        local source=$onnx
        [ "$model" = bert ] || { prepared tract "$PEERS/tract/tract"; source=$files/tract; }
        against+=(--against "tract=$PEERS/tract/tract $source {inputs} --threads {threads}")
    fi
    if [ "$model" = bert ]; then
        echo "measure.sh: wasmtime is left out: its WASI-NN takes no integers, which BERT's inputs are" >&2
    elif installed wasmtime wasmtime; then
        prepared wasmtime $peers/wasmtime.sh
        against+=(--against "wasmtime=$peers/wasmtime.sh $files/wasmtime {inputs} --threads {threads}")
    fi
    "$blink" bench "$files/$model.blink" "${inputs[@]}" --threads "$threads" --runs "$runs" "${against[@]}" \
        --output "$out/$model.json"
}

cargo build --release --locked
for model in "${@:-resnet50}"; do
    measure "$model"
done
"$blink" bench report "$out"/*.json --output "$out/report.html"
"$blink" bench report "$out"/*.json --output "$out/cold-starts.svg"
echo "measured: $out/report.html, $out/cold-starts.svg" >&2
