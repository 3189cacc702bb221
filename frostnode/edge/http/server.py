"""Serve an ASGI application over TCP: Hypercorn's protocols, with patience that ends, each connection with faults of its own.

A consumer that does not read costs one batch of frames and what the system buffers, and that for
SLOW_CONSUMER_S: then it is cut off, and resumes by the cursor of the last frame that it has taken.

A request has CONNECTION_IDLE_S to begin, and its head as long to be whole; nobody has more than
CONNECTIONS_PER_ADDRESS_MAX connections, so that nobody keeps all others out by holding them. Who sends a body
where none is asked for is heard for UNASKED_BODY_BYTES_MAX, then the answer ends.

A client that hangs up at the wrong moment makes Hypercorn send on a socket that is in use, or speak out of
turn; what is raised then ends that connection and no other.
"""

import json
import math
import resource
import socket
from collections import Counter
from http import HTTPStatus
from typing import Any, Final

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frostnode.edge.http.streams import network_of
from frostnode.edge.outcomes import http_status, problem
from frostnode.enduring import one_fault
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import (
    CONNECTION_IDLE_S,
    CONNECTIONS_MAX,
    CONNECTIONS_PER_ADDRESS_MAX,
    REQUEST_HEAD_BYTES_MAX,
    SLOW_CONSUMER_S,
    UNASKED_BODY_BYTES_MAX,
)

_PIECE_BYTES: Final = 64 * 1024
"""So much must be taken in SLOW_CONSUMER_S: what trickles slower is no progress."""


_HEAD_TOO_LONG: Final = b"HTTP/1.1 431 "
_OF_A_BODY: Final = frozenset({b"content-length", b"transfer-encoding"})
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})

_OWN_FILES: Final = 256
"""Left for stores, the search index and connections to peers."""


class PatientConnection(TCPServer):
    """One connection whose writes end: Hypercorn shields them and would wait for ever.

    When the other side has hung up it ends too: Hypercorn would keep it until its patience with idle ones is over.
    """

    _sending: trio.CancelScope | None = None
    _has_hung_up = False

    async def _read_data(self) -> None:
        """Read until the other side hangs up; from then on nothing is waited for."""
        await super()._read_data()
        self._has_hung_up = True
        await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        """Write, or hang up when the other side takes nothing."""
        if not isinstance(event, RawData):
            if not (self._has_hung_up and isinstance(event, Updated)):
                await super().protocol_send(event)
            return
        data = _head_too_long() if event.data.startswith(_HEAD_TOO_LONG) else event.data
        try:
            async with self.send_lock:
                for at in range(0, len(data), _PIECE_BYTES):
                    await self._send(data[at : at + _PIECE_BYTES])
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
            await self.protocol.handle(
                Closed()
            )  # busy: it is being closed, and nothing else writes beside the lock
        except trio.TooSlowError:
            await trio.aclose_forcefully(self.stream)
            await self.protocol.handle(Closed())

    async def _send(self, piece: bytes) -> None:
        """Half a piece is worse than none, so only time ends this, and the end of the server."""
        with trio.fail_after(SLOW_CONSUMER_S) as self._sending:
            self._sending.shield = True
            await self.stream.send_all(piece)

    def hang_up(self) -> None:
        """Wait no longer for the other side."""
        if self._sending is not None:
            self._sending.deadline = -float("inf")


def _head_too_long() -> bytes:
    """What is said where Hypercorn only hangs up: a query of a hundred kilobytes is refused in words too."""
    size = REQUEST_HEAD_BYTES_MAX
    error = TransportError(
        "request.too-large", "head of the request", found="more", expected=f"≤ {size} bytes"
    )
    body = json.dumps(problem(error)).encode()
    status = HTTPStatus(http_status(error))
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        "connection: close",
        "\r\n",
    )
    return "\r\n".join(lines).encode() + body


def server_settings() -> Config:
    """What a node tells Hypercorn: faults are logged, requests are not, and patience ends."""
    settings = Config()
    settings.accesslog = None
    settings.errorlog = "-"
    settings.loglevel = "WARNING"
    settings.keep_alive_timeout = CONNECTION_IDLE_S
    settings.h11_max_incomplete_size = REQUEST_HEAD_BYTES_MAX
    settings.include_server_header = False
    return settings


