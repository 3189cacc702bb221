"""EditingStore in a file of its own, made with the first link, session or draft: most homes never have one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.lazy_file import LazyFile
from frostnode.editing_port import Draft, Link, Session
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    DRAFT_BYTES_MAX,
    DRAFTS_BYTES_MAX,
    DRAFTS_MAX,
    SESSIONS_MAX,
    SIGN_IN_LINKS_MAX,
)
from frostnode.protocol.names import Did

SCHEMA: Final = "editing"


class SqliteEditingStore:
    """A `frostnode.editing_port.EditingStore`. Any thread may call it.

    Raises:
        StorageError: storage.version, storage.failed, storage.damaged
    """

    def __init__(self, path: Path) -> None:
        self._file = LazyFile(path, SCHEMA)

    def add_link(self, link: Link, now_ms: int) -> None:
        """Keep a new one."""

        def work(database: Database) -> None:
            database.run("DELETE FROM link WHERE expires_ms <= ?", (now_ms,))
            (count,) = database.one("SELECT count(*) FROM link") or (0,)
            if count >= SIGN_IN_LINKS_MAX:
                raise LocalError(
                    "queue.full", "links to sign in", found=count, expected=f"< {SIGN_IN_LINKS_MAX}"
                )
            database.run("INSERT INTO link VALUES (?, ?, ?)", (link.digest, link.token, link.expires_ms))

        self._file.whole(work)

    def take_link(self, digest: bytes, now_ms: int) -> Link | None:
        """Use one up."""
        if not self._file.is_there:
            return None

        def work(database: Database) -> Link | None:
            row = database.one(
                "SELECT token, expires_ms FROM link WHERE digest = ? AND expires_ms > ?", (digest, now_ms)
            )
            database.run("DELETE FROM link WHERE digest = ?", (digest,))
            return None if row is None else Link(digest=digest, token=row[0], expires_ms=row[1])

        return self._file.whole(work)

    def add_session(self, session: Session, now_ms: int) -> None:
        """Keep a new one."""

        def work(database: Database) -> None:
            database.run("DELETE FROM session WHERE expires_ms <= ?", (now_ms,))
            database.run(
                "DELETE FROM session WHERE digest IN"
                " (SELECT digest FROM session ORDER BY expires_ms DESC, digest LIMIT -1 OFFSET ?)",
                (SESSIONS_MAX - 1,),
            )
            database.run(
                "INSERT INTO session VALUES (?, ?, ?, ?)",
                (session.digest, session.token, session.expires_ms, int(session.is_own)),
            )

        self._file.whole(work)

    def session(self, digest: bytes, now_ms: int) -> Session | None:
        """One that has not ended."""
        if not self._file.is_there:
            return None
        row = self._file.whole(
            lambda database: database.one(
                "SELECT token, expires_ms, is_own FROM session WHERE digest = ? AND expires_ms > ?",
                (digest, now_ms),
            )
        )
        if row is None:
            return None
        token, expires_ms, is_own = row
        return Session(digest=digest, token=token, expires_ms=expires_ms, is_own=bool(is_own))

    def end_session(self, digest: bytes) -> None:
        """Forget one."""
        if self._file.is_there:
            sql = "DELETE FROM session WHERE digest = ?"
            self._file.whole(lambda database: database.run(sql, (digest,)))

    def put_draft(self, draft: Draft) -> None:
        """Keep a draft."""
        if len(draft.typed) > DRAFT_BYTES_MAX:
            found = f"{len(draft.typed)} bytes"
            raise LocalError("draft.too-large", "a draft", found=found, expected=f"≤ {DRAFT_BYTES_MAX}")

        def work(database: Database) -> None:
            others = "SELECT count(*), total(size) FROM draft WHERE did = ? AND id <> ?"
            count, size = database.one(others, (draft.did, draft.id)) or (0, 0)
            if count >= DRAFTS_MAX or size + len(draft.typed) > DRAFTS_BYTES_MAX:
                raise LocalError(
                    "queue.full",
                    "drafts of this publisher",
                    found=f"{count} of {int(size)} bytes",
                    expected=f"< {DRAFTS_MAX}, of {DRAFTS_BYTES_MAX} bytes at most",
                    hint="publish or throw away others",
                )
            database.run(
                "INSERT OR REPLACE INTO draft (did, id, type, title, changed_ms, size, typed)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    draft.did,
                    draft.id,
                    draft.type,
                    draft.title,
                    draft.changed_ms,
                    len(draft.typed),
                    draft.typed,
                ),
            )

        self._file.whole(work)

    def draft(self, did: Did, id_: str) -> Draft | None:
        """One."""
        if not self._file.is_there:
            return None
        sql = "SELECT type, title, changed_ms, typed FROM draft WHERE did = ? AND id = ?"
        row = self._file.whole(lambda database: database.one(sql, (did, id_)))
        if row is None:
            return None
        type_, title, changed_ms, typed = row
        return Draft(id=id_, did=did, type=type_, title=title, typed=typed, changed_ms=changed_ms)

    def drafts(self, did: Did) -> Sequence[Draft]:
        """Those of a publisher."""
        if not self._file.is_there:
            return ()
        sql = "SELECT id, type, title, changed_ms FROM draft WHERE did = ? ORDER BY changed_ms DESC, id"
        rows = self._file.whole(lambda database: database.all(sql, (did,)))
        return [
            Draft(id=id_, did=did, type=type_, title=title, typed=b"", changed_ms=changed_ms)
            for id_, type_, title, changed_ms in rows
        ]

    def drop_draft(self, did: Did, id_: str) -> None:
        """Forget one."""
        if self._file.is_there:
            sql = "DELETE FROM draft WHERE did = ? AND id = ?"
            self._file.whole(lambda database: database.run(sql, (did, id_)))

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
