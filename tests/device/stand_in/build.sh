#!/bin/sh
# Builds the stand-ins into a directory: build.sh DIRECTORY. CC names the compiler.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
cc=${CC:-cc}
flags="-std=gnu11 -O2 -ftree-vectorize -Wall -Wextra -Werror -fPIC -shared -fvisibility=default -pthread -I$here"
versions() { printf '%s { *; };\n' "$1" >"$out/$1.map"; }
library() {
    name=$1
    shift
    versions "$name"
    sources=
    for source in "$@"; do sources="$sources $here/$source"; done
    # shellcheck disable=SC2086
    $cc $flags -Wl,-soname,"$name" -Wl,--version-script="$out/$name.map" -Wl,-rpath,'$ORIGIN' -o "$out/$name" \
        $sources -L"$out" -lblink_stand_in -lm
    rm "$out/$name.map"
}
mkdir -p "$out"
# shellcheck disable=SC2086
$cc $flags -Wl,-soname,libblink_stand_in.so -o "$out/libblink_stand_in.so" "$here/calls.c" "$here/memory.c"
# shellcheck disable=SC2086
$cc $flags -Wl,-soname,libcuda.so.1 -Wl,-rpath,'$ORIGIN' -o "$out/libcuda.so.1" "$here/driver.c" \
    -L"$out" -lblink_stand_in
library libcudart.so.13 runtime_device.c runtime_memory.c runtime_kernels.c
library libcublas.so.13 blas.c gemm.c
library libcublasLt.so.13 blas_lt.c gemm.c
library libcurand.so.10 rand.c
