"""Where nodes ask to be pushed to (spec/05-sync.md#leases).

Trust: nobody can make this node push to a third party. The request is signed by the key that the node at
the URL says to have, the URL is asked before anything is stored, and where it may lead is for the
transport to decide (`edge.public_addresses`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from frostnode.neighbours import Lease
from frostnode.ports import LogReader
from frostnode.protocol.errors import LocalError
from frostnode.protocol.keys import PublicKey, to_multibase
from frostnode.protocol.limits import (
    LEASES_AT_ONCE_MAX,
    LEASES_AT_ONCE_PER_NODE_MAX,
    LEASES_MAX,
    LEASES_PER_HOST_MAX,
)
from frostnode.replicate.about import ask_about
from frostnode.replicate.body_chunks import BodyChunks
from frostnode.replicate.node_url import node_url
from frostnode.replicate.offer_form import LeaseAsked, leased_bytes, read_lease
from frostnode.replicate.turns import Turns
from frostnode.replicate.world import World


@dataclass(slots=True, kw_only=True)
class LeaseDesk:
    """One node's desk; `world.transport` goes where a lease may lead, and nowhere else."""

    me: PublicKey
    world: World
    changed: Callable[[], None]
    _turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self._turns = Turns(
            "requests for leases", in_all=LEASES_AT_ONCE_MAX, per_node=LEASES_AT_ONCE_PER_NODE_MAX
        )

    async def lease(self, node: PublicKey, body: BodyChunks, *, is_known: bool) -> bytes:
        """Push to a node from now on, if it is at the URL that it names.

        Raises:
            LogError: offer.malformed; TransportError
            LocalError: usage, lease.address, lease.node, queue.full
        """
        with self._turns.turn(to_multibase(node), is_known=is_known):
            asked = read_lease(await body.whole(), self.me)
            asked = LeaseAsked(url=node_url(asked.url), seconds=asked.seconds)
            if asked.seconds:
                await self._check(node, asked.url)
            await self.world.worker.run(partial(self._store, node, asked))
        self.changed()
        return leased_bytes(asked.seconds)

    async def _check(self, node: PublicKey, url: str) -> None:
        """Ask who is there: it must be the one who signed, and take offers."""
        about = await ask_about(self.world.transport, url)
        if about.key != node or not about.offers:
            found = "no key" if about.key is None else to_multibase(about.key)
            raise LocalError(
                "lease.node", f"node at {url}", found=found, expected=f"{to_multibase(node)}, taking offers"
            )

    def _store(self, node: PublicKey, asked: LeaseAsked) -> None:
        now_ms = self.world.clock.now_ms()
        with self.world.store.write() as writer:
            for lease in writer.leases():
                if lease.expires_ms <= now_ms or (lease.node == node and not asked.seconds):
                    writer.remove_lease(lease.node)
            if asked.seconds:
                _check_room(writer, node, asked.url)
                expires_ms = now_ms + 1000 * asked.seconds
                writer.put_lease(Lease(node=node, url=asked.url, expires_ms=expires_ms))


def _check_room(reader: LogReader, node: PublicKey, url: str) -> None:
    hosts = [_host(lease.url) for lease in reader.leases() if lease.node != node]
    if len(hosts) >= LEASES_MAX or hosts.count(_host(url)) >= LEASES_PER_HOST_MAX:
        raise LocalError("queue.full", "leases", found=len(hosts), hint="come again later")


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
