"""AccessStore in a file of its own, made with the first token: most homes never have one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from frostnode.access_port import Attempt, Scope, Token
from frostnode.edge.sqlite.connection import Database, Row
from frostnode.edge.sqlite.lazy_file import LazyFile
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    IDEMPOTENCY_ANSWERS_BYTES_MAX,
    IDEMPOTENCY_KEPT_S,
    IDEMPOTENCY_KEYS_MAX,
    TOKENS_MAX,
)
from frostnode.protocol.names import Did

SCHEMA: Final = "access"
_SELECT: Final = "SELECT id, name, digest, scopes, did, created_ms, expires_ms, used_ms FROM token"


class SqliteAccessStore:
    """A `frostnode.access_port.AccessStore`. Any thread may call it.

    Raises:
        StorageError: storage.version, storage.failed, storage.damaged
    """

    def __init__(self, path: Path) -> None:
        self._file = LazyFile(path, SCHEMA)

    def tokens(self) -> Sequence[Token]:
        """All, oldest first."""
        if not self._file.is_there:
            return ()
        rows = self._file.whole(lambda database: database.all(f"{_SELECT} ORDER BY created_ms, id"))
        return [_token(row) for row in rows]

    def token(self, id_: str) -> Token | None:
        """One."""
        if not self._file.is_there:
            return None
        row = self._file.whole(lambda database: database.one(f"{_SELECT} WHERE id = ?", (id_,)))
        return None if row is None else _token(row)

    def add(self, token: Token) -> None:
        """Keep a new one."""

        def work(database: Database) -> None:
            (count,) = database.one("SELECT count(*) FROM token") or (0,)
            if count >= TOKENS_MAX:
                raise LocalError(
                    "queue.full",
                    "tokens of this home",
                    found=count,
                    expected=f"< {TOKENS_MAX}",
                    hint="`frost token revoke` those that nobody needs",
                )
            database.run(
                "INSERT INTO token (id, name, digest, scopes, did, created_ms, expires_ms, used_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    token.id,
                    token.name,
                    token.digest,
                    " ".join(sorted(token.scopes)),
                    token.did,
                    token.created_ms,
                    token.expires_ms,
                    token.used_ms,
                ),
            )

        self._file.whole(work)

    def remove(self, id_: str) -> bool:
        """Forget one, and what was answered to it."""
        if not self._file.is_there:
            return False
        return (
            self._file.whole(lambda database: database.run_changes("DELETE FROM token WHERE id = ?", (id_,)))
            > 0
        )

    def used(self, id_: str, now_ms: int) -> None:
        """Note when it was used last."""
        self._file.whole(
            lambda database: database.run("UPDATE token SET used_ms = ? WHERE id = ?", (now_ms, id_))
        )

    def begin(self, attempt: Attempt) -> Attempt | None:
        """Note an attempt, or answer the earlier one."""

        def work(database: Database) -> Attempt | None:
            old_ms = attempt.begun_ms - IDEMPOTENCY_KEPT_S * 1000
            database.run("DELETE FROM attempt WHERE begun_ms <= ?", (old_ms,))
            row = database.one(
                "SELECT token, key, request, begun_ms, answer FROM attempt WHERE token = ? AND key = ?",
                (attempt.token, attempt.key),
            )
            if row is not None:
                token, key, request, begun_ms, answer = row
                return Attempt(token=token, key=key, request=request, begun_ms=begun_ms, answer=answer)
            _check_room(database, attempt.token)
            database.run(
                "INSERT INTO attempt (token, key, request, begun_ms) VALUES (?, ?, ?, ?)",
                (attempt.token, attempt.key, attempt.request, attempt.begun_ms),
            )
            return None

        return self._file.whole(work)

    def finish(self, token: str, key: str, answer: bytes) -> None:
        """Keep what was answered."""
        sql = "UPDATE attempt SET answer = ?, size = ? WHERE token = ? AND key = ?"
        self._file.whole(lambda database: database.run(sql, (answer, len(answer), token, key)))

    def forget(self, token: str, key: str) -> None:
        """Free the key."""
        sql = "DELETE FROM attempt WHERE token = ? AND key = ?"
        self._file.whole(lambda database: database.run(sql, (token, key)))

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def _token(row: Row) -> Token:
    id_, name, digest, scopes, did, created_ms, expires_ms, used_ms = row
    return Token(
        id=id_,
        name=name,
        digest=digest,
        scopes=frozenset(map(Scope, scopes.split())),
        did=None if did is None else Did(did),
        created_ms=created_ms,
        expires_ms=expires_ms,
        used_ms=used_ms,
    )


def _check_room(database: Database, token: str) -> None:
    count, size = database.one("SELECT count(*), total(size) FROM attempt WHERE token = ?", (token,)) or (
        0,
        0,
    )
    if count >= IDEMPOTENCY_KEYS_MAX or size >= IDEMPOTENCY_ANSWERS_BYTES_MAX:
        raise LocalError(
            "queue.full",
            "answers kept for keys of this token",
            found=f"{count} of {int(size)} bytes",
            expected=f"< {IDEMPOTENCY_KEYS_MAX} of < {IDEMPOTENCY_ANSWERS_BYTES_MAX} bytes",
            hint="go on without Idempotency-Key, or with another token",
        )
