"""A disk that people carry from machine to machine: what is on it outlives them all, and it is slow."""

from collections.abc import Callable
from typing import Final

from frostnode.protocol.errors import StorageError
from frostnode.testing.memory_files import MemoryFiles, MemorySink, MemorySource

_PIECE_BYTES: Final = 1500
"""So many are read at once: a small file takes many steps."""


class Drive(MemoryFiles):
    """A `frostnode.files_port.Files`; `cut_power` lets the machine fail in a step of a single file."""

    def __init__(self) -> None:
        super().__init__()
        self._left = 0
        self._crash: Callable[[], None] = lambda: None

    def cut_power(self, nth: int, crash: Callable[[], None]) -> None:
        """Let power fail in the n-th step from now on: a piece read or written, or before or after a file has its name."""
        self._left, self._crash = nth, crash

    def step(self) -> None:
        """Something is done with a file.

        Raises:
            StorageError: storage.failed, when power fails
        """
        self._left -= 1
        if self._left == 0:
            self._crash()
            raise StorageError("storage.failed", "no power")

    def create(self, path: str, *, replace: bool) -> "_Sink":
        """Begin a file."""
        return _Sink(self, path, replace=replace)

    def open(self, path: str) -> "_Source":
        """Read a file."""
        return _Source(self, super().open(path))


class _Sink(MemorySink):
    """A file that is written in steps."""

    def __init__(self, drive: Drive, path: str, *, replace: bool) -> None:
        super().__init__(drive, path, replace=replace)
        self._drive = drive

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._drive.step()
        super().write(data)

    def commit(self) -> None:
        """Give it its name."""
        self._drive.step()
        super().commit()
        self._drive.step()


class _Source(MemorySource):
    """A file that is read in steps, a piece in each."""

    def __init__(self, drive: Drive, source: MemorySource) -> None:
        super().__init__(source.read(source.size))
        self._drive = drive

    def read(self, count: int) -> bytes:
        """At most so many bytes."""
        self._drive.step()
        return super().read(min(count, _PIECE_BYTES))
