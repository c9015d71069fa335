"""tritonclient.grpc, unmodified."""

import queue
import threading
import unittest

import numpy as np
import tritonclient.grpc as client
from tritonclient.utils import InferenceServerException

import samples
from samples import A, B, SAMPLES, X, Y, same

# Seconds that anything may take that comes by a callback.
PATIENCE = 60


def tensor(name, array, dtype):
    made = client.InferInput(name, list(array.shape), dtype)
    made.set_data_from_numpy(array)
    return made


def one(x=X):
    return [tensor("x", x, "FP32")]


def two():
    return [tensor("a", A, "INT64"), tensor("b", B, "INT64")]


def slow(trips):
    return [tensor("trips", np.array(trips, np.int64), "INT64"), tensor("x", np.zeros(1, np.float32), "FP32")]


class Grpc(unittest.TestCase):
    def setUp(self):
        self.server = client.InferenceServerClient(samples.GRPC)
        self.addCleanup(self.server.close)

    def right(self):
        self.assertTrue(same(self.server.infer("one", one()).as_numpy("y"), Y))

    def refused(self, status, words, call, *arguments, **named):
        with self.assertRaises(InferenceServerException) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.status(), f"StatusCode.{status}", caught.exception)
        for word in words:
            self.assertIn(word, caught.exception.message())
        self.right()

    def test_health(self):
        self.assertTrue(self.server.is_server_live())
        self.assertTrue(self.server.is_server_ready())
        self.assertTrue(self.server.is_model_ready("one"))
        self.assertTrue(self.server.is_model_ready("one", "1"))
        self.assertFalse(self.server.is_model_ready("absent"))

    def test_metadata(self):
        server = self.server.get_server_metadata()
        self.assertTrue(server.name and server.version)
        self.assertIn("model_configuration", server.extensions)
        model = self.server.get_model_metadata("one", as_json=True)
        self.assertEqual((model["name"], model["versions"], model["platform"]), ("one", ["1"], "onnx_onnxv1"))
        self.assertEqual(model["inputs"], [{"name": "x", "datatype": "FP32", "shape": ["-1", "3"]}])
        self.assertEqual(model["outputs"], [{"name": "y", "datatype": "FP32", "shape": ["-1", "2"]}])
        self.refused("NOT_FOUND", ["absent"], self.server.get_model_metadata, "absent")

    def test_config(self):
        config = self.server.get_model_config("one").config
        self.assertEqual((config.name, config.max_batch_size), ("one", 0))
        self.assertEqual([list(value.dims) for value in config.input], [[-1, 3]])

    def test_statistics_count_each_request(self):
        def count():
            (model,) = self.server.get_inference_statistics("two").model_stats
            return model.inference_stats.success.count

        before = count()
        for _ in range(3):
            self.server.infer("two", two())
        self.assertEqual(count() - before, 3)

    def test_repository_index(self):
        index = {model.name: model for model in self.server.get_model_repository_index().models}
        self.assertLessEqual({"one", "two", "slow", "network", "types.bytes"}, set(index))
        self.assertEqual((index["one"].version, index["one"].state), ("1", "READY"))

    def test_load_and_unload_are_not_allowed(self):
        self.refused("PERMISSION_DENIED", [], self.server.load_model, "one")
        self.refused("PERMISSION_DENIED", [], self.server.unload_model, "one")

    def test_every_dtype(self):
        for dtype, array in SAMPLES.items():
            for part in [array, array[:1], array[:0]]:
                with self.subTest(dtype=dtype, size=part.size):
                    result = self.server.infer(samples.model(dtype), [tensor("x", part, dtype)])
                    self.assertTrue(same(result.as_numpy("y"), part), result.as_numpy("y"))

    def test_a_network_answers_as_it_does_alone(self):
        given, expected = np.load(samples.FILES + "/input.npy"), np.load(samples.FILES + "/output.npy")
        model = self.server.get_model_metadata("network")
        result = self.server.infer("network", [tensor(model.inputs[0].name, given, "FP32")])
        self.assertTrue(same(result.as_numpy(model.outputs[0].name), expected))

    def test_compression(self):
        many = np.arange(30_000, dtype=np.float32).reshape(-1, 3)
        expected = self.server.infer("one", one(many)).as_numpy("y")
        result = self.server.infer("one", one(many), compression_algorithm="gzip")
        self.assertTrue(same(result.as_numpy("y"), expected))

    def test_outputs_as_chosen(self):
        chosen = [client.InferRequestedOutput(name) for name in ["product", "sum"]]
        result = self.server.infer("two", two(), outputs=chosen)
        self.assertEqual([output.name for output in result.get_response().outputs], ["product", "sum"])
        self.assertTrue(same(result.as_numpy("sum"), A + B) and same(result.as_numpy("product"), A * B))
        result = self.server.infer("two", two(), outputs=chosen[:1])
        self.assertEqual([output.name for output in result.get_response().outputs], ["product"])

    def test_ids_come_back(self):
        answer = self.server.infer("one", one(), request_id="caf\u00e9 42").get_response()
        self.assertEqual((answer.id, answer.model_name, answer.model_version), ("caf\u00e9 42", "one", "1"))

    def test_parameters_of_others_are_ignored(self):
        named = {"sequence_id": 7, "sequence_start": True, "priority": 3, "parameters": {"mine": "own"}}
        self.assertTrue(same(self.server.infer("one", one(), **named).as_numpy("y"), Y))

    def test_a_request_has_its_time(self):
        self.refused("DEADLINE_EXCEEDED", ["300 ms"], self.server.infer, "slow", slow(10**7), timeout=300_000)
        self.refused("DEADLINE_EXCEEDED", [], self.server.infer, "slow", slow(10**7), client_timeout=0.3)

    def test_errors_come_in_words(self):
        infer = self.server.infer
        self.refused("NOT_FOUND", ["absent"], infer, "absent", one())
        self.refused("NOT_FOUND", ["7"], infer, "one", one(), model_version="7")
        self.refused("INVALID_ARGUMENT", ["z", "x"], infer, "one", [tensor("z", X, "FP32")])
        self.refused("INVALID_ARGUMENT", ["x"], infer, "one", one() + one())
        wide = [tensor("x", X.astype(np.float64), "FP64")]
        self.refused("INVALID_ARGUMENT", ["FP64", "FP32"], infer, "one", wide)
        long = [tensor("x", np.zeros([1, 4], np.float32), "FP32")]
        self.refused("INVALID_ARGUMENT", ["4", "3"], infer, "one", long)
        unknown = [client.InferRequestedOutput("z")]
        self.refused("INVALID_ARGUMENT", ["z"], infer, "one", one(), outputs=unknown)

    def test_cancelled_calls_let_the_next_ones_through(self):
        ended = queue.Queue()
        calls = [
            self.server.async_infer("slow", slow(10**7), lambda result, error: ended.put(error)) for _ in range(4)
        ]
        # What runs or waits now has nobody to answer.
        threading.Event().wait(0.3)
        for call in calls:
            call.cancel()
        for _ in calls:
            self.assertIn("CANCELLED", str(ended.get(timeout=PATIENCE).status()))
        answer = self.server.infer("slow", slow(300)).as_numpy("y")
        self.assertTrue(same(answer, np.array([300 % 256], np.float32)))

    def test_many_at_once(self):
        ended = queue.Queue()
        for number in range(64):
            array = np.full([2, 3], number, np.float32)
            done = lambda result, error, array=array: ended.put((array, result, error))
            self.server.async_infer("one", one(array), done)
        for _ in range(64):
            array, result, error = ended.get(timeout=PATIENCE)
            self.assertIsNone(error)
            expected = array @ np.array([[0, 1], [1, 2], [1, 3]], np.float32)
            self.assertTrue(same(result.as_numpy("y"), expected))


