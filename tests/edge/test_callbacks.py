"""The way out to URLs that watches name, on real sockets: bounded, never to addresses of this network unless allowed."""

import pytest
import trio

from frostnode.edge import callbacks as module
from frostnode.edge.callbacks import HttpCallbacks
from frostnode.edge.public_addresses import PublicAddresses
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import DELIVERY_ANSWER_BYTES_MAX
from frostnode.testing.loopback import loopback, response, saying, silence
from frostnode.wire import CallbackAnswer

pytestmark = pytest.mark.network


async def test_the_answer_is_what_it_is():
    answers = {
        "/ok": response(b"fine"),
        "/busy": response(status=429, retry_after="7"),
        "/moved": response(status=302, location="http://127.0.0.1:1/ok"),
    }
    async with loopback(saying(answers)) as server, HttpCallbacks() as callbacks:
        assert await callbacks.post(f"{server.url}/ok", {"x-a": "b"}, b"{}") == CallbackAnswer(
            200, "", b"fine"
        )
        assert await callbacks.post(f"{server.url}/busy", {}, b"{}") == CallbackAnswer(429, "7")
        assert (await callbacks.get(f"{server.url}/moved")).status == 302
    assert server.requests == ["/ok", "/busy", "/moved"]


async def test_of_an_answer_without_end_no_more_is_read_than_may_be():
    async def endless(target, stream):
        await stream.send_all(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await stream.send_all(b"x" * 4096)

    async with loopback(endless) as server, HttpCallbacks() as callbacks:
        answer = await callbacks.post(server.url, {}, b"")
        assert (answer.status, len(answer.body)) == (200, DELIVERY_ANSWER_BYTES_MAX)
        with trio.fail_after(5):
            await server.all_closed()


async def test_a_receiver_that_says_nothing_is_left(monkeypatch):
    monkeypatch.setattr(module, "DELIVERY_ANSWER_S", 0.05)
    async with loopback(silence) as server, HttpCallbacks() as callbacks:
        with pytest.raises(TransportError) as caught:
            await callbacks.post(f"{server.url}/secret", {}, b"")
    assert caught.value.code == "transport.timeout"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/secret",
        "ftp://a.example/secret",
        "secret",
        "",
        "http://[secret",
        "http:///secret",
        "http://a.example:99999999/secret",
        "http://\ud800/secret",
        "http://" + "a" * 300 + "/secret",
    ],
)
async def test_where_no_wire_leads_is_an_error_that_does_not_repeat_the_url(url):
    async with HttpCallbacks() as callbacks:
        with pytest.raises(TransportError) as caught:
            await callbacks.post(url, {}, b"")
    assert caught.value.code == "transport.unreachable"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]"]
)
async def test_addresses_of_this_network_are_not_gone_to(name):
    async with loopback(saying({})) as server, HttpCallbacks(PublicAddresses()) as callbacks:
        port = server.url.rpartition(":")[2]
        with pytest.raises(LocalError) as caught:
            await callbacks.post(f"http://{name}:{port}/secret", {}, b"")
    assert caught.value.code == "lease.address"
    assert "secret" not in str(caught.value)
    assert server.requests == []


async def test_a_name_that_leads_inside_the_second_time_gains_nothing():
    found = iter([["8.8.8.8"], ["127.0.0.1"]])
    asked = []

    async def resolve(name):
        return next(found)

    class Inner(module.httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            asked.append(request.url.host)
            return module.httpx.Response(200)

    async with HttpCallbacks(PublicAddresses(Inner(), resolve)) as callbacks:
        assert (await callbacks.get("https://a.example/")).status == 200
        with pytest.raises(LocalError):
            await callbacks.get("https://a.example/")
    assert asked == ["8.8.8.8"]