class _Unread:
    """An application that may leave the rest of a body unread, and reads none where none is asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        names = {name.lower() for name, _ in scope.get("headers", ())}
        may_have_body = scope.get("http_version") == "2" or names & _OF_A_BODY
        if scope["type"] != "http" or not may_have_body:
            await self._app(scope, receive, send)
            return
        is_asked_for = scope["method"] not in _WITHOUT_BODY
        exchange = _Exchange(receive, send, math.inf if is_asked_for else UNASKED_BODY_BYTES_MAX)
        await self._app(scope, exchange.receive, exchange.send)
        await exchange.end()


class _Exchange:
    """One request with a body, of which more than so many bytes are not handed on.

    Hypercorn queues what comes, and would wait for room in that queue before it ends the answer, for ever,
    also when the other side has long hung up. So the queue is emptied while the end of the answer is sent.
    """

    def __init__(self, receive: Receive, send: Send, bytes_max: float) -> None:
        self._receive = receive
        self._send = send
        self._left = bytes_max
        self._is_begun = False
        self._is_over = False

    async def receive(self) -> Message:
        """What comes next. Who sends too much has gone, as far as the application is told."""
        if self._left >= 0:
            message = await self._receive()
            # A frame without a byte is one more to be read all the same.
            self._left -= max(len(message.get("body", b"")), message.get("more_body", False))
            if self._left >= 0:
                return message
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Pass on."""
        self._is_begun = True
        if message["type"] != "http.response.body" or message.get("more_body", False):
            await self._send(message)
            return
        self._is_over = True
        with one_fault():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_empty, self._receive)
                await self._send(message)
                nursery.cancel_scope.cancel()

    async def end(self) -> None:
        """Hang up on who sent too much: with a reason, where no answer has begun."""
        if self._left >= 0 or self._is_over:
            return
        reason = b""
        if not self._is_begun:
            error = TransportError("request.too-large", "body", expected=UNASKED_BODY_BYTES_MAX)
            reason = json.dumps(problem(error)).encode()
            headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
            start = {"type": "http.response.start", "status": http_status(error), "headers": headers}
            await self.send(start)
        await self.send({"type": "http.response.body", "body": reason})


async def _empty(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def serve_http(
    app: Any,
    config: Config,
    listeners: list[trio.SocketListener],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; then no connection is waited for."""
    context = WorkerContext(None)
    connections: set[PatientConnection] = set()
    held: Counter[str] = Counter()
    room = _room_for_connections()

    async def connect(stream: trio.SocketStream) -> None:
        network = _network(stream)
        is_full = len(connections) >= room  # better none than files that cannot be opened
        if is_full or held[network] >= CONNECTIONS_PER_ADDRESS_MAX:
            await trio.aclose_forcefully(stream)
            return
        connection = PatientConnection(
            ASGIWrapper(_Unread(app)),  # type: ignore[arg-type]  # the same kind of application under another name
            config,
            context,
            ConnectionState({}),
            stream,  # type: ignore[arg-type]  # it takes plain streams too
        )
        connections.add(connection)
        held[network] += 1
        try:
            await connection.run()
        except* Exception:  # noqa: BLE001 - whatever it is, only this connection is at fault
            await trio.aclose_forcefully(stream)
        finally:
            connections.discard(connection)
            held[network] -= 1
            if not held[network]:
                del held[network]  # whoever has none is forgotten

    async with trio.open_nursery() as nursery:
        try:
            task_status.started()
            await trio.serve_listeners(connect, listeners, handler_nursery=nursery)
        finally:
            await context.terminated.set()
            for connection in connections:
                connection.hang_up()


def _network(stream: trio.SocketStream) -> str:
    """Whose connection it is, as far as an address can tell; "" when it is gone again."""
    try:
        return network_of(str(stream.socket.getpeername()[0]))
    except OSError:
        return ""


def _room_for_connections() -> int:
    """How many there can be: the system is asked for as many open files as they and the node itself need."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + _OWN_FILES
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    return (
        CONNECTIONS_MAX if allowed == resource.RLIM_INFINITY else min(CONNECTIONS_MAX, allowed - _OWN_FILES)
    )


def listen(host: str, port: int, backlog: int) -> trio.SocketListener:
    """A socket that listens at the address.

    Raises:
        LocalError: home.address
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(backlog)
    except (OSError, UnicodeError) as error:
        bound.close()
        raise LocalError(
            "home.address",
            f"{host} port {port}: {getattr(error, 'strerror', error)}",
            hint="`--host` and `--port`, or frost.toml, say where to listen",
        ) from error
    return trio.SocketListener(trio.socket.from_stdlib_socket(bound))
