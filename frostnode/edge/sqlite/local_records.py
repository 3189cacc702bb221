"""LocalRecords in a file of its own, made with the first record: most homes never have one."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.lazy_file import LazyFile
from frostnode.local_port import LocalEntry
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import LOCAL_RECORDS_MAX
from frostnode.protocol.names import Did

SCHEMA: Final = "local"
_THIS: Final = "did = ? AND type = ? AND key = ?"


class SqliteLocalRecords:
    """A `frostnode.local_port.LocalRecords`.

    Raises:
        StorageError: storage.version, storage.failed, storage.damaged
    """

    def __init__(self, path: Path) -> None:
        self._file = LazyFile(path, SCHEMA)

    def entries(self, after: int = -1) -> Sequence[LocalEntry]:
        """All behind a number, newest first."""
        if not self._file.is_there:
            return ()
        rows = self._file.whole(
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
        if not self._file.is_there:
            return 0
        (number,) = self._file.whole(lambda database: database.one("SELECT number FROM last")) or (0,)
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
        self._file.whole(work)

    def read(self, numbers: Collection[int], now_ms: int) -> int:
        """Read of these."""
        sql = "UPDATE local SET read_ms = ? WHERE number = ? AND read_ms IS NULL"
        return (
            self._file.whole(
                lambda database: sum(database.run_changes(sql, (now_ms, number)) for number in numbers)
            )
            if numbers
            else 0
        )

    def remove(self, did: Did, type_: str, key: str) -> bool:
        """Forget a record."""
        if not self._file.is_there:
            return False
        sql = f"DELETE FROM local WHERE {_THIS}"
        return self._file.whole(lambda database: database.run_changes(sql, (did, type_, key))) > 0

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