class Stream(unittest.TestCase):
    def setUp(self):
        self.server = client.InferenceServerClient(samples.GRPC)
        self.addCleanup(self.server.close)
        self.answers = queue.Queue()
        self.server.start_stream(lambda result, error: self.answers.put((result, error)))

    def next(self):
        return self.answers.get(timeout=PATIENCE)

    def test_answers_come_in_order_and_an_error_ends_nothing(self):
        for number in range(20):
            model = "absent" if number % 5 == 4 else "one"
            self.server.async_stream_infer(model, one(X + number), request_id=str(number))
        for number in range(20):
            result, error = self.next()
            if number % 5 == 4:
                self.assertIn("absent", error.message())
            else:
                self.assertIsNone(error)
                self.assertEqual(result.get_response().id, str(number))
                expected = (X + number) @ np.array([[0, 1], [1, 2], [1, 3]], np.float32)
                self.assertTrue(same(result.as_numpy("y"), expected))
        self.server.stop_stream()

    def test_a_stream_may_be_cancelled(self):
        self.server.async_stream_infer("slow", slow(10**7))
        threading.Event().wait(0.3)
        self.server.stop_stream(cancel_requests=True)
        self.assertTrue(same(self.server.infer("one", one()).as_numpy("y"), Y))


if __name__ == "__main__":
    unittest.main()
