"""A store whose every commit is looked at before anybody else can know of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from frostnode.log.audit import LogAudit
from frostnode.operations.parts import HomeStore
from frostnode.ports import LogReader, LogStore, LogWriter


class WatchedStore:
    """A `frostnode.ports.LogStore`; `committed` is called after each commit. `beneath` is the store of the home."""

    def __init__(self, store: LogStore, beneath: HomeStore, committed: Callable[[], None]) -> None:
        self._store = store
        self._beneath = beneath
        self._committed = committed

    def read(self) -> AbstractContextManager[LogReader]:
        """A consistent snapshot."""
        return self._store.read()

    def audit(self) -> AbstractContextManager[LogAudit]:
        """A consistent snapshot, laid open."""
        return self._beneath.audit()

    @contextmanager
    def write(self) -> Iterator[LogWriter]:
        """One transaction."""
        with self._store.write() as writer:
            yield writer
        self._committed()

    def scrub(self) -> bool:
        """Leave nothing of what was erased in the files."""
        return self._beneath.scrub()

    def close(self) -> None:
        """Give the files back."""
        self._store.close()
