"""Files without a disk: under their names whole or not there at all, in folders that are there while a file is in them."""

from collections.abc import Iterator

from frostnode.protocol.errors import LocalError


class MemoryFiles:
    """A `frostnode.files_port.Files`; `files` is what there is, by path."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.busy: set[str] = set()
        """Files and folders that somebody writes."""

    def create(self, path: str, *, replace: bool) -> "MemorySink":
        """Begin a file."""
        return MemorySink(self, path, replace=replace)

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder in that place."""
        return path in self.files or any(name.startswith(f"{path}/") for name in self.files)

    def open(self, path: str) -> "MemorySource":
        """Read a file."""
        if path not in self.files:
            raise LocalError("input.unreadable", f"{path}: no such file")
        return MemorySource(self.files[path])

    def folder(self, path: str) -> "MemoryFolder":
        """Write to a folder."""
        return MemoryFolder(self, path)


class MemorySink:
    """A `frostnode.files_port.Sink`."""

    def __init__(self, files: MemoryFiles, path: str, *, replace: bool) -> None:
        self._files = files
        self._path = path
        self._replace = replace
        self._data: list[bytes] = []
        self._check_free()
        if path in files.busy:
            raise LocalError("output.exists", f"another export writes {path}")
        files.busy.add(path)

    def _check_free(self) -> None:
        if not self._replace and self._files.exists(self._path):
            raise LocalError("output.exists", f"{self._path} exists")

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._data.append(data)

    def commit(self) -> None:
        """Give it its name."""
        self._check_free()
        self._files.files[self._path] = b"".join(self._data)
        self.discard()

    def discard(self) -> None:
        """Leave nothing behind."""
        self._files.busy.discard(self._path)


class MemorySource:
    """A `frostnode.files_port.Source`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.size = len(data)

    def read(self, count: int) -> bytes:
        """At most so many bytes."""
        begin = self._at
        self._at = min(self.size, begin + count)
        return self._data[begin : self._at]

    def rewind(self) -> None:
        """Begin anew."""
        self._at = 0

    def close(self) -> None:
        """Nothing is held open."""


class MemoryFolder:
    """A `frostnode.files_port.Folder`."""

    def __init__(self, files: MemoryFiles, path: str) -> None:
        self._files = files
        self._path = path
        if path in files.busy:
            raise LocalError("output.exists", f"another export writes to {path}")
        files.busy.add(path)

    def _full(self, name: str) -> str:
        return f"{self._path}/{name}"

    def put(self, name: str, data: bytes) -> bool:
        """Write a file, unless it holds just that."""
        is_new = self._files.files.get(self._full(name)) != data
        self._files.files[self._full(name)] = data
        return is_new

    def size(self, name: str) -> int | None:
        """Bytes of a file."""
        data = self._files.files.get(self._full(name))
        return None if data is None else len(data)

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """At most so many bytes of a file."""
        data = self._files.files.get(self._full(name))
        return None if data is None else data[:bytes_max]

    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        return not self._files.exists(self._path)

    def names(self, under: str) -> Iterator[str]:
        """The names of all files below a folder."""
        start = len(self._full(""))
        return iter([path[start:] for path in self._files.files if path.startswith(self._full(f"{under}/"))])

    def remove(self, name: str) -> None:
        """Remove a file; folders are there while a file is in them."""
        self._files.files.pop(self._full(name), None)

    def close(self) -> None:
        """Let others write."""
        self._files.busy.discard(self._path)
