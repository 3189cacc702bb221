"""Check the arrival sequence: no gap, every arrival about what is held, every entry announced once."""

from collections.abc import Iterator, Mapping
from typing import Final

from frostnode.log.audit import LogAudit
from frostnode.log.findings import Area, Finding, Tally
from frostnode.ports import Arrival, ArrivalKind
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.names import Origin

_AT_ONCE: Final = 4096
_TAG_BYTES: Final = 8
_RUNS: Final = frozenset({ArrivalKind.ENTRIES, ArrivalKind.BODIES, ArrivalKind.ERASED})
_SIZES: Final = frozenset({ArrivalKind.FROZEN, ArrivalKind.CUT, ArrivalKind.RESTORED, ArrivalKind.HEAD})


def check_arrivals(
    audit: LogAudit, logs: Mapping[Origin, tuple[int, int]], tally: Tally, cursors: Mapping[str, int]
) -> Iterator[Finding]:
    """Check all arrivals against the logs (leaves held and served), and the cursors that views hold on them."""
    announced: dict[Origin, int] = {}
    beyond: dict[Origin, list[Finding]] = {}
    last = 0
    while arrivals := audit.arrivals(last, _AT_ONCE):
        for arrival in arrivals:
            if arrival.number != last + 1:
                yield _finding(arrival.number, "number", f"a gap after {last}", last + 1)
            last = arrival.number
            yield from _check_arrival(arrival)
            size = logs.get(arrival.origin, (0, 0))[0]
            beyond.setdefault(arrival.origin, []).extend(_beyond(arrival, size))
            if arrival.kind is ArrivalKind.DROPPED:
                beyond[arrival.origin] = []
                announced[arrival.origin] = min(arrival.start, announced.get(arrival.origin, 0))
            elif arrival.kind is ArrivalKind.ENTRIES:
                start = announced.get(arrival.origin, 0)
                if arrival.start != start:
                    yield _finding(last, f"first leaf announced of {arrival.origin}", arrival.start, start)
                announced[arrival.origin] = arrival.stop
        tally.add("arrivals", len(arrivals))
    for findings in beyond.values():
        yield from findings
    for origin, (_, served) in logs.items():
        if announced.get(origin, 0) < served:
            yield Finding(
                Area.ARRIVAL, origin, "leaves announced", announced.get(origin, 0), f"≥ {served} served"
            )
    for name, cursor in cursors.items():
        if not 0 <= cursor <= last:
            yield Finding(Area.ARRIVAL, name, "cursor of the view", cursor, f"≤ {last}")


def _beyond(arrival: Arrival, size: int) -> Iterator[Finding]:
    """Arrivals may tell of no more than is held, except where leaves were dropped later."""
    number, start, stop, origin = arrival.number, arrival.start, arrival.stop, arrival.origin
    if arrival.kind in _RUNS and stop > size:
        yield _finding(number, f"{arrival.kind} of {origin}", f"[{start}, {stop})", f"within the {size} held")
    elif arrival.kind in _SIZES and start > size:
        yield _finding(number, f"{arrival.kind} of {origin}", start, f"≤ {size} held")


def _check_arrival(arrival: Arrival) -> Iterator[Finding]:
    number, start, stop = arrival.number, arrival.start, arrival.stop
    if len(arrival.tag) != _TAG_BYTES:
        yield _finding(number, "tag", arrival.tag, f"{_TAG_BYTES} bytes")
    if arrival.kind in _RUNS or (arrival.kind is ArrivalKind.BLOCKED and arrival.origin):
        if not 0 <= start < stop:
            yield _finding(number, f"{arrival.kind} of {arrival.origin}", f"[{start}, {stop})", "in order")
        elif start // TILE_WIDTH != (stop - 1) // TILE_WIDTH:
            yield _finding(number, f"{arrival.kind} of {arrival.origin}", f"[{start}, {stop})", "one bundle")
    elif arrival.kind in _SIZES:
        if start < 0:
            yield _finding(number, f"{arrival.kind} of {arrival.origin}", start, "a size")
    elif arrival.kind is ArrivalKind.DROPPED:
        if not 0 <= start < stop:
            yield _finding(number, f"dropped of {arrival.origin}", f"[{start}, {stop})", "in order")
    elif arrival.origin:
        yield _finding(number, f"{arrival.kind} of {arrival.did}", arrival.origin, "no log")


def _finding(number: int, what: str, found: object, expected: object) -> Finding:
    return Finding(Area.ARRIVAL, f"arrival {number}", what, found, expected)
