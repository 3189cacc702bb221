"""The server over real sockets: the fault of one connection is not that of another."""

import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer

from frostnode.edge.http import server
from frostnode.edge.http.server import serve_http
from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.errors import TransportError

pytestmark = pytest.mark.network


async def app(scope, receive, send):
    """Answer when the first piece of a body came."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": False})


async def serve(nursery):
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    settings = Config()
    settings.errorlog = settings.accesslog = None
    await nursery.start(serve_http, app, settings, listeners)
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


async def test_whatever_a_connection_raises_ends_that_connection(monkeypatch):
    class Breaking(TCPServer):
        breaks = True

        async def run(self):
            if Breaking.breaks:
                Breaking.breaks = False
                raise ExceptionGroup("of a nursery", [trio.BusyResourceError("in use")])
            await super().run()

    monkeypatch.setattr(server, "TCPServer", Breaking)
    async with trio.open_nursery() as nursery, HttpTransport() as transport:
        url = await serve(nursery)
        with pytest.raises(TransportError):
            await transport.fetch(url, bytes_max=2**20)
        assert len(await transport.fetch(url, bytes_max=2**20)) == 100_000
        nursery.cancel_scope.cancel()
