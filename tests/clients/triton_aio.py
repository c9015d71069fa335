"""tritonclient.http.aio and tritonclient.grpc.aio, unmodified."""

import asyncio
import unittest

import numpy as np
import tritonclient.grpc.aio as grpc_client
import tritonclient.http.aio as http_client

import samples
from samples import X, Y, same

W = np.array([[0, 1], [1, 2], [1, 3]], np.float32)


class Aio(unittest.IsolatedAsyncioTestCase):
    async def both(self, check):
        for client, address in [(http_client, samples.HTTP), (grpc_client, samples.GRPC)]:
            async with client.InferenceServerClient(address) as server:
                with self.subTest(address=address):
                    await check(client, server)

    async def ask(self, client, server, array):
        given = client.InferInput("x", list(array.shape), "FP32")
        given.set_data_from_numpy(array)
        return (await server.infer("one", [given])).as_numpy("y")

    async def test_health(self):
        async def check(_, server):
            self.assertTrue(await server.is_server_live())
            self.assertTrue(await server.is_server_ready())
            self.assertTrue(await server.is_model_ready("one"))

        await self.both(check)

    async def test_many_at_once(self):
        async def check(client, server):
            self.assertTrue(same(await self.ask(client, server, X), Y))
            arrays = [np.full([2, 3], number, np.float32) for number in range(64)]
            answers = await asyncio.gather(*(self.ask(client, server, array) for array in arrays))
            for array, answer in zip(arrays, answers):
                self.assertTrue(same(answer, array @ W))

        await self.both(check)


if __name__ == "__main__":
    unittest.main()
