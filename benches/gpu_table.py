"""What benches/gpu.sh has measured, as a table with the goals beside the figures: gpu_table.py DIRECTORY [--rehearsal]

Reads MODEL-PRECISION.json and MODEL-PRECISION-fixed.json, which `blink bench` wrote, and MODEL-PRECISION-python.json,
which peers/python_onnxruntime_gpu.py did. Figures are medians in milliseconds. A goal is kept, missed, or not judged.
"""

import json
import os
import statistics
import sys

# The most milliseconds from the ask to the first answer of a start, and what is aimed at.
STARTS = {("resnet50", "fp16"): (60, 25), ("resnet50", "fp32"): (80, None)}
# The most that a warm run may take, by that of ONNX Runtime's own CUDA session.
WARM = 1.03


def path(name):
    return os.path.join(sys.argv[1], name + ".json")


def read(name):
    with open(path(name)) as file:
        return json.load(file)


def cold(measurement, way):
    (found,) = (found for found in measurement["ways"] if found["name"] == way)
    return statistics.median(run["cold_ms"] for state in found["states"] for run in state["runs"])


def warm(measurement):
    """The median of the later runs of each launch, of both ways: they do not differ in these."""
    return statistics.median(statistics.median(runs) for way in measurement["ways"] for runs in way["warm_ms"])


def goal(value, most, aim=None):
    words = f"at most {most:g}"
    if aim is not None:
        words += f", aim {aim:g}: {'reached' if value <= aim else 'not reached'}"
    return f"{words}: {'kept' if value <= most else 'MISSED'}"


def rows():
    models = [name for name in ("resnet50", "bert") if os.path.exists(path(f"{name}-fp32"))]
    for model in models:
        for precision in ("fp16", "fp32"):
            opened, fixed = read(f"{model}-{precision}"), read(f"{model}-{precision}-fixed")
            peer = f"{model}-{precision}-python"
            python = read(peer) if os.path.exists(path(peer)) else None
            device = opened["device"]
            what = f"{model} {precision}"
            yield f"{what} on {device['context']['device']}", "", ""
            yield "first start of the context, apart", f"{device['context']['ms']:.1f}", ""
            yield "first start of the model in it", f"{device['first_ms']:.1f}", ""
            most = STARTS.get((model, precision))
            for title, measurement in (("open shapes", opened), ("fixed shapes", fixed)):
                for way, words in (("kept", "session and weights kept"), ("uploaded", "nothing kept")):
                    ms = cold(measurement, way)
                    yield f"start, {words}, {title}", f"{ms:.1f}", goal(ms, *most) if most else ""
            theirs = None
            if python:
                plain, bound = statistics.median(python["warm_ms"]), statistics.median(python["bound_ms"])
                theirs = min(plain, bound)
                yield "Python, fresh process to first answer", f"{statistics.median(python['cold_ms']):.1f}", ""
                yield "warm: Python's session", f"{plain:.3f}", ""
                yield "warm: the same with IO binding", f"{bound:.3f}", ""
            for title, measurement in (("open", opened), ("fixed", fixed)):
                ms = warm(measurement)
                yield f"warm: blink, {title} shapes, runs {measurement['device']['runs']}", f"{ms:.3f}", ""
                if theirs:
                    yield "  by the faster of Python's", f"{ms / theirs:.3f}", goal(ms / theirs, WARM)
                else:
                    yield "  by the faster of Python's", "-", f"at most {WARM:g}: not judged, Python was left out"
            for point in (point for sweep in opened["sweeps"] for point in sweep["points"]):
                yield batch(point, python)


def batch(point, python):
    ms = statistics.median(ms for way in point["ways"] for ms in way["warm_ms"])
    words = f"{1e3 * point['at'] / ms:.0f} a second"
    if python:
        theirs = min(python["batches_ms"][point["label"]])
        words += f"; Python's {theirs:.3f}, ratio {ms / theirs:.3f}"
    return f"warm: batch {point['label']}", f"{ms:.3f}", words


def main():
    prefix = "rehearsal: figures mean nothing | " if "--rehearsal" in sys.argv else ""
    table = [("medians, ms", "found", "goal"), *rows()]
    widths = [max(len(row[column]) for row in table) for column in (0, 1)]
    for title, found, words in table:
        print(f"{prefix}{title:<{widths[0]}}  {found:>{widths[1]}}  {words}".rstrip())


main()
