"""What exports ask of the world: files and folders to write to and read from, and pages for people.

Paths are those that the operator gave, as absolute text; a running node and the command that asks it must mean
the same place. Every call may raise StorageError storage.failed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias

from frostnode.protocol.names import Did, DidUrl


class Sink(Protocol):
    """A file that is being written. Under its name there is nothing before `commit`, and all of it after."""

    def write(self, data: bytes) -> None: ...
    def commit(self) -> None:
        """Make it durable and give it its name. Raises LocalError output.exists, if somebody else was first."""

    def discard(self) -> None:
        """Leave nothing behind; after `commit` it does nothing."""


class Source(Protocol):
    """A file that is being read."""

    @property
    def size(self) -> int: ...
    def read(self, count: int) -> bytes:
        """At most so many bytes; none at the end."""

    def rewind(self) -> None: ...
    def close(self) -> None: ...


class Folder(Protocol):
    """A folder whose files are read by others meanwhile: each is there whole, or as it was before. One writer at a time.

    Names are relative, with slashes.
    """

    def put(self, name: str, data: bytes) -> bool:
        """Write a file, unless it holds just that; answers whether it was written."""

    def size(self, name: str) -> int | None:
        """Bytes of a file; None when there is none."""

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """At most so many bytes of a file; None when there is none."""

    def is_empty(self) -> bool: ...
    def names(self, under: str) -> Iterator[str]:
        """The names of all files in a folder and below it; none when there is no such folder."""

    def remove(self, name: str) -> None:
        """Remove a file, and folders that are empty then."""

    def close(self) -> None: ...


class SitePages(Protocol):
    """The pages of one export, with relative links to each other and to nothing that is not there."""

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Style sheets and images, by file name."""

    def page(self, name: str, template: str, values: Mapping[str, Any]) -> bytes:
        """A page as it stands in the file `name`; of a record (`record.html`) `values` are what `show` answers."""


MakeSite: TypeAlias = Callable[[Callable[[Did], bool], Callable[[DidUrl], bool]], SitePages]
"""Pages of a site, told which publishers and which records have one."""


class Files(Protocol):
    """The files of the machine that the node runs on (trusted with: what the operator's account may read and write)."""

    def create(self, path: str, *, replace: bool) -> Sink:
        """Begin a file. Raises LocalError output.exists, if there is one and it is not to be replaced."""

    def exists(self, path: str) -> bool: ...
    def open(self, path: str) -> Source:
        """Read a file. Raises LocalError input.unreadable."""

    def folder(self, path: str) -> Folder:
        """Write to a folder, which is made if need be. Raises LocalError output.exists, while another export writes to it."""
