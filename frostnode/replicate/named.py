"""Whom a publisher names as its witnesses, as far as its profile is here."""

from frostnode.log.content import readable_body
from frostnode.ports import CatalogReader, CatalogStore, LogReader, LogStore
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.names import Did
from frostnode.protocol.records import PROFILE, PROFILE_KEY, witnesses_of


def named_witnesses(log: LogReader, catalog: CatalogReader, did: Did) -> tuple[Cosigner, ...] | None:
    """The witnesses in the current profile; None when it is not known here what that says."""
    entry = catalog.current(did, PROFILE, PROFILE_KEY)
    if entry is None:
        return () if any(item.did == did for item in log.hosted()) else None
    if entry.body is None:
        return ()
    fields = readable_body(log, entry.body)
    return None if fields is None else witnesses_of(fields)


class Naming:
    """The same over the stores, read when asked."""

    def __init__(self, log: LogStore, catalog: CatalogStore) -> None:
        self._log = log
        self._catalog = catalog

    def __call__(self, did: Did) -> tuple[Cosigner, ...] | None:
        """The witnesses that a publisher names; None when that is not known here."""
        with self._log.read() as log, self._catalog.read() as catalog:
            return named_witnesses(log, catalog, did)
