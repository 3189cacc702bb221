"""Compare heads with a peer: which logs differ, and a cursor of the peer from before that was asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from frostnode.ports import LogReader
from frostnode.protocol.head_ranges import (
    EVERYTHING,
    Answer,
    Bounds,
    Comparison,
    Difference,
    HeadItem,
    HeadSet,
    bounds_of,
)
from frostnode.protocol.merkle import compact_range
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.replicate.head_index import head_set
from frostnode.replicate.range_listing import RangesPage, format_bounds, read_ranges
from frostnode.replicate.world import Detail, World

_PAGE_BYTES_MAX: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was found. `cursor` is the peer's from before: what came to it since, its stream shows."""

    cursor: bytes
    mine: HeadSet
    differences: Sequence[Difference]

    def sizes(self) -> dict[Origin, int]:
        """How much the peer offers of the logs that are here. What it claims beyond that is not believed."""
        sizes = {head.origin: head.size for head in self.mine}
        for found in self.differences:
            theirs = 0 if found.theirs is None else found.theirs.size
            if theirs <= sizes.get(found.origin, 0):
                sizes[found.origin] = theirs
            else:
                sizes.pop(found.origin, None)
        return {origin: size for origin, size in sizes.items() if size}

    def is_mostly_missing(self, detail: Detail) -> bool:
        """Whether to begin anew costs at most twice what the differences do, and far fewer requests."""
        sizes = [_weight(found.theirs, detail) - _weight(found.mine, detail) for found in self.differences]
        missing = sum(max(0, size) for size in sizes)
        offered = sum(_weight(head, detail) for head in self.mine) + sum(sizes)
        return 2 * missing > offered


def _weight(head: HeadItem | None, detail: Detail) -> int:
    """What a log costs to be sent: its leaves, or just its head."""
    if head is None:
        return 0
    return 1 if detail is Detail.HEADS else head.size


async def compare_heads(
    world: World, url: str, dids: frozenset[Did] | None, detail: Detail
) -> Compared | None:
    """Ask until all differences are known; None when nearly nothing of what the peer has is here.

    Raises:
        TransportError; LogError: heads.malformed; LocalError, when the peer does not know how to answer
    """

    def read() -> HeadSet:
        with world.store.read() as reader:
            return head_set(reader, dids)

    mine = await world.worker.run(read)
    if mine.summary().leaves == 0:
        return None
    comparison = Comparison(mine, [EVERYTHING] if dids is None else sorted(map(bounds_of, dids)))
    cursor: bytes | None = None
    while asks := comparison.asks():
        page = await _ask(world, url, asks)
        if cursor is None:
            cursor = page.cursor
            if dids is None and _is_much_more(page.answers, mine, detail):
                return None
        comparison.take(page.answers)
    assert cursor is not None, "there is a range to begin with"
    return Compared(cursor=cursor, mine=mine, differences=comparison.differences)


async def _ask(world: World, url: str, asks: Sequence[Bounds]) -> RangesPage:
    query = "" if asks == [EVERYTHING] else "?" + urlencode([("range", format_bounds(each)) for each in asks])
    raw = await world.transport.fetch(f"{url}/frost/heads/ranges{query}", bytes_max=_PAGE_BYTES_MAX)
    return await world.worker.run(lambda: read_ranges(raw, asks))


def _is_much_more(answers: Sequence[Answer], mine: HeadSet, detail: Detail) -> bool:
    """Whether the first answer says already that more than half of what the peer has is missing here."""
    parts = [part for answer in answers for part in answer.parts]
    heads_only = detail is Detail.HEADS
    offered = sum(part.count if heads_only else part.leaves for part in parts)
    return offered > 2 * (len(mine) if heads_only else mine.summary().leaves)


def is_news(reader: LogReader, found: Difference) -> bool:
    """Whether the peer may have something of a log that is not here.

    A peer that merely has less of the same has nothing; one that has as much has another tree, or knows
    of another event. Of a log that is frozen here nothing is, unless it may have been settled.
    """
    mine, theirs = found.mine, found.theirs
    if theirs is None or reader.block(parse_origin(found.origin).did) is not None:
        return False
    if mine is None or not knows_tip(reader, theirs) or (theirs.forked and not mine.forked):
        return True
    if mine.disputed:
        return False
    return theirs.disputed or theirs.size >= mine.size or not _is_begun_by(reader, mine, theirs)


def knows_tip(reader: LogReader, head: HeadItem) -> bool:
    """Whether the last event that counts for the peer is known here."""
    history = reader.history(parse_origin(head.origin).did)
    return history is not None and history.event(head.tip) is not None


def _is_begun_by(reader: LogReader, mine: HeadItem, theirs: HeadItem) -> bool:
    """Whether a tree of the peer, smaller than the one held here, is what that begins with."""
    if theirs.size == 0:
        return True
    return compact_range(theirs.size, reader.node_at(mine.origin)).root() == theirs.root


def absent_from(reader: LogReader, origins: Sequence[Origin]) -> dict[Origin, tuple[int | None, int | None]]:
    """Logs of which leaves or bodies are missing here though their trees are held: the first of each."""
    leaves: dict[str, int] = {}
    page = 0
    while lines := reader.withheld(page):
        for line in lines:
            if line.state == "absent":
                leaves[line.origin] = min(line.index, leaves.get(line.origin, line.index))
        page += 1
    found = {origin: (leaves.get(origin), _first(reader.missing_bodies(origin, 0, 1))) for origin in origins}
    return {origin: pair for origin, pair in found.items() if pair != (None, None)}


def _first(indexes: Sequence[int]) -> int | None:
    return indexes[0] if indexes else None
