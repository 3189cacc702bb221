"""The server over real sockets: its patience ends, and the fault of one connection is not that of another."""

import json
import resource
import tracemalloc
from contextlib import suppress

import pytest
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, RawData
from trio.testing import MockClock, memory_stream_pair

from frostnode.edge.http import server
from frostnode.edge.http.server import PatientConnection, serve_http, server_settings
from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.errors import TransportError
from frostnode.protocol.frames import CursorFrame, EventsFrame, FrameDecoder
from frostnode.protocol.limits import (
    CONNECTION_IDLE_S,
    CURSOR_INTERVAL_S,
    REQUEST_HEAD_BYTES_MAX,
    SLOW_CONSUMER_S,
)
from frostnode.testing.memory_publisher import MemoryPublisher

pytestmark = pytest.mark.network


@pytest.fixture
def clock():
    return MockClock(autojump_threshold=0.05)


class Tap:
    """An application that answers with as much as is taken."""

    def __init__(self):
        self.sent = 0
        self.ended = trio.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": bytes(256 * 1024), "more_body": True})
                self.sent += 256 * 1024
                assert self.sent < 10**9, "whoever does not read is not sent to for ever"
                if (await self._has_gone(receive)) is not None:
                    return
        finally:
            self.ended.set()

    async def _has_gone(self, receive):
        with trio.move_on_after(0.001):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return message
        return None


async def serving(nursery, app):
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    await nursery.start(serve_http, app, Config(), listeners)
    return listeners[0].socket.getsockname()[1]


async def test_who_takes_nothing_is_cut_off(clock):
    app = Tap()
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, app)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            with trio.fail_after(3 * SLOW_CONSUMER_S):
                await app.ended.wait()
            assert trio.current_time() >= SLOW_CONSUMER_S
        nursery.cancel_scope.cancel()


async def no_app(scope, receive, send):
    assert scope["type"] == "lifespan", "nothing is handed on of what is refused"


@pytest.mark.parametrize(
    "head", [b"GET /search?q=" + b"x" * 100_000, b"GET / HTTP/1.1\r\na: " + b"x" * 100_000]
)
async def test_a_head_of_hundreds_of_kilobytes_is_refused_in_words(clock, head):
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, no_app)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(head[: 3 * REQUEST_HEAD_BYTES_MAX])
            answer = b""
            with trio.fail_after(CONNECTION_IDLE_S), suppress(trio.BrokenResourceError):
                while data := await stream.receive_some():
                    answer += data
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 413 ") and b"content-type: application/problem+json" in head
        problem = json.loads(body)
        assert (problem["code"], problem["status"]) == ("request.too-large", 413)
        assert str(REQUEST_HEAD_BYTES_MAX) in problem["detail"]
        nursery.cancel_scope.cancel()


async def test_who_reads_slowly_but_reads_is_served_on(clock):
    app = Tap()
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, app)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            for _ in range(12):
                await trio.sleep(SLOW_CONSUMER_S / 3)
                taken = 0
                while taken < 2**20:
                    taken += len(await stream.receive_some(2**20))
            assert not app.ended.is_set()
        nursery.cancel_scope.cancel()


async def test_a_server_that_stops_waits_for_nobody(clock):
    app = Tap()
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, app)
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await trio.sleep(SLOW_CONSUMER_S / 3)
        begun = trio.current_time()
        nursery.cancel_scope.cancel()
    assert trio.current_time() - begun < 1
    await trio.aclose_forcefully(stream)


async def test_idle_streams_cost_little_and_hold_nothing(node):
    """What one more follower takes that waits for news: no reader of the store, and little memory."""
    publisher = MemoryPublisher()
    publisher.put("key", {"title": "x"})
    node.take(*publisher.stream())
    count, bytes_max = 50, 48 * 1024

    async def read_first(exchange):
        decoder, frames = FrameDecoder(), []
        async for chunk in exchange.chunks:
            frames += decoder.feed(chunk)
            if frames and isinstance(frames[-1], CursorFrame):
                break
        return frames

    async with trio.open_nursery() as nursery:
        streaming = [0]

        async def follow(*, task_status):
            async with node.asking("/frost/stream") as exchange:
                frames = await read_first(exchange)
                assert any(isinstance(frame, EventsFrame) for frame in frames)
                streaming[0] += 1
                task_status.started()
                async for _ in exchange.chunks:
                    pass

        await nursery.start(follow)
        readers = len(node.store._pool._idle)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(count):
            await nursery.start(follow)
        each = (tracemalloc.get_traced_memory()[0] - before) / count
        tracemalloc.stop()
        assert streaming == [count + 1]
        assert each < bytes_max
        assert len(node.store._pool._idle) == readers, "every reader was given back, and one does for all"
        nursery.cancel_scope.cancel()


