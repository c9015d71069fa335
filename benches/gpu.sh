#!/usr/bin/env bash
# Everything that is measured on a machine with an NVIDIA GPU, in one go: benches/gpu.sh [OPTION...]
#
#   --name NAME          what the files in benches/runs/ are called: DATE-gpu-NAME-MODEL.json (default: first)
#   --device cuda:N      which device (default: cuda:0)
#   --runs N             starts of each way (default: 20)
#   --models LIST        which of the models, such as bert (default: resnet50,bert)
#   --resnet50 FILE.onnx, --bert FILE.onnx
#                        these in place of the models that `blink demo` makes, with open dims `batch` (and of BERT
#                        `sequence`); inputs are then made from a seed
#   --rehearse           the same steps on stand-ins for NVIDIA's libraries, with a tiny model: shows that this script
#                        works, on any machine. Its figures mean nothing and are kept nowhere.
#
# Sets up, asks doctor, compiles ResNet-50 and BERT in fp16 and fp32, measures each with `blink bench` and with Python's
# onnxruntime-gpu, and ends with a table in which the goals stand beside the figures. Ends with 1 where there is no GPU,
# and where a step fails; a goal that is missed is told, and is no failure.
#
# Environment: BLINK (default: a release build of this tree), PYTHON (one with onnxruntime-gpu, numpy and onnx; default:
# peers/setup.sh makes one), BLINK_CUDA_ORT (for --rehearse: a directory with ONNX Runtime's CUDA build; default:
# what `blink setup --device cuda` has installed), BLINK_CACHE_DIR.
set -Eeuo pipefail
cd "$(dirname "$0")/.."

