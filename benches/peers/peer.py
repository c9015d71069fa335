"""What the Python peers have in common: reading their arguments, writing the first answer, answering line by line.

A peer is started as `PEER MODEL --input NAME=FILE.npy ... --threads N`. It writes its first answer to stdout as one
.npy and ends at once, without tearing anything down. With `--serve` it writes a line `ready`, and then, for each line
that it reads, makes one run and writes one line: a digest of the answer. It ends when its stdin does.

Only what every peer needs is imported here: what is imported is paid for in each cold start.
"""

import os
import sys

FLAGS = ("--serve",)


def arguments(words):
    """Values by option. `--input` may come several times: pairs of name and file, in the order given."""
    options = {"--input": []}
    words = iter(words)
    for word in words:
        if word in FLAGS:
            options[word] = True
            continue
        if not word.startswith("--"):
            sys.exit(f"{sys.argv[0]}: '{word}' is not an option")
        value = next(words, None)
        if value is None:
            sys.exit(f"{sys.argv[0]}: {word} has no value")
        if word == "--input":
            options["--input"].append(value.partition("=")[::2])
        else:
            options[word] = value
    if "--threads" not in options:
        sys.exit(f"{sys.argv[0]}: --threads N is missing")
    return options


def write(array):
    """One .npy on stdout, and everything before it."""
    import numpy

    numpy.lib.format.write_array(Pipe(sys.stdout.buffer), array, allow_pickle=False)
    sys.stdout.flush()


class Pipe:
    """The one method of a file that numpy needs to write an array: a pipe does not know its position."""

    def __init__(self, file):
        self.write = file.write


def serve(run):
    """Answers each line of stdin by the digest of what `run` returns."""
    import zlib

    print("ready", flush=True)
    for _ in sys.stdin:
        print(f"{zlib.crc32(run()):08x}", flush=True)


def end():
    """No tear-down: the answer is out, and the kernel takes back the rest."""
    sys.stdout.flush()
    os._exit(0)
