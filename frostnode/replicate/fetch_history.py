"""Fetch all epochs of one publisher from whoever has them, now: before it moves, and for a host that is behind."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from frostnode.ports import LogReader
from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.names import Did, Origin
from frostnode.replicate.follow import PeerFollower
from frostnode.replicate.survey import Further, Heard
from frostnode.replicate.world import World

T = TypeVar("T")

Progress = Callable[[str, int, int | None], Awaitable[None]]


async def fetch_history(
    world: World, did: Did, heard: Sequence[Heard], progress: Progress, further: Further | None = None
) -> None:
    """Take what is missing of each epoch, from the carrier with the largest head on, as long as something comes.

    With `further` those whom other carriers alone have named are asked in its world, otherwise like all.

    Raises:
        StorageError
    """
    able = sorted(
        (one for one in heard if one.knows), key=lambda one: one.head.size if one.head else 0, reverse=True
    )
    best = max((one.head.size for one in able if one.head), default=0)
    for origin in await _read(world, partial(_origins, did=did)):
        for one in able:
            if await _read(world, partial(_lacks, origin=origin, best=best)):
                await progress(f"fetching {origin.rpartition('/')[0].rpartition('/')[2]}", 0, None)
                way = further.world if further is not None and one.is_listed else world
                await _fetch(way, did, origin, one.url)


async def _fetch(world: World, did: Did, origin: Origin, url: str) -> None:
    """Whatever the policy says of others: this publisher was asked for by its owner."""
    follower = PeerFollower(url, replace(world, carrying=None), frozenset({did}))
    try:
        await follower.fetch(origin)
    except StorageError:
        raise
    except FrostError:
        """Another may have it."""


def _origins(reader: LogReader, did: Did) -> list[Origin]:
    history = reader.history(did)
    return [] if history is None else [standing.origin for standing in history.standing if standing.key]


def _lacks(reader: LogReader, origin: Origin, best: int) -> bool:
    """Whether leaves of an epoch are missing here: up to its end, or up to the largest head of the open one."""
    state = reader.log(origin)
    if state is None or state.standing is None:
        return True
    end = state.standing.end
    return state.held.size < (best if end is None else end.size)


async def _read(world: World, work: Callable[[LogReader], T]) -> T:
    def run() -> T:
        with world.store.read() as reader:
            return work(reader)

    return await world.worker.run(run)
