"""tritonclient.http, unmodified."""

import unittest

import numpy as np
import tritonclient.http as client
from tritonclient.utils import InferenceServerException

import samples
from samples import A, B, SAMPLES, X, Y, same


def tensor(name, array, dtype, binary=True):
    made = client.InferInput(name, list(array.shape), dtype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def one(x=X, binary=True):
    return [tensor("x", x, "FP32", binary)]


def two():
    return [tensor("a", A, "INT64"), tensor("b", B, "INT64")]


class Http(unittest.TestCase):
    def setUp(self):
        self.server = client.InferenceServerClient(samples.HTTP, concurrency=8)
        self.addCleanup(self.server.close)

    def refused(self, status, words, call, *arguments, **named):
        with self.assertRaises(InferenceServerException) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.status(), str(status), caught.exception)
        for word in words:
            self.assertIn(word, caught.exception.message())
        self.assertTrue(same(self.server.infer("one", one()).as_numpy("y"), Y))

    def test_health(self):
        self.assertTrue(self.server.is_server_live())
        self.assertTrue(self.server.is_server_ready())
        self.assertTrue(self.server.is_model_ready("one"))
        self.assertTrue(self.server.is_model_ready("one", "1"))
        self.assertFalse(self.server.is_model_ready("absent"))
        self.assertFalse(self.server.is_model_ready("one", "7"))

    def test_metadata(self):
        server = self.server.get_server_metadata()
        self.assertTrue(server["name"] and server["version"])
        for extension in ["binary_tensor_data", "model_configuration", "statistics"]:
            self.assertIn(extension, server["extensions"])
        for version in ["", "1"]:
            model = self.server.get_model_metadata("one", version)
            self.assertEqual((model["name"], model["versions"], model["platform"]), ("one", ["1"], "onnx_onnxv1"))
            self.assertEqual(model["inputs"], [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}])
            self.assertEqual(model["outputs"], [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}])
        for dtype in SAMPLES:
            model = self.server.get_model_metadata(samples.model(dtype))
            self.assertEqual(model["inputs"], [{"name": "x", "datatype": dtype, "shape": [-1]}])
        self.refused(404, ["absent"], self.server.get_model_metadata, "absent")

    def test_config(self):
        config = self.server.get_model_config("one")
        self.assertEqual((config["name"], config["max_batch_size"]), ("one", 0))
        self.assertEqual([value["name"] for value in config["input"] + config["output"]], ["x", "y"])

    def test_statistics_count_each_request(self):
        def counts():
            (model,) = self.server.get_inference_statistics("two")["model_stats"]
            stats = model["inference_stats"]
            self.assertEqual((model["name"], model["version"]), ("two", "1"))
            for part in ["success", "fail", "queue", "compute_input", "compute_infer", "compute_output"]:
                self.assertIn("ns", stats[part])
            return stats["success"]["count"], stats["fail"]["count"], model["inference_count"]

        before = counts()
        for _ in range(3):
            self.server.infer("two", two())
        self.refused(400, ["b"], self.server.infer, "two", two()[:1])
        self.assertEqual([now - then for now, then in zip(counts(), before)], [3, 1, 3])
        names = {model["name"] for model in self.server.get_inference_statistics()["model_stats"]}
        self.assertLessEqual({"one", "two", "types.bool"}, names)

    def test_repository_index(self):
        index = {model["name"]: model for model in self.server.get_model_repository_index()}
        self.assertLessEqual({"one", "two", "slow", "network", "types.bytes"}, set(index))
        self.assertEqual((index["one"]["version"], index["one"]["state"]), ("1", "READY"))

    def test_load_and_unload_are_not_allowed(self):
        self.refused(403, [], self.server.load_model, "one")
        self.refused(403, [], self.server.unload_model, "one")

    def test_every_dtype_in_binary(self):
        for dtype, array in SAMPLES.items():
            for part in [array, array[:1], array[:0]]:
                with self.subTest(dtype=dtype, size=part.size):
                    result = self.server.infer(samples.model(dtype), [tensor("x", part, dtype)])
                    self.assertTrue(same(result.as_numpy("y"), part), result.as_numpy("y"))

    def test_every_dtype_in_json(self):
        for dtype in samples.IN_JSON:
            array = samples.finite(SAMPLES[dtype])
            wanted = [client.InferRequestedOutput("y", binary_data=False)]
            with self.subTest(dtype=dtype):
                given = [tensor("x", array, dtype, binary=False)]
                result = self.server.infer(samples.model(dtype), given, outputs=wanted)
                self.assertTrue(same(result.as_numpy("y"), array), result.get_response())

    def test_what_json_cannot_hold_is_refused_in_words(self):
        wanted = [client.InferRequestedOutput("y", binary_data=False)]
        for dtype in ["FP16", "BF16", "FP32", "FP64"]:
            given = [tensor("x", SAMPLES[dtype], dtype)]
            self.refused(400, ["binary"], self.server.infer, samples.model(dtype), given, outputs=wanted)

    def test_a_network_answers_as_it_does_alone(self):
        given, expected = np.load(samples.FILES + "/input.npy"), np.load(samples.FILES + "/output.npy")
        for binary in [True, False]:
            name = self.server.get_model_metadata("network")["inputs"][0]["name"]
            result = self.server.infer("network", [tensor(name, given, "FP32", binary)])
            self.assertTrue(same(result.as_numpy(result.get_response()["outputs"][0]["name"]), expected))

    def test_compression_both_ways(self):
        many = np.arange(30_000, dtype=np.float32).reshape(-1, 3)
        expected = self.server.infer("one", one(many)).as_numpy("y")
        for request in [None, "gzip", "deflate"]:
            for response in [None, "gzip", "deflate"]:
                for binary in [True, False]:
                    with self.subTest(request=request, response=response, binary=binary):
                        result = self.server.infer(
                            "one",
                            one(many, binary),
                            outputs=[client.InferRequestedOutput("y", binary_data=binary)],
                            request_compression_algorithm=request,
                            response_compression_algorithm=response,
                        )
                        self.assertTrue(same(result.as_numpy("y"), expected))

    def test_outputs_as_chosen(self):
        def outputs(*chosen):
            result = self.server.infer("two", two(), outputs=list(chosen) or None)
            return [output["name"] for output in result.get_response()["outputs"]], result

        names, result = outputs()
        self.assertEqual(names, ["sum", "product"])
        self.assertTrue(same(result.as_numpy("sum"), A + B) and same(result.as_numpy("product"), A * B))
        for binary in [True, False]:
            product = client.InferRequestedOutput("product", binary_data=binary)
            names, result = outputs(product, client.InferRequestedOutput("sum", binary_data=not binary))
            self.assertEqual(names, ["product", "sum"])
            self.assertTrue(same(result.as_numpy("sum"), A + B) and same(result.as_numpy("product"), A * B))
            names, result = outputs(product)
            self.assertEqual(names, ["product"])
            self.assertTrue(same(result.as_numpy("product"), A * B))

    def test_ids_come_back(self):
        for name in ["42", "caf\u00e9", "a b/c\"d"]:
            self.assertEqual(self.server.infer("one", one(), request_id=name).get_response()["id"], name)
        answer = self.server.infer("one", one()).get_response()
        self.assertEqual((answer["model_name"], answer["model_version"]), ("one", "1"))

    def test_parameters_of_others_are_ignored(self):
        result = self.server.infer(
            "one", one(), sequence_id=7, sequence_start=True, sequence_end=True, priority=3, parameters={"mine": "own"}
        )
        self.assertTrue(same(result.as_numpy("y"), Y))

    def test_a_request_has_its_time(self):
        trips = tensor("trips", np.array(10**7, np.int64), "INT64")
        slow = [trips, tensor("x", np.zeros(1, np.float32), "FP32")]
        self.refused(504, ["300 ms"], self.server.infer, "slow", slow, timeout=300_000)

    def test_errors_come_in_words(self):
        infer = self.server.infer
        self.refused(404, ["absent"], infer, "absent", one())
        self.refused(404, ["7"], infer, "one", one(), model_version="7")
        self.refused(400, ["z", "x"], infer, "one", [tensor("z", X, "FP32")])
        self.refused(400, ["x"], infer, "one", one() + one())
        self.refused(400, ["FP64", "FP32"], infer, "one", [tensor("x", X.astype(np.float64), "FP64")])
        self.refused(400, ["4", "3"], infer, "one", [tensor("x", np.zeros([1, 4], np.float32), "FP32")])
        self.refused(400, ["x"], infer, "one", [tensor("x", np.zeros([3], np.float32), "FP32")])
        self.refused(400, ["z"], infer, "one", one(), outputs=[client.InferRequestedOutput("z")])
        twice = [client.InferRequestedOutput("y")] * 2
        self.refused(400, ["y"], infer, "one", one(), outputs=twice)

    def test_many_at_once(self):
        arrays = [np.full([2, 3], number, np.float32) for number in range(64)]
        asked = [self.server.async_infer("one", one(array)) for array in arrays]
        for array, answer in zip(arrays, asked):
            expected = array @ np.array([[0, 1], [1, 2], [1, 3]], np.float32)
            self.assertTrue(same(answer.get_result().as_numpy("y"), expected))


if __name__ == "__main__":
    unittest.main()
