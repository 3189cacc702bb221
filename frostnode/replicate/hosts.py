"""Find the new host of a publisher that has moved: an identity event that counts names it.

Trust: the URL is a hint of the publisher's owner. Who answers there is a found peer like any other: reached over the
guarded way out, asked for what is owed and never for everything, and there are never many.
"""

from collections.abc import Sequence
from typing import Final

import trio

from frostnode.bell import Bell
from frostnode.ports import ArrivalKind, LogReader
from frostnode.protocol.errors import StorageError
from frostnode.protocol.limits import (
    DISCOVER_INTERVAL_S,
    FOUND_PEERS_MAX,
    MOVE_GATHER_S,
    SOURCES_MIN,
    STREAM_BATCH_ARRIVALS_MAX,
)
from frostnode.replicate.node_url import may_be_public
from frostnode.replicate.world import World

_TELLING: Final = frozenset({ArrivalKind.EVENTS, ArrivalKind.SWITCHED})
_HOSTS_AT_ONCE: Final = 256


class HostFinder:
    """Looks whenever an identity event has come, and now and then, so that a host that is still one does not expire."""

    def __init__(
        self, world: World, *, arrived: Bell, changed: Bell, own_url: str, allows_private: bool
    ) -> None:
        self._world = world
        self._arrived = arrived
        self._changed = changed
        self._own_url = own_url
        self._allows_private = allows_private
        self._after = 0
        self._next_s = 0.0

    async def run(self) -> None:
        """Look for ever. A disk that fails is tried again."""
        while True:
            heard = self._arrived.listen()
            try:
                if await self._world.worker.run(self._look):
                    self._changed.ring()
            except StorageError:
                """The next round meets it again."""
            await heard.wait(DISCOVER_INTERVAL_S)
            await trio.sleep(MOVE_GATHER_S)  # whoever waits for an entry goes first

    def _look(self) -> bool:
        """Note the hosts that lack; answers whether there is a new one."""
        now_s = self._world.clock.monotonic_s()
        with self._world.store.read() as reader:
            if not self._has_heard(reader) and now_s < self._next_s:
                return False
            found = {peer.url: peer.listed_ms is not None for peer in reader.peers()}
            hosts = reader.hosts_after_moves(_HOSTS_AT_ONCE)
        self._next_s = now_s + DISCOVER_INTERVAL_S / 2
        still = [url for url, _ in hosts if found.get(url)]
        new = self._new(hosts, found)
        if still or new:
            with self._world.store.write() as writer:
                for url in (*still, *new):
                    writer.list_peer(url)
        return bool(new)

    def _has_heard(self, reader: LogReader) -> bool:
        """Whether an identity event has come since the last look."""
        if self._after == 0:
            self._after = reader.last_arrival()
            return True
        heard = False
        while arrivals := reader.arrivals(self._after, STREAM_BATCH_ARRIVALS_MAX):
            heard = heard or any(arrival.kind in _TELLING for arrival in arrivals)
            self._after = arrivals[-1].number
        return heard

    def _new(self, hosts: Sequence[tuple[str, int]], found: dict[str, bool]) -> list[str]:
        room = FOUND_PEERS_MAX - sum(found.values())
        lacking = [
            url
            for url, sources in hosts
            if sources < SOURCES_MIN
            and url not in found
            and url != self._own_url
            and (self._allows_private or may_be_public(url))
        ]
        return list(dict.fromkeys(lacking))[: max(0, room)]
