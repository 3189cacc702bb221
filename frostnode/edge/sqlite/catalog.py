"""CatalogStore over SQLite: a database of its own, so that dropping the view is dropping a file."""

import json
from collections.abc import Collection, Iterable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from frostnode.edge.sqlite.connection import Binding, Database
from frostnode.edge.sqlite.pool import Pool, transaction
from frostnode.edge.sqlite.record_reader import SELECT, RecordReading, entry_of
from frostnode.edge.sqlite.reference_reader import IS_CURRENT
from frostnode.ports import NO_CONTENT, CatalogEntry, Content, PublisherSummary
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Op
from frostnode.protocol.handles import Handle
from frostnode.protocol.identifiers import HANDLE_SCHEME
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.records import PROFILE, PROFILE_KEY

SCHEMA: Final = "catalog"

_PUBLISHERS: Final = "(SELECT id FROM publisher WHERE did IN (SELECT value FROM json_each(?)))"

_FIRST: Final = (
    "(SELECT f.{0} FROM entry f WHERE f.publisher = r.publisher AND f.type = r.type AND f.key = r.key"
    " ORDER BY f.epoch, f.leaf LIMIT 1)"
)
_CHANGED: Final = "SELECT max(r.seen_ms) FROM record r WHERE r.publisher = p.id AND r.withdrawn = {0}"
_HANDLES: Final = f"""
    SELECT p.did, i.name FROM identifier i JOIN entry e ON e.id = i.entry {IS_CURRENT}
    JOIN publisher p ON p.id = e.publisher
    WHERE i.name >= '{HANDLE_SCHEME}:' AND i.name < '{HANDLE_SCHEME};' AND r.withdrawn = 0
    AND r.type = '{PROFILE}' AND r.key = '{PROFILE_KEY}'
"""


