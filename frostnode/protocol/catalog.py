"""The fold from the entries of one (publisher, type, key) to the one that is current.

Rules (spec/03-records.md#current-state):
- the last entry in order of (epoch, index) decides; claimed times never do, nor does the order of arrival;
- a withdrawal is an entry like any other: it stays the last one until something is put after it;
- only entries that count are folded. When an epoch is cut or comes back, the entries that count are
  others, and what they fold to is computed anew: there is nothing to undo.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Header, Op
from frostnode.protocol.names import Origin


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where an entry is among all entries of its publisher that count: number of the epoch, index in its log.

    It names an entry only as long as the same epochs count: numbers come again after a void.
    """

    epoch: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry that counts, with the log that it is in and the CID of its header."""

    position: Position
    origin: Origin
    header_cid: Cid
    header: Header


def fold(state: Entry | None, entry: Entry) -> Entry:
    """Fold one more entry of the same (publisher, type, key), in any order: the last one remains.

    Of one position there is one entry, because each epoch that counts has one log.
    """
    if state is None or state.position < entry.position:
        return entry
    return state


def last(entries: Iterable[Entry]) -> Entry | None:
    """Find the entry that decides, be it a withdrawal."""
    state: Entry | None = None
    for entry in entries:
        state = fold(state, entry)
    return state


def current(entries: Iterable[Entry]) -> Entry | None:
    """Find the entry that is the record now; None where there is none or the last one withdrew it."""
    state = last(entries)
    return None if state is None or state.header.op is Op.WITHDRAW else state
