"""Receivers of notices without a network: each says what a test wants, and remembers what it was told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import trio

from frostnode.protocol.errors import TransportError
from frostnode.wire import CallbackAnswer

Receive: TypeAlias = Callable[["Message"], Awaitable[CallbackAnswer]]


@dataclass(frozen=True, slots=True)
class Message:
    """What came, and when, in seconds of the run."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    at_s: float
    method: str = "POST"


@dataclass(slots=True)
class MemoryCallbacks:
    """A `frostnode.wire.Callbacks`: receivers by their URLs, and all that came."""

    receivers: dict[str, Receive] = field(default_factory=dict)
    came: list[Message] = field(default_factory=list)

    def at(self, url: str) -> list[Message]:
        """What came to a URL, in order."""
        return [message for message in self.came if message.url.partition("?")[0] == url]

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> CallbackAnswer:
        """The answer of a receiver."""
        return await self._ask(Message(url, dict(headers), body, trio.current_time()))

    async def get(self, url: str) -> CallbackAnswer:
        """The answer of a receiver."""
        return await self._ask(Message(url, {}, b"", trio.current_time(), "GET"))

    async def _ask(self, message: Message) -> CallbackAnswer:
        await trio.lowlevel.checkpoint()
        receive = self.receivers.get(message.url.partition("?")[0])
        if receive is None:
            raise TransportError("transport.unreachable", "callback: nobody there")
        self.came.append(message)
        return await receive(message)


def saying(status: int, *, retry_after: str = "", body: bytes = b"") -> Receive:
    """Answer this at once, always."""

    async def receive(message: Message) -> CallbackAnswer:
        return CallbackAnswer(status, retry_after, body)

    return receive


def slowly(seconds: float, status: int = 200) -> Receive:
    """Answer after so many seconds."""

    async def receive(message: Message) -> CallbackAnswer:
        await trio.sleep(seconds)
        return CallbackAnswer(status)

    return receive