class SqliteCatalogReader(RecordReading):
    """CatalogReader within one transaction."""

    def cursor(self) -> int:
        """The arrival up to which this view has followed."""
        return self._number("SELECT arrival FROM cursor")

    def mark(self) -> bytes:
        """The tag of that arrival."""
        row = self._db.one("SELECT mark FROM cursor")
        return b"" if row is None else bytes(row[0])

    def begun(self) -> bytes:
        """What tells this building of the view from every other."""
        row = self._db.one("SELECT begun FROM cursor")
        return b"" if row is None else bytes(row[0])

    def seen_by(self, origin: Origin, start: int, stop: int, at_ms: int) -> list[int]:
        """Which entries [start, stop) of a log were first held at this time or before, in order."""
        rows = self._db.all(
            "SELECT leaf FROM entry WHERE log = (SELECT id FROM log WHERE origin = ?) AND leaf >= ? AND leaf < ?"
            " AND seen_ms <= ? ORDER BY leaf",
            (origin, start, stop, at_ms),
        )
        return [leaf for (leaf,) in rows]

    def entry_by_header(self, did: Did, header: Cid) -> CatalogEntry | None:
        """The last entry with exactly this header."""
        row = self._db.one(
            SELECT + "WHERE e.header = ? AND p.did = ? ORDER BY e.epoch DESC, e.leaf DESC LIMIT 1",
            (header.digest, did),
        )
        return entry_of(row) if row else None

    def naming(self, bodies: Set[Cid]) -> list[tuple[Did, Origin, int, Cid]]:
        """All entries that name one of these bodies. There is no index for so rare a question."""
        named = {cid.digest: cid for cid in bodies}
        rows = self._db.each(
            "SELECT p.did, l.origin, e.leaf, e.body FROM entry e JOIN publisher p ON p.id = e.publisher"
            " JOIN log l ON l.id = e.log WHERE e.body NOT NULL"
        )
        return [
            (Did(did), Origin(origin), leaf, named[body]) for did, origin, leaf, body in rows if body in named
        ]

    def records(
        self,
        *,
        type_: str | None,
        did: Did | None,
        limit: int,
        offset: int = 0,
        without: Collection[Did] = (),
    ) -> list[CatalogEntry]:
        """Current records that are not withdrawn, newest seen first."""
        where, bindings = "r.withdrawn = 0", []
        if without:
            where += f" AND r.publisher NOT IN {_PUBLISHERS}"
            bindings.append(json.dumps(sorted(without)))
        if type_ is not None:
            where += " AND r.type = ?"
            bindings.append(type_)
        if did is not None:
            where += " AND r.publisher = (SELECT id FROM publisher WHERE did = ?)"
            bindings.append(did)
        rows = self._db.all(
            "WITH some AS MATERIALIZED (SELECT r.publisher, r.type, r.key, row_number() OVER () AS place FROM ("
            " SELECT r.publisher, r.type, r.key FROM record r JOIN publisher p ON p.id = r.publisher"
            f" WHERE {where} ORDER BY r.seen_ms DESC, p.did, r.type, r.key LIMIT ? OFFSET ?) r)"
            f" {SELECT} JOIN record r ON r.entry = e.id JOIN some s ON s.publisher = r.publisher AND s.type = r.type AND s.key = r.key"
            " ORDER BY s.place",
            (*bindings, limit, offset),
        )
        return [entry_of(row) for row in rows]

    def counts(self, did: Did | None = None) -> dict[str, int]:
        """Current records that are not withdrawn, by type."""
        if did is None:
            rows = self._db.all("SELECT type, sum(count) FROM record_count GROUP BY type")
        else:
            rows = self._db.all(
                "SELECT c.type, c.count FROM record_count c JOIN publisher p ON p.id = c.publisher"
                " WHERE p.did = ?",
                (did,),
            )
        return {type_: count for type_, count in sorted(rows) if count}

    def names(self, dids: Iterable[Did]) -> dict[Did, str]:
        """The names of those publishers that have one."""
        profiles = {did: self.current(did, PROFILE, PROFILE_KEY) for did in set(dids)}
        return {
            did: entry.title for did, entry in profiles.items() if entry is not None and entry.op == Op.PUT
        }

    def publishers(self) -> list[PublisherSummary]:
        """Everyone with an entry, by name, then DID."""
        counts: dict[int, dict[str, int]] = {}
        sql = "SELECT publisher, type, count FROM record_count WHERE count > 0 ORDER BY publisher, type"
        for publisher, type_, count in self._db.all(sql):
            counts.setdefault(publisher, {})[type_] = count
        names: dict[int, str] = dict(
            self._db.all(
                "SELECT r.publisher, e.title FROM record r JOIN entry e ON e.id = r.entry"
                " WHERE r.type = ? AND r.key = ? AND r.withdrawn = 0",
                (PROFILE, PROFILE_KEY),
            )
        )
        rows = self._db.all(
            "SELECT id, did, max(ifnull(shown, withdrawn), ifnull(withdrawn, shown)) FROM (SELECT id, did,"
            f" ({_CHANGED.format(0)}) AS shown, ({_CHANGED.format(1)}) AS withdrawn FROM publisher p)"
            " WHERE shown NOT NULL OR withdrawn NOT NULL"
        )
        found = [
            PublisherSummary(
                did=Did(did), name=names.get(id_, ""), records=counts.get(id_, {}), changed_ms=changed
            )
            for id_, did, changed in rows
        ]
        return sorted(found, key=lambda item: (item.name == "", item.name.casefold(), item.did))

    def handles(self, did: Did | None = None) -> dict[Did, Handle]:
        """The handle that the current profile of each publisher claims, or of this one alone."""
        if did is None:
            rows = self._db.all(_HANDLES)
        else:
            rows = self._db.all(f"{_HANDLES} AND p.did = ?", (did,))
        return {Did(publisher): Handle(name.partition(":")[2]) for publisher, name in rows}

    def claims(
        self, identifier: str, *, limit: int, first: Collection[Did] = (), without: Collection[Did] = ()
    ) -> list[CatalogEntry]:
        """Current records that say to be what this identifier names."""
        rows = self._db.all(
            f"{SELECT} JOIN identifier i ON i.entry = e.id {IS_CURRENT} WHERE i.name = ?1 AND r.withdrawn = 0"
            " AND p.did NOT IN (SELECT value FROM json_each(?2))"
            " ORDER BY p.did IN (SELECT value FROM json_each(?3)) DESC, r.seen_ms DESC, p.did, r.type, r.key LIMIT ?4",
            (identifier, json.dumps(sorted(without)), json.dumps(sorted(first)), limit),
        )
        return [entry_of(row) for row in rows]

    def _number(self, sql: str, bindings: tuple[Any, ...] = ()) -> int:
        row = self._db.one(sql, bindings)
        return int(row[0]) if row else 0


