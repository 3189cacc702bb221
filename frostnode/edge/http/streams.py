"""Answers that stay open: how many there are at once, and the one look at the store that all who wait share.

Rules:
- there are at most STREAMS_MAX, and STREAMS_PER_ADDRESS_MAX to one address, so that nobody keeps all others out;
- one that waits holds no reader, asks for none to say that it lives, and is woken to look only when something came.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, aclosing
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

import trio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from frostnode.bell import Bell
from frostnode.protocol.frames import FRAMES_TYPE
from frostnode.protocol.limits import STREAMS_MAX, STREAMS_PER_ADDRESS_MAX
from frostnode.replicate.turns import Turns

NOT_KEPT: Final = {"cache-control": "no-store"}
"""What goes on is of the moment."""

_LOOK_S: Final = 1
"""How long a look is good for when no bell rings: a bell may be lost."""

_V6_PREFIX: Final = 64
"""Whoever has an address of that kind has all that begin like it."""


def _turns() -> Turns:
    return Turns("streams", in_all=STREAMS_MAX, per_node=STREAMS_PER_ADDRESS_MAX)


@dataclass(frozen=True, slots=True)
class OpenStreams:
    """Those of one node."""

    turns: Turns = field(default_factory=_turns)

    def answer(
        self,
        request: Request,
        parts: AsyncGenerator[bytes, None],
        *,
        media_type: str = FRAMES_TYPE,
        headers: Mapping[str, str] = NOT_KEPT,
    ) -> Response:
        """An answer that goes on, of frames or other parts; to HEAD its headers alone, which end.

        Raises:
            LocalError: queue.full
        """
        if request.method == "HEAD":
            return Response(media_type=media_type, headers=headers)
        turn = ExitStack()
        turn.enter_context(self.turn(request))
        return _Stream(parts, turn, media_type, headers)

    def turn(self, request: Request) -> AbstractContextManager[None]:
        """The turn of an answer that takes its time, from when it is entered.

        Raises:
            LocalError: queue.full, when it is entered
        """
        return self.turns.turn(
            network_of(request.client.host if request.client is not None else ""), is_known=True
        )


def network_of(host: str) -> str:
    """Whose connection comes from this address, as far as an address can tell."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, _V6_PREFIX), strict=False))
    return host


class _Stream(StreamingResponse):
    """A stream whose iterator is closed and whose turn ends when the client hangs up, wherever it was."""

    def __init__(
        self,
        parts: AsyncGenerator[bytes, None],
        turn: ExitStack,
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(parts, media_type=media_type, headers=headers)
        self._parts = parts
        self._turn = turn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send parts until they end or nobody listens."""
        with self._turn:
            async with aclosing(self._parts):
                await super().__call__(scope, receive, send)


class LastArrival:
    """The number of the last arrival, read once for all who were woken by one ring."""

    def __init__(self, bell: Bell, read: Callable[[], Awaitable[int]]) -> None:
        self._bell = bell
        self._read = read
        self._looking = trio.Lock()
        self._rings = -1
        self._looked_s = 0.0
        self._number = 0

    async def number(self) -> int:
        """As of the last ring; of _LOOK_S ago at most where none was heard."""
        async with self._looking:
            rings, now_s = self._bell.rings, trio.current_time()
            if rings != self._rings or now_s - self._looked_s >= _LOOK_S:
                self._number = await self._read()
                self._rings, self._looked_s = rings, now_s
        return self._number
