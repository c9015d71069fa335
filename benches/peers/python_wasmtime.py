"""Makes a model ready for `wasmtime run -S nn`; wasmtime.sh calls this for `--prepare`.

DIRECTORY gets `model.onnx`, which WASI-NN reads, with shapes fixed to those of the inputs and every optimisation of
ONNX Runtime made that a file can hold, and `output`, the shape of the first output, which WASI-NN cannot tell. Refuses
models with inputs that are not f32, which wasmtime's ONNX backend does not take.
"""

import os
import sys

import peer

os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def main():
    import numpy
    import onnxruntime

    directory = sys.argv[1]
    options = peer.arguments(sys.argv[2:])
    source = options["--prepare"]
    if int(options["--threads"]) != len(os.sched_getaffinity(0)):
        sys.exit(f"{sys.argv[0]}: WASI-NN takes a thread for each core, which is not --threads {options['--threads']}")
    inputs = {name: numpy.load(path) for name, path in options["--input"]}
    plain = onnxruntime.SessionOptions()
    plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    taken = onnxruntime.InferenceSession(source, plain, providers=["CPUExecutionProvider"]).get_inputs()
    for value in taken:
        if value.type != "tensor(float)":
            sys.exit(f"{sys.argv[0]}: input '{value.name}' is {value.type}: wasmtime's WASI-NN takes f32 alone")

    settings = onnxruntime.SessionOptions()
    for value in taken:
        for dim, size in zip(value.shape, inputs[value.name].shape):
            if isinstance(dim, str):
                settings.add_free_dimension_override_by_name(dim, size)
    os.makedirs(directory, exist_ok=True)
    settings.optimized_model_filepath = os.path.join(directory, "model.onnx")
    session = onnxruntime.InferenceSession(source, settings, providers=["CPUExecutionProvider"])
    answer = session.run(None, inputs)[0]
    with open(os.path.join(directory, "output"), "w") as file:
        print(*answer.shape, file=file)


main()