_PUT_ENTRY: Final = """
    INSERT INTO entry (
        publisher, type, key, epoch, leaf, log, header, op, time_ms, seen_ms, body, size, title, harvested
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (log, leaf) DO NOTHING
"""
_PUT_IDENTIFIER: Final = """
    INSERT OR IGNORE INTO identifier SELECT ?, id FROM entry WHERE log = ? AND leaf = ?
"""
_PUT_REFERENCE: Final = """
    INSERT OR IGNORE INTO reference SELECT id, ?, ?, ?, ? FROM entry WHERE log = ? AND leaf = ?
"""
_SETTLE_RECORD: Final = """
    INSERT INTO record SELECT publisher, type, key, id, op = 'withdraw', seen_ms FROM entry
    WHERE publisher = ? AND type = ? AND key = ? ORDER BY epoch DESC, leaf DESC LIMIT 1
    ON CONFLICT (publisher, type, key) DO UPDATE
    SET entry = excluded.entry, withdrawn = excluded.withdrawn, seen_ms = excluded.seen_ms
"""
_ENTRIES_KEPT_BACK_MAX: Final = 1024
_NAMES_KEPT_BACK_MAX: Final = 16 * 1024
"""One entry may name a thousand others."""


class SqliteCatalogWriter(SqliteCatalogReader):
    """CatalogWriter: one transaction of the fold.

    New entries are kept back and written together; whoever reads within the transaction makes them settle.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._entries: list[tuple[Binding, ...]] = []
        self._identifiers: list[tuple[Binding, ...]] = []
        self._references: list[tuple[Binding, ...]] = []
        self._ids: dict[str, int] = {}

    @property
    def _db(self) -> Database:
        self.settle()
        return self._connection

    def settle(self) -> None:
        """Write down what was kept back, and recompute the current entries of its records."""
        if self._entries:
            entries, self._entries = self._entries, []
            self._connection.run_many(_PUT_ENTRY, entries)
            self._connection.run_many(_SETTLE_RECORD, dict.fromkeys(entry[:3] for entry in entries))
        if self._identifiers:
            identifiers, self._identifiers = self._identifiers, []
            self._connection.run_many(_PUT_IDENTIFIER, identifiers)
        if self._references:
            references, self._references = self._references, []
            self._connection.run_many(_PUT_REFERENCE, references)

    def put_entry(self, entry: CatalogEntry, content: Content = NO_CONTENT) -> None:
        """Add an entry; the record's current entry is recomputed."""
        log = self._id("log", "origin", entry.origin)
        if (
            len(self._entries) >= _ENTRIES_KEPT_BACK_MAX
            or len(self._references) + len(self._identifiers) >= _NAMES_KEPT_BACK_MAX
        ):
            self.settle()
        self._entries.append(
            (
                self._id("publisher", "did", entry.did),
                entry.type,
                entry.key,
                entry.epoch,
                entry.index,
                log,
                entry.header.digest,
                entry.op,
                entry.time_ms,
                entry.seen_ms,
                entry.body.digest if entry.body else None,
                entry.size,
                entry.title,
                entry.harvested_from,
            )
        )
        self._keep_back(log, entry.index, content)

    def put_content(self, origin: Origin, index: int, content: Content) -> bool:
        """Set what an entry's body says; answers whether there is such an entry."""
        where = "log = (SELECT id FROM log WHERE origin = ?) AND leaf = ?"
        changed = self._db.run_changes(
            f"UPDATE entry SET title = ?, harvested = ? WHERE {where}",
            (content.title, content.harvested_from, origin, index),
        )
        for table in ("identifier", "reference"):
            self._db.run(
                f"DELETE FROM {table} WHERE entry = (SELECT id FROM entry WHERE {where})", (origin, index)
            )
        if changed:
            self._keep_back(self._id("log", "origin", origin), index, content)
        return changed > 0

    def _keep_back(self, log: int, index: int, content: Content) -> None:
        """What a body names is written after the entries."""
        self._identifiers += [(name, log, index) for name in content.identifiers]
        self._references += [
            (place, item.role, item.name, item.pin.digest if item.pin else None, log, index)
            for place, item in enumerate(content.references)
        ]

    def drop_entry(self, origin: Origin, index: int) -> None:
        """Forget one entry."""
        self._drop(origin, index, index + 1)

    def drop_entries(self, origin: Origin, start: int) -> None:
        """Forget the entries of a log from `start` on."""
        self._drop(origin, start, 1 << 62)

    def drop_record(self, did: Did, type_: str, key: str) -> None:
        """Forget all entries of a record."""
        self._forget_entries("AND type = ? AND key = ?", (did, type_, key))

    def drop_publisher(self, did: Did) -> None:
        """Forget all entries of a publisher."""
        self._forget_entries("", (did,))

    def _forget_entries(self, more: str, bindings: tuple[Binding, ...]) -> None:
        where = f"WHERE publisher = (SELECT id FROM publisher WHERE did = ?) {more}"
        self._db.run(f"DELETE FROM record {where}", bindings)
        self._db.run(f"DELETE FROM entry {where}", bindings)

    def advance(self, cursor: int, mark: bytes) -> None:
        """The arrival up to which this transaction has followed, and its tag."""
        self._db.run("UPDATE cursor SET arrival = ?, mark = ?", (cursor, mark))

    def forget(self) -> None:
        """Back to the beginning."""
        self._ids.clear()
        for table in ("record", "record_count", "entry", "log", "publisher"):
            self._db.run(f"DELETE FROM {table}")
        self._db.run("UPDATE cursor SET arrival = 0, mark = x'', begun = randomblob(16)")

    def _drop(self, origin: Origin, start: int, stop: int) -> None:
        where = "WHERE log = (SELECT id FROM log WHERE origin = ?) AND leaf >= ? AND leaf < ?"
        bindings = (origin, start, stop)
        touched = self._db.all(f"SELECT DISTINCT publisher, type, key FROM entry {where}", bindings)
        self._db.run(f"DELETE FROM entry {where}", bindings)
        self._db.run_many("DELETE FROM record WHERE publisher = ? AND type = ? AND key = ?", touched)
        self._db.run_many(_SETTLE_RECORD, touched)

    def _id(self, table: str, column: str, name: str) -> int:
        """The row of a publisher or log, made if there is none."""
        if name not in self._ids:
            row = self._connection.one(f"SELECT id FROM {table} WHERE {column} = ?", (name,))
            insert = f"INSERT INTO {table} ({column}) VALUES (?)"
            self._ids[name] = int(row[0]) if row is not None else self._connection.insert(insert, (name,))
        return self._ids[name]


class SqliteCatalog:
    """CatalogStore in one file, or a URI that SQLite knows; one writer, readers with connections of their own."""

    def __init__(self, path: Path | str) -> None:
        self._pool = Pool(path, SCHEMA, is_mapped=True)

    @contextmanager
    def read(self) -> Iterator[SqliteCatalogReader]:
        """A consistent snapshot."""
        with self._pool.snapshot() as database:
            yield SqliteCatalogReader(database)

    @contextmanager
    def write(self) -> Iterator[SqliteCatalogWriter]:
        """One transaction; all of it or nothing."""
        with self._pool.alone() as database, transaction(database):
            writer = SqliteCatalogWriter(database)
            yield writer
            writer.settle()

    def scrub(self) -> bool:
        """Write the file anew and empty its write-ahead log; False while a reader still needs that."""
        with self._pool.alone() as database:
            database.run("VACUUM")
            (busy, *_) = database.one("PRAGMA wal_checkpoint(TRUNCATE)") or (1,)
            return not busy

    def clear(self) -> None:
        """Forget everything, cursor included."""
        with self.write() as writer:
            writer.forget()

    def close(self) -> None:
        """Give the file back."""
        self._pool.close()
