"""Keep up with one peer: a conversation after the other, further apart while they bring nothing."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import trio

from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.limits import PEER_BACKOFF_FIRST_S, PEER_BACKOFF_MAX_S, PEER_BUDGET_S
from frostnode.protocol.names import Did, Origin
from frostnode.replicate.metered import Meter, MeteredTransport
from frostnode.replicate.session import Session
from frostnode.replicate.world import Detail, PeerStatus, World

_LOG = logging.getLogger(__name__)

__all__ = ["PeerFollower", "PeerStatus", "World"]


def _nobody(_origins: Iterable[Origin]) -> None:
    """Nobody minds that a peer has more, or what was taken from it."""


@dataclass(slots=True)
class PeerFollower:
    """One peer. `dids` None carries all that the peer has.

    `behind` is told of logs of which the peer has shown more than is held here, `took` from which leaf on
    leaves of logs were taken, `turned` that the status is another.
    """

    url: str
    world: World
    dids: frozenset[Did] | None = None
    detail: Detail = Detail.FULL
    behind: Callable[[Iterable[Origin]], None] = _nobody
    took: Callable[[Mapping[Origin, int]], None] = _nobody
    turned: Callable[[], None] = lambda: None
    status: PeerStatus = field(init=False)
    _meter: Meter = field(init=False)
    _asked: dict[Origin, int] = field(init=False, default_factory=dict)
    _said: str = field(init=False, default="")
    """What was wrong, as the log says it."""
    _conversation: trio.CancelScope = field(init=False, default_factory=trio.CancelScope)

    def __post_init__(self) -> None:
        self.status = PeerStatus(self.url, self.detail)
        self._meter = Meter(self.status, self.world.clock)
        self.world = replace(self.world, transport=MeteredTransport(self.world.transport, self._meter))

    async def run(self) -> None:
        """Follow for ever; every failure is noted, shown and tried again later."""
        backoff_s = PEER_BACKOFF_FIRST_S
        while True:
            entries, begun_s = self.status.entries, self.world.clock.monotonic_s()
            with trio.CancelScope() as self._conversation, suppress(FrostError):  # it is in the status
                await self._converse(live=True)
            self.turned()
            if self._conversation.cancelled_caught:
                continue  # it is to be another one, at once
            lasted_s = self.world.clock.monotonic_s() - begun_s
            if self.status.entries > entries or lasted_s >= PEER_BACKOFF_MAX_S:
                backoff_s = PEER_BACKOFF_FIRST_S
            await self._rest(backoff_s * (1 + self.world.random.fraction()) / 2)
            backoff_s = min(backoff_s * 2, PEER_BACKOFF_MAX_S)

    async def _rest(self, seconds: float) -> None:
        """Leave the peer alone; one that has spent its budget for as long as it takes to have a new one."""
        if self.status.error.startswith("transport.budget"):
            seconds = PEER_BUDGET_S
        self.status.waits_until_s = self.world.clock.monotonic_s() + seconds
        await trio.sleep(seconds)
        self.status.waits_until_s = None

    def ask_for(self, detail: Detail) -> None:
        """Be sent everything from now on, or heads alone. A conversation that is under way begins anew."""
        if detail is not self.status.detail:
            self.status.detail = detail
            self._conversation.cancel()

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
            await self._session(status, dids=None).again(dids)
        finally:
            self.status.entries += status.entries

    async def fetch(self, origin: Origin) -> int:
        """Take what the peer has more of one log; answers how many leaves came.

        Raises:
            TransportError, PeerError, StorageError; LocalError, when the peer refuses to answer
        """
        return await self._session(self.status, self.dids).fetch(origin)

    async def fetch_bodies(self, origin: Origin, start: int) -> None:
        """Take what the peer has of the bodies that are missing here of one log.

        Raises:
            TransportError, PeerError, StorageError; LocalError, when the peer refuses to answer
        """
        await self._session(self.status, self.dids).fetch_bodies(origin, start)

    def _session(self, status: PeerStatus, dids: frozenset[Did] | None) -> Session:
        return Session(
            status, self.world, dids, self._asked, meter=self._meter, behind=self.behind, took=self.took
        )

    async def _converse(self, *, live: bool) -> None:
        self.status.caught_up = False
        self.status.stopped = {}
        try:
            await self._session(self.status, self.dids).run(live=live)
        except FrostError as error:
            self.status.caught_up = False
            self.status.error = f"{error.code}: {error}"
            if self._said != self.status.error:  # once, however often it is tried again
                self._said = self.status.error
                _LOG.warning("%s: %s", self.url, self._said)
            with suppress(StorageError):  # it may be what is wrong; the status says it anyway
                await self.world.worker.run(self._write_error)
            raise
        else:
            self._said = ""
        finally:
            self.status.connected = False

    def _write_error(self) -> None:
        with self.world.store.write() as writer:
            writer.peer_reached(self.url, None, self.status.error)
