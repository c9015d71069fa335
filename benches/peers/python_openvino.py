"""A model run by OpenVINO on the CPU from its cache of compiled models.

Usage: python_openvino.py DIRECTORY --prepare MODEL.onnx --input NAME=FILE.npy ... --threads N   (not clocked)
       python_openvino.py DIRECTORY --input NAME=FILE.npy ... --threads N [--serve]

`--prepare` writes the model in OpenVINO's own form (IR), with the shapes of the inputs and weights in 32 bits, and
fills the cache (CACHE_DIR) for that number of threads. A start loads from the cache, which OpenVINO maps; a start that
would have to compile is refused: it is not what is measured here. Kernels work in 32 bits, so that answers compare.
"""

import os
import sys

import peer


def main():
    directory = sys.argv[1]
    options = peer.arguments(sys.argv[2:])

    import numpy
    import openvino

    core = openvino.Core()
    settings = {
        "CACHE_DIR": os.path.join(directory, "cache"),
        "INFERENCE_NUM_THREADS": int(options["--threads"]),
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    inputs = {name: numpy.load(path) for name, path in options["--input"]}
    stored = os.path.join(directory, "model.xml")
    if "--prepare" in options:
        model = core.read_model(options["--prepare"])
        model.reshape({name: list(value.shape) for name, value in inputs.items()})
        openvino.save_model(model, stored, compress_to_fp16=False)
        core.compile_model(stored, "CPU", settings)
        return

    compiled = core.compile_model(stored, "CPU", settings)
    if not compiled.get_property("LOADED_FROM_CACHE"):
        sys.exit(f"{sys.argv[0]}: {directory} is not prepared for these threads and inputs: run --prepare first")
    request = compiled.create_infer_request()

    def run():
        request.infer(inputs, share_inputs=True)
        return request.get_output_tensor(0).data

    if "--serve" in options:
        peer.serve(run)
    else:
        peer.write(run())
    peer.end()


main()