async def test_an_idle_stream_says_a_cursor_each_interval_and_nothing_else(node, autojump_clock):
    publisher = MemoryPublisher()
    publisher.put("key", {"title": "x"})
    node.take(*publisher.stream())
    decoder, frames = FrameDecoder(), []
    async with node.asking("/frost/stream") as exchange:
        with trio.move_on_after(10 * CURSOR_INTERVAL_S + 1):
            async for chunk in exchange.chunks:
                frames += [(trio.current_time(), frame) for frame in decoder.feed(chunk)]
    idle = [(at, frame) for at, frame in frames if at > 1]
    assert len(idle) == 10
    assert all(isinstance(frame, CursorFrame) for _, frame in idle)


async def test_so_many_connections_are_served_at_once_and_no_more(monkeypatch, clock):
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 2)
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, answering)
        streams = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(2)]
        for stream in streams:
            await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await stream.receive_some(4) == b"HTTP"
        further = await trio.open_tcp_stream("127.0.0.1", port)
        with suppress(trio.BrokenResourceError):
            assert await further.receive_some(1) == b""
        for stream in streams:
            await stream.aclose()
        await trio.sleep(60)
        again = await trio.open_tcp_stream("127.0.0.1", port)
        await again.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await again.receive_some(4) == b"HTTP"
        for stream in (further, again):
            await trio.aclose_forcefully(stream)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("request_", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_who_hangs_up_gives_the_place_back_at_once(request_, monkeypatch, clock):
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 1)
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        await nursery.start(serve_http, answering, server_settings(), listeners)
        port = listeners[0].socket.getsockname()[1]
        for _ in range(3):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                if request_:
                    await stream.send_all(request_)
                await trio.sleep(1)
            await trio.sleep(1)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await stream.receive_some(4) == b"HTTP"
        nursery.cancel_scope.cancel()


async def test_an_answer_ends_though_the_body_of_its_request_does_not(monkeypatch):
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 1)

    async def refusing(scope, receive, send):
        if scope["type"] == "http":
            await trio.sleep(0.05)  # meanwhile more comes than is queued
            await send({"type": "http.response.start", "status": 413, "headers": []})
            await send({"type": "http.response.body", "body": b"no"})

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        await nursery.start(serve_http, refusing, server_settings(), listeners)
        port = listeners[0].socket.getsockname()[1]
        for _ in range(2):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                with trio.fail_after(5), suppress(trio.BrokenResourceError):
                    await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                    while True:
                        await stream.send_all(b"10000\r\n" + bytes(65536) + b"\r\n")
        nursery.cancel_scope.cancel()


async def test_one_address_has_so_many_connections_and_gets_them_back(monkeypatch, clock):
    monkeypatch.setattr(server, "CONNECTIONS_PER_ADDRESS_MAX", 1)
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, answering)

        async def is_served(source, and_then=trio.lowlevel.checkpoint):
            """Whether a connection from this address is; it lasts until `and_then` has."""
            async with await trio.open_tcp_stream("127.0.0.1", port, local_address=source) as stream:
                try:
                    await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    served = await stream.receive_some(4) == b"HTTP"
                except trio.BrokenResourceError:
                    served = False
                await and_then()
                return served

        async def meanwhile():
            assert not await is_served("127.0.0.1")
            assert await is_served("127.0.0.2"), "others are"

        assert await is_served("127.0.0.1", meanwhile)
        await trio.sleep(1)
        assert await is_served("127.0.0.1")
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"])
async def test_a_head_byte_by_byte_takes_no_longer_than_it_may(begun, clock):
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        await nursery.start(serve_http, answering, server_settings(), listeners)
        stream = await trio.open_tcp_stream("127.0.0.1", listeners[0].socket.getsockname()[1])
        if begun:
            await stream.send_all(begun)
            taken = 0
            while taken < 100_000:
                taken += len(await stream.receive_some(2**20))
        since = trio.current_time()
        with suppress(trio.BrokenResourceError):
            for byte in b"GET / HTTP/1.1\r\nx: " + b"y" * 3:
                await stream.send_all(bytes([byte]))
                await trio.sleep(CONNECTION_IDLE_S / 5)
        await trio.aclose_forcefully(stream)
        assert trio.current_time() - since == pytest.approx(CONNECTION_IDLE_S, abs=CONNECTION_IDLE_S / 4)
        nursery.cancel_scope.cancel()


