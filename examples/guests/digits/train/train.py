"""Trains the network of the guest `digits`, and writes what its tests need.

    python3 -m venv venv && venv/bin/pip install numpy scikit-learn pillow onnx onnxruntime
    venv/bin/python train.py

The 1797 handwritten digits that scikit-learn brings along (8x8 pixels, 17 shades) are split by a fixed seed. Beside
this file are written: `digits.onnx`, f32 [1, 1, 8, 8] of 0 (paper) to 1 (ink) to f32 [1, 10] scores; `held-out.png`,
a grid of 20 by 18 digits of which training saw none; `held-out.txt`, what they are, in the order of the grid.
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

HERE = pathlib.Path(__file__).parent
COLUMNS, HELD_OUT = 20, 360
SEED = 8


def drawn(digit, size=48, margin=8, angle=0.0, shear=0.0):
    """A picture of an 8x8 digit as people would have it: larger, on paper. Ink is 255."""
    image = Image.fromarray(np.round(digit * 255 / 16).astype(np.uint8)).resize((size, size), Image.BILINEAR)
    paper = Image.new("L", (size + 2 * margin,) * 2)
    paper.paste(image, (margin, margin))
    middle = size / 2 + margin
    paper = paper.transform(paper.size, Image.AFFINE, (1, shear, -shear * middle, 0, 1, 0), Image.BILINEAR)
    return np.asarray(paper.rotate(angle, Image.BILINEAR))


def seen(ink):
    """What the guest makes of a picture: its ink, cut out, scaled to 8 pixels, in the middle of 8x8, of 0 to 1."""
    kept = ink >= ink.max() / 3
    rows, columns = np.flatnonzero(kept.any(1)), np.flatnonzero(kept.any(0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, (16 * side + max(cut.shape)) // (2 * max(cut.shape))) for side in cut.shape)
    small = np.asarray(Image.fromarray(cut).resize((width, height), Image.BILINEAR), np.float32)
    picture = np.zeros((8, 8), np.float32)
    top, left = (8 - height) // 2, (8 - width) // 2
    picture[top : top + height, left : left + width] = small / max(small.max(), 1)
    return picture


def augmented(digits, random, times):
    """Each digit as it is, as it is seen, and seen again in `times` other hands."""
    pictures = [digit / 16 for digit in digits] + [seen(drawn(digit)) for digit in digits]
    for _ in range(times):
        for digit in digits:
            turn = dict(angle=random.uniform(-9, 9), shear=random.uniform(-0.15, 0.15))
            pictures.append(seen(drawn(digit, size=int(random.integers(16, 64)), **turn)))
    return np.stack(pictures).reshape(len(pictures), 64).astype(np.float32)


def network(trained):
    """The trained layers as an ONNX model."""
    nodes = [helper.make_node("Flatten", ["picture"], ["x0"], axis=1)]
    weights = []
    for layer, (weight, bias) in enumerate(zip(trained.coefs_, trained.intercepts_)):
        for name, values in (("weight", weight), ("bias", bias)):
            weights.append(numpy_helper.from_array(values.astype(np.float32), f"{name}{layer}"))
        last = layer + 1 == len(trained.coefs_)
        result = "scores" if last else f"y{layer}"
        nodes.append(helper.make_node("Gemm", [f"x{layer}", f"weight{layer}", f"bias{layer}"], [result]))
        if not last:
            nodes.append(helper.make_node("Relu", [result], [f"x{layer + 1}"]))
    inputs = [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 1, 8, 8])]
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])]
    graph = helper.make_graph(nodes, "digits", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def accuracy(model, pictures, labels):
    """The share of pictures that ONNX Runtime tells right."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answers = [session.run(None, {"picture": picture.reshape(1, 1, 8, 8)})[0].argmax() for picture in pictures]
    return np.mean(np.array(answers) == labels)


def main():
    data = load_digits()
    train, test, labels, expected = train_test_split(
        data.images, data.target, test_size=HELD_OUT, random_state=SEED, stratify=data.target
    )
    times = 14
    pictures = augmented(train, np.random.default_rng(SEED), times)
    trained = MLPClassifier((96, 48), alpha=1e-3, max_iter=40, random_state=SEED)
    trained.fit(pictures, np.tile(labels, times + 2))
    model = network(trained)

    onnx.save(model, HERE / "digits.onnx")
    grid = test.reshape(-1, COLUMNS, 8, 8).transpose(0, 2, 1, 3).reshape(-1, 8 * COLUMNS)
    Image.fromarray((grid * 15).astype(np.uint8)).save(HERE / "held-out.png", optimize=True)
    lines = expected.reshape(-1, COLUMNS)
    (HERE / "held-out.txt").write_text("".join("".join(map(str, line)) + "\n" for line in lines))

    plain = [(digit / 16).astype(np.float32) for digit in test]
    larger = [seen(drawn(digit)) for digit in test]
    print(f"held out, 8x8 as they are:  {100 * accuracy(model, plain, expected):.2f} %")
    print(f"held out, drawn and seen:   {100 * accuracy(model, larger, expected):.2f} %")


if __name__ == "__main__":
    main()
