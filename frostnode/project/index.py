"""Fold arrivals into the search index: whatever an arrival touched is looked up anew in the catalog.

Follows behind the catalog's cursor, so the catalog always knows what is looked up. The first change
commits at once; what comes meanwhile is grouped into the next commit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from threading import Lock

from frostnode.log.content import leaves_of, readable_again
from frostnode.ports import (
    Arrival,
    ArrivalKind,
    CatalogEntry,
    CatalogReader,
    CatalogStore,
    LogReader,
    LogStore,
)
from frostnode.project.run import NO_RUN, Run, run_of, was_followed
from frostnode.protocol.dagcbor import Value
from frostnode.protocol.entry import Op
from frostnode.protocol.limits import INDEX_ARRIVALS_MAX, INDEX_BATCH_BYTES_MAX, TILE_WIDTH, USES_COUNTED_MAX
from frostnode.protocol.named_body import record_of
from frostnode.protocol.names import DATASET, VERSION, Did, Origin
from frostnode.protocol.records import LINEAGE, SUBSCRIPTION
from frostnode.protocol.references import named_record
from frostnode.search.document import SearchDocument
from frostnode.search.reading import document_of
from frostnode.search_port import SearchIndex


class IndexFold:
    """The search index's follower of the arrival sequence. Synchronous: run it in a worker."""

    def __init__(self, log: LogStore, catalog: CatalogStore, index: SearchIndex) -> None:
        self._log = log
        self._catalog = catalog
        self._index = index
        self._folding = Lock()

    def step(self) -> bool:
        """Index the next arrivals and commit them with the cursor; False when there were none.

        A second caller waits, and then finds less to do.
        """
        with self._folding:
            return self._step()

    def look_again(self, records: Iterable[tuple[Did, str, str]]) -> None:
        """Index these records anew: of an erased header no arrival can say whose it was."""
        with self._folding, self._catalog.read() as catalog, self._log.read() as log:
            putting = _Putting(log, catalog, self._index)
            for did, type_, key in records:
                putting.put(did, [(type_, key)])
            self._index.commit(self._index.cursor(), self._index.mark())

    def renew(self) -> None:
        """Build the index anew beside the one that is there, and put it in its place: it goes on answering meanwhile.

        Documents that were taken out stay in the files of an index for as long as it likes; in a new one they never were.
        """
        fresh = self._index.beside()
        fold = IndexFold(self._log, self._catalog, fresh)
        while fold.step():
            pass
        with self._folding:
            while fold.step():
                pass
            fresh.take_over()

    def _step(self) -> bool:
        after = self._index.cursor()
        with self._catalog.read() as catalog, self._log.read() as log:
            begun = catalog.begun()
            if after and not self._follows(begun, log):
                self._index.clear()
                after = 0
            known = catalog.cursor()
            arrivals = [a for a in log.arrivals(after, INDEX_ARRIVALS_MAX) if a.number <= known]
            if not arrivals:
                return False
            last = self._put(log, catalog, arrivals)
        self._index.commit(last.number, begun + last.tag)
        return True

    def _follows(self, begun: bytes, log: LogReader) -> bool:
        """Whether all that is indexed was looked up in this catalog, and the store still has what led to it.

        The catalog is ahead of the index: one that began anew was ahead with what the store may have lost.
        """
        mark = self._index.mark()
        return mark.startswith(begun) and was_followed(log, self._index.cursor(), mark[len(begun) :])

    def _put(self, log: LogReader, catalog: CatalogReader, arrivals: list[Arrival]) -> Arrival:
        """Index what the arrivals touched, up to INDEX_BATCH_BYTES_MAX of bodies; answers the last one done."""
        putting = _Putting(log, catalog, self._index)
        before = NO_RUN
        for arrival in arrivals:
            for run in _touched(log, arrival):
                is_drop = arrival.kind is ArrivalKind.DROPPED
                if run.is_within(before) and not is_drop:
                    continue
                records = _records(log, arrival, run)
                while some := list(islice(records, TILE_WIDTH)):
                    putting.put(arrival.did, some)
                before = NO_RUN if is_drop else run
            if putting.weight >= INDEX_BATCH_BYTES_MAX:
                return arrival
        return arrivals[-1]


