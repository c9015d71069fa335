"""An .onnx file run by Python's onnxruntime-gpu on a CUDA device: fresh processes, and runs of one that is warm.

Usage: python_onnxruntime_gpu.py MODEL.onnx --input NAME=FILE.npy ... --threads N --device N
       [--runs N] [--warm N] [--batches N,N,...] --to FILE.json
       python_onnxruntime_gpu.py MODEL.onnx --inputs DIRECTORY [--dim NAME=SIZE]...
       python_onnxruntime_gpu.py MODEL.onnx --half FILE.onnx

The first measures: `cold_ms` from just before a process is spawned to the last byte of its first answer, `--runs`
times; `warm_ms` of each later run, arrays in and arrays out; `bound_ms` the same with IO binding, also from the host's
memory and back to it; and for each of `--batches` the median of a few runs of each kind. Every answer is held to the
first.
The second makes inputs for a model, from a seed; open dims are 1 unless they are named. The third writes the same model
with half floats inside, by ONNX Runtime's own converter.

Imports are those that the work needs: nothing here makes a start slower than it must be.
"""

import os
import sys

# Before onnxruntime is loaded; it reads this when its environment is made.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import peer


def session(model, options):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = int(options["--threads"])
    # As blink sets them. Without the first, every algorithm of every convolution is tried at the first run, which takes
    # seconds; without the second, floats are multiplied with 10 bits of their fractions (TF32).
    cuda = {"device_id": options["--device"], "cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}
    made = onnxruntime.InferenceSession(model, settings, providers=[("CUDAExecutionProvider", cuda)])
    if made.get_providers()[0] != "CUDAExecutionProvider":
        sys.exit(f"{sys.argv[0]}: onnxruntime has no CUDA provider here: it would run on {made.get_providers()[0]}")
    return made


def once(model, options):
    """What a fresh process does: one answer, to stdout."""
    import numpy

    made = session(model, options)
    inputs = {name: numpy.load(path) for name, path in options["--input"]}
    peer.write(made.run([made.get_outputs()[0].name], inputs)[0])
    peer.end()


def cold(runs):
    """Milliseconds of fresh processes, and their first answer."""
    import io
    import subprocess
    import time

    import numpy

    times, answer = [], None
    # The first brings its files into memory, and is not counted.
    for _ in range(runs + 1):
        start = time.perf_counter()
        words = [sys.executable, *sys.argv, "--once", "1"]
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        answer = child.stdout.read()
        times.append((time.perf_counter() - start) * 1e3)
        if child.wait() != 0:
            sys.exit(f"{sys.argv[0]}: a fresh process ended with {child.returncode}")
    return times[1:], numpy.load(io.BytesIO(answer))


def warm(made, inputs, device, runs, expected=None):
    """Milliseconds of later runs: arrays in and out, and with IO binding."""
    import time

    import numpy

    names = [output.name for output in made.get_outputs()]
    binding = made.io_binding()
    for name in names:
        binding.bind_output(name, "cuda", int(device))

    def plain():
        return made.run(names, inputs)

    def bound():
        for name, array in inputs.items():
            binding.bind_cpu_input(name, array)
        made.run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()

    measured = []
    for run in (plain, bound):
        times = []
        for index in range(runs + 3):
            start = time.perf_counter()
            answer = run()
            times.append((time.perf_counter() - start) * 1e3)
            first = answer[0].astype(numpy.float64)
            expected = first if expected is None else expected
            if not numpy.allclose(first, expected, rtol=0, atol=2e-2 * max(numpy.abs(expected).max(), 1e-30)):
                sys.exit(f"{sys.argv[0]}: run {index} gave another answer than the first")
        measured.append(times[3:])
    return measured


def measure(model, options):
    import json
    import statistics

    import numpy
    import onnxruntime

    cold_ms, answer = cold(int(options.get("--runs", 5)))
    inputs = {name: numpy.load(path) for name, path in options["--input"]}
    made = session(model, options)
    device = options["--device"]
    warm_ms, bound_ms = warm(made, inputs, device, int(options.get("--warm", 200)), answer.astype(numpy.float64))
    batches = {}
    for batch in filter(None, options.get("--batches", "").split(",")):
        larger = {name: numpy.repeat(array[:1], int(batch), axis=0) for name, array in inputs.items()}
        batches[batch] = [statistics.median(times) for times in warm(made, larger, device, 10)]
    told = {"schema": "blink.gpu-peer/1", "onnxruntime": onnxruntime.__version__, "cold_ms": cold_ms}
    told |= {"warm_ms": warm_ms, "bound_ms": bound_ms, "batches_ms": batches}
    with open(options["--to"], "w") as file:
        json.dump(told, file)


def make_inputs(model, options, dims):
    """A .npy for each input; prints NAME=FILE lines."""
    import numpy
    import onnxruntime

    made = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    random = numpy.random.default_rng(7)
    os.makedirs(options["--inputs"], exist_ok=True)
    for index, value in enumerate(made.get_inputs()):
        shape = [dim if isinstance(dim, int) else int(dims.get(dim, 1)) for dim in value.shape]
        if value.type in ("tensor(float)", "tensor(double)", "tensor(float16)"):
            kind = {"tensor(float)": "f4", "tensor(double)": "f8", "tensor(float16)": "f2"}[value.type]
            array = random.uniform(-1, 1, shape).astype(kind)
        elif value.type in ("tensor(int64)", "tensor(int32)"):
            # Small enough for a table of words, and right for masks and segments, too.
            array = random.integers(0, 2, shape).astype("i8" if value.type == "tensor(int64)" else "i4")
        else:
            sys.exit(f"{sys.argv[0]}: input '{value.name}' is {value.type}: give it as a file")
        path = os.path.join(options["--inputs"], f"input-{index}.npy")
        numpy.save(path, array)
        print(f"{value.name}={path}")


def halve(model, options):
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(model), keep_io_types=True), options["--half"])


def main():
    model, words = sys.argv[1], sys.argv[2:]
    dims = {}
    while "--dim" in words:
        at = words.index("--dim")
        name, _, size = words[at + 1].partition("=")
        dims[name] = size
        del words[at : at + 2]
    options = peer.arguments(words if "--threads" in words else words + ["--threads", "1"])
    options.setdefault("--device", "0")
    if "--once" in options:
        once(model, options)
    elif "--inputs" in options:
        make_inputs(model, options, dims)
    elif "--half" in options:
        halve(model, options)
    else:
        measure(model, options)


main()
