"""Serve an ASGI application over TCP: Hypercorn's protocols, with patience that ends, each connection with faults of its own.

A consumer that does not read costs one batch of frames and what the system buffers, and that for
SLOW_CONSUMER_S: then it is cut off, and resumes by the cursor of the last frame that it has taken.

A client that hangs up at the wrong moment makes Hypercorn send on a socket that is in use, or speak out of
turn; what is raised then ends that connection and no other.
"""

import resource
import socket
from typing import Any, Final

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import CONNECTIONS_MAX, SLOW_CONSUMER_S

_PIECE_BYTES: Final = 64 * 1024
"""So much must be taken in SLOW_CONSUMER_S: what trickles slower is no progress."""


_OWN_FILES: Final = 256
"""Left for stores, the search index and connections to peers."""


class PatientConnection(TCPServer):
    """One connection whose writes end: Hypercorn shields them and would wait for ever."""

    _sending: trio.CancelScope | None = None

    async def protocol_send(self, event: Event) -> None:
        """Write, or hang up when the other side takes nothing."""
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        try:
            async with self.send_lock:
                for at in range(0, len(event.data), _PIECE_BYTES):
                    await self._send(event.data[at : at + _PIECE_BYTES])
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await self.protocol.handle(Closed())
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
    room = _room_for_connections()

    async def connect(stream: trio.SocketStream) -> None:
        if len(connections) >= room:  # better none than files that cannot be opened
            await trio.aclose_forcefully(stream)
            return
        connection = PatientConnection(
            ASGIWrapper(app),
            config,
            context,
            ConnectionState({}),
            stream,  # type: ignore[arg-type]  # it takes plain streams too
        )
        connections.add(connection)
        try:
            await connection.run()
        except* Exception:  # noqa: BLE001 - whatever it is, only this connection is at fault
            await trio.aclose_forcefully(stream)
        finally:
            connections.discard(connection)

    async with trio.open_nursery() as nursery:
        try:
            task_status.started()
            await trio.serve_listeners(connect, listeners, handler_nursery=nursery)
        finally:
            await context.terminated.set()
            for connection in connections:
                connection.hang_up()


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
