"""The catalog view in memory, told plainly: what SQL finds by its indexes is looked for among all entries."""

from collections.abc import Callable, Collection, Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock
from typing import Final, TypeAlias

from frostnode.ports import NO_CONTENT, CatalogEntry, Content, PublisherSummary
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Op
from frostnode.protocol.handles import Handle
from frostnode.protocol.identifiers import HANDLE_SCHEME
from frostnode.protocol.lineage import Edge
from frostnode.protocol.names import VERSION, Did, Origin
from frostnode.protocol.records import LATEST_LABEL, LINEAGE, PROFILE, PROFILE_KEY
from frostnode.protocol.references import Reference, Role
from frostnode.reference_port import Referring

_BUILDINGS: Final = count(1)

Place: TypeAlias = tuple[Origin, int]
Record: TypeAlias = tuple[Did, str, str]


@dataclass(frozen=True, slots=True)
class _Kept:
    entry: CatalogEntry
    content: Content

    @property
    def position(self) -> tuple[int, int]:
        return self.entry.epoch, self.entry.index

    def refers(self, role: Role) -> Iterator[Reference]:
        return (reference for reference in self.content.references if reference.role is role)


@dataclass(slots=True)
class _State:
    """All of it. What stands in it never changes, so that a copy of the mappings is a copy of everything."""

    entries: dict[Place, _Kept] = field(default_factory=dict)
    """In the order in which they came."""
    records: dict[Record, tuple[Place, ...]] = field(default_factory=dict)
    """The entries of each record, the current one last."""
    cursor: int = 0
    mark: bytes = b""
    begun: bytes = field(default_factory=lambda: next(_BUILDINGS).to_bytes(16, "big"))

    def copy(self) -> "_State":
        """The same at this moment."""
        return _State(dict(self.entries), dict(self.records), self.cursor, self.mark, self.begun)


def _record(entry: CatalogEntry) -> Record:
    return entry.did, entry.type, entry.key


