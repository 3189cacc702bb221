"""LocalRecords in a file of its own, made with the first record: most homes never have one."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.migrations import migrate, migrations
from frostnode.local_port import LocalEntry
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import LOCAL_RECORDS_MAX
from frostnode.protocol.names import Did

T = TypeVar("T")

SCHEMA: Final = "local"
_THIS: Final = "did = ? AND type = ? AND key = ?"


class SqliteLocalRecords:
    """A `frostnode.local_port.LocalRecords`.

    Raises:
        StorageError: storage.version, storage.failed, storage.damaged
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._database: Database | None = None

    def _with(self, work: Callable[[Database], T]) -> T:
        """Do this alone, in the file that is made if there is none."""
        with self._lock:
            if self._database is None:
                database = Database(self._path)
                try:
                    migrate(database, migrations(SCHEMA))
                except BaseException:  # not for us to judge: whatever it is, the file is given back
                    database.close()
                    raise
                self._database = database
            return work(self._database)

    def entries(self) -> Sequence[LocalEntry]:
        """All, newest first."""
        if self._database is None and not self._path.exists():
            return ()
        rows = self._with(
            lambda database: database.all(
                "SELECT did, type, key, header, time_ms, body FROM local ORDER BY time_ms DESC, did, type, key"
            )
        )
        return [
            LocalEntry(
                did=Did(did), type=type_, key=key, header=Cid.from_digest(header), time_ms=time_ms, body=body
            )
            for did, type_, key, header, time_ms, body in rows
        ]

    def put(self, entry: LocalEntry) -> None:
        """Keep a record in place of an earlier one of its name."""

        def work(database: Database) -> None:
            (count,) = database.one(f"SELECT count(*) FROM local WHERE NOT ({_THIS})", name) or (0,)
            if count >= LOCAL_RECORDS_MAX:
                raise LocalError(
                    "queue.full", "records kept local", found=count, expected=f"< {LOCAL_RECORDS_MAX}"
                )
            values = (*name, entry.header.digest, entry.time_ms, entry.body)
            database.run("INSERT OR REPLACE INTO local VALUES (?, ?, ?, ?, ?, ?)", values)

        name = entry.did, entry.type, entry.key
        self._with(work)

    def remove(self, did: Did, type_: str, key: str) -> bool:
        """Forget a record."""
        if self._database is None and not self._path.exists():
            return False
        sql = f"DELETE FROM local WHERE {_THIS}"
        return self._with(lambda database: database.run_changes(sql, (did, type_, key))) > 0

    def close(self) -> None:
        """Give the file back."""
        if self._database is not None:
            self._database.close()
