"""Lineage as the owner of a home sees it: what is carried, with what is kept local on top."""

from collections.abc import Sequence
from dataclasses import replace

from frostnode.local_port import LocalEntry
from frostnode.operations.lineage_reader import CatalogLineage, entry_name
from frostnode.ports import CatalogReader
from frostnode.protocol.dagcbor import Value
from frostnode.protocol.entry import decode_body
from frostnode.protocol.limits import VERSIONS_LISTED_MAX
from frostnode.protocol.lineage import Edge, End, State, Used
from frostnode.protocol.names import DATASET, VERSION, url_of
from frostnode.protocol.records import LINEAGE, title_of
from frostnode.protocol.references import Role, dataset_of, named_record, record_name, references_of


def local_name(entry: LocalEntry) -> str:
    """The DID URL that a local record has; what is published under it comes before it."""
    return url_of(entry.did, entry.type, entry.key)


def local_exact(entry: LocalEntry) -> str:
    """The DID URL of this very entry."""
    return f"{local_name(entry)}?cid={entry.header}"


def local_fields(entry: LocalEntry) -> dict[str, Value]:
    """What a local record says."""
    return decode_body(entry.body)


class LineageWithLocal:
    """A `frostnode.protocol.lineage.LineageReader`."""

    def __init__(self, inner: CatalogLineage, catalog: CatalogReader, entries: Sequence[LocalEntry]) -> None:
        self._inner = inner
        self._catalog = catalog
        self._entries = {
            local_name(entry): entry
            for entry in entries
            if catalog.current(entry.did, entry.type, entry.key)
            is None  # what was published since is not local
        }
        self._edges = [
            edge for entry in self._entries.values() if entry.type == LINEAGE for edge in _edges(entry)
        ]

    def entry(self, name: str) -> LocalEntry | None:
        """The local record of this name."""
        return self._entries.get(name)

    def made_from(self, name: str, *, limit: int) -> Sequence[Edge]:
        """What this was made from."""
        local = [edge for edge in self._edges if edge.generated == name]
        return [*self._inner.made_from(name, limit=limit), *local][:limit]

    def built_on(self, name: str, *, limit: int) -> Sequence[Edge]:
        """What was made from this."""
        return [
            *self._inner.built_on(name, limit=limit),
            *(edge for edge in self._edges if edge.used == name),
        ][:limit]

    def versions(self, dataset: str) -> Sequence[str]:
        """The names of the versions of a dataset, newest first; local ones stand where their time puts them."""
        local = self._local_versions(dataset)
        published = self._inner.versions(dataset)
        if not local:
            return published
        times = self._published_ms(dataset)
        merged: list[str] = []
        for name in published:
            while local and local[0].time_ms >= times.get(name, 0):
                merged.append(local_name(local.pop(0)))
            merged.append(name)
        return [*merged, *map(local_name, local)]

    def _published_ms(self, dataset: str) -> dict[str, int]:
        """When each version was published, as its publisher says: the same clock by which local ones are kept."""
        record = named_record(dataset)
        if record is None:
            return {}
        listed = self._catalog.versions(record.did, record.key, limit=VERSIONS_LISTED_MAX)
        return {entry_name(entry): entry.time_ms for entry in listed}

    def _local_versions(self, dataset: str) -> list[LocalEntry]:
        return [
            entry
            for name, entry in self._entries.items()
            if name.startswith(f"{dataset}@") and entry.type == VERSION
        ]

    def end(self, name: str) -> End:
        """What is known of a record or identifier."""
        entry = self._entries.get(name)
        if entry is not None:
            title = title_of(entry.type, entry.key, local_fields(entry))
            return End(name=name, state=State.LOCAL, title=title, header=entry.header)
        found = self._inner.end(name)
        is_dataset_of_local = found.state is State.NOT_CARRIED and bool(self._local_versions(name))
        return replace(found, state=State.LOCAL) if is_dataset_of_local else found

    def used(self, edge: Edge) -> Used:
        """What became of what was used."""
        found = self._inner.used(edge)
        record = named_record(edge.used)
        if record is None or record.type not in (DATASET, VERSION):
            return found
        dataset = record_name(dataset_of(record))
        if not self._local_versions(dataset):
            return found
        order = list(self.versions(dataset))
        newest = self._entries.get(order[0])
        is_local = edge.used in self._entries
        if newest is None and not is_local:
            return found  # what is newest is published, and so is what was used
        if edge.used in order and order[0] != edge.used:
            return replace(
                found, newer=local_exact(newest) if newest is not None else self._published(order[0])
            )
        if newest is not None and newest.header != edge.used_pin:
            return replace(found, newer=local_exact(newest))
        return found

    def _published(self, name: str) -> str:
        record = named_record(name)
        current = self._catalog.current(record.did, record.type, record.key) if record is not None else None
        return f"{name}?cid={current.header}" if current is not None else name


def _edges(entry: LocalEntry) -> list[Edge]:
    references = references_of(entry.did, LINEAGE, local_fields(entry))
    made = next((item for item in references if item.role is Role.GENERATED), None)
    return [
        Edge(
            did=entry.did,
            key=entry.key,
            header=entry.header,
            generated=made.name,
            generated_pin=made.pin,
            used=item.name,
            used_pin=item.pin,
            is_local=True,
        )
        for item in references
        if made is not None and item.role is Role.USED
    ]
