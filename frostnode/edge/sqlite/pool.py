"""The connections of one database: one that writes, for one caller at a time, and as many readers as were ever busy at once."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from frostnode.edge.sqlite.connection import PAGE_BYTES, Database
from frostnode.edge.sqlite.migrations import migrate, migrations
from frostnode.protocol.errors import StorageError


class Pool:
    """See the module. `path` is a file, or a URI that SQLite knows; the database is brought to the version of its schema.

    Readers are mapped where `is_mapped` says so: see `Database`.

    Raises:
        StorageError: storage.version, storage.failed, storage.damaged
    """

    def __init__(
        self, path: Path | str, schema: str, *, page_bytes: int = PAGE_BYTES, is_mapped: bool = False
    ) -> None:
        self._path = path
        self._is_mapped = is_mapped
        self._page_bytes = page_bytes
        self._writing = Lock()
        self._pooling = Lock()
        self._idle: list[Database] = []
        self._writer = Database(path, page_bytes=page_bytes)
        try:
            migrate(self._writer, migrations(schema))
        except StorageError:
            self._writer.close()
            raise

    @contextmanager
    def snapshot(self) -> Iterator[Database]:
        """One consistent state, for reading."""
        with self._pooling:
            database = self._idle.pop() if self._idle else None
        database = database or Database(
            self._path, reader=True, page_bytes=self._page_bytes, is_mapped=self._is_mapped
        )
        try:
            database.begin(write=False)
            yield database
        finally:
            database.rollback()
            with self._pooling:
                self._idle.append(database)

    @contextmanager
    def alone(self) -> Iterator[Database]:
        """The connection that writes; a second caller waits."""
        with self._writing:
            yield self._writer

    def close(self) -> None:
        """Give the file back."""
        with self._pooling:
            idle, self._idle = self._idle, []
        for database in (*idle, self._writer):
            database.close()


@contextmanager
def transaction(database: Database, *, is_flushed: bool = True) -> Iterator[None]:
    """All that is written meanwhile, or nothing of it; unless the very end fails."""
    database.begin(write=True, is_flushed=is_flushed)
    try:
        yield
        database.commit()
    finally:
        with suppress(StorageError):
            database.rollback()
