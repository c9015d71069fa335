"""An .onnx file run once by Python's onnxruntime: the ordinary way in the ordinary language, to measure a start against.

Usage: python_onnxruntime.py MODEL.onnx --input NAME=FILE.npy ... --output NAME=- --threads N
       [--repeat N] [--timeline FILE --spawned-at NANOSECONDS]

The first answer goes to stdout as .npy, as from `blink run --output NAME=-`. Imports are those that the work needs,
and the arguments are read by hand: nothing here makes the start slower than it must be.
"""

import time

entered = time.clock_gettime_ns(time.CLOCK_MONOTONIC)

import os
import sys

# Before onnxruntime is loaded; it reads this when its environment is made.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def arguments(words):
    """Values by option; `--input` may come several times."""
    options = {"--input": [], "--repeat": "0"}
    words = iter(words)
    for word in words:
        if word == "--input":
            options["--input"].append(next(words).partition("=")[::2])
        else:
            options[word] = next(words)
    return options


def main():
    model = sys.argv[1]
    options = arguments(sys.argv[2:])
    phases = []

    def done(phase, start):
        end = now()
        phases.append((phase, start, end))
        return end

    spawned_at = int(options.get("--spawned-at", entered))
    phases.append(("spawn", spawned_at, entered))
    clock = now()

    import numpy
    import onnxruntime

    clock = done("import", clock)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = int(options["--threads"])
    session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    clock = done("session", clock)
    inputs = {name: numpy.load(path) for name, path in options["--input"]}
    clock = done("input", clock)
    name = options["--output"].rpartition("=")[0]
    (answer,) = session.run([name], inputs)
    clock = done("inference", clock)
    # numpy.save wants a file that knows its position, which a pipe does not.
    numpy.lib.format.write_array(Pipe(sys.stdout.buffer), answer, allow_pickle=False)
    sys.stdout.buffer.flush()
    done("output", clock)

    if "--timeline" in options:
        warm = []
        for _ in range(int(options["--repeat"])):
            start = now()
            session.run([name], inputs)
            warm.append((now() - start) / 1e6)
        write_timeline(options["--timeline"], spawned_at, phases, warm)
    sys.stdout.flush()
    os._exit(0)


class Pipe:
    """The one method of a file that numpy needs to write an array."""

    def __init__(self, file):
        self.write = file.write


def write_timeline(path, origin, phases, warm):
    import json

    timeline = {
        "schema": "blink.timeline/1",
        "total_ms": (phases[-1][2] - origin) / 1e6,
        "phases": [
            {"phase": phase, "start_ms": (start - origin) / 1e6, "duration_ms": (end - start) / 1e6}
            for phase, start, end in phases
        ],
        "warm_ms": warm,
    }
    with open(path, "w") as file:
        json.dump(timeline, file)


main()
