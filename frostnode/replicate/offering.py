"""Who is pushed to: the peers of this home and the nodes that hold a lease, one `Offerer` each."""

from dataclasses import dataclass, field

import trio

from frostnode.bell import Bell
from frostnode.neighbours import Lease
from frostnode.ports import LogReader
from frostnode.protocol.keys import PublicKey, to_multibase
from frostnode.protocol.limits import PEERS_CHECK_S
from frostnode.replicate.offer import Offerer
from frostnode.replicate.world import World


@dataclass(slots=True, kw_only=True)
class Offering:
    """See the module. `world` reaches the peers, `lease_world` where a lease may lead, and nowhere else."""

    me: PublicKey
    world: World
    lease_world: World
    arrived: Bell
    changed: Bell
    """Rings when peers or leases change."""
    offerers: dict[str, Offerer] = field(default_factory=dict)
    """By URL."""
    _scopes: dict[str, trio.CancelScope] = field(default_factory=dict)
    _active: dict[PublicKey, Offerer] = field(default_factory=dict)

    def is_neighbour(self, node: PublicKey) -> bool:
        """Whether a node is a peer of this home, or holds a lease."""
        return any(node in (offerer.node, offerer.lease) for offerer in self.offerers.values())

    def called(self, node: PublicKey) -> str:
        """The URL of a followed node that has this key, else the key as text."""
        peers = (url for url, offerer in self.offerers.items() if offerer.lease is None)
        return next((url for url in sorted(peers) if self.offerers[url].node == node), to_multibase(node))

    async def run(self) -> None:
        """Begin and end with the list of peers and leases.

        Raises:
            StorageError: nobody is offered to any more; it can be run again
        """
        self.offerers.clear()
        self._scopes.clear()
        async with trio.open_nursery() as nursery:
            while True:
                heard = self.changed.listen()
                wanted = await self.world.worker.run(self._wanted)
                for url, offerer in list(self.offerers.items()):
                    if url not in wanted or wanted[url] != offerer.lease:
                        self._scopes.pop(url).cancel()
                        del self.offerers[url]
                for url in sorted(wanted.keys() - self.offerers.keys()):
                    self._begin(nursery, url, wanted[url])
                await heard.wait(PEERS_CHECK_S)

    def _wanted(self) -> dict[str, PublicKey | None]:
        """Where to push, and to whom if by a lease; a peer needs none."""
        with self.world.store.read() as reader:
            leased = {lease.url: lease.node for lease in self._live(reader)}
            return {**leased, **{peer.url: None for peer in reader.peers()}}

    def _live(self, reader: LogReader) -> list[Lease]:
        now_ms = self.world.clock.now_ms()
        return [lease for lease in reader.leases() if lease.expires_ms > now_ms]

    def _begin(self, nursery: trio.Nursery, url: str, lease: PublicKey | None) -> None:
        offerer = Offerer(
            url=url,
            lease=lease,
            me=self.me,
            world=self.world if lease is None else self.lease_world,
            arrived=self.arrived,
            active=self._active,
        )
        scope = trio.CancelScope()
        self.offerers[url], self._scopes[url] = offerer, scope
        nursery.start_soon(_run, offerer, scope)


async def _run(offerer: Offerer, scope: trio.CancelScope) -> None:
    with scope:
        await offerer.run()
