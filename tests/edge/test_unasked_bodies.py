"""A body where none is asked for: heard up to a bound over real sockets, and then the answer ends, however long it would go on."""

from contextlib import suppress

import pytest
import trio
from h2.connection import H2Connection
from h2.events import StreamEnded
from hypercorn.config import Config

from frostnode.edge.http import server
from frostnode.edge.http.server import serve_http
from frostnode.protocol.limits import UNASKED_BODY_BYTES_MAX

pytestmark = pytest.mark.network

ENDLESS = 2**24
"""More than any system buffers."""


async def serving(nursery, app):
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    await nursery.start(serve_http, app, Config(), listeners)
    return listeners[0].socket.getsockname()[1]


class Streaming:
    """An application whose answer goes on for as long as the client listens, as streams do."""

    def __init__(self, body_bytes_before_it_begins=0):
        self.heard = 0
        self.ended = trio.Event()
        self.begins_after = body_bytes_before_it_begins

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        try:
            if not self.begins_after:
                await self.begin(send)
            while (message := await receive())["type"] != "http.disconnect":
                self.heard += len(message["body"])
                if 0 < self.begins_after <= self.heard:
                    self.begins_after = 0
                    await self.begin(send)
        finally:
            self.ended.set()

    async def begin(self, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})


async def pour(stream, method=b"GET", path=b"/", most=ENDLESS):
    """Send a body without end with a request; answers how many bytes of it were taken."""
    sent = 0
    with suppress(trio.BrokenResourceError):
        await stream.send_all(
            method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        while sent < most:
            await stream.send_all(b"1000\r\n" + bytes(4096) + b"\r\n")
            sent += 4096
    return sent


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_a_stream_ends_whose_request_brings_a_body_without_end(method):
    app = Streaming()
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, app)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            with trio.fail_after(5):
                assert await pour(stream, method) < ENDLESS
                await app.ended.wait()
        assert app.heard <= UNASKED_BODY_BYTES_MAX
        nursery.cancel_scope.cancel()


async def test_a_body_that_is_asked_for_is_for_the_application_to_bound():
    app = Streaming()
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, app)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            with trio.fail_after(5):
                assert await pour(stream, b"POST", most=2**20) == 2**20
        with trio.fail_after(5):
            await app.ended.wait()
        assert app.heard > 2**19, "the last of it may be lost with the connection"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("more", [0, 1])
async def test_so_much_of_a_body_that_nobody_asked_for_is_heard_and_no_more(more):
    app = Streaming(UNASKED_BODY_BYTES_MAX + more)
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, app)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            length = UNASKED_BODY_BYTES_MAX + more
            head = f"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
            await stream.send_all(head.encode() + bytes(length))
            answer = b""
            with trio.fail_after(5):
                while not answer.endswith(b"begun\r\n") and not (more and answer.endswith(b"}\r\n0\r\n\r\n")):
                    answer += await stream.receive_some()
        if more:
            assert answer.startswith(b"HTTP/1.1 413")
            assert b'"request.too-large"' in answer
        else:
            assert answer.startswith(b"HTTP/1.1 200")
        with trio.fail_after(5):
            await app.ended.wait()
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("piece_bytes", [16_384, 0])
async def test_a_stream_of_http_2_is_held_to_the_same(piece_bytes, monkeypatch):
    monkeypatch.setattr(server, "UNASKED_BODY_BYTES_MAX", 100 + 100 * piece_bytes)
    app, sent, is_over = Streaming(), 0, False
    client = H2Connection()
    client.initiate_connection()
    client.send_headers(1, [(":method", "GET"), (":path", "/"), (":authority", "x"), (":scheme", "http")])
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, app)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            with trio.fail_after(5), suppress(trio.BrokenResourceError):
                while sent < 10_000 and not is_over:
                    for _ in range(50):
                        if client.local_flow_control_window(1) >= piece_bytes:
                            client.send_data(1, bytes(piece_bytes))
                            sent += 1
                    await stream.send_all(client.data_to_send())
                    with trio.move_on_after(0.01):  # of empty frames nobody says that there is room for more
                        events = client.receive_data(await stream.receive_some() or b"")
                        is_over = any(isinstance(event, StreamEnded) for event in events)
                await app.ended.wait()
            assert sent < 10_000
        assert app.heard <= 100 + 100 * piece_bytes
        nursery.cancel_scope.cancel()


async def test_the_stream_of_a_node_ends_whose_request_brings_a_body_without_end(node):
    """The real resources: an answer that waits for news listens for who hangs up, and would read on for ever."""
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, node.app)
        for path in (b"/frost/stream", b"/frost/firehose", b"/frost/node"):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                with trio.fail_after(5):
                    assert await pour(stream, path=path) < ENDLESS
        nursery.cancel_scope.cancel()
