"""The way out, over real sockets: whatever a server does, an answer or an error of ours, and no connection is left."""

import gc
import json
from contextlib import asynccontextmanager, suppress
from functools import partial
from random import Random

import pytest
import trio
from trio.testing import MockClock

from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.errors import CODES, FrostError, LocalError, TransportError
from frostnode.protocol.limits import (
    FETCH_BYTES_PER_S_MIN,
    FETCH_TIMEOUT_S,
    PROBLEM_BYTES_MAX,
    STREAM_SILENCE_S,
)
from frostnode.testing.loopback import loopback, response, saying, silence

pytestmark = pytest.mark.network

RIGHTLY_SAID = {
    "cursor.malformed",
    "cursor.unknown",
    "lease.address",
    "lease.node",
    "offer.closed",
    "offer.malformed",
    "offer.slot",
    "publisher.unknown",
    "queue.full",
    "record.absent",
    "record.not-found",
    "record.withheld",
    "usage",
}


@pytest.fixture
def clock():
    """Time goes on when nothing else does; what is under way on loopback is given a moment."""
    return MockClock(autojump_threshold=0.02)


@asynccontextmanager
async def asking(handler):
    """A server and a client; when they part, no connection and no iterator is left behind."""
    answers = {"/": handler} if isinstance(handler, bytes) or callable(handler) else handler
    async with loopback(saying(answers)) as server, HttpTransport() as transport:
        yield server, transport
        gc.collect()  # an iterator that was not ended warns, and a warning is an error
        with trio.fail_after(5):
            await server.all_closed()


async def fetched(handler, bytes_max=1000):
    async with asking(handler) as (server, transport):
        return await transport.fetch(server.url + "/", bytes_max=bytes_max)


async def fault(handler, bytes_max=1000):
    """The error of a fetch."""
    async with asking(handler) as (server, transport):
        with pytest.raises(FrostError) as caught:
            await transport.fetch(server.url + "/", bytes_max=bytes_max)
        return caught.value


async def drink(transport, url):
    async with transport.stream(url) as chunks:
        async for _ in chunks:
            pass


async def stream_fault(handler):
    """The error of a stream that is read to its end."""
    async with asking(handler) as (server, transport):
        with pytest.raises(FrostError) as caught:
            await drink(transport, server.url + "/")
        return caught.value


def problem(code, status=404, detail="", **more):
    body = json.dumps({"code": code, "detail": detail, **more}).encode()
    return response(body, status, content_type="application/problem+json")


async def test_an_answer_is_fetched_whole():
    assert await fetched(response(b"x" * 1000)) == b"x" * 1000


async def test_an_answer_is_streamed_in_chunks():
    async with asking(response(b"x" * 200_000)) as (server, transport):
        async with transport.stream(server.url + "/") as chunks:
            assert b"".join([chunk async for chunk in chunks]) == b"x" * 200_000


async def test_nothing_is_asked_for_that_would_have_to_be_unpacked():
    seen = []

    async def listening(stream):
        async with stream:
            seen.append((await stream.receive_some()).lower())
            await stream.send_all(response(b""))

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as nursery, HttpTransport() as transport:
        nursery.start_soon(trio.serve_listeners, listening, listeners)
        await transport.fetch(f"http://127.0.0.1:{port}/", bytes_max=1)
        nursery.cancel_scope.cancel()
    assert b"accept-encoding: identity" in seen[0]


# nobody there


async def test_a_refused_connection():
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    async with HttpTransport() as transport:
        with pytest.raises(TransportError) as caught:
            await transport.fetch(f"http://127.0.0.1:{port}/", bytes_max=1)
    assert caught.value.code == "transport.unreachable"


