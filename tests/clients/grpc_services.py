"""What stands beside inference over gRPC: grpc.health.v1, and reflection by which the rest can be called unseen."""

import unittest

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import samples
from samples import X, Y

SERVICE = "inference.GRPCInferenceService"
SERVING = health_pb2.HealthCheckResponse.SERVING


class Services(unittest.TestCase):
    def setUp(self):
        self.channel = grpc.insecure_channel(samples.GRPC)
        self.addCleanup(self.channel.close)

    def test_health(self):
        health = health_pb2_grpc.HealthStub(self.channel)
        for service in ["", SERVICE, "one"]:
            self.assertEqual(health.Check(health_pb2.HealthCheckRequest(service=service)).status, SERVING, service)
        with self.assertRaises(grpc.RpcError) as caught:
            health.Check(health_pb2.HealthCheckRequest(service="absent"))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_health_is_told_to_those_who_watch(self):
        watch = health_pb2_grpc.HealthStub(self.channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        self.assertEqual(next(watch).status, SERVING)
        watch.cancel()

    def test_what_there_is_can_be_asked_and_then_called(self):
        database = ProtoReflectionDescriptorDatabase(self.channel)
        self.assertLessEqual({SERVICE, "grpc.health.v1.Health"}, set(database.get_services()))
        service = descriptor_pool.DescriptorPool(database).FindServiceByName(SERVICE)
        method = service.methods_by_name["ModelInfer"]
        request, response = map(message_factory.GetMessageClass, (method.input_type, method.output_type))
        asked = request(model_name="one", raw_input_contents=[X.tobytes()])
        asked.inputs.add(name="x", datatype="FP32", shape=X.shape)
        call = self.channel.unary_unary(f"/{SERVICE}/ModelInfer", request.SerializeToString, response.FromString)
        answer = call(asked)
        self.assertEqual(list(answer.raw_output_contents), [Y.tobytes()])
        self.assertEqual(list(answer.outputs[0].shape), list(Y.shape))


if __name__ == "__main__":
    unittest.main()
