"""Tell other nodes of identity events that were just signed, and take what others tell.

Anybody may tell: an event proves itself. It is taken of publishers that are known here, and what it lacks is asked
for as always; who is told wrongly has lost some checks of signatures.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

import trio

from frostnode.ports import LogReader
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.frames import EventsFrame, encode_byte_string, split_byte_strings
from frostnode.protocol.json_object import read_object
from frostnode.protocol.limits import ANNOUNCED_BYTES_MAX, SURVEY_AT_ONCE_MAX
from frostnode.protocol.names import Did
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.world import World

_ANSWER_BYTES_MAX: Final = 16 * 1024
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Told:
    """A node that was told; `error` is why it did not take it."""

    url: str
    error: str = ""


async def announce(world: World, did: Did, urls: Iterable[str]) -> list[Told]:
    """Tell nodes of the history that counts here.

    Raises:
        StorageError
    """
    body = await world.worker.run(partial(_history, world, did))
    told: dict[str, Told] = {}
    limit = trio.CapacityLimiter(SURVEY_AT_ONCE_MAX)

    async def tell(url: str) -> None:
        async with limit:
            try:
                status, _, answer = await world.transport.exchange(
                    f"{url}/frost/{did}/identity", body, bytes_max=_ANSWER_BYTES_MAX
                )
            except FrostError as error:
                told[url] = Told(url, f"{error.code}: {error}")
            else:
                told[url] = Told(url, "" if status == _OK else f"{status}: {_detail(answer)}")

    asked = list(dict.fromkeys(urls))
    async with trio.open_nursery() as nursery:
        for url in asked:
            nursery.start_soon(tell, url)
    return [told[url] for url in asked]


def _history(world: World, did: Did) -> bytes:
    """The newest events of the path that counts, as many as may be told at once."""
    with world.store.read() as reader:
        history = reader.history(did)
    path = [] if history is None else [encode_byte_string(signed.raw) for signed in history.path]
    start, weight = len(path), 0
    while start and weight + len(path[start - 1]) <= ANNOUNCED_BYTES_MAX:
        start -= 1
        weight += len(path[start])
    return b"".join(path[start:])


def _detail(answer: bytes) -> str:
    return str((read_object(answer) or {}).get("detail", "refused"))


async def take_announced(world: World, did: Did, body: bytes) -> str:
    """Take events that somebody tells of a publisher that is known here; answers the last one that counts then.

    Raises:
        LocalError: publisher.unknown; PeerError: what is wrong with the events; StorageError
    """

    def run() -> tuple[str, bool]:
        with world.store.read() as reader:
            _check_known(reader, did)
        ingest = Ingest(world.store, None, frozenset({did}), witnesses=world.witnesses)
        outcome = ingest.take([EventsFrame(did=did, events=list(split_byte_strings(body)))])
        with world.store.read() as reader:
            return _check_known(reader, did), outcome.stored

    tip, stored = await world.worker.run(run)
    if stored:
        world.changed()
    return tip


def _check_known(reader: LogReader, did: Did) -> str:
    history = reader.history(did)
    if history is None or reader.block(did) is not None:
        raise LocalError("publisher.unknown", did)
    return str(history.tip)
