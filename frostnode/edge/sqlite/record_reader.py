"""What records are now and what they were: their entries, one by one, and of many at once for those who fold."""

import json
from collections.abc import Collection
from typing import Final

from frostnode.edge.sqlite.connection import Row
from frostnode.edge.sqlite.reference_reader import ReferenceReading
from frostnode.ports import CatalogEntry
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.names import VERSION, Did, Origin
from frostnode.protocol.records import LATEST_LABEL

_COLUMNS: Final = "p.did, e.type, e.key, l.origin, e.epoch, e.leaf, e.header, e.op, e.time_ms, e.seen_ms, e.body, e.size, e.title, e.harvested"
_OF_ENTRY: Final = "JOIN publisher p ON p.id = e.publisher JOIN log l ON l.id = e.log"
SELECT: Final = f"SELECT {_COLUMNS} FROM entry e {_OF_ENTRY} "
"""Entries `e` as `entry_of` reads them; more joins and conditions follow."""

_CURRENTS: Final = f"""
    SELECT {_COLUMNS} FROM json_each(?2) w CROSS JOIN record r ON r.publisher = (SELECT id FROM publisher WHERE did = ?1)
    AND r.type = w.value ->> 0 AND r.key = w.value ->> 1 CROSS JOIN entry e ON e.id = r.entry {_OF_ENTRY}
"""
_FIRST: Final = (
    "(SELECT f.{0} FROM entry f WHERE f.publisher = r.publisher AND f.type = r.type AND f.key = r.key"
    " ORDER BY f.epoch, f.leaf LIMIT 1)"
)
_NEWEST_FIRST: Final = f"{_FIRST.format('epoch')} DESC, {_FIRST.format('leaf')} DESC"
_NEWEST: Final = f"""
    SELECT w.value, {_COLUMNS} FROM json_each(?2) w CROSS JOIN entry e ON e.id = (
        SELECT r.entry FROM record r WHERE r.publisher = (SELECT id FROM publisher WHERE did = ?1) AND r.type = '{VERSION}'
        AND r.key > w.value || '@' AND r.key < w.value || 'A' AND r.key != w.value || '@{LATEST_LABEL}' AND r.withdrawn = 0
        ORDER BY {_NEWEST_FIRST} LIMIT 1
    ) {_OF_ENTRY}
"""


def entry_of(row: Row) -> CatalogEntry:
    """An entry, of the columns of SELECT."""
    did, type_, key, origin, epoch, leaf, header, op, time_ms, seen_ms, body, size, title, harvested = row
    return CatalogEntry(
        did=Did(did),
        type=type_,
        key=key,
        origin=Origin(origin),
        epoch=epoch,
        index=leaf,
        header=Cid.from_digest(header),
        op=op,
        time_ms=time_ms,
        seen_ms=seen_ms,
        body=Cid.from_digest(body) if body is not None else None,
        size=size,
        title=title,
        harvested_from=harvested,
    )


class RecordReading(ReferenceReading):
    """Records and their entries."""

    def current(self, did: Did, type_: str, key: str) -> CatalogEntry | None:
        """The last entry of a record, a withdrawal included."""
        row = self._db.one(
            SELECT + "JOIN record r ON r.entry = e.id WHERE p.did = ? AND r.type = ? AND r.key = ?"
            " AND r.publisher = p.id",
            (did, type_, key),
        )
        return entry_of(row) if row else None

    def entries(self, did: Did, type_: str, key: str) -> list[CatalogEntry]:
        """All entries of a record, newest first."""
        rows = self._db.all(
            SELECT + "WHERE p.did = ? AND e.type = ? AND e.key = ? ORDER BY e.epoch DESC, e.leaf DESC",
            (did, type_, key),
        )
        return [entry_of(row) for row in rows]

    def before(self, did: Did, type_: str, key: str, epoch: int, index: int) -> CatalogEntry | None:
        """The last entry of a record before this position."""
        row = self._db.one(
            SELECT + "WHERE p.did = ? AND e.type = ? AND e.key = ? AND (e.epoch, e.leaf) < (?, ?)"
            " ORDER BY e.epoch DESC, e.leaf DESC LIMIT 1",
            (did, type_, key, epoch, index),
        )
        return entry_of(row) if row else None

    def versions(
        self, did: Did, dataset_key: str, *, limit: int, withdrawn: bool = False
    ) -> list[CatalogEntry]:
        """The versions of a dataset, newest first: keys between `KEY@` and the next character."""
        rows = self._db.all(
            f"{SELECT} JOIN record r ON r.entry = e.id WHERE p.did = ? AND r.publisher = p.id"
            " AND r.type = 'version' AND r.key > ? AND r.key < ? AND r.key != ? AND r.withdrawn <= ?"
            f" ORDER BY {_NEWEST_FIRST} LIMIT ?",
            (
                did,
                f"{dataset_key}@",
                f"{dataset_key}A",
                f"{dataset_key}@{LATEST_LABEL}",
                int(withdrawn),
                limit,
            ),
        )
        return [entry_of(row) for row in rows]

    def currents(self, did: Did, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], CatalogEntry]:
        """The last entry of each of these records."""
        rows = self._db.all(_CURRENTS, (did, json.dumps(list(names))))
        return {(entry.type, entry.key): entry for entry in map(entry_of, rows)}

    def newest_versions(self, did: Did, dataset_keys: Collection[str]) -> dict[str, CatalogEntry]:
        """The newest version of each of these datasets."""
        rows = self._db.all(_NEWEST, (did, json.dumps(list(dataset_keys))))
        return {row[0]: entry_of(row[1:]) for row in rows}