class _Putting:
    """Records put into the index as the catalog knows them, each once, with the datasets whose documents depend on them.

    A dataset is found by what its newest version says, and by how many built on it or subscribe to it: whatever record names
    it, or did when it was last indexed, puts it again. All else that a document says is in its own body.
    """

    def __init__(self, log: LogReader, catalog: CatalogReader, index: SearchIndex) -> None:
        self.weight = 0
        """Bytes of bodies that were read."""
        self._log = log
        self._catalog = catalog
        self._index = index
        self._done: set[tuple[Did, str, str]] = set()

    def put(self, did: Did, names: Iterable[tuple[str, str]]) -> None:
        """Index records of a publisher anew, by type and key, and every dataset that they say something of."""
        told = sorted(self._put(did, names))
        for other in dict.fromkeys(owner for owner, _ in told):
            datasets = [(DATASET, key) for owner, key in told if owner == other]
            self._put(
                other, self._catalog.currents(other, datasets)
            )  # what is not here need not be put again

    def _put(self, did: Did, names: Iterable[tuple[str, str]]) -> set[tuple[Did, str]]:
        """Index records anew, all of them looked up at once; answers the datasets that they say something of."""
        fresh = [name for name in dict.fromkeys(names) if (did, *name) not in self._done]
        self._done.update((did, *name) for name in fresh)
        datasets = [key for type_, key in fresh if type_ == DATASET]
        entries = self._catalog.currents(did, fresh)
        newest = self._catalog.newest_versions(did, datasets)
        uses = self._catalog.uses(did, datasets, limit=USES_COUNTED_MAX)
        told: set[tuple[Did, str]] = set()
        current = [entries.get(name) for name in fresh]
        versions = [newest.get(key) if type_ == DATASET else None for type_, key in fresh]
        for name, entry, fields, version in zip(
            fresh, current, self._fields(current), self._fields(versions), strict=True
        ):
            told |= self._put_one(did, *name, _document(entry, fields, version, uses))
        return told

    def _put_one(
        self, did: Did, type_: str, key: str, document: SearchDocument | None
    ) -> set[tuple[Did, str]]:
        named: set[str] = set()
        if type_ in (LINEAGE, SUBSCRIPTION):
            named.update(self._index.referred(did, type_, key))
        if document is None:
            self._index.remove(did, type_, key)
        else:
            named.update(document.refers_to)
            self._index.put(document)
        told = {(url.did, str(url.key)) for url in map(named_record, named) if url is not None}
        if type_ == VERSION:
            told.add((did, key.partition("@")[0]))
        return told

    def _fields(self, entries: Sequence[CatalogEntry | None]) -> Iterator[dict[str, Value] | None]:
        """What each entry says, None where it says nothing that is readable here: the catalog has read it, or could not."""
        bodies = [entry.body if entry is not None and _is_readable(entry) else None for entry in entries]
        read = readable_again(self._log, [body for body in bodies if body is not None])
        for entry, body in zip(entries, bodies, strict=True):
            self.weight += entry.size if entry is not None and body is not None else 0
            yield None if body is None else next(read)


def _is_readable(entry: CatalogEntry) -> bool:
    return entry.op == Op.PUT and entry.title != ""


def _document(
    entry: CatalogEntry | None,
    fields: dict[str, Value] | None,
    version: dict[str, Value] | None,
    uses: Mapping[str, int],
) -> SearchDocument | None:
    if entry is None or fields is None:
        return None
    return document_of(
        entry.did,
        entry.type,
        entry.key,
        fields,
        newest=version,
        changed_ms=min(entry.time_ms, entry.seen_ms),
        uses=uses.get(entry.key, 0) if entry.type == DATASET else 0,
    )


def _records(log: LogReader, arrival: Arrival, run: Run) -> Iterator[tuple[str, str]]:
    """Type and key of each leaf that an arrival touched; those that it dropped are no longer in their log."""
    leaves: Iterable[bytes | None]
    if arrival.kind is ArrivalKind.DROPPED:
        leaves = log.strays(arrival.number)
    else:
        leaves = (leaf for _, leaf in leaves_of(log, run.origin, run.start, run.stop))
    named = (record_of(leaf) for leaf in leaves if leaf is not None)
    return (name for name in named if name is not None)


def _touched(log: LogReader, arrival: Arrival) -> list[Run]:
    """The leaves whose records may have changed: which entry of them is current, or its content."""
    match arrival.kind:
        case ArrivalKind.ENTRIES | ArrivalKind.BODIES | ArrivalKind.ERASED | ArrivalKind.DROPPED:
            return [run_of(arrival)]
        case ArrivalKind.CUT:
            return [Run(arrival.origin, arrival.start, _held(log, arrival.origin))]
        case ArrivalKind.RESTORED:
            return [Run(arrival.origin, 0, arrival.start)]
        case ArrivalKind.BLOCKED if arrival.origin:
            return [run_of(arrival)]
        case ArrivalKind.BLOCKED:
            return [Run(origin, 0, _held(log, origin)) for origin in log.origins(arrival.did)]
        case _:
            return []


def _held(log: LogReader, origin: Origin) -> int:
    state = log.log(origin)
    return 0 if state is None else state.held.size
