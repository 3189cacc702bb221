"""The heads of this node in order, for comparing them with others: kept, and brought up to date by arrivals."""

from collections.abc import Callable
from typing import Final

from frostnode.ports import Head, LogReader
from frostnode.protocol.head_ranges import EVERYTHING, Bounds, HeadItem, HeadSet, bounds_of
from frostnode.protocol.names import Did
from frostnode.protocol.note import decode_base64
from frostnode.replicate.serve import offered_size

_AT_ONCE: Final = 1024


class HeadIndex:
    """Heads as of the last arrival that was looked at, of publishers that are carried. One caller at a time."""

    def __init__(self, carries: Callable[[Did], bool] = lambda _did: True) -> None:
        self._carries = carries
        self._hidden: set[Did] = set()
        self._number = 0
        self._heads: dict[Did, list[HeadItem]] = {}
        self._set = HeadSet([])

    def refresh(self, reader: LogReader) -> HeadSet:
        """The heads that `reader` sees: only of publishers of whom something arrived they are read again."""
        last, before = reader.last_arrival(), self._number
        if before == 0:
            self._heads.clear()
            for head in _heads(reader, EVERYTHING) if last else ():
                self._heads.setdefault(head.did, []).append(_item(reader, head))
        else:
            for did in self._changed(reader, last):
                self._heads[did] = [_item(reader, head) for head in _heads(reader, bounds_of(did))]
        hidden = {did for did in self._heads if not self._carries(did)}
        if last != before or hidden != self._hidden:
            self._number, self._hidden = last, hidden
            shown = (items for did, items in self._heads.items() if did not in hidden)
            self._set = HeadSet(item for items in shown for item in items)
        return self._set

    def _changed(self, reader: LogReader, last: int) -> set[Did]:
        changed: set[Did] = set()
        number = self._number
        while number < last:
            arrivals = reader.arrivals(number, _AT_ONCE)
            changed.update(arrival.did for arrival in arrivals)
            number = arrivals[-1].number
        return changed


def head_set(reader: LogReader, dids: frozenset[Did] | None = None) -> HeadSet:
    """The heads of this node, of some publishers or of all, read once."""
    if dids is None:
        return HeadIndex().refresh(reader)
    heads = (head for did in dids for head in _heads(reader, bounds_of(did)))
    return HeadSet(_item(reader, head) for head in heads)


def _heads(reader: LogReader, bounds: Bounds) -> list[Head]:
    heads: list[Head] = []
    low = bounds.low
    while page := reader.heads_within(low, bounds.high, _AT_ONCE):
        heads += page
        if len(page) < _AT_ONCE:
            break
        low = f"{page[-1].origin}!"  # "!" stands before whatever may go on an origin
    return heads


def _item(reader: LogReader, head: Head) -> HeadItem:
    """What is offered of a log: its checkpoint, or where its epoch has ended, that end."""
    size, root = 0, b""
    if head.ended:
        state = reader.log(head.origin)
        end = state.standing.end if state is not None and state.standing is not None else None
        if state is not None and end is not None and (size := offered_size(reader, state)):
            root = end.root
    elif head.checkpoint is not None and head.size:
        size, root = head.size, _root(head.checkpoint)
    return HeadItem(
        origin=head.origin,
        size=size,
        root=root,
        tip=head.tip,
        forked=head.forked,
        disputed=head.disputed,
    )


def _root(note: bytes) -> bytes:
    """The root that a checkpoint names, which was verified before it was stored."""
    return decode_base64(note.split(b"\n", 3)[2].decode()) or b""
