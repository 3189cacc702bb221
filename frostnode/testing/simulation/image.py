"""What must be true of a disk: of every one that a crash left, before anything runs on it again.

1 fsck finds nothing;
2 all that must be true at every commit;
3 the signer remembers every signature that ever left it;
4 both views, brought up to the last arrival, are what a rebuild makes;
5 nothing is in a view that does not count: no entry of a void epoch, none beyond an end.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.log.audit import AuditableStore
from frostnode.log.fsck import fsck
from frostnode.ports import CatalogReader, CatalogStore, LogReader, LogStore
from frostnode.project.fold import CatalogFold
from frostnode.project.index import IndexFold
from frostnode.protocol.names import Did
from frostnode.testing.clock import ManualClock
from frostnode.testing.memory_catalog import MemoryCatalog
from frostnode.testing.memory_index import IndexImage, MemoryIndex
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.disk import Disk, copy_image
from frostnode.testing.simulation.oracle import Oracle
from frostnode.testing.simulation.watch import Watch

STORE, CATALOG, SIGNER, NOTICES = "frost.db", "catalog.db", "signer.db", "notices.db"


def look_at_image(
    folder: Path, index: IndexImage, scratch: Path, oracle: Oracle, watch: Watch, *, name: str
) -> None:
    """Check the files of `folder`, in a copy at `scratch`."""
    copy_image(folder, scratch)
    disk = Disk(f"{name}-looked-at", scratch, SeededRandom(name))
    with ExitStack() as stack:
        stack.callback(disk.close)
        store = SqliteStore(disk.uri(STORE), ManualClock(), SeededRandom(name))
        stack.callback(store.close)
        catalog = SqliteCatalog(disk.uri(CATALOG))
        stack.callback(catalog.close)
        set_back = watch.is_set_back  # then the index may be of later than the store, until it is folded on
        check_store(store, oracle, name, {} if set_back else {"search": index.cursor})
        with store.read() as reader:
            watch.look(reader)
        _check_signer(store, disk.uri(SIGNER), oracle, name)
        check_views(store, catalog, index.copy(), oracle.violated, name)


def check_store(store: AuditableStore, oracle: Oracle, name: str, cursors: dict[str, int]) -> None:
    """Derive everything anew."""
    for finding in fsck(store, cursors=cursors).findings:
        oracle.violated(f"{name}: fsck: {finding}")


def _check_signer(store: LogStore, uri: str, oracle: Oracle, name: str) -> None:
    memory = Database(uri)
    try:
        known = memory.one("SELECT 1 FROM sqlite_schema WHERE name = 'signed'") is not None
        rows = memory.all("SELECT origin, size FROM signed") if known else []
    finally:
        memory.close()
    remembered: dict[str, int] = dict(rows)
    with store.read() as reader:
        for hosted in reader.hosted():
            last = max(oracle.trees.get(hosted.origin, {}), default=0)
            if name in oracle.forgetful:
                continue  # it was set back with the rest
            if remembered.get(hosted.origin, 0) < last:
                oracle.violated(f"{name}: the signer forgot that it signed {last} of {hosted.origin}")


def check_views(
    store: LogStore,
    catalog: CatalogStore,
    index: IndexImage,
    violated: Callable[[str], None],
    name: str,
) -> None:
    """Fold on to the end, fold anew from the beginning into a catalog without SQL, and compare."""
    scratch, fresh = MemoryCatalog(), IndexImage()
    _fold(store, catalog, index)
    _fold(store, scratch, fresh)
    with catalog.read() as found, scratch.read() as expected:
        if found.cursor() != expected.cursor():
            violated(f"{name}: cursor of the catalog {found.cursor()}, rebuilt {expected.cursor()}")
        if (one := _contents(found)) != (other := _contents(expected)):
            violated(f"{name}: the catalog is not its rebuild: {_difference(one, other)}")
    if index.documents != fresh.documents:
        violated(f"{name}: the index is not its rebuild: {_difference(index.documents, fresh.documents)}")
    with store.read() as log, catalog.read() as shown:
        for did in log.dids():
            _check_counts(log, shown, did, violated, name)


def _check_counts(
    log: LogReader, catalog: CatalogReader, did: Did, violated: Callable[[str], None], name: str
) -> None:
    """By the identity history alone: what a log's row says of its standing is not asked."""
    history = log.history(did)
    if history is None:
        return
    for entry in (
        entry
        for one in catalog.records(type_=None, did=did, limit=1 << 30)
        for entry in catalog.entries(did, one.type, one.key)
    ):
        epoch = history.epoch(entry.origin)
        if epoch is None:
            violated(f"{name}: {entry.type}/{entry.key} is shown, of the void epoch {entry.origin}")
        elif epoch.end is not None and entry.index >= epoch.end.size:
            violated(f"{name}: {entry.type}/{entry.key} is shown, at {entry.index} behind {epoch.end.size}")


def _fold(store: LogStore, catalog: CatalogStore, image: IndexImage) -> None:
    for view in (CatalogFold(store, catalog), IndexFold(store, catalog, MemoryIndex(image))):
        while view.step():
            pass


def _contents(catalog: CatalogReader) -> dict[Any, Any]:
    current = catalog.records(type_=None, did=None, limit=1 << 30)
    contents: dict[Any, Any] = {
        (entry.did, entry.type, entry.key): (entry, catalog.entries(entry.did, entry.type, entry.key))
        for entry in current
    }
    return contents | {"publishers": catalog.publishers(), "counts": catalog.counts()}


def _difference(one: dict[Any, Any], other: dict[Any, Any]) -> str:
    """The first that differs."""
    keys = [*one, *(key for key in other if key not in one)]
    differ = [key for key in keys if one.get(key) != other.get(key)]
    return f"{len(differ)} differ, first {differ[0]}: {one.get(differ[0])} / {other.get(differ[0])}"
