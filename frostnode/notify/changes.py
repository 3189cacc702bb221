"""What arrivals mean to those who want to be told: changes of entries, and moves of publishers.

Rules (spec/14-notices.md#changes):
- the changes of an arrival have one order, and each its place in it, so that its id is the same at every look;
- of leaves that nobody can read there is nothing to tell, nor of what is blocked here;
- what is cut is told as retracted, as far as it counted before; what counts again, as restored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from frostnode.log.content import headers_of
from frostnode.ports import Arrival, ArrivalKind, CatalogReader, LogReader
from frostnode.protocol.entry import Header, Op, header_cid, read_leaf
from frostnode.protocol.limits import NOTICE_BODY_WAIT_S
from frostnode.protocol.names import Origin
from frostnode.protocol.notice import Change, ChangeKind, NoticeId

_ARRIVALS_AT_ONCE: Final = 1024
_LATE_MS: Final = NOTICE_BODY_WAIT_S * 1000 - 1000
"""A little less than is waited for bodies: better told twice that content is there than never."""


def changes_of(
    log: LogReader, catalog: CatalogReader, arrival: Arrival, position: int = 0
) -> Iterator[Change]:
    """The changes of an arrival from `position` on, in order. The catalog has followed up to the arrival at least."""
    if log.block(arrival.did) is not None:
        return
    blocked = {(block.type, block.key) for block in log.blocks(arrival.did)}
    for change in _all_changes(log, catalog, arrival, position):
        if (change.type, change.key) not in blocked:
            yield change


def _all_changes(log: LogReader, catalog: CatalogReader, arrival: Arrival, position: int) -> Iterator[Change]:
    match arrival.kind:
        case ArrivalKind.ENTRIES:
            yield from _entries(log, arrival, position)
        case ArrivalKind.BODIES:
            yield from _contents(log, catalog, arrival, position)
        case ArrivalKind.CUT:
            yield from _run(
                log, arrival, ChangeKind.RETRACTED, arrival.start, _counted(log, arrival), position
            )
        case ArrivalKind.RESTORED:
            yield from _run(
                log, arrival, ChangeKind.RESTORED, _counted(log, arrival), arrival.start, position
            )
        case ArrivalKind.DROPPED:
            yield from _dropped(log, arrival, position)
        case ArrivalKind.EVENTS | ArrivalKind.SWITCHED:
            yield from _moves(log, arrival, position)
        case _:
            """What is erased, blocked, disputed or cosigned is said where it is looked up."""


def ready_arrivals(
    log: LogReader, arrivals: Sequence[Arrival], now_ms: int
) -> tuple[Sequence[Arrival], int | None]:
    """Those before the first whose bodies are waited for, and until when (ms) that is; None when none is."""
    for at, arrival in enumerate(arrivals):
        until_ms = arrival.at_ms + 1000 * NOTICE_BODY_WAIT_S
        is_fresh = arrival.at_ms <= now_ms < until_ms
        if arrival.kind is ArrivalKind.ENTRIES and is_fresh and _lacks_bodies(log, arrival):
            return arrivals[:at], until_ms
    return arrivals, None


def _lacks_bodies(log: LogReader, arrival: Arrival) -> bool:
    """Whether a body of these leaves is neither here nor known not to come."""
    return bool(log.missing_bodies(arrival.origin, arrival.start, 1, arrival.stop))


def _entries(log: LogReader, arrival: Arrival, position: int) -> Iterator[Change]:
    """Entries that count; of those that were cut since, the cut tells."""
    state = log.log(arrival.origin)
    stop = min(arrival.stop, state.counted) if state is not None and state.standing is not None else 0
    for index, leaf, header in headers_of(log, arrival.origin, arrival.start + position, stop):
        kind = ChangeKind.PUT if header.op is Op.PUT else ChangeKind.WITHDRAWN
        yield _change(log, arrival, index - arrival.start, kind, (index, leaf, header))


def _contents(log: LogReader, catalog: CatalogReader, arrival: Arrival, position: int) -> Iterator[Change]:
    """Bodies of entries that were told of without them."""
    late = catalog.seen_by(arrival.origin, arrival.start, arrival.stop, arrival.at_ms - _LATE_MS)
    if late:
        for change in _entries(log, arrival, position):
            if change.index in late:
                yield replace(change, kind=ChangeKind.CONTENT)


def _run(
    log: LogReader, arrival: Arrival, kind: ChangeKind, start: int, stop: int, position: int
) -> Iterator[Change]:
    for index, leaf, header in headers_of(log, arrival.origin, start + position, stop):
        yield _change(log, arrival, index - start, kind, (index, leaf, header))


def _counted(log: LogReader, arrival: Arrival) -> int:
    """Up to where the log counted before this arrival, as the arrivals before it tell."""
    held, end = 0, None
    after = 0
    while some := log.arrivals(after, _ARRIVALS_AT_ONCE, frozenset({arrival.did})):
        for earlier in some:
            if earlier.number >= arrival.number:
                return held if end is None else min(held, end)
            if earlier.origin == arrival.origin:
                held, end = _after(earlier, held, end)
        after = some[-1].number
    return held if end is None else min(held, end)


def _after(arrival: Arrival, held: int, end: int | None) -> tuple[int, int | None]:
    """How much of a log is held after an arrival, and where it ends; None: nowhere yet."""
    match arrival.kind:
        case ArrivalKind.ENTRIES:
            return max(held, arrival.stop), end
        case ArrivalKind.CUT:
            return held, arrival.start
        case ArrivalKind.RESTORED:
            return held, None if arrival.start >= held else arrival.start
        case ArrivalKind.DROPPED:
            return arrival.start, end
        case _:
            return held, end


def _dropped(log: LogReader, arrival: Arrival, position: int) -> Iterator[Change]:
    """Leaves that were of another tree than that of the epoch's end, as far as they counted."""
    stop = _counted(log, arrival) - arrival.start
    for offset, leaf in enumerate(log.strays(arrival.number)[: max(0, stop)]):
        header = read_leaf(leaf) if offset >= position else None
        if header is not None:
            yield _change(log, arrival, offset, ChangeKind.RETRACTED, (arrival.start + offset, leaf, header))


def _moves(log: LogReader, arrival: Arrival, position: int) -> Iterator[Change]:
    """Epochs that count now and were opened at another host; what is heard first of a publisher is no move."""
    history = log.history(arrival.did)
    if history is None or arrival.start == 0:
        return
    nodes = {epoch.n: epoch.node for epoch in history.standing}
    for n in range(arrival.start + position, arrival.stop):
        if nodes.get(n) is not None and nodes.get(n) != nodes.get(n - 1):
            yield Change(
                id=_id(log, arrival, n - arrival.start),
                kind=ChangeKind.MOVED,
                did=arrival.did,
                at_ms=arrival.at_ms,
                origin=next((epoch.origin for epoch in history.standing if epoch.n == n), Origin("")),
            )


def _change(
    log: LogReader, arrival: Arrival, position: int, kind: ChangeKind, entry: tuple[int, bytes, Header]
) -> Change:
    index, leaf, header = entry
    return Change(
        id=_id(log, arrival, position),
        kind=kind,
        did=arrival.did,
        at_ms=arrival.at_ms,
        type=header.type,
        key=header.key,
        origin=arrival.origin,
        index=index,
        header=header_cid(leaf),
        body=header.body,
    )


def _id(log: LogReader, arrival: Arrival, position: int) -> NoticeId:
    return NoticeId(number=arrival.number, position=position, database=log.database, tag=arrival.tag)
