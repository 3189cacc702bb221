"""A POST whose answer means something whatever its status: what comes back, and what it may cost."""

import pytest
from trio.testing import MockClock

from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.errors import TransportError
from frostnode.testing.loopback import loopback, response, saying, silence

pytestmark = pytest.mark.network


@pytest.fixture
def clock():
    return MockClock(autojump_threshold=0.02)


@pytest.fixture
async def transport():
    async with HttpTransport() as open_transport:
        yield open_transport


async def fault_of(transport, url, bytes_max=10):
    with pytest.raises(TransportError) as caught:
        await transport.exchange(url, b"old 0\n", bytes_max=bytes_max)
    return caught.value.code


async def test_any_status_is_an_answer(transport, clock):
    answers = {
        "/ok": response(b"line\n", content_type="text/plain; charset=utf-8"),
        "/conflict": response(b"5\n", 409, content_type="text/x.tlog.size"),
        "/moved": response(status=302, location="http://example.org/"),
        "/bare": response(b"x"),
    }
    async with loopback(saying(answers)) as server:
        ask = [await transport.exchange(server.url + path, b"x", bytes_max=10) for path in answers]
    assert ask == [
        (200, "text/plain", b"line\n"),
        (409, "text/x.tlog.size", b"5\n"),
        (302, "", b""),
        (200, "", b"x"),
    ]
    assert server.requests == list(answers)


async def test_an_answer_above_the_limit_is_not_read(transport, clock):
    async with loopback(saying({"/": response(b"x" * 11)})) as server:
        assert await fault_of(transport, server.url + "/") == "transport.too-large"
        await server.all_closed()


async def test_an_endless_answer_is_not_read(transport, clock):
    async def endless(target, stream):
        await stream.send_all(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await stream.send_all(b"x" * 1024)

    async with loopback(endless) as server:
        assert await fault_of(transport, server.url, bytes_max=100_000) == "transport.too-large"
        await server.all_closed()


async def test_who_says_nothing_is_not_waited_for(transport, clock):
    async with loopback(silence) as server:
        assert await fault_of(transport, server.url) == "transport.timeout"
        await server.all_closed()


async def test_who_breaks_off_has_said_nothing(transport, clock):
    async with loopback(saying({"/": b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"})) as server:
        assert (await fault_of(transport, server.url + "/")).startswith("transport.")


async def test_nobody_there(transport, clock):
    assert await fault_of(transport, "http://127.0.0.1:1/") == "transport.unreachable"
    assert await fault_of(transport, "http://[") == "transport.unreachable"