name=first device=cuda:0 runs=20 models=resnet50,bert rehearse= resnet50= bert=
while [ $# -gt 0 ]; do
    case $1 in
    --rehearse) rehearse=1 && shift && continue ;;
    --name | --device | --runs | --models | --resnet50 | --bert) ;;
    *) echo "gpu.sh: '$1' is not an option: see the head of this file" >&2 && exit 2 ;;
    esac
    [ $# -gt 1 ] || { echo "gpu.sh: $1 has no value" >&2 && exit 2; }
    declare "${1#--}=$2"
    shift 2
done
[ "$device" != cuda ] || device=cuda:0

fail() { echo "gpu.sh: $*" >&2 && exit 1; }
step() { now="$*" && echo "== $*" >&2; }
now=begin
trap 'echo "gpu.sh: failed at: $now" >&2' ERR

peers=benches/peers target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target" && target=$(cd "$target" && pwd)
work=$target/gpu/${rehearse:+rehearsal-}work results=$target/gpu/${rehearse:+rehearsal-}results
export PEERS=${PEERS:-$target/peers}
batches=1,2,4,8,16,32,64 later=200 profile=release
date=$(date -u +%F)
if [ -n "$rehearse" ]; then
    runs=3 later=5 batches=1,4 profile=debug
elif ! compgen -G '/dev/nvidia[0-9]*' >/dev/null && [ ! -e /dev/dxg ]; then
    fail "no NVIDIA GPU is here (no /dev/nvidia0): run it on a machine that has one, or rehearse it with --rehearse"
elif compgen -G "benches/runs/$date-gpu-$name-*.json" >/dev/null; then
    fail "benches/runs/ has files of $date-gpu-$name already: give another --name"
fi
rm -rf "$work" "$results" && mkdir -p "$work" "$results"

if [ -z "${BLINK:-}" ]; then
    step "building blink"
    if [ "$profile" = release ]; then cargo build --release --locked; else cargo build --locked -p blink-cli; fi
    BLINK=$target/$profile/blink
fi

step "setting up"
"$BLINK" setup >&2
if [ -n "$rehearse" ]; then
    sh tests/device/stand_in/build.sh "$work/stand_in" >&2
    if [ -z "${BLINK_CUDA_ORT:-}" ]; then
        "$BLINK" setup --device cuda --nvidia system >&2
        BLINK_CUDA_ORT=${BLINK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/blink}/onnxruntime-cuda/1.31.1
    fi
    # Without NVIDIA's own libraries, which may stand beside it.
    mkdir "$work/onnxruntime"
    for file in libonnxruntime.so.1.31.1 libonnxruntime_providers_shared.so libonnxruntime_providers_cuda.so; do
        ln -s "$(realpath "$BLINK_CUDA_ORT/$file")" "$work/onnxruntime/$file"
    done
    nvidia=$work/stand_in/toolkit:$work/stand_in/driver
    export ORT_DYLIB_PATH=$work/onnxruntime/libonnxruntime.so.1.31.1 LD_LIBRARY_PATH=$nvidia
else
    "$BLINK" setup --device cuda >&2
    # Python's onnxruntime-gpu takes NVIDIA's libraries from there, too: both run on the same ones.
    nvidia=${BLINK_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/blink}/onnxruntime-cuda/1.31.1
fi
python=${PYTHON:-$PEERS/python-gpu/bin/python}
[ -n "${PYTHON:-}" ] || $peers/setup.sh python-gpu >&2

step "doctor"
"$BLINK" doctor | tee "$results/doctor.txt"

# of_python WORD...: the peer, with the libraries that blink uses.
of_python() {
    LD_LIBRARY_PATH=$nvidia${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$python" $peers/python_onnxruntime_gpu.py "$@"
}

# model NAME DIM...: the .onnx file, its inputs, and what is measured of it; DIMs are the sizes of its open dims.
model() {
    local name=$1 files=$work/$1 given=${!1:-} subject=$1 dims=("${@:2}")
    local onnx file input dim inputs=() golden=() fixed=() sizes=()
    [ -z "$rehearse" ] || { subject=tiny && dims=(batch=1); }
    for dim in "${dims[@]}"; do golden+=(--golden-dim "$dim") fixed+=(--set-dim "$dim") sizes+=(--dim "$dim"); done
    step "$name: the model"
    if [ -n "$given" ]; then
        mkdir -p "$files"
        onnx=$given
        of_python "$onnx" --inputs "$files" "${sizes[@]}" >"$files/inputs.txt"
        while read -r input; do inputs+=(--input "$input"); done <"$files/inputs.txt"
    else
        env -u ORT_DYLIB_PATH "$BLINK" demo --model "$subject" --runs 1 --keep "$files" >/dev/null
        onnx=$files/$subject.onnx
        for file in "$files/$subject".*.npy; do
            input=${file#"$files/$subject."}
            inputs+=(--input "${input%.npy}=$file")
        done
    fi

    local precision artifact
    for precision in fp16 fp32; do
        artifact=$files/$name-$precision
        step "$name $precision: compiling"
        "$BLINK" compile "$onnx" --device cuda --try-on "$device" --precision $precision "${golden[@]}" \
            -o "$artifact.blink" >&2
        "$BLINK" compile "$onnx" --device cuda --try-on "$device" --precision $precision "${fixed[@]}" \
            -o "$artifact-fixed.blink" >&2
        step "$name $precision: blink bench"
        "$BLINK" bench "$artifact.blink" --device "$device" "${inputs[@]}" --runs "$runs" --warm-runs 30 \
            --sweep "batch=$batches" -o "$results/$name-$precision.json" >&2
        "$BLINK" bench "$artifact-fixed.blink" --device "$device" "${inputs[@]}" --runs "$runs" --warm-runs 30 \
            -o "$results/$name-$precision-fixed.json" >&2
        step "$name $precision: onnxruntime-gpu in Python"
        local asked=("${inputs[@]}" --threads 2 --device "${device#cuda:}" --runs 5 --warm "$later")
        asked+=(--batches "$batches")
        local to=$results/$name-$precision-python.json half=$files/$name-half.onnx
        if [ $precision = fp32 ]; then
            of_python "$onnx" "${asked[@]}" --to "$to" >&2
        elif ! of_python "$onnx" --half "$half" >&2 || ! of_python "$half" "${asked[@]}" --to "$to" >&2; then
            # Its converter does not know every model; ours has been measured, and goes into the table alone.
            echo "gpu.sh: left out: $name fp16 in Python: ONNX Runtime's converter made nothing of it that runs" >&2
        fi
    done
}

for each in ${models//,/ }; do
    case $each in
    resnet50) model resnet50 batch=1 ;;
    bert) model bert batch=1 sequence=128 ;;
    *) fail "model '$each' is not known: expected resnet50 or bert" ;;
    esac
done

step "the table"
python3 benches/gpu_table.py "$results" ${rehearse:+--rehearsal} | tee "$results/table.txt"
if [ -z "$rehearse" ]; then
    for file in "$results"/*.json; do cp -n "$file" "benches/runs/$date-gpu-$name-$(basename "$file")"; done
    cp -n "$results/table.txt" "benches/runs/$date-gpu-$name.txt"
    echo "gpu.sh: raw values are in benches/runs/$date-gpu-$name-*.json" >&2
fi
