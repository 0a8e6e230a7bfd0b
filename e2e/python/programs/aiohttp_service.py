"""aiohttp: a service on asyncio with middlewares, streams, a websocket and threads, and its clients in the same loop."""

import asyncio
import contextlib
import contextvars
import functools

import mark

mark.everywhere()

import aiohttp
from aiohttp import web

request_number = contextvars.ContextVar("request_number")


@web.middleware
async def timing(request, handler):
    mark.mark()
    request_number.set(1)
    try:
        return await handler(request)
    finally:
        mark.mark()


def in_thread(text):
    mark.mark()
    return text.upper()


async def hello(request):
    name = await asyncio.to_thread(in_thread, request.match_info["name"])
    mark.mark()
    return web.json_response({"hello": name})


async def numbers(count):
    for i in range(count):
        await asyncio.sleep(0)
        mark.mark()
        yield i


async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    async for i in numbers(5):
        await response.write(b"%d\n" % i)
    await response.write_eof()
    return response


async def upload(request):
    total = 0
    async for field in await request.multipart():
        while chunk := await field.read_chunk(1000):
            mark.mark()
            total += len(chunk)
    return web.Response(text=str(total))


async def socket(request):
    connection = web.WebSocketResponse()
    await connection.prepare(request)
    async for message in connection:
        mark.mark()
        await connection.send_str(message.data * 2)
    return connection


@contextlib.asynccontextmanager
async def timed():
    mark.mark()
    yield
    mark.mark()


def done(number, task):
    mark.mark()


async def client(base, number):
    async with aiohttp.ClientSession() as session:
        async with timed(), session.get(base + "/hello/n%d" % number) as answer:
            assert (await answer.json())["hello"] == "N%d" % number
        async with session.get(base + "/stream") as answer:
            async for line in answer.content:
                mark.mark()
        data = aiohttp.FormData()
        data.add_field("file", b"x" * 5000, filename="x")
        async with session.post(base + "/upload", data=data) as answer:
            assert await answer.text() == "5000"
        async with session.ws_connect(base + "/socket") as connection:
            for i in range(3):
                await connection.send_str("ab")
                assert await connection.receive_str() == "abab"


class Waits:
    def __await__(self):
        mark.mark()
        yield from asyncio.sleep(0).__await__()
        mark.mark()
        return 1


async def main():
    app = web.Application(middlewares=[timing])
    app.add_routes([web.get("/hello/{name}", hello), web.get("/stream", stream), web.post("/upload", upload), web.get("/socket", socket)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = "http://127.0.0.1:%d" % site._server.sockets[0].getsockname()[1]
    async with asyncio.TaskGroup() as group:
        for i in range(4):
            group.create_task(client(base, i)).add_done_callback(functools.partial(done, i))
    assert await Waits() == 1
    assert sum([i async for i in numbers(4)]) == 6
    loop = asyncio.get_running_loop()
    loop.call_soon(mark.mark)
    loop.call_later(0.001, mark.mark)
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)
    await runner.cleanup()


asyncio.run(main())
