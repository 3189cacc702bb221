"""Read the arrival sequence: all of it, or that of some publishers."""

from collections.abc import Iterable
from contextlib import closing
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Final

from frostnode.edge.sqlite.connection import Row
from frostnode.edge.sqlite.rows import Rows, damaged, last_number, publisher_id
from frostnode.ports import Arrival, ArrivalKind
from frostnode.protocol.names import Did, Origin

_ARRIVAL: Final = """
    SELECT number, kind, did, coalesce(origin, ''), start, stop, at, tag
    FROM arrival JOIN publisher ON publisher.id = arrival.publisher LEFT JOIN log ON log.id = arrival.log
"""
_KINDS: Final = frozenset(ArrivalKind)
_MERGED_MAX: Final = 64
"""Up to so many publishers the sequence of each is merged; beyond that all arrivals are looked through."""


class ArrivalReader(Rows):
    """What came, in order."""

    def arrivals(self, after: int, limit: int, dids: frozenset[Did] | None = None) -> list[Arrival]:
        """Arrivals numbered above `after`, in order."""
        if dids is None:
            rows = self._db.all(_ARRIVAL + "WHERE number > ? ORDER BY number LIMIT ?", (after, limit))
            return list(map(_arrival, rows))
        if len(dids) <= _MERGED_MAX:
            return list(map(_arrival, self._merged(after, limit, dids)))
        with closing(self._db.each(_ARRIVAL + "WHERE number > ? ORDER BY number", (after,))) as all_rows:
            return list(islice((_arrival(row) for row in all_rows if row[2] in dids), limit))

    def arrivals_before(self, before: int, limit: int, did: Did | None = None) -> list[Arrival]:
        """Arrivals numbered below `before`, of one publisher or of all, newest first."""
        values: tuple[int, ...] = (before,)
        of_one = ""
        if did is not None:
            publisher = publisher_id(self._db, did)
            if publisher is None:
                return []
            values, of_one = (before, publisher), "AND arrival.publisher = ?"
        sql = f"{_ARRIVAL} WHERE number < ? {of_one} ORDER BY number DESC LIMIT ?"
        return list(map(_arrival, self._db.all(sql, (*values, limit))))

    def _merged(self, after: int, limit: int, dids: Iterable[Did]) -> list[Row]:
        sql = _ARRIVAL + "WHERE arrival.publisher = ? AND number > ? ORDER BY number"
        publishers = (publisher_id(self._db, did) for did in dids)
        sequences = [
            self._db.each(sql, (publisher, after)) for publisher in publishers if publisher is not None
        ]
        rows = list(islice(merge(*sequences, key=itemgetter(0)), limit))
        for sequence in sequences:
            sequence.close()
        return rows

    def arrival(self, number: int) -> Arrival | None:
        """One arrival."""
        row = self._db.one(_ARRIVAL + "WHERE number = ?", (number,))
        return None if row is None else _arrival(row)

    def last_arrival(self) -> int:
        """The number of the last arrival; 0 before the first."""
        return last_number(self._db)


def _arrival(row: Row) -> Arrival:
    number, kind, did, origin, start, stop, at, tag = row
    if kind not in _KINDS:
        raise damaged(f"kind of arrival {number}", kind, sorted(_KINDS))
    return Arrival(
        number=number,
        kind=ArrivalKind(kind),
        did=Did(did),
        origin=Origin(origin),
        start=start,
        stop=stop,
        at_ms=at,
        tag=tag,
    )
