"""Load and unload, by a server that allows them."""

import unittest

import tritonclient.grpc as grpc_client
import tritonclient.http as http_client
from tritonclient.utils import InferenceServerException

import samples
from samples import X, Y, same


class Control(unittest.TestCase):
    def test_a_model_goes_and_comes_back(self):
        for client, address in [(http_client, samples.HTTP), (grpc_client, samples.GRPC)]:
            server = client.InferenceServerClient(address)
            self.addCleanup(server.close)

            def ask():
                given = client.InferInput("x", list(X.shape), "FP32")
                given.set_data_from_numpy(X)
                return server.infer("one", [given]).as_numpy("y")

            for _ in range(2):
                self.assertTrue(same(ask(), Y))
                server.unload_model("one")
                self.assertFalse(server.is_model_ready("one"))
                self.assertRaises(InferenceServerException, ask)
                self.assertTrue(server.is_model_ready("two"))
                server.load_model("one")
                self.assertTrue(server.is_model_ready("one"))
            self.assertTrue(same(ask(), Y))
            self.assertRaises(InferenceServerException, server.load_model, "absent")
            self.assertRaises(InferenceServerException, server.unload_model, "absent")


if __name__ == "__main__":
    unittest.main()
