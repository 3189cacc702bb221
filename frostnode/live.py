"""The stages of a node that runs: they keep it up with its arrivals, its peers and its policy, until cancelled.

They know nobody but through `Parts`: where those come from is for `node` to say.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import trio

from frostnode.enduring import endure
from frostnode.operations.follow import carried_dids
from frostnode.operations.parts import Parts
from frostnode.operations.policy import greet, refresh
from frostnode.operations.scrub import scrub
from frostnode.project.stage import keep_up
from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.limits import (
    OWN_SUBSCRIPTIONS_GATHER_S,
    POLICY_CHECK_S,
    SCRUB_INTERVAL_S,
    VIEW_INTERVAL_S,
)
from frostnode.replicate.again import look_again
from frostnode.replicate.herald import Herald
from frostnode.replicate.hosts import HostFinder
from frostnode.replicate.keeper import PeerKeeper
from frostnode.replicate.settle import Settling


async def live(parts: Parts) -> None:
    """Run the stages of a node until cancelled. What the disk refuses one of them keeps none from going on."""
    stages: dict[str, Callable[[], Awaitable[None]]] = {
        "publishing": partial(_finish_what_waits, parts),
        "scrubbing": partial(_keep_scrubbed, parts),
        "catalog": partial(keep_up, parts.worker, parts.catalog_fold, parts.arrived, parts.projected.ring),
        "search": partial(keep_up, parts.worker, parts.index_fold, parts.projected, _nothing),
        "subscriptions": partial(_keep_subscriptions, parts),
        "notices": partial(_keep_matching, parts),
        "feeds": parts.window.run,
        "deliveries": parts.delivery.run,
        "peers": partial(_keep_peers, parts),
        "discovery": parts.discovery.run,
        "new hosts": _host_finder(parts).run,
        "old hosts": Herald(parts.world(), parts.arrived, parts.url).run,
        "carrying": partial(_keep_carrying, parts),
        "acquaintance": partial(_keep_acquainted, parts),
        "witnessing": parts.witnessing.run,
        "collecting": parts.collecting.run,
        "settling": Settling(parts.world(), parts.arrived).run,
    }
    if parts.hub is not None:
        stages["hub"] = parts.hub.run
    if parts.texts is not None:  # a world without the DNS has no domains to ask
        stages["handles"] = partial(parts.handles.run, parts.projected)
    if parts.pushing is not None:
        stages["offering"] = parts.pushing.offering.run
        if parts.pushing.asker is not None:
            stages["leases"] = parts.pushing.asker.run
    async with trio.open_nursery() as nursery:
        for name, stage in stages.items():
            nursery.start_soon(endure, name, stage, parts.troubles)


def _host_finder(parts: Parts) -> HostFinder:
    return HostFinder(
        parts.world(),
        arrived=parts.arrived,
        changed=parts.peers_changed,
        own_url=parts.url,
        allows_private=parts.discover_private,
    )


async def _finish_what_waits(parts: Parts) -> None:
    """Sign and reveal what a crash left written ahead. If that fails, the next publication meets it again."""
    for hosted in await parts.read(lambda reader: reader.hosted()):
        with suppress(FrostError):
            await parts.sequencing.submit(hosted.origin, [])


async def _keep_scrubbed(parts: Parts) -> None:
    """Overwrite what an erasure left, when it was cut off or a reader was in the way."""
    while True:
        with suppress(FrostError):  # the disk may be full now and not later
            await scrub(parts, _quietly)
        await trio.sleep(SCRUB_INTERVAL_S)


async def _quietly(what: str, done: int, total: int | None) -> None:
    """Nobody looks on."""


async def _keep_subscriptions(parts: Parts) -> None:
    """Watches for the subscriptions of publishers that come here, or publish some.

    Raises:
        StorageError
    """
    while True:
        heard = parts.projected.listen()
        if await parts.worker.run(parts.own_subscriptions.look):
            parts.projected.ring()
        await heard.wait(VIEW_INTERVAL_S)
        await trio.sleep(OWN_SUBSCRIPTIONS_GATHER_S)


async def _keep_matching(parts: Parts) -> None:
    """Match what the catalog has followed; the bell may be missed, and bodies are waited for no longer than said.

    Raises:
        StorageError
    """
    while True:
        heard = parts.projected.listen()
        if await parts.worker.run(parts.matching.step):
            parts.due.ring()
            continue
        until_ms = parts.matching.waits_until_ms
        rest_s = VIEW_INTERVAL_S if until_ms is None else (until_ms - parts.clock.now_ms()) / 1000
        await heard.wait(min(max(rest_s, 0.001), VIEW_INTERVAL_S))


def _nothing() -> None:
    """Nobody follows the search index."""


async def _keep_peers(parts: Parts) -> None:
    """Follow all peers that the home names."""
    parts.followers.clear()  # if this begins anew, none of them runs any more
    keeper = PeerKeeper(
        parts.world(),
        parts.followers,
        guarded=parts.guarded,
        carried=partial(carried_dids, parts),
        changed=parts.peers_changed,
        begun=parts.carrying_changed.ring,
    )
    await keeper.run()


async def _keep_carrying(parts: Parts) -> None:
    """Look again at what was refused, when it is due or something has changed: nothing is refused for ever."""
    while True:
        heard = parts.carrying_changed.listen()
        with suppress(
            StorageError
        ):  # it may be over by the next time; whoever takes something in says it too
            await refresh(parts)
            while await look_again(parts.carrying, parts.worker, list(parts.followers.values())):
                pass
        await heard.wait(POLICY_CHECK_S)


async def _keep_acquainted(parts: Parts) -> None:
    """Ask followed nodes which key is theirs, until each has answered once."""
    while True:
        heard = parts.carrying_changed.listen()
        with suppress(StorageError):
            await greet(parts, [peer.url for peer in await parts.read(lambda reader: reader.peers())])
        await heard.wait(POLICY_CHECK_S)
