"""HTTP servers on loopback that say exactly what a test wants, byte for byte, without threads.

Rule: every connection serves one request and is closed. What a client does that hangs up is not an error.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

import trio

Handler: TypeAlias = Callable[[str, trio.SocketStream], Awaitable[None]]
"""Answers one request: its target (path and query), and the connection to write to."""

Message: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
"""An ASGI application."""


class Loopback:
    """One running server."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.url = ""
        self.requests: list[str] = []
        """The targets that were asked for, in order."""
        self.connections = 0
        """How many are open now."""
        self._closed = trio.Event()
        self._answering: set[trio.CancelScope] = set()

    def count(self, part: str) -> int:
        """How many requests had this in their target."""
        return sum(part in target for target in self.requests)

    async def serve(self, stream: trio.SocketStream) -> None:
        """Read one request and let the handler answer it."""
        self.connections += 1
        try:
            async with stream:
                head = b""
                while b"\r\n\r\n" not in head:
                    data = await stream.receive_some()
                    if not data:
                        return
                    head += data
                target = head.split(b" ", 2)[1].decode("ascii")
                self.requests.append(target)
                await self._answer(target, stream)
        finally:
            self.connections -= 1
            self._closed.set()
            self._closed = trio.Event()

    async def _answer(self, target: str, stream: trio.SocketStream) -> None:
        """Let the handler answer for as long as the client listens."""
        async with trio.open_nursery() as nursery:
            self._answering.add(nursery.cancel_scope)

            async def answer() -> None:
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    await self.handler(target, stream)
                nursery.cancel_scope.cancel()

            nursery.start_soon(answer)
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                while await stream.receive_some():
                    pass
            nursery.cancel_scope.cancel()
        self._answering.discard(nursery.cancel_scope)

    def hang_up(self) -> None:
        """Close all connections in the middle of what they say."""
        for scope in self._answering:
            scope.cancel()

    async def all_closed(self) -> None:
        """Wait until no connection is open."""
        while self.connections:
            await self._closed.wait()


@asynccontextmanager
async def loopback(handler: Handler) -> AsyncIterator[Loopback]:
    """Serve on a free port of 127.0.0.1 while the context lasts."""
    server = Loopback(handler)
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        server.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        nursery.start_soon(trio.serve_listeners, server.serve, [listener])
        yield server
        nursery.cancel_scope.cancel()


def response(body: bytes = b"", status: int = 200, **headers: str) -> bytes:
    """A whole answer; `_` in names of headers stands for `-`."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if not {"content_length", "transfer_encoding"} & headers.keys():
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def saying(answers: dict[str, bytes | Handler]) -> Handler:
    """Answer by path: bytes as they are, or as a handler does; 404 for the rest."""

    async def handler(target: str, stream: trio.SocketStream) -> None:
        answer = answers.get(target.partition("?")[0], response(status=404))
        await (stream.send_all(answer) if isinstance(answer, bytes) else answer(target, stream))

    return handler


async def silence(target: str, stream: trio.SocketStream) -> None:
    """Say nothing until the client hangs up."""
    await trio.sleep_forever()


def files(folder: Path) -> Handler:
    """What a plain web server does with a folder."""

    async def handler(target: str, stream: trio.SocketStream) -> None:
        path = folder / unquote(target.partition("?")[0]).lstrip("/")
        await stream.send_all(response(path.read_bytes()) if path.is_file() else response(status=404))

    return handler


def asgi(app: App, *, cut_after: Callable[[str], int | None] | None = None) -> Handler:
    """What an application answers; cut off after so many bytes of the body as `cut_after` says of the target."""

    async def handler(target: str, stream: trio.SocketStream) -> None:
        exchange = _Exchange(stream, cut_after(target) if cut_after else None)
        with trio.CancelScope() as exchange.scope:
            await app(_scope(target), exchange.receive, exchange.send)

    return handler


def _scope(target: str) -> Message:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


class _Exchange:
    """One request to an application and its answer, in chunks."""

    def __init__(self, stream: trio.SocketStream, left: int | None) -> None:
        self.scope = trio.CancelScope()
        self._stream = stream
        self._left = left
        self._is_asked = False

    async def receive(self) -> Message:
        """The request, and nothing more: a client that hangs up ends the application."""
        if self._is_asked:
            await trio.sleep_forever()
        self._is_asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        """Head or body; when enough was said, hang up."""
        if message["type"] == "http.response.start":
            lines = [f"HTTP/1.1 {message['status']} {HTTPStatus(message['status']).phrase}".encode()]
            lines += [name + b": " + value for name, value in message["headers"] if name != b"content-length"]
            lines += [b"connection: close", b"transfer-encoding: chunked"]
            await self._stream.send_all(b"\r\n".join(lines) + b"\r\n\r\n")
            return
        body = message.get("body", b"")
        if self._left is not None and len(body) > self._left:
            await self._stream.send_all(b"%x\r\n%b" % (len(body), body[: self._left]))
            await self._stream.aclose()
            self.scope.cancel()
            return
        if self._left is not None:
            self._left -= len(body)
        if body:
            await self._stream.send_all(b"%x\r\n%b\r\n" % (len(body), body))
        if not message.get("more_body", False):
            await self._stream.send_all(b"0\r\n\r\n")
