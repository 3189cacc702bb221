"""A receiver of notices on loopback: an HTTP server that keeps connections, and all that it was sent."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import h11
import trio

Headers: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Received:
    """One request; names of header fields are in lower case."""

    method: str
    target: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """An answer."""

    status: int = 200
    body: bytes = b""
    headers: Headers = field(default_factory=dict)


def yes(received: Received) -> Said:
    """Take whatever comes."""
    return Said()


@dataclass(slots=True)
class Receiver:
    """A server that runs at `url`; `answer` says what it answers."""

    url: str
    answer: Callable[[Received], Said] = yes
    came: list[Received] = field(default_factory=list)
    connections: int = 0
    """How many there were."""
    _heard: trio.Event = field(default_factory=trio.Event)

    async def has(self, count: int) -> list[Received]:
        """Wait for so many requests."""
        while len(self.came) < count:
            await self._heard.wait()
        return self.came

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        connection = h11.Connection(h11.SERVER)
        async with stream:
            while (received := await _request(connection, stream)) is not None:
                self.came.append(received)
                self._heard.set()
                self._heard = trio.Event()
                said = self.answer(received)
                fields = [("content-length", str(len(said.body))), *said.headers.items()]
                head = h11.Response(status_code=said.status, headers=fields, reason=b"")
                events: list[h11.Event] = [head, h11.Data(data=said.body), h11.EndOfMessage()]
                await stream.send_all(b"".join(connection.send(event) or b"" for event in events))
                if connection.our_state is h11.MUST_CLOSE:
                    return
                connection.start_next_cycle()


async def _request(connection: h11.Connection, stream: trio.SocketStream) -> Received | None:
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            try:
                connection.receive_data(await stream.receive_some())
            except trio.BrokenResourceError:
                return None
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            headers = {name.decode(): value.decode() for name, value in request.headers}
            return Received(request.method.decode(), request.target.decode(), headers, bytes(body))
        else:
            return None


@asynccontextmanager
async def receiving(answer: Callable[[Received], Said] = yes) -> AsyncIterator[Receiver]:
    """Receive at a free port of 127.0.0.1 while the context lasts."""
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        receiver = Receiver(f"http://127.0.0.1:{listener.socket.getsockname()[1]}", answer)
        nursery.start_soon(partial(trio.serve_listeners, receiver.serve, [listener]))
        yield receiver
        nursery.cancel_scope.cancel()
