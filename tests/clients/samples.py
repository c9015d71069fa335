"""What the programs of this directory share: the server under test, and what its models must answer.

The server is named by the environment: SERVER_HTTP and SERVER_GRPC are `host:port`, SERVER_FILES is a directory with
`input.npy` and `output.npy`, what `blink run` made of that input by the model `network`. tests/serve sets all three.
"""

import os

import ml_dtypes
import numpy as np

HTTP = os.environ["SERVER_HTTP"]
GRPC = os.environ["SERVER_GRPC"]
FILES = os.environ["SERVER_FILES"]

NAN, INFINITY = float("nan"), float("inf")


def _extremes(dtype):
    limits = np.iinfo(dtype)
    return np.array([limits.min, 0, 1, limits.max], dtype)


# What the model `types.NAME` gives back as it came: one [n] for each dtype of the protocol.
SAMPLES = {
    "BOOL": np.array([True, False, False, True]),
    "UINT8": _extremes(np.uint8),
    "UINT16": _extremes(np.uint16),
    "UINT32": _extremes(np.uint32),
    "UINT64": _extremes(np.uint64),
    "INT8": _extremes(np.int8),
    "INT16": _extremes(np.int16),
    "INT32": _extremes(np.int32),
    "INT64": _extremes(np.int64),
    "FP16": np.array([0.5, -0.0, 65504, INFINITY, NAN, 6e-8], np.float16),
    "FP32": np.array([0.1, -0.0, 3.4e38, -INFINITY, NAN, 1e-45], np.float32),
    "FP64": np.array([0.1, -0.0, 1.7e308, -INFINITY, NAN, 5e-324], np.float64),
    "BF16": np.array([0.5, -0.0, 3e38, INFINITY, NAN], ml_dtypes.bfloat16),
    "BYTES": np.array([b"", "caf\u00e9 \u2603".encode(), b"with \0 inside", b"x" * 300], np.object_),
}

# JSON has no word for these dtypes, nor for what is no number.
IN_JSON = [name for name in SAMPLES if name not in ("FP16", "BF16")]


def finite(array):
    """The part of a sample that JSON can hold."""
    return array[np.isfinite(array)] if array.dtype.kind == "f" else array


def model(dtype):
    """The model that gives tensors of this dtype back."""
    return "types." + dtype.lower()


def same(left, right):
    """Whether two arrays are the same, bit for bit; strings may come as str or as bytes."""
    if left.shape != right.shape:
        return False
    if right.dtype == np.object_:
        plain = lambda word: word.encode() if isinstance(word, str) else word
        return [plain(word) for word in left.flat] == [plain(word) for word in right.flat]
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


# The model `one` makes Y of X; `two` gives the sum and the product of A and B.
X = np.array([[1, 2, 3], [-1, 0.5, 0]], np.float32)
Y = np.array([[5, 14], [0.5, 0]], np.float32)
A = np.array([1, 2, 3], np.int64)
B = np.array([10, 20, 30], np.int64)