@pytest.mark.parametrize(
    "host",
    [
        "name.invalid",
        "a..b",
        "a" * 70 + ".example",
        "xn--",
        "é" * 80 + ".example",
        "[::1",
        "[fe80::1%25nothing]",
        "127.0.0.1:99999",
        "127.0.0.1:0",
        "\x00",
        "",
        "300.1.1.1",
    ],
)
async def test_a_host_that_there_is_not(host, monkeypatch):
    async def no_dns(*args, **kwargs):
        raise OSError(-2, "Name or service not known")

    if host in ("name.invalid", "300.1.1.1"):
        monkeypatch.setattr(trio.socket, "getaddrinfo", no_dns)
    async with HttpTransport() as transport:
        for url in (f"http://{host}/", f"{host}:1/"):
            with pytest.raises(TransportError) as caught:
                await transport.fetch(url, bytes_max=1)
            assert caught.value.code == "transport.unreachable"
            assert str(caught.value).isprintable()


# slow


async def test_a_server_that_says_nothing(clock):
    assert (await fault(silence)).code == "transport.timeout"
    assert (await stream_fault(silence)).code == "transport.timeout"
    assert trio.current_time() == pytest.approx(2 * FETCH_TIMEOUT_S, abs=1)


def dripping(head, rest, every_s):
    """Say `head` at once and `rest` byte by byte."""

    async def handler(target, stream):
        await stream.send_all(head)
        for at in range(len(rest)):
            await trio.sleep(every_s)
            await stream.send_all(rest[at : at + 1])
        await silence(target, stream)

    return handler


@pytest.mark.parametrize("take", [fault, stream_fault])
async def test_headers_byte_by_byte_take_no_longer_than_an_answer_may(clock, take):
    begun = trio.current_time()
    handler = dripping(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 1000, 5)
    assert (await take(handler)).code == "transport.timeout"
    assert trio.current_time() - begun <= FETCH_TIMEOUT_S + 1


async def test_a_fetched_body_byte_by_byte_takes_no_longer_than_an_answer_may(clock):
    begun = trio.current_time()
    handler = dripping(response(b"", content_length="1000000"), b"y" * 1000, 6)
    error = await fault(handler, bytes_max=1_000_000)
    assert error.code == "transport.timeout"
    assert trio.current_time() - begun <= FETCH_TIMEOUT_S + 1


async def test_a_large_body_has_the_time_that_its_bytes_may_take(clock):
    async def handler(target, stream):
        await stream.send_all(response(b"", content_length=str(8 * FETCH_BYTES_PER_S_MIN * 10)))
        for _ in range(8):
            await trio.sleep(10)
            await stream.send_all(b"y" * FETCH_BYTES_PER_S_MIN * 10)

    begun = trio.current_time()
    assert len(await fetched(handler, bytes_max=2**22)) == 80 * FETCH_BYTES_PER_S_MIN
    assert trio.current_time() - begun > 2 * FETCH_TIMEOUT_S


async def test_a_silent_stream_ends(clock):
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"
    begun = trio.current_time()
    assert (await stream_fault(dripping(head, b"", 1))).code == "transport.timeout"
    assert trio.current_time() - begun == pytest.approx(STREAM_SILENCE_S, abs=1)


async def test_a_refusal_that_does_not_end_is_a_timeout(clock):
    head = response(b"", 404, content_length="1000000", content_type="application/problem+json")
    assert (await fault(dripping(head, b"x" * 100_000, 6))).code == "transport.timeout"


# too much


async def test_an_answer_of_exactly_so_many_bytes_is_taken_and_one_more_is_not():
    assert await fetched(response(b"x" * 1000), bytes_max=1000) == b"x" * 1000
    assert (await fault(response(b"x" * 1001), bytes_max=1000)).code == "transport.too-large"


async def flooding(head, target, stream):
    await stream.send_all(head)
    while True:
        await stream.send_all(b"10000\r\n" + b"x" * 65536 + b"\r\n")


@pytest.mark.parametrize("status", [200, 302, 404, 500])
async def test_an_endless_body_is_not_read_to_its_end(status):
    head = response(b"", status, transfer_encoding="chunked", content_type="application/problem+json")
    error = await fault(partial(flooding, head))
    assert error.code == {200: "transport.too-large", 404: "record.not-found"}.get(status, "transport.status")


