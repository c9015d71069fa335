#!/bin/sh
# Builds the guest in C: `build.sh OUT.wasm`. The compiler is the first of these that works: $WASI_CC; a clang that has
# a C library for wasm32-wasi; zig, which pip installs into target/guests/zig.
set -eu

ZIG=0.16.0

[ $# = 1 ] || { echo "usage: build.sh OUT.wasm" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
files=$here/../../../target/guests
out=$1
case $out in
*/*) mkdir -p "${out%/*}" ;;
esac

# compile COMPILER...: with names for backtraces; written whole, or not at all.
compile() {
    "$@" -std=c11 -Wall -Wextra -Werror -Os -g -o "$out.$$" "$here/sum.c" && mv "$out.$$" "$out"
}

# works COMPILER...: has it a C library for this target?
works() {
    printf '#include <stdio.h>\nint main(void) { return puts(""); }\n' | "$@" -x c - -o /dev/null 2>/dev/null
}

if [ -n "${WASI_CC:-}" ]; then
    # Left in words: `WASI_CC="clang --sysroot=..."` is one compiler with its options.
    # shellcheck disable=SC2086
    compile $WASI_CC
elif works clang --target=wasm32-wasip1; then
    compile clang --target=wasm32-wasip1
elif works clang --target=wasm32-wasi; then
    compile clang --target=wasm32-wasi
else
    python=${PYTHON:-python3}
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        echo "build.sh: no C compiler for wasm32-wasi: set WASI_CC to one, or install python3 with venv and pip" >&2
        exit 1
    fi
    mkdir -p "$files"
    # One of several builds at once installs it, the others wait.
    exec 9>"$files/zig.lock"
    flock 9
    if [ "$("$files/zig/bin/python" -m ziglang version 2>/dev/null)" != "$ZIG" ]; then
        "$python" -m venv "$files/zig" >&2
        "$files/zig/bin/python" -m pip install --quiet --disable-pip-version-check "ziglang==$ZIG" >&2
    fi
    flock -u 9
    export ZIG_GLOBAL_CACHE_DIR="$files/zig/cache" ZIG_LOCAL_CACHE_DIR="$files/zig/cache"
    compile "$files/zig/bin/python" -m ziglang cc --target=wasm32-wasi
fi
