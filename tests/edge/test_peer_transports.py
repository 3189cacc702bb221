"""What every way out does (frostnode.wire.PeerTransport) while all is well: one suite over real sockets and the two
networks that tests put in their place. What only sockets can do to a client is in test_peer_http.py."""

from contextlib import asynccontextmanager

import pytest
import trio
from hypercorn.config import Config
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from frostnode.edge.http.server import serve_http
from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.errors import FrostError, LocalError, TransportError
from frostnode.testing.peers import AppTransport
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.network import Network, Server
from frostnode.testing.simulation.trace import Trace
from frostnode.testing.simulation.transport import SimTransport
from frostnode.testing.small_node import NoTransport

pytestmark = pytest.mark.network


async def whole(request):
    return Response(b"x" * 1000)


async def live(request):
    """One chunk now, and nothing more."""

    async def chunks():
        yield b"first"
        await trio.sleep_forever()

    return StreamingResponse(chunks())


async def said_back(request):
    body = await request.body()
    return Response(body, 200 if request.url.path == "/back" else 409, media_type="text/plain")


async def status(request):
    code = request.query_params.get("code", "")
    return JSONResponse(
        {"code": code}, int(request.path_params["status"]), media_type="application/problem+json"
    )


async def elsewhere(request):
    return Response(status_code=302, headers={"location": "/whole"})


async def packed(request):
    return Response(b"\x1f\x8b", headers={"content-encoding": "gzip"})


APP = Starlette(
    routes=[
        Route("/whole", whole),
        Route("/live", live),
        Route("/back", said_back, methods=["POST"]),
        Route("/conflict", said_back, methods=["POST"]),
        Route("/status/{status}", status),
        Route("/elsewhere", elsewhere),
        Route("/packed", packed),
    ]
)


@asynccontextmanager
async def sockets():
    settings = Config()
    settings.errorlog = settings.accesslog = None
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery, HttpTransport() as transport:
        await nursery.start(serve_http, APP, settings, listeners)
        yield f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}", transport
        nursery.cancel_scope.cancel()


def violated(name, error):
    raise AssertionError(name) from error


@asynccontextmanager
async def simulated():
    network = Network(SeededRandom(1), Trace(), violated)
    async with trio.open_nursery() as nursery, HttpTransport(SimTransport(network, "me")) as transport:
        network.serve("host", Server(APP, nursery))
        yield "http://host", transport
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def applications():
    async with HttpTransport(AppTransport({"host": APP})) as transport:
        yield "http://host", transport


@asynccontextmanager
async def nowhere():
    yield "http://host", NoTransport()


ALL = pytest.mark.parametrize("way", [sockets, simulated, applications])


async def error_of(asked):
    """What it is refused with."""
    with pytest.raises(FrostError) as caught:
        await asked
    return type(caught.value), caught.value.code


async def drunk(transport, url):
    async with transport.stream(url) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def pieces(*chunks):
    for chunk in chunks:
        yield chunk


@ALL
async def test_an_answer_comes_whole_or_in_chunks_and_no_larger_than_asked(way):
    async with way() as (url, transport):
        assert await transport.fetch(f"{url}/whole", bytes_max=1000) == b"x" * 1000
        assert await drunk(transport, f"{url}/whole") == b"x" * 1000
        too_large = (TransportError, "transport.too-large")
        assert await error_of(transport.fetch(f"{url}/whole", bytes_max=999)) == too_large
        assert await error_of(transport.post(f"{url}/back", b"12345", bytes_max=4)) == too_large


@ALL
async def test_what_is_sent_is_what_comes(way):
    async with way() as (url, transport):
        assert await transport.post(f"{url}/back", b"{}", bytes_max=10) == b"{}"
        assert await transport.send(f"{url}/back", pieces(b"a", b"b" * 5), bytes_max=10) == b"abbbbb"
        reply = await transport.exchange(f"{url}/conflict", b"note", bytes_max=10)
        assert reply == (409, "text/plain", b"note")


@ALL
async def test_what_a_peer_rightly_says_is_of_the_request_and_all_else_its_own_trouble(way):
    async with way() as (url, transport):
        for path, expected in {
            "/status/404?code=record.not-found": (LocalError, "record.not-found"),
            "/status/451?code=record.withheld": (LocalError, "record.withheld"),
            "/status/410?code=cursor.unknown": (LocalError, "cursor.unknown"),
            "/status/500?code=usage": (TransportError, "transport.status"),
            "/elsewhere": (TransportError, "transport.status"),
            "/packed": (TransportError, "transport.status"),
        }.items():
            assert await error_of(transport.fetch(url + path, bytes_max=1000)) == expected
            assert await error_of(drunk(transport, url + path)) == expected


@pytest.mark.parametrize("way", [sockets, simulated])  # applications answer when they have said their last
async def test_a_stream_is_heard_while_it_goes_on_and_can_be_left(way):
    async with way() as (url, transport):
        async with transport.stream(f"{url}/live") as chunks:
            assert await anext(chunks) == b"first"


@pytest.mark.parametrize("way", [simulated, applications, nowhere])  # of sockets: test_peer_http.py
async def test_where_nobody_answers_every_way_says_so(way):
    async with way() as (_, transport):
        url, nobody = "http://nobody/whole", (TransportError, "transport.unreachable")
        assert await error_of(transport.fetch(url, bytes_max=10)) == nobody
        assert await error_of(transport.post(url, b"", bytes_max=10)) == nobody
        assert await error_of(transport.send(url, pieces(b"a"), bytes_max=10)) == nobody
        assert await error_of(transport.exchange(url, b"", bytes_max=10)) == nobody
        assert await error_of(drunk(transport, url)) == nobody