async def test_huge_headers_are_refused():
    async def handler(target, stream):
        await stream.send_all(b"HTTP/1.1 200 OK\r\n")
        for number in range(10_000):
            await stream.send_all(b"x-%d: " % number + b"y" * 1000 + b"\r\n")

    assert (await fault(handler)).code == "transport.status"


# statuses


async def faults(answers):
    """The error of each of many answers, by path."""
    found = {}
    async with asking(answers) as (server, transport):
        for path in answers:
            with pytest.raises(FrostError) as caught:
                await transport.fetch(server.url + path, bytes_max=1000)
            found[path] = caught.value
    return found


@pytest.mark.parametrize("body", [b"", b"<html>", b"x" * PROBLEM_BYTES_MAX * 3], ids=["none", "html", "long"])
async def test_a_status_without_a_problem_document(body):
    taken = {
        403: "record.not-found",
        404: "record.not-found",
        410: "record.not-found",
        451: "record.withheld",
    }
    statuses = (201, 202, 206, 300, 400, 401, 403, 404, 410, 421, 429, 451, 500, 502, 503)
    found = await faults({f"/{status}": response(body, status) for status in statuses})
    for path, error in found.items():
        code = taken.get(int(path[1:]), "transport.status")
        assert (error.code, type(error)) == (
            code,
            LocalError if code.startswith("record") else TransportError,
        )
        assert path[1:] in str(error)


async def test_of_a_problem_document_only_what_is_about_the_request_is_taken_over():
    found = await faults({f"/{code}": problem(code, 400) for code in CODES})
    for path, error in found.items():
        said = path[1:] in RIGHTLY_SAID
        assert (type(error), error.code) == (
            (LocalError, path[1:]) if said else (TransportError, "transport.status")
        )


async def test_problem_documents_that_fit_and_that_do_not():
    kind = {"content_type": "application/problem+json"}
    cases = [
        (problem("cursor.unknown", 410), "cursor.unknown"),
        (problem("queue.full", 503), "queue.full"),
        (problem("record.not-found", 500), "transport.status"),
        (problem("record.not-found", 302), "transport.status"),
        (problem("code.of-tomorrow", 404), "transport.status"),
        (problem(["record.not-found"], 404), "transport.status"),
        (response(b"[]", 404, **kind), "record.not-found"),
        (response(b"{}", 451, **kind), "record.withheld"),
        (response(b"[" * 15_000, 404, **kind), "record.not-found"),
        (response(b'{"code": "usage"}', 404, content_type="application/json"), "record.not-found"),
        (response(b"9" * 10_000, 404, **kind), "record.not-found"),
    ]
    found = await faults({f"/{number}": answer for number, (answer, _) in enumerate(cases)})
    assert [error.code for error in found.values()] == [code for _, code in cases]


async def test_what_a_server_says_of_its_refusal_can_be_shown_and_stored():
    body = rb'{"code": "usage", "detail": "\ud800 \u001b[2J\u0007 ' + b"x" * 5000 + b'"}'
    error = await fault(response(body, 400, content_type="application/problem+json"))
    assert str(error).isprintable()
    assert str(error).encode()
    assert len(str(error)) < 300


async def test_a_redirect_is_not_followed():
    answers = {"/": response(b"", 302, location="/other"), "/other": response(b"other")}
    async with asking(answers) as (server, transport):
        with pytest.raises(TransportError) as caught:
            await transport.fetch(server.url + "/", bytes_max=1000)
        assert caught.value.code == "transport.status"
        assert server.requests == ["/"]


async def test_a_redirect_to_nowhere_is_no_surprise():
    locations = ["http://[", "//\x80", "file:///etc/hosts", "http://a..b/", "\x7f", "http://[::1]:99999999/"]
    found = await faults({f"/{at}": response(b"", 301, location=name) for at, name in enumerate(locations)})
    assert {error.code for error in found.values()} == {"transport.status"}


