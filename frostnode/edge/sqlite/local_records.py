"""LocalRecords in a file of its own, made with the first record: most homes never have one."""

from collections.abc import Callable, Collection, Sequence
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

    def entries(self, after: int = -1) -> Sequence[LocalEntry]:
        """All behind a number, newest first."""
        if self._database is None and not self._path.exists():
            return ()
        rows = self._with(
            lambda database: database.all(
                "SELECT did, type, key, header, time_ms, body, number, is_changed, read_ms FROM local"
                " WHERE number > ? ORDER BY time_ms DESC, did, type, key",
                (after,),
            )
        )
        return [
            LocalEntry(
                did=Did(did),
                type=type_,
                key=key,
                header=Cid.from_digest(header),
                time_ms=time_ms,
                body=body,
                number=number,
                is_changed=bool(is_changed),
                read_ms=read_ms,
            )
            for did, type_, key, header, time_ms, body, number, is_changed, read_ms in rows
        ]

    def last(self) -> int:
        """The number of what was kept last."""
        if self._database is None and not self._path.exists():
            return 0
        (number,) = self._with(lambda database: database.one("SELECT number FROM last")) or (0,)
        return int(number)

    def put(self, entry: LocalEntry) -> None:
        """Keep a record in place of an earlier one of its name."""

        def work(database: Database) -> None:
            (count,) = database.one(f"SELECT count(*) FROM local WHERE NOT ({_THIS})", name) or (0,)
            if count >= LOCAL_RECORDS_MAX:
                raise LocalError(
                    "queue.full", "records kept local", found=count, expected=f"< {LOCAL_RECORDS_MAX}"
                )
            is_changed = database.one(f"SELECT 1 FROM local WHERE {_THIS}", name) is not None
            database.run("UPDATE last SET number = number + 1")
            values = (*name, entry.header.digest, entry.time_ms, entry.body, is_changed)
            database.run(
                "INSERT OR REPLACE INTO local (did, type, key, header, time_ms, body, is_changed, number)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT number FROM last))",
                values,
            )

        name = entry.did, entry.type, entry.key
        self._with(lambda database: _whole(database, work))

    def read(self, numbers: Collection[int], now_ms: int) -> int:
        """Read of these."""
        sql = "UPDATE local SET read_ms = ? WHERE number = ? AND read_ms IS NULL"
        return (
            self._with(
                lambda database: sum(database.run_changes(sql, (now_ms, number)) for number in numbers)
            )
            if numbers
            else 0
        )

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


def _whole(database: Database, work: Callable[[Database], None]) -> None:
    """Do this in one transaction."""
    database.begin(write=True)
    try:
        work(database)
        database.commit()
    finally:
        database.rollback()
