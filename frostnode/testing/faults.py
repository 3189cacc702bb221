"""A store and a signer that fail at a chosen step: before it took effect, or after.

What fails before is as if it had not been asked. What fails after has happened, and nobody was told: a
commit whose answer was lost, a signature that was made and remembered.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from frostnode.ports import LogReader, LogStore, LogWriter, Signer, SignRequest
from frostnode.protocol.errors import StorageError, TransportError


class Fault(StrEnum):
    """When a step fails."""

    NOT_WRITTEN = "failed and not written"
    BUT_WRITTEN = "failed but written"


class FaultyStore:
    """A `frostnode.ports.LogStore` whose n-th write from now on fails once; 1 is the next."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._countdown = 0
        self._fault = Fault.NOT_WRITTEN

    def fail(self, nth: int, fault: Fault) -> None:
        """Let the n-th write from now on fail."""
        self._countdown, self._fault = nth, fault

    @contextmanager
    def read(self) -> Iterator[LogReader]:
        """A consistent snapshot."""
        with self._store.read() as reader:
            yield reader

    @contextmanager
    def write(self) -> Iterator[LogWriter]:
        """One transaction."""
        self._countdown -= 1
        fails = self._countdown == 0
        with self._store.write() as writer:
            yield writer
            if fails and self._fault is Fault.NOT_WRITTEN:
                raise StorageError("storage.failed", f"commit: {self._fault}")
        if fails:
            raise StorageError("storage.failed", f"commit: {self._fault}")

    def close(self) -> None:
        """Give the files back."""
        self._store.close()


class FaultySigner:
    """A `frostnode.ports.Signer` whose n-th signature from now on fails once; keeps all that were made."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._countdown = 0
        self._fault = Fault.NOT_WRITTEN
        self.signed: list[tuple[SignRequest, bytes]] = []

    def fail(self, nth: int, fault: Fault) -> None:
        """Let the n-th signature from now on fail."""
        self._countdown, self._fault = nth, fault

    async def sign(self, request: SignRequest) -> bytes:
        """The signed note of the checkpoint (origin, new_size, new_root)."""
        self._countdown -= 1
        fails = self._countdown == 0
        if fails and self._fault is Fault.NOT_WRITTEN:
            raise TransportError("transport.unreachable", f"signer: {self._fault}")
        note = await self._signer.sign(request)
        self.signed.append((request, note))
        if fails:
            raise TransportError("transport.unreachable", f"signer: {self._fault}")
        return note
