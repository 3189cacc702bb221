"""A database that is made with the first thing to keep in it: most homes never have one."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeVar

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.migrations import migrate, migrations
from frostnode.edge.sqlite.pool import transaction

T = TypeVar("T")


class LazyFile:
    """See the module; brought to the version of its schema when it is opened. Any thread may call it.

    Raises:
        StorageError: storage.version, storage.failed, storage.damaged
    """

    def __init__(self, path: Path, schema: str) -> None:
        self._path = path
        self._schema = schema
        self._lock = Lock()
        self._database: Database | None = None

    @property
    def is_there(self) -> bool:
        """Whether anything was ever kept."""
        return self._database is not None or self._path.exists()

    def whole(self, work: Callable[[Database], T]) -> T:
        """Do this alone and in one transaction, in the file that is made if there is none."""
        with self._lock:
            if self._database is None:
                self._database = self._open()
            with transaction(self._database):
                return work(self._database)

    def _open(self) -> Database:
        database = Database(self._path)
        try:
            migrate(database, migrations(self._schema))
        except BaseException:  # not for us to judge: whatever it is, the file is given back
            database.close()
            raise
        return database

    def close(self) -> None:
        """Give the file back."""
        if self._database is not None:
            self._database.close()