async def test_a_compressed_answer_is_refused():
    codings = ["gzip", "br", "zstd", "identity, gzip"]
    found = await faults(
        {f"/{at}": response(b"\x1f\x8b", content_encoding=name) for at, name in enumerate(codings)}
    )
    assert {error.code for error in found.values()} == {"transport.status"}
    assert await fetched(response(b"\x1f\x8b", content_encoding="Identity")) == b"\x1f\x8b"


async def test_cookies_are_not_kept():
    heads = []

    async def serve(stream):
        async with stream:
            heads.append((await stream.receive_some()).lower())
            await stream.send_all(response(b"", set_cookie="a=b; Path=/"))

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery, HttpTransport() as transport:
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        for _ in range(2):
            await transport.fetch(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/", bytes_max=1)
        nursery.cancel_scope.cancel()
    assert not any(b"cookie" in head for head in heads)


# broken


BROKEN = [
    (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", "transport.closed"),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", "transport.closed"),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n", "transport.closed"),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n", "transport.closed"),
    (b"HTTP/1.1 200 OK\r\ncontent-le", "transport.status"),
    (b"", "transport.status"),
    (b"garbage\r\n\r\n", "transport.status"),
    (b"\x16\x03\x01\x02\x00", "transport.status"),
    (b"HTTP/1.1 999\r\n\r\n", "transport.status"),
    (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "transport.status"),
    (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", "transport.status"),
    (b"HTTP/1.1 200 OK\r\n\x00: \x00\r\n\r\n", "transport.status"),
    (b"HTTP/1.1 101 Switching\r\n\r\n", "transport.status"),
]


async def test_an_answer_that_is_cut_or_none():
    answers = {f"/{number}": said for number, (said, _) in enumerate(BROKEN)}
    assert [error.code for error in (await faults(answers)).values()] == [code for _, code in BROKEN]
    async with asking(answers) as (server, transport):
        for path, (_, code) in zip(answers, BROKEN, strict=True):
            with pytest.raises(TransportError) as caught:
                await drink(transport, server.url + path)
            assert caught.value.code == code


async def test_an_answer_without_a_length_ends_where_it_is_closed():
    assert await fetched(b"HTTP/1.1 200 OK\r\n\r\nall") == b"all"


@pytest.mark.slow
async def test_any_bytes_are_an_answer_or_an_error_of_ours():
    random = Random(1)
    good = (
        response(b'{"code": "usage"}', 404, content_type="application/problem+json", location="/x") + b"more"
    )
    chunked = b"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    said = [b""]

    async def handler(target, stream):
        await stream.send_all(said[0])

    async with asking(handler) as (server, transport):
        for number in range(300):
            base = bytearray((good, chunked)[number % 2])
            for _ in range(random.randrange(1, 5)):
                base[random.randrange(len(base))] = random.randrange(256)
            said[0] = bytes(base[: random.randrange(len(base))] if number % 3 else base)
            with suppress(LocalError, TransportError):
                await transport.fetch(server.url + "/", bytes_max=100)


# nobody waits any more


@pytest.mark.parametrize(
    "handler",
    [
        silence,
        dripping(b"HTTP/1.1 200 OK\r\n", b"", 1),
        dripping(response(b"", content_length="1000000"), b"x" * 9, 1),
        dripping(response(b"", 404, content_length="1000000"), b"x" * 9, 1),
    ],
    ids=["silent", "headers", "body", "refusal"],
)
@pytest.mark.parametrize("how", ["fetch", "stream"])
async def test_a_caller_who_gives_up_leaves_no_connection(handler, how, clock):
    async with asking(handler) as (server, transport):
        with trio.move_on_after(3) as scope:
            if how == "fetch":
                await transport.fetch(server.url + "/", bytes_max=2**40)
            else:
                await drink(transport, server.url + "/")
        assert scope.cancelled_caught


async def test_who_leaves_a_stream_in_the_middle_closes_it():
    async with asking(partial(flooding, response(b"", transfer_encoding="chunked"))) as (server, transport):
        async with transport.stream(server.url + "/") as chunks:
            await anext(chunks)
            assert server.connections == 1