async def test_an_endless_head_is_not_read_to_its_end(clock):
    async with trio.open_nursery() as nursery:
        port = await serving(nursery, answering)
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        sent = 0
        with suppress(trio.BrokenResourceError):
            await stream.send_all(b"GET / HTTP/1.1\r\n")
            while sent < 2**26:
                await stream.send_all(b"x: " + b"y" * 65536 + b"\r\n")
                sent += 65536
        await trio.aclose_forcefully(stream)
        assert sent < 2**24
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("soft", "hard", "room", "asked"),
    [
        (1024, 20_000, 8192, 8448),
        (1024, 4096, 3840, 4096),
        (1024, resource.RLIM_INFINITY, 8192, 8448),
        (20_000, 20_000, 8192, None),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 8192, None),
    ],
)
def test_there_is_room_for_connections_where_files_are_few(monkeypatch, soft, hard, room, asked):
    set_to = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: set_to.append(limits))
    assert server._room_for_connections() == room
    assert set_to == ([] if asked is None else [(asked, hard)])


async def answering(scope, receive, send):
    """Answer when the first piece of a body came."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": False})


async def serve(nursery):
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    settings = Config()
    settings.errorlog = settings.accesslog = None
    await nursery.start(serve_http, answering, settings, listeners)
    return f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"


async def test_who_hangs_up_in_the_middle_of_a_request_hangs_up_alone():
    async with trio.open_nursery() as nursery, HttpTransport() as transport:
        url = await serve(nursery)
        port = int(url.rpartition(":")[2])
        head = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab"
        for cut in range(len(head) - 10, len(head) + 1):
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            await stream.send_all(head[:cut])
            if cut % 2:
                await stream.send_eof()
            await stream.aclose()
        assert len(await transport.fetch(url, bytes_max=2**20)) == 100_000
        nursery.cancel_scope.cancel()


async def test_an_answer_to_a_connection_that_is_being_closed_is_no_fault():
    """As when a request without end is refused: the other side cannot fill the log with faults of this node."""
    one, other = memory_stream_pair()

    class Closing:
        async def send_all(self, data):
            raise trio.BusyResourceError("in use")

    class Protocol:
        def __init__(self):
            self.heard = []

        async def handle(self, event):
            self.heard.append(event)

    connection = PatientConnection(answering, server_settings(), None, {}, one)
    connection.stream, connection.protocol = Closing(), Protocol()
    await connection.protocol_send(RawData(data=b"x"))
    assert connection.protocol.heard == [Closed()]
    await other.aclose()


async def test_whatever_a_connection_raises_ends_that_connection(monkeypatch):
    class Breaking(PatientConnection):
        breaks = True

        async def run(self):
            if Breaking.breaks:
                Breaking.breaks = False
                raise ExceptionGroup("of a nursery", [trio.BusyResourceError("in use")])
            await super().run()

    monkeypatch.setattr(server, "PatientConnection", Breaking)
    async with trio.open_nursery() as nursery, HttpTransport() as transport:
        url = await serve(nursery)
        with pytest.raises(TransportError):
            await transport.fetch(url, bytes_max=2**20)
        assert len(await transport.fetch(url, bytes_max=2**20)) == 100_000
        nursery.cancel_scope.cancel()
