"""The store of one home in one SQLite database (spec/decisions/0007-storage-layout.md).

A failed write leaves nothing, unless its very end failed.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from frostnode.edge.sqlite.audit import Audit
from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.pool import Pool, transaction
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
        self._clock = clock
        self._random = random
        self._pool = Pool(path, SCHEMA)
        try:
            with self._pool.alone() as database:
                if database.one("SELECT 1 FROM store") is None:
                    database.run("INSERT INTO store VALUES (1, ?)", (random.bytes(_NAME_BYTES),))
        except StorageError:
            self._pool.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """A consistent snapshot."""
        with self._pool.snapshot() as database:
            yield Reader(database)

    @contextmanager
    def audit(self) -> Iterator[Audit]:
        """A consistent snapshot with everything as it is stored, for `log.fsck`."""
        with self._pool.snapshot() as database:
            yield Audit(database)

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """One transaction; a second caller waits."""
        with self._pool.alone() as database:
            with transaction(database):
                writer = Writer(database, self._clock, self._random)
                yield writer
                writer.finish()
            if writer.has_erased:
                with suppress(StorageError):  # the commit stands; the scrub is noted and made up for
                    _scrub(database)

    def scrub(self) -> bool:
        """Leave nothing of what was erased in the files; False while a reader still needs the write-ahead log."""
        with self._pool.alone() as database:
            return _scrub(database)

    def close(self) -> None:
        """Give the files back."""
        self._pool.close()


def _scrub(database: Database) -> bool:
    places = {place for (place,) in database.all("SELECT place FROM scrub")}
    if "store" not in places:
        return True
    if "file" in places:
        database.run("VACUUM")
    (busy, *_) = database.one("PRAGMA wal_checkpoint(TRUNCATE)") or (1,)
    if busy:
        return False
    database.run("DELETE FROM scrub WHERE place IN ('store', 'file')")
    return True
