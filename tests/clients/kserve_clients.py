"""kserve's InferenceRESTClient and InferenceGRPCClient, unmodified."""

import unittest

import grpc
import httpx
import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

import samples
from samples import A, B, SAMPLES, X, Y, same

BASE = "http://" + samples.HTTP


def request(model, tensors, binary, **named):
    made = []
    for name, array, dtype in tensors:
        given = InferInput(name, list(array.shape), dtype)
        given.set_data_from_numpy(array, binary_data=binary)
        made.append(given)
    return InferRequest(model_name=model, infer_inputs=made, **named)


def one(binary=True, model="one", **named):
    return request(model, [("x", X, "FP32")], binary, **named)


def read(response, name="y"):
    output = response.get_output_by_name(name)
    return output.as_numpy().reshape(output.shape)


class Rest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = InferenceRESTClient(RESTConfig(protocol="v2"))
        self.addAsyncCleanup(self.server.close)

    async def test_health(self):
        self.assertIs(await self.server.is_server_live(BASE), True)
        self.assertIs(await self.server.is_server_ready(BASE), True)
        self.assertIs(await self.server.is_model_ready(BASE, "one"), True)
        self.assertIs(await self.server.is_model_ready(BASE, "absent"), False)

    async def test_infer(self):
        for binary in [True, False]:
            for wanted in [True, False]:
                parameters = {"binary_data_output": wanted}
                asked = one(binary, request_id="42", parameters=parameters)
                response = await self.server.infer(BASE, asked, model_name="one")
                self.assertEqual((response.id, response.model_name), ("42", "one"))
                self.assertTrue(same(read(response), Y))
        response = await self.server.infer(BASE, one(), model_name="one")
        self.assertTrue(same(read(response), Y))

    async def test_several_outputs(self):
        asked = request("two", [("a", A, "INT64"), ("b", B, "INT64")], True)
        response = await self.server.infer(BASE, asked, model_name="two")
        self.assertTrue(same(read(response, "sum"), A + B) and same(read(response, "product"), A * B))

    async def test_every_dtype(self):
        for dtype, array in SAMPLES.items():
            # This client has no name for it.
            if dtype == "BF16":
                continue
            for binary in [True, False] if dtype in samples.IN_JSON else [True]:
                part = array if binary else samples.finite(array)
                with self.subTest(dtype=dtype, binary=binary):
                    asked = request(samples.model(dtype), [("x", part, dtype)], binary)
                    asked.parameters = {"binary_data_output": binary}
                    response = await self.server.infer(BASE, asked, model_name=samples.model(dtype))
                    self.assertTrue(same(read(response), part), read(response))

    async def test_errors_come_in_words(self):
        async def refused(status, words, asked, model):
            with self.assertRaises(httpx.HTTPStatusError) as caught:
                await self.server.infer(BASE, asked, model_name=model)
            self.assertEqual(caught.exception.response.status_code, status)
            for word in words:
                self.assertIn(word, str(caught.exception).split(", '")[0])

        await refused(404, ["absent"], one(model="absent"), "absent")
        wide = request("one", [("x", X.astype(np.float64), "FP64")], True)
        await refused(400, ["FP64", "FP32"], wide, "one")


class Grpc(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = InferenceGRPCClient(samples.GRPC)
        self.addAsyncCleanup(self.server.close)

    async def test_health(self):
        self.assertIs(await self.server.is_server_live(), True)
        self.assertIs(await self.server.is_server_ready(), True)
        self.assertIs(await self.server.is_model_ready("one"), True)

    async def test_infer(self):
        for binary in [True, False]:
            response = await self.server.infer(one(binary, request_id="42"))
            self.assertEqual((response.id, response.model_name), ("42", "one"))
            self.assertTrue(same(read(response), Y))

    async def test_every_dtype(self):
        for dtype, array in SAMPLES.items():
            if dtype == "BF16":
                continue
            for binary in [True, False] if dtype in samples.IN_JSON else [True]:
                with self.subTest(dtype=dtype, binary=binary):
                    response = await self.server.infer(request(samples.model(dtype), [("x", array, dtype)], binary))
                    self.assertTrue(same(read(response), array), read(response))

    async def test_errors_come_in_words(self):
        with self.assertRaises(grpc.RpcError) as caught:
            await self.server.infer(one(model="absent"))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
        self.assertIn("absent", caught.exception.details())


if __name__ == "__main__":
    unittest.main()
