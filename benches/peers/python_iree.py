"""What IREE's own program cannot do: compile a model beforehand (`--prepare`), and answer line by line (`--serve`).

Usage: see iree.sh, which calls this. `--prepare` fixes the shapes to those of the inputs, imports the .onnx file and
compiles it for the CPU of this host. Convolutions are put channels last and operands are tiled in memory, which was the
fastest of IREE's ways for ResNet-50 on the machine where they were tried.
"""

import os
import subprocess
import sys
import tempfile

import peer

COMPILE = [
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=host",
    "--iree-opt-level=O3",
    "--iree-opt-data-tiling",
    # BERT's embeddings, fused with what follows them, need 74 KB; the default is 32.
    "--iree-llvmcpu-stack-allocation-limit=131072",
    "--iree-preprocessing-pass-pipeline="
    "builtin.module(util.func(iree-preprocessing-convert-conv-to-channels-last))",
]


def prepare(directory, source, inputs):
    import onnx

    os.makedirs(directory, exist_ok=True)
    model = onnx.load(source)
    stored = {initializer.name for initializer in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in stored]
    for value in model.graph.input:
        if value.name in names:
            for dim, size in zip(value.type.tensor_type.shape.dim, inputs[value.name].shape):
                dim.dim_value = size
    tools = os.path.dirname(sys.executable)
    compiled = os.path.join(directory, "model.vmfb")
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        fixed, imported = os.path.join(scratch, "fixed.onnx"), os.path.join(scratch, "model.mlir")
        onnx.save(model, fixed)
        subprocess.run([os.path.join(tools, "iree-import-onnx"), fixed, "-o", imported], check=True)
        subprocess.run([os.path.join(tools, "iree-compile"), imported, *COMPILE, "-o", compiled], check=True)
    with open(os.path.join(directory, "inputs"), "w") as file:
        file.writelines(f"{name}\n" for name in names)
    answer = os.path.join(directory, "answer.npy")
    if not os.path.islink(answer):
        os.symlink("/dev/fd/3", answer)


def serve(directory, inputs, threads):
    from iree import runtime

    runtime.flags.parse_flags(f"--task_topology_max_group_count={threads}")
    config = runtime.Config("local-task")
    path = os.path.join(directory, "model.vmfb")
    module = runtime.load_vm_module(runtime.VmModule.mmap(config.vm_instance, path), config)
    (name,) = [name for name in module.vm_module.function_names if not name.startswith("__") and "$" not in name]
    function = module[name]
    with open(os.path.join(directory, "inputs")) as file:
        values = [inputs[name.strip()] for name in file]
    peer.serve(lambda: function(*values).to_host())


def main():
    import numpy

    options = peer.arguments(sys.argv[2:])
    inputs = {name: numpy.load(path) for name, path in options["--input"]}
    if "--prepare" in options:
        prepare(sys.argv[1], options["--prepare"], inputs)
    else:
        serve(sys.argv[1], inputs, options["--threads"])
        peer.end()


main()
