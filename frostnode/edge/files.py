"""Files of this machine for exports: whole under their names or not there at all, whatever happens in between.

A file is written beside its place, as .NAME.part. A cut-off process leaves that behind; the next one takes it over.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import IO

from frostnode.edge.disk import disk
from frostnode.protocol.errors import LocalError


class DiskFiles:
    """A `frostnode.files_port.Files`."""

    def create(self, path: str, *, replace: bool) -> "FileSink":
        """Begin a file."""
        return FileSink(Path(path), replace=replace)

    def exists(self, path: str) -> bool:
        """Whether there is anything in that place."""
        return os.path.lexists(path)

    def open(self, path: str) -> "FileSource":
        """Read a file."""
        return FileSource(Path(path))

    def folder(self, path: str) -> "DiskFolder":
        """Write to a folder."""
        return DiskFolder(Path(path))


class FileSink:
    """A `frostnode.files_port.Sink`."""

    def __init__(self, path: Path, *, replace: bool) -> None:
        if not replace and os.path.lexists(path):
            raise _exists(path)
        self._path = path
        self._replace = replace
        self._part = path.with_name(f".{path.name}.part")
        with disk(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise LocalError("output.exists", f"another export writes {path}") from error
        with disk(self._part):
            self._file.truncate(0)

    def write(self, data: bytes) -> None:
        """Add bytes."""
        with disk(self._part):
            self._file.write(data)

    def commit(self) -> None:
        """Make it durable and give it its name."""
        with disk(self._part):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._name()
            sync_folder(self._path.parent)
            self._file.close()

    def _name(self) -> None:
        if self._replace:
            self._part.replace(self._path)
            return
        try:
            os.link(self._part, self._path)  # unlike a rename it takes nobody's place
        except FileExistsError as error:
            raise _exists(self._path) from error
        except OSError:
            if os.path.lexists(self._path):
                raise _exists(self._path) from None
            self._part.rename(self._path)  # a file system without hard links
            return
        self._part.unlink()

    def discard(self) -> None:
        """Leave nothing behind."""
        if not self._file.closed:
            with suppress(OSError):
                self._part.unlink(missing_ok=True)
            with suppress(OSError):
                self._file.close()


class FileSource:
    """A `frostnode.files_port.Source`."""

    def __init__(self, path: Path) -> None:
        try:
            self._file: IO[bytes] = path.open("rb")
            self.size = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            raise LocalError("input.unreadable", f"{path}: {error.strerror}") from error
        self._path = path

    def read(self, count: int) -> bytes:
        """At most so many bytes."""
        try:
            return self._file.read(count)
        except OSError as error:
            raise LocalError("input.unreadable", f"{self._path}: {error.strerror}") from error

    def rewind(self) -> None:
        """Begin anew."""
        with disk(self._path):
            self._file.seek(0)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


class DiskFolder:
    """A `frostnode.files_port.Folder`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        with disk(root):
            root.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise LocalError("output.exists", f"another export writes to {root}") from error

    def put(self, name: str, data: bytes) -> bool:
        """Write a file, unless it holds just that."""
        path = self._root / name
        with disk(path):
            if self.size(name) == len(data) and path.read_bytes() == data:
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.part"[-255:])
            try:
                part.write_bytes(data)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        return True

    def size(self, name: str) -> int | None:
        """Bytes of a file."""
        try:
            found = (self._root / name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_size if S_ISREG(found.st_mode) else None

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """At most so many bytes of a file."""
        try:
            with (self._root / name).open("rb") as file:
                return file.read(bytes_max)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        with disk(self._root):
            return not any(self._root.iterdir())

    def names(self, under: str) -> Iterator[str]:
        """The names of all files below a folder, which may hold more than memory does."""
        folders = [under]
        while folders:
            folder = folders.pop()
            try:
                entries = os.scandir(self._root / folder)
            except (FileNotFoundError, NotADirectoryError):
                continue
            with disk(self._root / folder), entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(name)
                    else:
                        yield name

    def remove(self, name: str) -> None:
        """Remove a file, and folders that are empty then."""
        path = self._root / name
        with disk(path):
            path.unlink(missing_ok=True)
        for folder in path.relative_to(self._root).parents:
            if folder == Path():
                break
            try:
                (self._root / folder).rmdir()
            except OSError:
                break

    def close(self) -> None:
        """Let others write."""
        os.close(self._lock)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exists(path: Path) -> LocalError:
    return LocalError("output.exists", f"{path} exists", hint="give another name, or --replace")
