"""Ask those who carry a publisher what they have: its identity history, and the head of its open log.

Asked before an event is signed, and before a host signs its first checkpoint after a start. What comes is judged like
anything that a peer sends: it is taken into the store, evidence included, and nobody is believed about anything else.
"""

from collections.abc import Awaitable, Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest

import trio

from frostnode.ports import LogReader
from frostnode.protocol.checkpoint import Checkpoint, open_checkpoint
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.frames import CheckpointFrame, Frame
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import NOTE_BYTES_MAX, SURVEY_AT_ONCE_MAX, SURVEY_LISTED_MAX, SURVEY_S
from frostnode.protocol.merkle import compact_range
from frostnode.protocol.names import Did, Origin, format_origin
from frostnode.protocol.witness import origin_digest
from frostnode.replicate.discovery import LIST_BYTES_MAX, PEERS_PATH, read_list
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.static import StaticSource
from frostnode.replicate.world import World


@dataclass(frozen=True, slots=True)
class Heard:
    """What one carrier or witness has. `head` is a tree that the log's key has signed, None when it showed none."""

    url: str
    knows: bool = False
    """Whether it told the publisher's history."""
    head: Checkpoint | None = None
    error: str = ""
    is_listed: bool = False
    """Whether other carriers alone have named it."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the heads come to. `best` is the largest, None when nobody showed one.

    `beside` are heads that are not of the same tree as `best`; of `unproven` ones it cannot be said here, because
    the tree of `best` is not held up to there.
    """

    best: Heard | None
    beside: Sequence[Heard]
    unproven: Sequence[Heard]


@dataclass(frozen=True, slots=True)
class OpenedLog:
    """The log that an event opened, and the key that signs it; no key where it was opened without."""

    origin: Origin
    key: PublicKey | None


@dataclass(frozen=True, slots=True)
class Further:
    """How nodes are asked that the carriers list: in `world` over a guarded way out, and only those that `may_ask` lets."""

    world: World
    may_ask: Callable[[str], bool]


Ask = Callable[[str], Awaitable[Heard]]


async def survey(
    world: World,
    did: Did,
    urls: Iterable[str],
    witnesses: Sequence[Cosigner] = (),
    after: Cid | None = None,
    further: Further | None = None,
) -> list[Heard]:
    """Ask all at once, first for the history, then for the head of a log: the one that the event `after` opened.

    By default it is the last event that counts, by all that was told. With `further` those too whom carriers list as
    their peers: one step, and of them only who has the publisher is answered.

    Raises:
        StorageError
    """
    heard = {one.url: one for one in await _each(urls, partial(_ask_identity, world, did))}
    ways = dict.fromkeys(heard, world)
    if further is not None:
        listed = await _listed(world, [one.url for one in heard.values() if one.knows], heard, further)
        found = await _each(listed, partial(_ask_identity, further.world, did))
        heard |= {one.url: replace(one, is_listed=True) for one in found if one.knows}
        ways |= dict.fromkeys(listed, further.world)
    opened = await world.worker.run(partial(_opened, world, did, after))
    if opened is None or opened.key is None:
        return list(heard.values())
    knowing = [one.url for one in heard.values() if one.knows]
    heads = await _each(knowing, lambda url: _ask_head(ways[url], opened, url))
    heard |= {one.url: replace(one, is_listed=heard[one.url].is_listed) for one in heads}
    named = [witness.url.rstrip("/") for witness in witnesses if witness.url]
    return [*heard.values(), *await _each(named, partial(_ask_witness, world, opened))]


def opened_log(reader: LogReader, did: Did, after: Cid | None) -> OpenedLog | None:
    """The log that an event opened, by default the last one that counts; None while it is not known."""
    history = reader.history(did)
    cid = after or (history.tip if history is not None else None)
    signed = history.event(cid) if history is not None and cid is not None else None
    if signed is None:
        return None
    epoch = signed.event.epoch
    return OpenedLog(format_origin(did, signed.event.n, signed.cid), epoch.key if epoch else None)


