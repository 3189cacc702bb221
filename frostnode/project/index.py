"""Fold arrivals into the search index: whatever an arrival touched is looked up anew in the catalog.

Follows behind the catalog's cursor, so the catalog always knows what is looked up. The first change
commits at once; what comes meanwhile is grouped into the next commit.
"""

from threading import Lock

from frostnode.log.content import headers_of, readable_body
from frostnode.ports import (
    Arrival,
    ArrivalKind,
    CatalogReader,
    CatalogStore,
    LogReader,
    LogStore,
    SearchIndex,
)
from frostnode.project.run import NO_RUN, Run, run_of
from frostnode.protocol.limits import INDEX_ARRIVALS_MAX, INDEX_BATCH_BYTES_MAX
from frostnode.protocol.names import Did
from frostnode.protocol.records import texts_of, title_of


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

    def _step(self) -> bool:
        after = self._index.cursor()
        with self._catalog.read() as catalog, self._log.read() as log:
            known = catalog.cursor()
            arrivals = [a for a in log.arrivals(after, INDEX_ARRIVALS_MAX) if a.number <= known]
            if not arrivals:
                return False
            last = self._put(log, catalog, arrivals)
        self._index.commit(last)
        return True

    def _put(self, log: LogReader, catalog: CatalogReader, arrivals: list[Arrival]) -> int:
        """Index what the arrivals touched, up to INDEX_BATCH_BYTES_MAX of bodies; answers the last one done."""
        done: set[tuple[Did, str, str]] = set()
        weight = 0
        before = NO_RUN
        for arrival in arrivals:
            run = _touched(log, arrival)
            if not run.is_within(before):
                for _, _, header in headers_of(log, arrival.origin, run.start, run.stop):
                    record = (arrival.did, header.type, header.key)
                    if record not in done:
                        done.add(record)
                        weight += self._put_record(log, catalog, *record)
                before = run
            if weight >= INDEX_BATCH_BYTES_MAX:
                return arrival.number
        return arrivals[-1].number

    def _put_record(self, log: LogReader, catalog: CatalogReader, did: Did, type_: str, key: str) -> int:
        entry = catalog.current(did, type_, key)
        fields = None
        if entry is not None and entry.op == "put" and entry.body is not None:
            fields = readable_body(log, entry.body)
        if entry is None or fields is None:
            self._index.remove(did, type_, key)
            return 0
        self._index.put(did, type_, key, title_of(type_, key, fields), texts_of(fields))
        return entry.size


def _touched(log: LogReader, arrival: Arrival) -> Run:
    """The leaves whose records may have changed: which entry of them is current, or its content."""
    match arrival.kind:
        case ArrivalKind.ENTRIES | ArrivalKind.BODIES | ArrivalKind.ERASED:
            return run_of(arrival)
        case ArrivalKind.CUT:
            state = log.log(arrival.origin)
            return Run(arrival.origin, arrival.start, state.held.size if state else 0)
        case ArrivalKind.RESTORED:
            return Run(arrival.origin, 0, arrival.start)
        case _:
            return NO_RUN
