#!/bin/sh
# A model run by IREE on the CPU, compiled beforehand.
#
# Usage: iree.sh DIRECTORY --prepare MODEL.onnx --input NAME=FILE.npy ... --threads N   (not clocked)
#        iree.sh DIRECTORY --input NAME=FILE.npy ... --threads N [--serve]
#
# A start is IREE's own program, `iree-run-module`, without Python: it maps the compiled module, runs it and writes the
# result. It can do that only once, so `--serve` and `--prepare` are IREE's Python packages.
set -eu

here=$(dirname "$0")
iree=${PEERS:-$here/../../target/peers}/iree
directory=$1
case " $* " in
*" --serve "* | *" --prepare "*) exec "$iree/bin/python" "$here/python_iree.py" "$@" ;;
esac
shift

threads=1
given=$#
for word in "$@"; do
    [ "${before:-}" != --threads ] || threads=$word
    before=$word
done
# The module takes its inputs by position; `inputs` has their names in that order.
while read -r name; do
    for word in "$@"; do
        case $word in
        "$name="*) set -- "$@" "--input=@${word#"$name="}" ;;
        esac
    done
done <"$directory/inputs"
shift "$given"

# `answer.npy` is a link to descriptor 3: the program chooses the format by the name's end, and talks on stdout.
exec "$iree/iree-run-module" --device=local-task --task_topology_max_group_count="$threads" \
    --module_mode=mmap --module="$directory/model.vmfb" "$@" --output=@"$directory/answer.npy" 3>&1 1>&2
