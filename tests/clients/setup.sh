#!/usr/bin/env bash
# Makes what tests/serve drives a server with, in a directory: setup.sh DIRECTORY
#   clients/        a virtual environment with the clients of requirements.txt
#   perf_analyzer   the program of perf-analyzer.txt, with the libraries it wants
# Nothing is done where that is in place. Several may run at once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
directory=$(cd "$1" && pwd)
python=${PYTHON:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1

fail() {
    echo "$*" >&2
    exit 1
}

# As root on Debian what is missing is installed; anybody else is told what it is.
debian() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
    else
        fail "the clients of tests/serve need $*: install it (Debian, as root: apt-get install $*) and run this again"
    fi
}

command -v flock >/dev/null || debian util-linux
exec 9>"$directory/lock"
flock 9

"$python" -c 'import ensurepip, venv' 2>/dev/null || debian python3 python3-venv
wanted=$(cat "$here/setup.sh" "$here"/*.txt <("$python" --version) | sha256sum)
if [ "$(cat "$directory/stamp" 2>/dev/null)" = "$wanted" ]; then
    exit
fi
rm -rf "$directory/stamp" "$directory/clients" "$directory/perf" "$directory/perf_analyzer"

"$python" -m venv "$directory/clients"
"$directory/clients/bin/pip" install -q -r "$here/requirements.txt" >&2

# Only files are taken from these packages: what else they ask for is not needed.
"$python" -m venv "$directory/perf"
"$directory/perf/bin/pip" install -q --no-deps -r "$here/perf-analyzer.txt" >&2
libraries=$(dirname "$(find "$directory/perf" -name libcudart.so.12)")
[ -x "$directory/perf/bin/perf_analyzer" ] || fail "no perf_analyzer for this machine in $here/perf-analyzer.txt"

# Debian's base64 library is unpacked, not installed.
if ! ldconfig -p 2>/dev/null | grep -q 'libb64\.so\.0d'; then
    command -v apt-get >/dev/null || fail "perf_analyzer needs libb64.so.0d (Debian: libb64-0d): install it"
    (
        cd "$directory/perf"
        download="apt-get download -qq -o APT::Sandbox::User=root libb64-0d"
        if ! $download >&2; then
            apt-get update -qq >&2
            $download >&2
        fi
        dpkg-deb -x libb64-0d_*.deb .
    )
    libraries=$libraries:$(dirname "$(find "$directory/perf/usr" -name libb64.so.0d)")
fi
cat >"$directory/perf_analyzer" <<END
#!/bin/sh
LD_LIBRARY_PATH='$libraries' exec '$directory/perf/bin/perf_analyzer' "\$@"
END
chmod +x "$directory/perf_analyzer"
"$directory/perf_analyzer" --version >/dev/null 2>&1 || fail "perf_analyzer does not run here"
echo "$wanted" >"$directory/stamp"
