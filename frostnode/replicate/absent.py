"""Ask others for bodies that came from nobody: an absent body is no fault, and somebody else may have it.

Only peers that have shown the log are asked, one after the other. A body that none of them has may still come
later, as an arrival of the full source: they are asked again, less and less often. What an earlier run left
is looked for once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import trio

from frostnode.ports import LogReader
from frostnode.protocol.errors import FrostError
from frostnode.protocol.limits import BODY_PAUSE_S_MAX, BODY_WAIT_S, OWED_MAX, PEERS_CHECK_S
from frostnode.protocol.names import Origin
from frostnode.replicate.follow import PeerFollower
from frostnode.replicate.world import World

_AT_ONCE: Final = 64


@dataclass(slots=True)
class _Hollow:
    """A log of which leaves came from `start` on, and their bodies perhaps not."""

    start: int
    look_s: float
    pause_s: float = PEERS_CHECK_S
    asked: set[str] = field(default_factory=set)


class AbsentBodies:
    """Looks some seconds after leaves have come whether their bodies have, and asks around if not."""

    def __init__(
        self, world: World, followers: Mapping[str, PeerFollower], full: Callable[[], str | None]
    ) -> None:
        self._world = world
        self._followers = followers
        self._full = full
        self._hollow: dict[Origin, _Hollow] = {}
        self._page: int | None = 0
        """Of heads whose logs are still to be looked through for what an earlier run left."""

    def note(self, taken: Mapping[Origin, int]) -> None:
        """Leaves of these logs have come, each from that one on."""
        look_s = self._world.clock.monotonic_s() + BODY_WAIT_S
        for origin, start in taken.items():
            hollow = self._hollow.get(origin)
            if hollow is not None:
                hollow.start, hollow.look_s, hollow.pause_s = min(start, hollow.start), look_s, PEERS_CHECK_S
                hollow.asked.clear()
            elif len(self._hollow) < OWED_MAX:
                self._hollow[origin] = _Hollow(start, look_s)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await trio.sleep(BODY_WAIT_S)
            if self._page is not None:
                await self._look_through(self._page)
            now_s = self._world.clock.monotonic_s()
            due = [origin for origin, hollow in self._hollow.items() if hollow.look_s <= now_s]
            for origin in due[:_AT_ONCE]:
                await self._look(origin, self._hollow[origin])

    async def _look_through(self, page: int) -> None:
        """Note which logs on a page of heads lack bodies."""

        def run() -> tuple[int, dict[Origin, int]]:
            with self._world.store.read() as reader:
                heads = reader.heads(page)
                missing = {head.origin: reader.missing_bodies(head.origin, 0, 1) for head in heads}
            return len(heads), {origin: found[0] for origin, found in missing.items() if found}

        count, missing = await self._world.worker.run(run)
        self._page = page + 1 if count else None
        self.note(missing)

    async def _look(self, origin: Origin, hollow: _Hollow) -> None:
        """Ask one more peer for what is missing of a log; forget it when nothing is. The full source comes last."""
        first, offers = await self._world.worker.run(partial(self._stored, origin, hollow.start))
        if first is None:
            self._hollow.pop(origin, None)
            return
        full = self._full()
        able = [url for url in offers if self._can_ask(url) and url not in hollow.asked]
        able.sort(key=lambda url: (url == full, url))
        if not able:
            hollow.asked.clear()
            hollow.look_s = self._world.clock.monotonic_s() + hollow.pause_s
            hollow.pause_s = min(2 * hollow.pause_s, BODY_PAUSE_S_MAX)
            return
        hollow.start = first
        hollow.asked.add(able[0])
        follower = self._followers[able[0]]
        try:
            await follower.fetch_bodies(origin, first)
        except FrostError as error:
            follower.status.failed[origin] = f"{error.code}: {error}"

    def _stored(self, origin: Origin, start: int) -> tuple[int | None, Mapping[str, int]]:
        def run(reader: LogReader) -> tuple[int | None, Mapping[str, int]]:
            missing = reader.missing_bodies(origin, start, 1)
            return next(iter(missing), None), reader.offers(origin) if missing else {}

        with self._world.store.read() as reader:
            return run(reader)

    def _can_ask(self, url: str) -> bool:
        follower = self._followers.get(url)
        return follower is not None and (follower.status.connected or follower.status.is_static)
