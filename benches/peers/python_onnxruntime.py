"""An .onnx file run by Python's onnxruntime: the ordinary way in the ordinary language, to measure a start against.

Usage: python_onnxruntime.py MODEL.onnx --input NAME=FILE.npy ... --threads N [--output NAME=-] [--serve]
       [--repeat N] [--timeline FILE --spawned-at NANOSECONDS]

The first answer goes to stdout as .npy, as from `blink run --output NAME=-`; without `--output` it is the model's
first output. Nothing is prepared. Imports are those that the work needs, and the arguments are read by hand: nothing
here makes the start slower than it must be.
"""

import time

entered = time.clock_gettime_ns(time.CLOCK_MONOTONIC)

import os
import sys

import peer

# Before onnxruntime is loaded; it reads this when its environment is made.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def main():
    model = sys.argv[1]
    options = peer.arguments(sys.argv[2:])
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
    name = options.get("--output", "").rpartition("=")[0] or session.get_outputs()[0].name
    if "--serve" in options:
        peer.serve(lambda: session.run([name], inputs)[0])
        peer.end()
    (answer,) = session.run([name], inputs)
    clock = done("inference", clock)
    peer.write(answer)
    done("output", clock)

    if "--timeline" in options:
        warm = []
        for _ in range(int(options.get("--repeat", 0))):
            start = now()
            session.run([name], inputs)
            warm.append((now() - start) / 1e6)
        write_timeline(options["--timeline"], spawned_at, phases, warm)
    peer.end()


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
