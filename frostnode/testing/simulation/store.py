"""A store whose every commit is looked at before anybody else can know of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from frostnode.log.audit import AuditableStore, LogAudit
from frostnode.ports import LogReader, LogStore, LogWriter


class WatchedStore:
    """A `frostnode.ports.LogStore`; `committed` is called after each commit. `audited` is what lies beneath."""

    def __init__(self, store: LogStore, audited: AuditableStore, committed: Callable[[], None]) -> None:
        self._store = store
        self._audited = audited
        self._committed = committed

    def read(self) -> AbstractContextManager[LogReader]:
        """A consistent snapshot."""
        return self._store.read()

    def audit(self) -> AbstractContextManager[LogAudit]:
        """A consistent snapshot, laid open."""
        return self._audited.audit()

    @contextmanager
    def write(self) -> Iterator[LogWriter]:
        """One transaction."""
        with self._store.write() as writer:
            yield writer
        self._committed()

    def close(self) -> None:
        """Give the files back."""
        self._store.close()
