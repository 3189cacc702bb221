"""The graph of lineage as this node carries it: ends looked up in the catalog, each once."""

from collections.abc import Sequence

from frostnode.operations.badges import Badges
from frostnode.operations.parts import Parts
from frostnode.ports import CatalogEntry, CatalogReader, LogReader
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Op
from frostnode.protocol.limits import VERSIONS_LISTED_MAX
from frostnode.protocol.lineage import Edge, End, State, Used
from frostnode.protocol.names import DATASET, VERSION, Did, DidUrl, url_of
from frostnode.protocol.records import version_title
from frostnode.protocol.references import dataset_of, named_record, record_name


class CatalogLineage:
    """A `frostnode.protocol.lineage.LineageReader` over one state of catalog and store."""

    def __init__(self, parts: Parts, catalog: CatalogReader, log: LogReader) -> None:
        self._parts = parts
        self._catalog = catalog
        self._log = log
        self._badges = Badges(parts, catalog, log)
        self._versions: dict[str, list[CatalogEntry]] = {}
        self._used: dict[tuple[str, Cid | None], Used] = {}
        self._carried: dict[Did, bool] = {}

    def made_from(self, name: str, *, limit: int) -> Sequence[Edge]:
        """What this was made from."""
        return self._catalog.made_from(name, limit=limit)

    def built_on(self, name: str, *, limit: int) -> Sequence[Edge]:
        """What was made from this."""
        return self._catalog.built_on(name, limit=limit)

    def versions(self, dataset: str) -> Sequence[str]:
        """The names of the versions of a dataset, newest first; at most VERSIONS_LISTED_MAX."""
        return [entry_name(entry) for entry in self._versions_of(dataset) if entry.op == Op.PUT]

    def end(self, name: str) -> End:
        """What is known of a record or identifier."""
        record = named_record(name)
        if record is None:
            return End(name=name, state=State.OUTSIDE)
        entry = self._current(record)
        if entry is None:
            return End(name=name, state=State.NOT_CARRIED)
        return End(
            name=name,
            state=State.WITHDRAWN if entry.op == Op.WITHDRAW else State.HERE,
            title=display_title(self._catalog, entry),
            publisher=self._badges.name(entry.did),
            header=entry.header,
        )

    def used(self, edge: Edge) -> Used:
        """What became of what was used."""
        key = edge.used, edge.used_pin
        if key not in self._used:
            record = named_record(edge.used)
            current = self._current(record) if record is not None else None
            self._used[key] = (
                Used() if record is None or current is None else self._judge(record, current, key[1])
            )
        return self._used[key]

    def _judge(self, record: DidUrl, current: CatalogEntry, pin: Cid | None) -> Used:
        pinned = current
        is_missing = False
        if pin is not None and pin != current.header:
            found = self._catalog.entry_by_header(record.did, pin)
            is_missing = found is None and self._log.withheld_header(pin) is None
            pinned = found or current
        newest = self._newest(record, current, pinned)
        exact = "" if newest is None or newest.header == pin else f"{entry_name(newest)}?cid={newest.header}"
        return Used(newer=exact, withdrawn=current.op == Op.WITHDRAW, missing=is_missing)

    def _newest(self, record: DidUrl, current: CatalogEntry, pinned: CatalogEntry) -> CatalogEntry | None:
        """What should be used now in place of what was; None when there is nothing newer."""
        if record.type not in (DATASET, VERSION):
            return current if current.op == Op.PUT else None
        listed = self._versions_of(record_name(dataset_of(record)))
        newest = next((entry for entry in listed if entry.op == Op.PUT), None)
        if record.type == DATASET:
            if newest is None:
                return current if current.op == Op.PUT else None
            return newest if _position(newest) > _position(pinned) else None
        if newest is None or newest.key == record.key:
            return newest
        order = [entry.key for entry in listed]
        is_older = record.key not in order or order.index(newest.key) < order.index(record.key)
        return newest if is_older else None

    def _versions_of(self, dataset: str) -> list[CatalogEntry]:
        """All versions, newest first, the withdrawn ones too."""
        if dataset not in self._versions:
            record = named_record(dataset)
            self._versions[dataset] = (
                self._catalog.versions(record.did, record.key, limit=VERSIONS_LISTED_MAX, withdrawn=True)
                if record is not None
                else []
            )
        return self._versions[dataset]

    def _current(self, record: DidUrl) -> CatalogEntry | None:
        """The entry that a record is now; None for what is not carried, or blocked."""
        if record.did not in self._carried:
            self._carried[record.did] = self._log.history(
                record.did
            ) is not None and self._parts.carrying.is_carried(record.did)
        return (
            self._catalog.current(record.did, record.type, record.key) if self._carried[record.did] else None
        )


def display_title(catalog: CatalogReader, entry: CatalogEntry) -> str:
    """What a record is called where it stands alone; a version without a title of its own after its dataset."""
    if entry.type != VERSION or not entry.title:
        return entry.title
    dataset = catalog.current(entry.did, DATASET, entry.key.partition("@")[0])
    return version_title(entry.key, entry.title, dataset.title if dataset is not None else "")


def entry_name(entry: CatalogEntry) -> str:
    """The DID URL of the record that an entry is of."""
    return url_of(entry.did, entry.type, entry.key)


def _position(entry: CatalogEntry) -> tuple[int, int]:
    return entry.epoch, entry.index
