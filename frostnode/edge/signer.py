"""A signer on this machine: log keys, and a memory of what they signed that never goes back.

Trusted with: appending to the logs whose keys it finds, never with the identity of their publishers. The
memory is a database of its own, so that no restore of the home's store takes it along unnoticed. With an old one
the signer goes on from a larger tree that bears its own signature; without one it refuses, and a new epoch is the way on.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.migrations import migrate, migrations
from frostnode.log.sequencer import TO_ROTATE
from frostnode.ports import SignRequest, Worker
from frostnode.protocol.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from frostnode.protocol.errors import LocalError, PeerError, StorageError
from frostnode.protocol.keys import PublicKey, SigningKey
from frostnode.protocol.merkle import EMPTY_ROOT, verify_consistency
from frostnode.protocol.names import Origin

SCHEMA: Final = "signer"


class LocalSigner:
    """A `frostnode.ports.Signer` over keys that `key_of` finds, None where there is none.

    Raises:
        StorageError: storage.version, storage.failed, storage.damaged
    """

    def __init__(
        self, path: Path | str, key_of: Callable[[Origin], SigningKey | None], worker: Worker
    ) -> None:
        self._key_of = key_of
        self._worker = worker
        self._signing = Lock()
        self._memory = Database(path)
        try:
            migrate(self._memory, migrations(SCHEMA))
        except StorageError:
            self._memory.close()
            raise

    async def sign(self, request: SignRequest) -> bytes:
        """The signed note of the checkpoint (origin, new_size, new_root).

        Raises:
            LocalError: publisher.not-hosted, signer.conflict
            StorageError: the memory could not be written: nothing was signed that it does not know of
        """
        return await self._worker.run(lambda: self._sign(request))

    def _sign(self, request: SignRequest) -> bytes:
        key = self._key_of(request.origin)
        if key is None:
            raise LocalError("publisher.not-hosted", f"the log key of {request.origin} is not here")
        with self._signing:
            self._memory.begin(write=True)
            try:
                size, root, note = self._last(request.origin)
                if note is not None and (size, root) == (request.new_size, request.new_root):
                    return note
                if note is not None:
                    size, root = _recalled(request, key.public, size, root)
                _check_growth(request, size, root)
                checkpoint = Checkpoint(request.origin, request.new_size, request.new_root)
                signed = sign_checkpoint(checkpoint, key)
                self._memory.run(
                    "INSERT OR REPLACE INTO signed VALUES (?, ?, ?, ?)",
                    (request.origin, request.new_size, request.new_root, signed),
                )
                self._memory.commit()
                return signed
            finally:
                self._memory.rollback()

    def _last(self, origin: Origin) -> tuple[int, bytes, bytes | None]:
        """The last tree signed, with its note; the empty one, without a note, before the first."""
        row = self._memory.one("SELECT size, root, note FROM signed WHERE origin = ?", (origin,))
        return (0, EMPTY_ROOT, None) if row is None else (row[0], row[1], row[2])

    def close(self) -> None:
        """Give the file back."""
        self._memory.close()


def _recalled(request: SignRequest, public: PublicKey, size: int, root: bytes) -> tuple[int, bytes]:
    """What to extend: a larger tree than is remembered, if its signature is this key's own.

    The memory was set back then. Who signed the larger tree was this signer, and it must go on from there.
    """
    if request.old_note is None or request.old_size <= size:
        return size, root
    try:
        signed = open_checkpoint(request.old_note, request.origin, public)
    except PeerError:
        return size, root
    if (signed.size, signed.root) != (request.old_size, request.old_root):
        return size, root
    return signed.size, signed.root


def _check_growth(request: SignRequest, size: int, root: bytes) -> None:
    """Check that the new tree extends the last one that was signed, and by something.

    Raises:
        LocalError: signer.conflict
    """
    if (request.old_size, request.old_root) != (size, root) or request.new_size <= size:
        raise LocalError(
            "signer.conflict",
            f"tree of {request.origin} to be extended",
            found=f"{request.old_size} {request.old_root.hex()} to {request.new_size}",
            expected=f"{size} {root.hex()}",
            hint=TO_ROTATE,
        )
    try:
        verify_consistency(
            request.old_size, request.old_root, request.new_size, request.new_root, request.consistency
        )
    except PeerError as error:
        what = f"tree of {request.origin} to be signed: {error}"
        raise LocalError("signer.conflict", what, hint=TO_ROTATE) from error
