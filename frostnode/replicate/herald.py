"""Tell the host that a publisher has left until it knows: it may come back from the dead, unaware.

It would go on signing under a key whose epoch has ended, and its readers would believe it until they hear.
"""

from dataclasses import dataclass, field
from functools import partial

import trio

from frostnode.bell import Bell
from frostnode.ports import LogReader
from frostnode.protocol.errors import StorageError
from frostnode.protocol.limits import HERALD_FIRST_S, HERALD_MAX_S, MOVE_GATHER_S
from frostnode.protocol.names import Did, Origin
from frostnode.replicate.announce import announce
from frostnode.replicate.world import World


@dataclass(frozen=True, slots=True)
class _Left:
    """An epoch that is open here, and where the one before it was."""

    did: Did
    origin: Origin
    url: str


@dataclass(slots=True)
class Herald:
    """Tells for a node: what was told stands in the store."""

    world: World
    bell: Bell
    own_url: str
    _pause_s: dict[Origin, float] = field(default_factory=dict)
    _next_s: dict[Origin, float] = field(default_factory=dict)

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            heard = self.bell.listen()
            try:
                await self._tell_all()
            except StorageError:
                """The next round meets it again."""
            await heard.wait(HERALD_FIRST_S)
            await trio.sleep(MOVE_GATHER_S)  # whoever waits for an entry goes first

    async def _tell_all(self) -> None:
        now_s = self.world.clock.monotonic_s()
        for left in await self.world.worker.run(self._untold):
            if self._next_s.get(left.origin, 0) > now_s:
                continue
            (told,) = await announce(self.world, left.did, [left.url])
            if told.error:
                pause_s = self._pause_s.get(left.origin, HERALD_FIRST_S)
                self._next_s[left.origin] = now_s + pause_s
                self._pause_s[left.origin] = min(2 * pause_s, HERALD_MAX_S)
            else:
                await self.world.worker.run(partial(self._note, left.origin))

    def _untold(self) -> list[_Left]:
        with self.world.store.read() as reader:
            return [
                left
                for hosted in reader.hosted()
                if reader.setting(_told(hosted.origin)) is None
                and (left := _left(reader, hosted.did, hosted.origin)) is not None
                and left.url != self.own_url
            ]

    def _note(self, origin: Origin) -> None:
        with self.world.store.write() as writer:
            writer.put_setting(_told(origin), "told")


def _told(origin: Origin) -> str:
    return f"told {origin}"


def _left(reader: LogReader, did: Did, origin: Origin) -> _Left | None:
    """The host of the epoch before an open one, if it is another host that has a URL."""
    history = reader.history(did)
    epochs = [] if history is None else [epoch for epoch in history.standing if epoch.key is not None]
    if len(epochs) < 2 or epochs[-1].origin != origin or epochs[-2].node == epochs[-1].node:
        return None
    return _Left(did, origin, epochs[-2].url) if epochs[-2].url else None
