"""Keep up with one peer: a conversation after the other, further apart while they bring nothing."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import trio

from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.limits import PEER_BACKOFF_FIRST_S, PEER_BACKOFF_MAX_S
from frostnode.protocol.names import Did, Origin
from frostnode.replicate.session import Session
from frostnode.replicate.world import PeerStatus, World

__all__ = ["PeerFollower", "PeerStatus", "World"]


@dataclass(slots=True)
class PeerFollower:
    """One peer. `dids` None carries all that the peer has."""

    url: str
    world: World
    dids: frozenset[Did] | None = None
    status: PeerStatus = field(init=False)
    _asked: dict[Origin, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.status = PeerStatus(self.url)

    async def run(self) -> None:
        """Follow for ever; every failure is noted, shown and tried again later."""
        backoff_s = PEER_BACKOFF_FIRST_S
        while True:
            entries, begun_s = self.status.entries, self.world.clock.monotonic_s()
            with suppress(FrostError):  # it is in the status
                await self._converse(live=True)
            lasted_s = self.world.clock.monotonic_s() - begun_s
            if self.status.entries > entries or lasted_s >= PEER_BACKOFF_MAX_S:
                backoff_s = PEER_BACKOFF_FIRST_S
            await trio.sleep(backoff_s * (1 + self.world.random.fraction()) / 2)
            backoff_s = min(backoff_s * 2, PEER_BACKOFF_MAX_S)

    async def once(self) -> None:
        """Take all that the peer has now, then return.

        Raises:
            TransportError, PeerError, StorageError; LocalError, when the peer refuses to answer
        """
        await self._converse(live=False)

    async def again(self, dids: Sequence[Did]) -> None:
        """Fetch what was refused of these publishers and is carried now, beside whatever else goes on.

        Raises:
            TransportError, PeerError, StorageError; LocalError, when the peer refuses to answer
        """
        status = PeerStatus(self.url)
        try:
            await Session(status, self.world, None, {}).again(dids)
        finally:
            self.status.entries += status.entries

    async def _converse(self, *, live: bool) -> None:
        self.status.caught_up = False
        self.status.stopped = {}
        try:
            await Session(self.status, self.world, self.dids, self._asked).run(live=live)
        except FrostError as error:
            self.status.caught_up = False
            self.status.error = f"{error.code}: {error}"
            with suppress(StorageError):  # it may be what is wrong; the status says it anyway
                await self.world.worker.run(self._write_error)
            raise
        finally:
            self.status.connected = False

    def _write_error(self) -> None:
        with self.world.store.write() as writer:
            writer.peer_reached(self.url, None, self.status.error)
