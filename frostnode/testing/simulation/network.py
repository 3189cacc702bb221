"""The network between the machines of a world: who can reach whom, and what happens on the way.

Every exchange draws its fate from a stream of its own, by the names of the two ends and its number on that
link, so that what happens to one moves nothing of another.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import trio

from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.faults import GOOD, Fate, Faults
from frostnode.testing.simulation.trace import Trace

Message: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
"""An ASGI application."""

_CUT_BYTES: Final = 4096
_SLOW_S: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """What answers at a name: an application, and the nursery that its requests live and die in."""

    app: App
    nursery: trio.Nursery


class Network:
    """All links of a world. `failed` is told of what an application let out: no request may do that."""

    def __init__(
        self, random: SeededRandom, trace: Trace, failed: Callable[[str, BaseException], None]
    ) -> None:
        self.trace = trace
        self.failed = failed
        self.faults: Faults = GOOD
        self.open_answers: dict[str, int] = {}
        """How many requests each server is at."""
        self._random = random
        self._servers: dict[str, Server] = {}
        self._blocked: dict[tuple[str, str], int] = {}
        self._changed = trio.Event()
        self._exchanges: dict[tuple[str, str], int] = {}

    # -- who is there -----------------------------------------------------------------------------

    def serve(self, name: str, server: Server) -> None:
        """Answer at a name from now on."""
        self._servers[name] = server

    def vanish(self, name: str) -> None:
        """Answer at a name no longer."""
        self._servers.pop(name, None)

    def server(self, name: str) -> Server | None:
        """Who answers at a name now."""
        return self._servers.get(name)

    # -- who can reach whom -----------------------------------------------------------------------

    def block(self, source: str, target: str) -> None:
        """Nothing passes from one to the other, until as often unblocked; what is under way waits."""
        self._blocked[source, target] = self._blocked.get((source, target), 0) + 1

    def unblock(self, source: str, target: str) -> None:
        """Let pass again."""
        self._blocked[source, target] -= 1
        self._changed.set()
        self._changed = trio.Event()

    async def passage(self, source: str, target: str) -> None:
        """Wait until what one sends reaches the other."""
        while self._blocked.get((source, target)):
            await self._changed.wait()

    # -- what happens on the way ------------------------------------------------------------------

    def fate(self, source: str, target: str) -> Fate:
        """Draw what happens to the next exchange of a link."""
        number = self._exchanges.get((source, target), 0)
        self._exchanges[source, target] = number + 1
        random, faults = self._random.fork(f"{source}>{target}/{number}"), self.faults

        def delay() -> float:
            return faults.delay_s / 10 + random.around(faults.delay_s)

        there_s, back_s, chunk_s = delay(), delay(), delay() / 10
        luck = [random.fraction() for _ in range(7)]
        cut_after = random.around(_CUT_BYTES)
        return Fate(
            there_s=there_s,
            back_s=back_s,
            fails_to_connect=luck[0] < faults.fail_to_connect,
            request_is_lost=luck[1] < faults.drop_request,
            response_is_lost=luck[2] < faults.drop_response,
            is_duplicated=luck[3] < faults.duplicate,
            cut_after=int(cut_after) if luck[4] < faults.cut else None,
            chunk_s=random.between(0, _SLOW_S) if luck[5] < faults.slow else chunk_s,
            dies_silently=luck[6] < faults.die_silently,
        )
