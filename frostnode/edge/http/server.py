"""Serve an ASGI application over TCP: Hypercorn's protocols, each connection with faults of its own.

A client that hangs up at the wrong moment makes Hypercorn send on a socket that is in use, or speak out of
turn; what is raised then ends that connection and no other.
"""

import socket
from typing import Any

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState

from frostnode.protocol.errors import LocalError


async def serve_http(
    app: Any,
    config: Config,
    listeners: list[trio.SocketListener],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled."""
    context = WorkerContext(None)

    async def connect(stream: trio.SocketStream) -> None:
        connection = TCPServer(
            ASGIWrapper(app),
            config,
            context,
            ConnectionState({}),
            stream,  # type: ignore[arg-type]  # it takes plain streams too
        )
        try:
            await connection.run()
        except* Exception:  # noqa: BLE001 - whatever it is, only this connection is at fault
            await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        try:
            task_status.started()
            await trio.serve_listeners(connect, listeners, handler_nursery=nursery)
        finally:
            await context.terminated.set()


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