class MemoryReferenceReader:
    """A `frostnode.reference_port.ReferenceReader` of one state."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def _entries(self, record: Record) -> list[_Kept]:
        """Of a record, the current one last."""
        return [self._state.entries[place] for place in self._state.records.get(record, ())]

    def _current(self) -> list[_Kept]:
        """What records are that are not withdrawn, in the order in which they came."""
        last = {places[-1] for places in self._state.records.values()}
        return [
            kept
            for place, kept in self._state.entries.items()
            if place in last and kept.entry.op != Op.WITHDRAW
        ]

    def references(self, did: Did, type_: str, key: str) -> list[Reference]:
        """What a record refers to now."""
        entries = self._entries((did, type_, key))
        return list(entries[-1].content.references) if entries and entries[-1].entry.op == Op.PUT else []

    def referring(
        self, names: Iterable[str], roles: Iterable[Role], *, limit: int, versions: bool = False
    ) -> list[Referring]:
        """Who refers to one of these names; each once, by the first name that it refers to."""
        in_roles, current = set(roles), self._current()
        found: dict[int, Reference] = {}
        for name in sorted(set(names)):
            for is_named in (name.__eq__, _is_version_of(name)) if versions else (name.__eq__,):
                for place, kept in enumerate(current):
                    for reference in kept.content.references:
                        if reference.role in in_roles and is_named(reference.name):
                            found.setdefault(place, reference)
        return [
            Referring(
                did=current[place].entry.did,
                type=current[place].entry.type,
                key=current[place].entry.key,
                header=current[place].entry.header,
                reference=found[place],
            )
            for place in sorted(found)[:limit]
        ]

    def _edges(self) -> Iterator[Edge]:
        for kept in self._current():
            if kept.entry.type == LINEAGE:
                for used in kept.refers(Role.USED):
                    for made in kept.refers(Role.GENERATED):
                        yield _edge(kept.entry, made, used)

    def made_from(self, name: str, *, limit: int) -> list[Edge]:
        """What this was made from."""
        return [edge for edge in self._edges() if edge.generated == name][:limit]

    def built_on(self, name: str, *, limit: int) -> list[Edge]:
        """What was made from this."""
        return [edge for edge in self._edges() if edge.used == name][:limit]

    def products(self, name: str, *, limit: int) -> list[str]:
        """All that was made from this, then from a version of it, each once."""
        edges = list(self._edges())
        found: dict[str, None] = {}
        for is_used in (name.__eq__, _is_version_of(name)):
            found |= dict.fromkeys(edge.generated for edge in edges if is_used(edge.used))
        return list(found)[:limit]

    def built_elsewhere(self, did: Did, *, limit: int, looked_at: int) -> list[str]:
        """What was made from records of a publisher and is not its own; no number of them is too large to look at."""
        own = f"{did}/"
        edges = sorted(
            (edge for edge in self._edges() if edge.used.startswith(own)), key=lambda edge: edge.used
        )
        made = dict.fromkeys(edge.generated for edge in edges[:looked_at])
        return [name for name in made if not name.startswith(own)][:limit]

    def uses(self, did: Did, dataset_keys: Collection[str], *, limit: int) -> dict[str, int]:
        """How many other publishers built on each of these datasets or subscribe to it."""
        counted = {key: len(self._users(f"{did}/{key}") - {did}) for key in dataset_keys}
        return {key: min(limit, count) for key, count in counted.items() if count}

    def _users(self, name: str) -> set[Did]:
        is_version = _is_version_of(name)
        return {
            kept.entry.did
            for kept in self._current()
            for reference in kept.content.references
            if reference.role in (Role.TARGET, Role.USED)
            and (reference.name == name or is_version(reference.name))
        }


def _edge(entry: CatalogEntry, made: Reference, used: Reference) -> Edge:
    return Edge(
        did=entry.did,
        key=entry.key,
        header=entry.header,
        generated=made.name,
        generated_pin=made.pin,
        used=used.name,
        used_pin=used.pin,
    )


def _is_version_of(name: str) -> Callable[[str], bool]:
    return lambda other: other.startswith(f"{name}@") and len(other) > len(name) + 1


class MemoryCatalogReader(MemoryReferenceReader):
    """A `frostnode.ports.CatalogReader` of one state."""

    def cursor(self) -> int:
        """The arrival up to which this view has followed."""
        return self._state.cursor

    def mark(self) -> bytes:
        """The tag of that arrival."""
        return self._state.mark

    def begun(self) -> bytes:
        """What tells this building of the view from every other."""
        return self._state.begun

    def current(self, did: Did, type_: str, key: str) -> CatalogEntry | None:
        """The last entry of a record."""
        entries = self._entries((did, type_, key))
        return entries[-1].entry if entries else None

    def currents(self, did: Did, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], CatalogEntry]:
        """The last entry of each of these records."""
        found = {name: self.current(did, *name) for name in names}
        return {name: entry for name, entry in found.items() if entry is not None}

    def entries(self, did: Did, type_: str, key: str) -> list[CatalogEntry]:
        """Newest first."""
        return [kept.entry for kept in reversed(self._entries((did, type_, key)))]

    def before(self, did: Did, type_: str, key: str, epoch: int, index: int) -> CatalogEntry | None:
        """The last entry of a record before this position."""
        entries = self.entries(did, type_, key)
        return next((entry for entry in entries if (entry.epoch, entry.index) < (epoch, index)), None)

    def seen_by(self, origin: Origin, start: int, stop: int, at_ms: int) -> list[int]:
        """Which entries of a log were first held at this time or before."""
        kept = ((index, self._state.entries.get((origin, index))) for index in range(start, stop))
        return [index for index, found in kept if found is not None and found.entry.seen_ms <= at_ms]

    def entry_by_header(self, did: Did, header: Cid) -> CatalogEntry | None:
        """The last entry with exactly this header."""
        found = [kept for kept in self._of(did) if kept.entry.header == header]
        return max(found, key=lambda kept: kept.position).entry if found else None

    def _of(self, did: Did | None) -> Iterator[_Kept]:
        return (kept for kept in self._state.entries.values() if did is None or kept.entry.did == did)

    def naming(self, bodies: Set[Cid]) -> list[tuple[Did, Origin, int, Cid]]:
        """All entries that name one of these bodies."""
        entries = [kept.entry for kept in self._of(None)]
        return [
            (entry.did, entry.origin, entry.index, entry.body)
            for entry in entries
            if entry.body is not None and entry.body in bodies
        ]

    def versions(
        self, did: Did, dataset_key: str, *, limit: int, withdrawn: bool = False
    ) -> list[CatalogEntry]:
        """Newest first by their first entries."""
        is_version = _is_version_of(dataset_key)
        found = [
            (entries[0].position, entries[-1].entry)
            for record in self._state.records
            if (entries := self._entries(record))
            and record[:2] == (did, VERSION)
            and is_version(record[2])
            and record[2] != f"{dataset_key}@{LATEST_LABEL}"
            and (withdrawn or entries[-1].entry.op != Op.WITHDRAW)
        ]
        return [entry for _, entry in sorted(found, key=lambda one: one[0], reverse=True)[:limit]]

    def newest_versions(self, did: Did, dataset_keys: Collection[str]) -> dict[str, CatalogEntry]:
        """The first version of each of these datasets."""
        return {key: found[0] for key in dataset_keys if (found := self.versions(did, key, limit=1))}

    def records(
        self,
        *,
        type_: str | None,
        did: Did | None,
        limit: int,
        offset: int = 0,
        without: Collection[Did] = (),
    ) -> list[CatalogEntry]:
        """Newest seen first."""
        found = [
            kept.entry
            for kept in self._current()
            if type_ in (None, kept.entry.type)
            and did in (None, kept.entry.did)
            and kept.entry.did not in without
        ]
        return sorted(found, key=_newest_seen)[offset : offset + limit]

    def counts(self, did: Did | None = None) -> dict[str, int]:
        """By type."""
        types = sorted(kept.entry.type for kept in self._current() if did in (None, kept.entry.did))
        return {type_: types.count(type_) for type_ in types}

    def names(self, dids: Iterable[Did]) -> dict[Did, str]:
        """The names of those publishers that have one."""
        profiles = {did: self.current(did, PROFILE, PROFILE_KEY) for did in set(dids)}
        return {did: entry.title for did, entry in profiles.items() if entry and entry.op == Op.PUT}

    def publishers(self) -> list[PublisherSummary]:
        """By name, then DID."""
        changed: dict[Did, int] = {}
        for record in self._state.records:
            seen_ms = self._entries(record)[-1].entry.seen_ms
            changed[record[0]] = max(seen_ms, changed.get(record[0], seen_ms))
        names = self.names(changed)
        found = [
            PublisherSummary(
                did=did, name=names.get(did, ""), records=self.counts(did), changed_ms=changed_ms
            )
            for did, changed_ms in changed.items()
        ]
        return sorted(found, key=lambda one: (one.name == "", one.name.casefold(), one.did))

    def handles(self, did: Did | None = None) -> dict[Did, Handle]:
        """The handle that each current profile claims."""
        return {
            kept.entry.did: Handle(name.partition(":")[2])
            for kept in self._current()
            if (kept.entry.type, kept.entry.key) == (PROFILE, PROFILE_KEY) and did in (None, kept.entry.did)
            for name in kept.content.identifiers
            if name.startswith(f"{HANDLE_SCHEME}:")
        }

    def claims(
        self, identifier: str, *, limit: int, first: Collection[Did] = (), without: Collection[Did] = ()
    ) -> list[CatalogEntry]:
        """Current records that say to be what this identifier names."""
        found = [
            kept.entry
            for kept in self._current()
            if identifier in kept.content.identifiers and kept.entry.did not in without
        ]
        return sorted(found, key=lambda entry: (entry.did not in first, *_newest_seen(entry)))[:limit]


def _newest_seen(entry: CatalogEntry) -> tuple[int, str, str, str]:
    return -entry.seen_ms, entry.did, entry.type, entry.key


class MemoryCatalogWriter(MemoryCatalogReader):
    """A `frostnode.ports.CatalogWriter`."""

    def put_entry(self, entry: CatalogEntry, content: Content = NO_CONTENT) -> None:
        """Add an entry, once."""
        place = entry.origin, entry.index
        if place not in self._state.entries:
            self._state.entries[place] = _Kept(entry, content)
            places = (*self._state.records.get(_record(entry), ()), place)
            self._settle(_record(entry), places)

    def _settle(self, record: Record, places: Iterable[Place]) -> None:
        """The last of these entries is what the record is."""
        ordered = sorted(places, key=lambda place: self._state.entries[place].position)
        self._state.records.pop(record, None)
        if ordered:
            self._state.records[record] = tuple(ordered)

    def put_content(self, origin: Origin, index: int, content: Content) -> bool:
        """Set what an entry's body says."""
        kept = self._state.entries.get((origin, index))
        if kept is None:
            return False
        entry = replace(kept.entry, title=content.title, harvested_from=content.harvested_from)
        self._state.entries[origin, index] = _Kept(entry, content)
        return True

    def _drop(self, places: Iterable[Place]) -> None:
        for place in places:
            record = _record(self._state.entries[place].entry)
            left = [other for other in self._state.records[record] if other != place]
            self._settle(record, left)
            del self._state.entries[place]

    def drop_entry(self, origin: Origin, index: int) -> None:
        """Forget one entry."""
        self._drop([place for place in self._state.entries if place == (origin, index)])

    def drop_entries(self, origin: Origin, start: int) -> None:
        """Forget the entries of a log from `start` on."""
        self._drop([place for place in self._state.entries if place[0] == origin and place[1] >= start])

    def drop_record(self, did: Did, type_: str, key: str) -> None:
        """Forget all entries of a record."""
        self._drop(self._state.records.get((did, type_, key), ()))

    def drop_publisher(self, did: Did) -> None:
        """Forget all entries of a publisher."""
        self._drop([(kept.entry.origin, kept.entry.index) for kept in self._of(did)])

    def advance(self, cursor: int, mark: bytes) -> None:
        """The arrival up to which this transaction has followed, and its tag."""
        self._state.cursor, self._state.mark = cursor, mark


class MemoryCatalog:
    """A `frostnode.ports.CatalogStore`."""

    def __init__(self) -> None:
        self._state = _State()
        self._writing = Lock()

    @contextmanager
    def read(self) -> Iterator[MemoryCatalogReader]:
        """A consistent snapshot."""
        yield MemoryCatalogReader(self._state)

    @contextmanager
    def write(self) -> Iterator[MemoryCatalogWriter]:
        """One transaction; all of it or nothing."""
        with self._writing:
            state = self._state.copy()
            yield MemoryCatalogWriter(state)
            self._state = state

    def scrub(self) -> bool:
        """Nothing of what was dropped is anywhere."""
        return True

    def clear(self) -> None:
        """Forget everything, cursor included."""
        with self._writing:
            self._state = _State()

    def close(self) -> None:
        """It may be used again."""
