"""A witness on this machine: one key, and a memory of what it cosigned that never goes back.

Trusted with: saying which tree it saw, and when. The memory is a database of its own, so that no restore
of the home's store takes it along unnoticed, and cosigning does not keep the store's one writer waiting.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from frostnode.edge.sqlite.connection import Database, Row
from frostnode.edge.sqlite.migrations import migrate, migrations
from frostnode.protocol.checkpoint import cosign
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.errors import StorageError
from frostnode.protocol.keys import SigningKey, to_multibase
from frostnode.protocol.merkle import EMPTY_ROOT
from frostnode.protocol.names import Origin
from frostnode.protocol.note import Note, format_note, parse_note
from frostnode.protocol.witness import cosigning_time, origin_digest
from frostnode.witness_port import Cosigned, CosignRequest

SCHEMA: Final = "witness"
WITNESS_KEY_LABEL: Final = "frost witness"
"""Label of the witness key under the host seed (spec/02-identity.md#keys-and-kits)."""

_ROW: Final = "SELECT origin, size, root, time, note FROM cosigned WHERE "


class LocalWitness:
    """A `frostnode.ports.Witness`. Its name says its key, so that it stays the same wherever the host moves.

    Raises:
        StorageError: storage.version, storage.failed, storage.damaged
    """

    def __init__(self, path: Path | str, key: SigningKey) -> None:
        self._key = key
        self.cosigner = Cosigner(f"frost-witness/{to_multibase(key.public)}", key.public)
        self._cosigning = Lock()
        self._memory = Database(path)
        try:
            migrate(self._memory, migrations(SCHEMA))
        except StorageError:
            self._memory.close()
            raise

    def last(self, origin: Origin) -> Cosigned | None:
        """The last tree of a log that was cosigned."""
        return self.last_by_digest(origin_digest(origin))

    def last_by_digest(self, digest: bytes) -> Cosigned | None:
        """The same by the SHA-256 of the origin."""
        with self._cosigning:
            row = self._memory.one(_ROW + "digest = ?", (digest,))
        return None if row is None else _cosigned(row)

    def remembered(self) -> list[Cosigned]:
        """The last tree that was cosigned of each log, as it is stored, in order of origin."""
        with self._cosigning:
            return [_cosigned(row) for row in self._memory.all(_ROW + "TRUE ORDER BY origin")]

    def cosign(self, requests: Sequence[CosignRequest], now_s: int) -> list[Cosigned | None]:
        """Compare, sign and remember, all in one transaction.

        Raises:
            StorageError: nothing was cosigned
        """
        with self._cosigning:
            self._memory.begin(write=True)
            try:
                answers = [self._cosign(request, now_s) for request in requests]
                self._memory.commit()
            finally:
                self._memory.rollback()
        return answers

    def _cosign(self, request: CosignRequest, now_s: int) -> Cosigned | None:
        digest = origin_digest(request.origin)
        row = self._memory.one(_ROW + "digest = ?", (digest,))
        last = None if row is None else _cosigned(row)
        if last is not None and (last.size, last.root) == (request.size, request.root):
            return last
        before = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
        if before != (request.old_size, request.old_root) or request.size < before[0]:
            return None
        time_s = cosigning_time(now_s, None if last is None else last.time_s)
        note = cosign(_of_the_log(request), self.cosigner.name, self._key, time_s)
        self._memory.run(
            "INSERT OR REPLACE INTO cosigned VALUES (?, ?, ?, ?, ?, ?)",
            (digest, request.origin, request.size, request.root, time_s, note),
        )
        return Cosigned(origin=request.origin, size=request.size, root=request.root, time_s=time_s, note=note)

    def close(self) -> None:
        """Give the file back."""
        self._memory.close()


def _of_the_log(request: CosignRequest) -> bytes:
    """The checkpoint with the lines of its log alone: what others say of it is for them to serve."""
    note = parse_note(request.note)
    lines = tuple(line for line in note.signatures if line.name == request.origin)
    return format_note(Note(note.text, lines))


def _cosigned(row: Row) -> Cosigned:
    origin, size, root, time_s, note = row
    return Cosigned(origin=Origin(origin), size=size, root=root, time_s=time_s, note=note)
