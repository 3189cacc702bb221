"""The disk of one machine, beneath the real database: it remembers what was not yet synced when power fails.

A file is a real one, so that the library works as always; writes since its last sync are noted beside it.
When power fails some of them are there and some are not, in no order, and the last may be torn. Which,
the seed decides.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final

import apsw

from frostnode.testing.random import SeededRandom

_SECTOR: Final = 512
_NEVER: Final = -1


@dataclass(frozen=True, slots=True)
class _Write:
    """Bytes at a place, what was there before, and how long the file was before; `new` None cuts it off there."""

    offset: int
    new: bytes | None
    old: bytes
    size_before: int


@dataclass(slots=True)
class _File:
    """What is written and not yet synced."""

    unsynced: list[_Write] = field(default_factory=list)


class Disk:
    """All files of one machine, in `folder`, until power fails; `image` is what the next one begins with.

    `is_full` refuses every growth. `fail_sync` lets one sync fail, `cut_power` lets power fail in one.
    """

    def __init__(self, name: str, folder: Path, random: SeededRandom) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.is_full = False
        self.is_dead = False
        self.syncs = 0
        self._random = random
        self._files: dict[str, _File] = {}
        self._failing = (_NEVER, False)
        self._power: tuple[int, Callable[[], None]] = (_NEVER, lambda: None)
        self._vfs = _Vfs(name, self)

    def uri(self, name: str) -> str:
        """How the database library finds a file here."""
        return f"file:/{name}?vfs={self._vfs.name}"

    def path(self, name: str) -> Path:
        """Where a file of that name is."""
        return self.folder / name.lstrip("/")

    # -- faults -----------------------------------------------------------------------------------

    def fail_sync(self, nth: int, *, but_written: bool) -> None:
        """Let the n-th sync from now on fail; 1 is the next. What it was about is on the disk, or is not yet."""
        self._failing = (self.syncs + nth, but_written)

    def cut_power(self, nth: int, then: Callable[[], None]) -> None:
        """Let power fail in the n-th sync from now on; `then` is called at once."""
        self._power = (self.syncs + nth, then)

    def fail(self) -> None:
        """Let power fail now: nothing is written any more, and what was not synced is decided."""
        if not self.is_dead:
            self.is_dead = True
            for name in sorted(self._files):
                _settle(self.path(name), self._files[name].unsynced, self._random.fork(f"power/{name}"))

    def close(self) -> None:
        """Forget the disk; its files stay. Every connection to it is closed before."""
        self._vfs.unregister()
        for shared in self.folder.glob("*-shm"):
            shared.unlink()

    # -- what the database library asks -----------------------------------------------------------

    def check_alive(self) -> None:
        """Refuse everything after power has failed."""
        if self.is_dead:
            raise apsw.IOError("no power")

    def open(self, name: str) -> None:
        """Begin to note writes to a file."""
        self._files.setdefault(name, _File())

    def written(self, name: str, write: _Write) -> None:
        """Note a write."""
        self._files[name].unsynced.append(write)

    def sync(self, name: str) -> None:
        """All that was written to a file is there for good, unless this is the sync that fails."""
        self.check_alive()
        self.syncs += 1
        failing, but_written = self._failing
        if self.syncs == self._power[0]:
            self.fail()
            self._power[1]()
            raise apsw.IOError("power failed")
        if self.syncs == failing and not but_written:
            raise apsw.IOError("sync failed")
        self._files[name].unsynced.clear()
        if self.syncs == failing:
            raise apsw.IOError("sync failed after it was done")

    def deleted(self, name: str) -> None:
        """A file is gone, at once."""
        self._files.pop(name, None)


def copy_image(source: Path, target: Path) -> None:
    """What a machine comes back with: the files as they are, without memory that processes shared."""
    target.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        if not path.name.endswith("-shm"):
            (target / path.name).write_bytes(path.read_bytes())


def put_back(kept: Path, folder: Path, name: str) -> None:
    """Replace one database of a folder, with its write-ahead log, by that of a backup."""
    for path in folder.glob(f"{name}*"):
        path.unlink()
    for path in sorted(kept.glob(f"{name}*")):
        (folder / path.name).write_bytes(path.read_bytes())


def _settle(path: Path, writes: list[_Write], random: SeededRandom) -> None:
    """Take back all writes, then let some of them happen all the same."""
    if not writes or not path.exists():
        return
    data = bytearray(path.read_bytes())
    for write in reversed(writes):
        data[write.offset : write.offset + len(write.new or b"")] = write.old
        del data[write.size_before :]
    kept = [write for write in writes if random.chance(0.5)]
    for write in kept:
        if write.new is None:
            del data[write.offset :]
            continue
        new = write.new
        if write is kept[-1] and random.chance(0.5):
            new = new[: random.below(len(new) // _SECTOR + 1) * _SECTOR]
        data.extend(bytes(max(0, write.offset - len(data))))
        data[write.offset : write.offset + len(new)] = new
    path.write_bytes(data)


class _Vfs(apsw.VFS):
    """The names of one disk, for the database library."""

    def __init__(self, name: str, disk: Disk) -> None:
        self.name = name
        self.disk = disk
        super().__init__(name, "")

    def excepthook(
        self,
        etype: type[BaseException] | None,
        evalue: BaseException | None,
        etraceback: TracebackType | None,
    ) -> bool:
        """What fails while a connection is closed has nobody to be told."""
        return True

    def xFullPathname(self, name: str) -> str:  # noqa: N802 - the library's name
        """Names are whole."""
        return name

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "_VfsFile":  # noqa: N802 - as above
        """Open a file, for notes to be kept of it unless it is shared memory or temporary."""
        self.disk.check_alive()
        text = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        return _VfsFile(self.disk, text.lstrip("/"), flags)

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802 - as above
        """Delete a file."""
        self.disk.check_alive()
        self.disk.deleted(name.lstrip("/"))
        super().xDelete(str(self.disk.path(name)), syncdir)

    def xAccess(self, name: str, flags: int) -> bool:  # noqa: N802 - as above
        """Whether there is such a file."""
        return super().xAccess(str(self.disk.path(name)), flags)


class _VfsFile(apsw.VFSFile):
    """One open file."""

    def __init__(self, disk: Disk, name: str, flags: list[int]) -> None:
        super().__init__("", str(disk.path(name)), flags)
        self._disk = disk
        self._name = name
        disk.open(name)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - as above
        """Write, and note what was there."""
        self._disk.check_alive()
        size = super().xFileSize()
        stop = offset + len(data)
        if self._disk.is_full and stop > size:
            raise apsw.FullError("no room")
        old = super().xRead(min(stop, size) - offset, offset) if offset < size else b""
        super().xWrite(data, offset)
        self._disk.written(self._name, _Write(offset, bytes(data), old, size))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - as above
        """Cut a file short, which may be taken back like a write."""
        self._disk.check_alive()
        size = super().xFileSize()
        old = super().xRead(size - newsize, newsize) if newsize < size else b""
        super().xTruncate(newsize)
        self._disk.written(self._name, _Write(newsize, None, old, size))

    def xSync(self, flags: int) -> None:  # noqa: N802 - as above
        """Make durable what was written: only in the notes, which is all that the run can lose."""
        self._disk.sync(self._name)
