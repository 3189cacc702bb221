"""One SQLite connection: opened the same way everywhere, and its errors ours.

Rules: nothing outside this module sees an error of the library; what is read is whole rows, and what is
written is on disk (WAL, synchronous=FULL) when `commit` returns, unless `begin` says that it need not be.
Trusted with everything: whoever can write the file can make this node show anything; `log.fsck` finds what
does not prove itself.
"""

from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import apsw

from frostnode.protocol.errors import StorageError

Row: TypeAlias = tuple[Any, ...]
Binding: TypeAlias = int | str | bytes | None

PAGE_BYTES: Final = 16 * 1024
"""Bundles and packs are some 50 KB each: fewer, larger pages make their chains short."""

SMALL_PAGE_BYTES: Final = 4 * 1024
"""For short rows that are changed here and there: of each, the page that it is on is written."""

_WAL_BYTES: Final = 80 * 1024 * 1024
"""How far the write-ahead log may grow before it is copied into the database."""

_MAPPED_BYTES: Final = 2**31 - 2**16
"""So much of a file is read out of the memory that the system keeps it in, where that is wanted: the library takes no more."""

_WRITER_CACHE_KIB: Final = 64 * 1024
_READER_CACHE_KIB: Final = 8 * 1024
_BUSY_MS: Final = 5_000
_STATEMENTS_MAX: Final = 200


class Database:
    """A connection for one thread at a time.

    One that `is_mapped` reads twice as fast, but a disk that cannot be read ends the process, and so does another program that makes the file
    shorter: for views, as the index is one.

    Raises:
        StorageError: storage.failed, storage.damaged; here and in every method
    """

    __slots__ = ("_connection", "_is_flushed", "path")

    def __init__(
        self,
        path: Path | str,
        *,
        reader: bool = False,
        page_bytes: int = PAGE_BYTES,
        is_mapped: bool = False,
    ) -> None:
        self.path = path
        self._is_flushed = True
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        try:
            self._connection = apsw.Connection(str(path), flags=flags, statementcachesize=_STATEMENTS_MAX)
            self._connection.set_busy_timeout(_BUSY_MS)
            # Plans do not depend on bound values: else every execution of a join is planned anew, which costs ten times its work.
            self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        except apsw.Error as error:
            raise _translated(error, path) from error
        try:
            self._configure(_READER_CACHE_KIB if reader else _WRITER_CACHE_KIB, page_bytes, reader=reader)
            if is_mapped:
                self.one(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
        except StorageError:
            self.close()
            raise

    def _configure(self, cache_kib: int, page_bytes: int, *, reader: bool) -> None:
        # The size of pages is fixed with the first byte written, which the change to WAL does.
        self.run(f"PRAGMA page_size = {page_bytes}")
        self.one("PRAGMA journal_mode = WAL")
        self.run("PRAGMA synchronous = FULL")
        self.one(
            "PRAGMA secure_delete = ON"
        )  # what is let go of is overwritten: it may have to be erased later
        self.one(f"PRAGMA wal_autocheckpoint = {_WAL_BYTES // page_bytes}")
        self.run("PRAGMA foreign_keys = ON")
        self.run(f"PRAGMA cache_size = -{cache_kib}")
        if reader:
            self.run("PRAGMA query_only = ON")

    def run(self, sql: str, bindings: Sequence[Binding] = ()) -> None:
        """Execute statements that answer nothing."""
        try:
            self._connection.execute(sql, bindings)
        except apsw.Error as error:
            raise _translated(error, self.path) from error

    def run_many(self, sql: str, rows: Iterable[Sequence[Binding]]) -> None:
        """Execute one statement for each row of bindings."""
        try:
            self._connection.executemany(sql, rows)
        except apsw.Error as error:
            raise _translated(error, self.path) from error

    def one(self, sql: str, bindings: Sequence[Binding] = ()) -> Row | None:
        """The first row, None when there is none."""
        try:
            row: Row | None = self._connection.execute(sql, bindings).fetchone()
        except apsw.Error as error:
            raise _translated(error, self.path) from error
        return row

    def all(self, sql: str, bindings: Sequence[Binding] = ()) -> list[Row]:
        """All rows."""
        try:
            rows: list[Row] = self._connection.execute(sql, bindings).fetchall()
        except apsw.Error as error:
            raise _translated(error, self.path) from error
        return rows

    def each(self, sql: str, bindings: Sequence[Binding] = ()) -> Generator[Row, None, None]:
        """Rows as they are asked for: for results that are too large for memory, or cut short."""
        try:
            yield from self._connection.execute(sql, bindings)
        except apsw.Error as error:
            raise _translated(error, self.path) from error

    def insert(self, sql: str, bindings: Sequence[Binding] = ()) -> int:
        """Execute one INSERT and answer the row id."""
        self.run(sql, bindings)
        return self._connection.last_insert_rowid()

    def run_changes(self, sql: str, bindings: Sequence[Binding] = ()) -> int:
        """Execute one statement and answer how many rows it changed."""
        self.run(sql, bindings)
        return self._connection.changes()

    def begin(self, *, write: bool, is_flushed: bool = True) -> None:
        """Start a transaction; a reader sees one state until it ends. One that is not flushed is durable with the next that is."""
        if is_flushed != self._is_flushed:
            self.run(f"PRAGMA synchronous = {'FULL' if is_flushed else 'NORMAL'}")
            self._is_flushed = is_flushed
        self.run("BEGIN IMMEDIATE" if write else "BEGIN")

    def commit(self) -> None:
        """Make the transaction durable, if it is flushed. When this raises, it may have happened or not."""
        self.run("COMMIT")

    def rollback(self) -> None:
        """Forget the transaction, if one is open."""
        if self._connection.in_transaction:
            self.run("ROLLBACK")

    def close(self) -> None:
        """Give the file back."""
        try:
            self._connection.close()
        except apsw.Error as error:
            raise _translated(error, self.path) from error


_DAMAGE: Final = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)
_HINTS: Final = (
    (apsw.FullError, "make room on the disk"),
    (apsw.BusyError, "another process works on this home"),
    (apsw.ReadOnlyError, "the file or its folder may not be written"),
    (apsw.CantOpenError, "the file or its folder may not be opened"),
    (apsw.IOError, "the disk may be full, or failing"),
)


def _translated(error: apsw.Error, path: Path | str) -> StorageError:
    code = "storage.damaged" if isinstance(error, _DAMAGE) else "storage.failed"
    hint = next((text for kind, text in _HINTS if isinstance(error, kind)), "")
    return StorageError(code, f"database {path}: {type(error).__name__}: {error}", hint=hint)
