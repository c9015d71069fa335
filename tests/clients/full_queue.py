"""A queue with room for one, over gRPC: those that find it full are told to come again, the others are answered."""

import unittest

import grpc
from tritonclient.grpc import service_pb2 as wire
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

import samples


class Full(unittest.TestCase):
    def test_a_full_queue(self):
        with grpc.insecure_channel(samples.GRPC) as channel:
            infer = GRPCInferenceServiceStub(channel).ModelInfer
            request = wire.ModelInferRequest(model_name="slow")
            request.inputs.add(name="trips", datatype="INT64", shape=[]).contents.int64_contents.append(2000)
            request.inputs.add(name="x", datatype="FP32", shape=[1]).contents.fp32_contents.append(0.5)
            calls = [infer.future(request, timeout=120) for _ in range(8)]
            answered, full = 0, 0
            for call in calls:
                if call.exception() is None:
                    answered += 1
                    self.assertEqual(list(call.result().outputs[0].contents.fp32_contents), [2000 % 256 + 0.5])
                else:
                    full += 1
                    self.assertEqual(call.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
                    after = dict(call.trailing_metadata())["retry-after"]
                    self.assertGreaterEqual(int(after), 1)
            # One runs and one waits, at least; further ones only if the first ended in the meantime.
            self.assertGreaterEqual(answered, 2)
            self.assertGreaterEqual(full, 1)


if __name__ == "__main__":
    unittest.main()