def weigh(heard: Sequence[Heard], held: Callable[[int], bytes | None]) -> Weighed:
    """Find the largest head, and who shows another tree. `held` answers the root of the first so many leaves here."""
    shown = [one for one in heard if one.head is not None]
    if not shown:
        return Weighed(None, (), ())
    best = max(shown, key=lambda one: one.head.size if one.head else 0)
    beside, unproven = [], []
    assert best.head is not None, "it is one that showed a head"
    is_held = held(best.head.size) == best.head.root
    for one in shown:
        assert one.head is not None, "it showed one"
        if one.head.size == best.head.size:
            if one.head.root != best.head.root:
                beside.append(one)
        elif one.head.size > 0:
            root = held(one.head.size)
            if not is_held or root is None:
                unproven.append(one)
            elif root != one.head.root:
                beside.append(one)
    return Weighed(best, beside, unproven)


def held_root(reader: LogReader, origin: Origin, size: int) -> bytes | None:
    """The root of the first `size` leaves that are held here; None when fewer are."""
    state = reader.log(origin)
    if state is None or state.held.size < size:
        return None
    return compact_range(size, reader.node_at(state.origin)).root()


async def _each(asked: Iterable[str], ask: Ask) -> list[Heard]:
    """Ask some at once; who does not answer in SURVEY_S is one that could not be reached."""
    urls = list(dict.fromkeys(asked))
    found: dict[str, Heard] = {}
    limit = trio.CapacityLimiter(SURVEY_AT_ONCE_MAX)

    async def one(url: str) -> None:
        async with limit:
            with trio.move_on_after(SURVEY_S):
                try:
                    found[url] = await ask(url)
                except StorageError:
                    raise
                except FrostError as error:
                    found[url] = Heard(url, error=f"{error.code}: {error}")
                return
        found[url] = Heard(url, error=f"transport.timeout: nothing came for {SURVEY_S} s")

    async with trio.open_nursery() as nursery:
        for url in urls:
            nursery.start_soon(one, url)
    return [found[url] for url in urls]


async def _listed(
    world: World, carriers: Sequence[str], known: Container[str], further: Further
) -> list[str]:
    """Whom carriers list that is not known here: some of each, so that no list drives out another."""
    lists: dict[str, list[str]] = {}

    async def one(url: str) -> Heard:
        lists[url] = read_list(await world.transport.fetch(f"{url}{PEERS_PATH}", bytes_max=LIST_BYTES_MAX))
        return Heard(url)

    await _each(carriers, one)
    new = [
        [url for url in lists.get(each, ()) if url not in known and further.may_ask(url)] for each in carriers
    ]
    in_turn = [url for turn in zip_longest(*new) for url in turn if url is not None]
    return list(dict.fromkeys(in_turn))[:SURVEY_LISTED_MAX]


async def _ask_identity(world: World, did: Did, url: str) -> Heard:
    await StaticSource(url, world, partial(_take, world, url), {}).identity(did)
    return Heard(url, knows=True)


async def _ask_head(world: World, opened: OpenedLog, url: str) -> Heard:
    note = await world.transport.fetch(f"{url}/frost/{opened.origin}/checkpoint", bytes_max=NOTE_BYTES_MAX)
    return await _judge(world, opened, url, note)


async def _ask_witness(world: World, opened: OpenedLog, url: str) -> Heard:
    address = f"{url}/{origin_digest(opened.origin).hex()}/checkpoint"
    note = await world.transport.fetch(address, bytes_max=NOTE_BYTES_MAX)
    return await _judge(world, opened, url, note)


async def _judge(world: World, opened: OpenedLog, url: str, note: bytes) -> Heard:
    """What a note says; a second tree that it proves is kept as evidence."""
    assert opened.key is not None, "an epoch with a key was asked about"
    head = open_checkpoint(note, opened.origin, opened.key)
    try:
        await _take(world, url, [CheckpointFrame(origin=opened.origin, note=note)])
    except StorageError:
        raise
    except FrostError as error:
        return Heard(url, knows=True, head=head, error=f"{error.code}: {error}")
    return Heard(url, knows=True, head=head)


async def _take(world: World, url: str, frames: list[Frame]) -> None:
    ingest = Ingest(world.store, None, witnesses=world.witnesses, source=url)
    outcome = await world.worker.run(partial(ingest.take, frames))
    if outcome.stored:
        world.changed()


def _opened(world: World, did: Did, after: Cid | None) -> OpenedLog | None:
    with world.store.read() as reader:
        return opened_log(reader, did, after)
