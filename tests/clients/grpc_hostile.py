"""Requests over gRPC that no honest client sends. After each the server answers a good one."""

import unittest

import grpc
from tritonclient.grpc import service_pb2 as wire
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

import samples
from samples import X, Y

INVALID = grpc.StatusCode.INVALID_ARGUMENT
LARGE = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
INFER = "/inference.GRPCInferenceService/ModelInfer"


def asked(model="one", dtype="FP32", shape=X.shape, raw=(X.tobytes(),), name="x", **contents):
    request = wire.ModelInferRequest(model_name=model, raw_input_contents=list(raw))
    request.inputs.add(name=name, datatype=dtype, shape=shape)
    for field, values in contents.items():
        getattr(request.inputs[0].contents, field).extend(values)
    return request


def word(length, text):
    return length.to_bytes(4, "little") + text


class Hostile(unittest.TestCase):
    def setUp(self):
        self.channel = grpc.insecure_channel(samples.GRPC, options=LARGE)
        self.addCleanup(self.channel.close)
        self.infer = GRPCInferenceServiceStub(self.channel).ModelInfer

    def refused(self, request, *codes, call=None):
        with self.assertRaises(grpc.RpcError) as caught:
            (call or self.infer)(request, timeout=60)
        self.assertIn(caught.exception.code(), codes or (INVALID,), caught.exception)
        # What is not there at all has nobody to say so in words.
        self.assertTrue(caught.exception.details() or codes == (grpc.StatusCode.UNIMPLEMENTED,))
        self.assertNotIn(" /", caught.exception.details(), "no path of the host")
        self.assertEqual(list(self.infer(asked(), timeout=60).raw_output_contents), [Y.tobytes()])

    def test_contents_that_do_not_fit(self):
        whole = X.tobytes()
        self.refused(asked(raw=[]))
        self.refused(asked(raw=[whole, whole]))
        self.refused(asked(raw=[whole[:-1]]))
        self.refused(asked(raw=[whole[:-4]]))
        self.refused(asked(raw=[whole + b"\0\0\0\0"]))
        self.refused(asked(fp32_contents=X.flat))
        self.refused(asked(raw=[], fp32_contents=[1.0]))
        self.refused(asked(raw=[], int_contents=[1] * 6))
        self.refused(asked("types.int8", "INT8", [1], [], int_contents=[128]))
        self.refused(asked("types.uint8", "UINT8", [1], [], uint_contents=[256]))
        self.refused(asked("types.bytes", "BYTES", [1], [], bytes_contents=[b"\xff\xfe"]))

    def test_mixed_contents(self):
        request = wire.ModelInferRequest(model_name="two", raw_input_contents=[samples.A.tobytes()])
        request.inputs.add(name="a", datatype="INT64", shape=[3])
        request.inputs.add(name="b", datatype="INT64", shape=[3]).contents.int64_contents.extend([1, 2, 3])
        self.refused(request)

    def test_dims(self):
        for shape in [[2**4, 2**60 + 2], [-1, 3], [-(2**63), 3], [2**62, 2**62, 2**62], [2] * 300, [], [0] * 65]:
            self.refused(asked(shape=shape))
            self.refused(asked(shape=shape, raw=[b""]))

    def test_strings(self):
        for raw in [
            word(5, b"four"),
            word(0xFFFFFFFF, b""),
            word(4, b"four") + b"\0\0\0",
            word(4, b"four") + b"more",
            b"\1\0\0",
            b"",
            word(2, b"\xff\xfe"),
        ]:
            self.refused(asked("types.bytes", "BYTES", [1], [raw]))

    def test_names(self):
        for name in ["", " ", "..", "../one", "one\0", "/etc/passwd", "x" * 100_000]:
            self.refused(asked(model=name), INVALID, grpc.StatusCode.NOT_FOUND)
            self.refused(asked(name=name))
        request = asked()
        request.model_version = "-1"
        self.refused(request, INVALID, grpc.StatusCode.NOT_FOUND)
        self.refused(asked(dtype="FLOAT"))
        request = asked()
        request.outputs.add(name="y")
        request.outputs.add(name="y")
        self.refused(request)

    def test_bytes_that_are_no_message(self):
        raw = self.channel.unary_unary(INFER)
        self.refused(b"\xff" * 1000, INVALID, grpc.StatusCode.INTERNAL, call=raw)
        # A field that says it is longer than the message.
        self.refused(b"\x0a\xff\xff\xff\xff\x0f", INVALID, grpc.StatusCode.INTERNAL, call=raw)

    def test_a_message_past_the_limit(self):
        large = asked(raw=[bytes(65 << 20)])
        self.refused(large, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.OUT_OF_RANGE)

    def test_calls_that_are_not_there(self):
        for path in ["/inference.GRPCInferenceService/Absent", "/absent.Service/ModelInfer", "/a/../b"]:
            self.refused(b"", grpc.StatusCode.UNIMPLEMENTED, call=self.channel.unary_unary(path))


if __name__ == "__main__":
    unittest.main()
