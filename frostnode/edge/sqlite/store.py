"""The store of one home in one SQLite database (spec/decisions/0007-storage-layout.md).

One connection writes, behind a lock. Readers take connections of their own from a pool, which is as
large as readers were ever busy at once. A failed write leaves nothing, unless its very end failed.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

from frostnode.edge.sqlite.audit import Audit
from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.migrations import migrate, migrations
from frostnode.edge.sqlite.reader import Reader
from frostnode.edge.sqlite.writer import Writer
from frostnode.ports import Clock, Random
from frostnode.protocol.errors import StorageError

SCHEMA: Final = "log"
_NAME_BYTES: Final = 16


class SqliteStore:
    """A `frostnode.ports.LogStore`. `path` is a file, or a URI that SQLite knows.

    Raises:
        StorageError: storage.version for a database of a newer program, storage.failed, storage.damaged
    """

    def __init__(self, path: Path | str, clock: Clock, random: Random) -> None:
        self._path = path
        self._clock = clock
        self._random = random
        self._writing = Lock()
        self._pooling = Lock()
        self._idle: list[Database] = []
        self._writer = Database(path)
        try:
            migrate(self._writer, migrations(SCHEMA))
            if self._writer.one("SELECT 1 FROM store") is None:
                self._writer.run("INSERT INTO store VALUES (1, ?)", (random.bytes(_NAME_BYTES),))
        except StorageError:
            self._writer.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """A consistent snapshot."""
        with self._snapshot() as database:
            yield Reader(database)

    @contextmanager
    def audit(self) -> Iterator[Audit]:
        """A consistent snapshot with everything as it is stored, for `log.fsck`."""
        with self._snapshot() as database:
            yield Audit(database)

    @contextmanager
    def _snapshot(self) -> Iterator[Database]:
        with self._pooling:
            database = self._idle.pop() if self._idle else None
        database = database or Database(self._path, reader=True)
        try:
            database.begin(write=False)
            yield database
        finally:
            database.rollback()
            with self._pooling:
                self._idle.append(database)

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """One transaction; a second caller waits."""
        with self._writing:
            self._writer.begin(write=True)
            try:
                writer = Writer(self._writer, self._clock, self._random)
                yield writer
                writer.finish()
                self._writer.commit()
            finally:
                with suppress(StorageError):
                    self._writer.rollback()
            if writer.has_erased:
                with suppress(StorageError):  # the commit stands; the scrub is noted and made up for
                    self._scrub()

    def scrub(self) -> bool:
        """Leave nothing of what was erased in the files; False while a reader still needs the write-ahead log."""
        with self._writing:
            return self._scrub()

    def _scrub(self) -> bool:
        places = {place for (place,) in self._writer.all("SELECT place FROM scrub")}
        if "store" not in places:
            return True
        if "file" in places:
            self._writer.run("VACUUM")
        (busy, *_) = self._writer.one("PRAGMA wal_checkpoint(TRUNCATE)") or (1,)
        if busy:
            return False
        self._writer.run("DELETE FROM scrub WHERE place IN ('store', 'file')")
        return True

    def close(self) -> None:
        """Give the files back."""
        with self._pooling:
            idle, self._idle = self._idle, []
        for database in (*idle, self._writer):
            database.close()
