"""A disk that people carry from machine to machine: what is on it outlives them all, and it is slow."""

from collections.abc import Callable
from typing import Final

from frostnode.edge.files import DiskFiles
from frostnode.protocol.errors import LocalError, StorageError

_PIECE_BYTES: Final = 1500
"""So many are read at once: a small file takes many steps."""


class Drive(DiskFiles):
    """A `frostnode.files_port.Files` for single files; `files` is what stands on it. `cut_power` lets the machine fail in a step."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
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

    def create(self, path: str, *, replace: bool) -> "_Sink":  # type: ignore[override] # another sink of the same kind
        """Begin a file."""
        if self.exists(path) and not replace:
            raise LocalError("output.exists", f"{path} exists")
        return _Sink(self, path)

    def exists(self, path: str) -> bool:
        """Whether there is anything in that place."""
        return path in self.files

    def open(self, path: str) -> "_Source":  # type: ignore[override] # another source of the same kind
        """Read a file."""
        if not self.exists(path):
            raise LocalError("input.unreadable", f"{path}: no such file")
        return _Source(self, self.files[path])


class _Sink:
    def __init__(self, drive: Drive, path: str) -> None:
        self._drive = drive
        self._path = path
        self._data = b""

    def write(self, data: bytes) -> None:
        self._drive.step()
        self._data += data

    def commit(self) -> None:
        self._drive.step()
        self._drive.files[self._path] = self._data
        self._drive.step()

    def discard(self) -> None:
        """There is nothing under its name yet."""


class _Source:
    def __init__(self, drive: Drive, data: bytes) -> None:
        self._drive = drive
        self._data = data
        self._at = 0
        self.size = len(data)

    def read(self, count: int) -> bytes:
        self._drive.step()
        begin = self._at
        self._at += min(count, _PIECE_BYTES)
        return self._data[begin : self._at]

    def rewind(self) -> None:
        self._at = 0

    def close(self) -> None:
        """Nothing is held open."""
