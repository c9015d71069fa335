#!/bin/sh
# Builds the stand-ins: build.sh DIRECTORY. CC names the compiler.
#
# DIRECTORY/driver gets what a driver's package installs, DIRECTORY/toolkit what a toolkit's does, DIRECTORY/probe
# and DIRECTORY/session are the programs that the stand-ins' own tests run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
driver=$1/driver
toolkit=$1/toolkit
mkdir -p "$driver" "$toolkit"

# compile OUTPUT OPTION...: sources are found beside this script.
compile() {
    output=$1
    shift
    (cd "$here" && ${CC:-cc} -std=gnu11 -O2 -ftree-vectorize -Wall -Wextra -fPIC -pthread -o "$output" "$@" \
        -Wl,-rpath,'$ORIGIN:$ORIGIN/driver:$ORIGIN/../driver:$ORIGIN/toolkit')
}
# Every symbol has the library's soname as its version, as NVIDIA's have.
library() {
    name=$1
    shift
    printf '%s { *; };\n' "$name" >"$toolkit/versions"
    compile "$toolkit/$name" -shared -Wl,-soname,"$name" -Wl,--version-script="$toolkit/versions" "$@" \
        -L"$driver" -lblink_stand_in -lm
    rm "$toolkit/versions"
}

compile "$driver/libblink_stand_in.so" -shared -Wl,-soname,libblink_stand_in.so calls.c memory.c
compile "$driver/libcuda.so.1" -shared -Wl,-soname,libcuda.so.1 driver.c driver_memory.c -L"$driver" -lblink_stand_in
library libcudart.so.13 runtime_device.c runtime_streams.c runtime_memory.c runtime_kernels.c kernels.c numbers.c
library libcublas.so.13 blas.c gemm.c numbers.c
library libcublasLt.so.13 blas_lt.c gemm.c numbers.c
library libcurand.so.10 rand.c
library libcudnn.so.9 dnn.c
compile "$1/probe" probe.c -L"$driver" -L"$toolkit" -l:libcuda.so.1 -l:libcudart.so.13 -l:libcublas.so.13 \
    -lblink_stand_in -ldl
compile "$1/session" session.c -ldl
