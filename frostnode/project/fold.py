"""Fold arrivals into the catalog: which entries count, which one of a record is current, its title.

Titles come from bodies, and bodies have arrivals of their own: an entry without its body has none yet.
"""

from threading import Lock

from frostnode.log.content import headers_of, leaves_of, readable_body
from frostnode.ports import (
    Arrival,
    ArrivalKind,
    CatalogEntry,
    CatalogStore,
    CatalogWriter,
    LogReader,
    LogStore,
)
from frostnode.project.run import NO_RUN, run_of
from frostnode.protocol.entry import Header, header_cid
from frostnode.protocol.limits import FOLD_ARRIVALS_MAX
from frostnode.protocol.records import title_of


class CatalogFold:
    """The catalog's follower of the arrival sequence. Synchronous: run it in a worker."""

    def __init__(self, log: LogStore, catalog: CatalogStore) -> None:
        self._log = log
        self._catalog = catalog
        self._folding = Lock()

    def step(self) -> bool:
        """Fold the next arrivals in one transaction with the cursor; False when there were none.

        A second caller waits, and then finds less to do.
        """
        with self._folding:
            return self._step()

    def _step(self) -> bool:
        with self._catalog.read() as catalog:
            after = catalog.cursor()
        with self._log.read() as log:
            arrivals = log.arrivals(after, FOLD_ARRIVALS_MAX)
            if not arrivals:
                return False
            with self._catalog.write() as writer:
                _fold_all(log, writer, arrivals)
                writer.advance(arrivals[-1].number)
        return True


def _fold_all(log: LogReader, catalog: CatalogWriter, arrivals: list[Arrival]) -> None:
    """Fold in order. Bodies that are here when their entries are folded need no second look."""
    complete = NO_RUN
    for arrival in arrivals:
        if arrival.kind is not ArrivalKind.BODIES:
            _fold(log, catalog, arrival)
            complete = run_of(arrival) if arrival.kind is ArrivalKind.ENTRIES else NO_RUN
        elif not run_of(arrival).is_within(complete):
            _put_titles(log, catalog, arrival)


def _fold(log: LogReader, catalog: CatalogWriter, arrival: Arrival) -> None:
    match arrival.kind:
        case ArrivalKind.ENTRIES:
            _put_entries(log, catalog, arrival, arrival.start, arrival.stop)
        case ArrivalKind.ERASED:
            _erase(log, catalog, arrival)
        case ArrivalKind.CUT:
            catalog.drop_entries(arrival.origin, arrival.start)
        case ArrivalKind.RESTORED:
            _put_entries(log, catalog, arrival, 0, arrival.start)
        case _:
            """What the others change of logs has arrivals of its own."""


def _put_entries(log: LogReader, catalog: CatalogWriter, arrival: Arrival, start: int, stop: int) -> None:
    state = log.log(arrival.origin)
    if state is None or state.standing is None:
        return
    for index, leaf, header in headers_of(log, arrival.origin, start, min(stop, state.counted)):
        catalog.put_entry(
            CatalogEntry(
                did=arrival.did,
                type=header.type,
                key=header.key,
                origin=arrival.origin,
                epoch=state.standing.n,
                index=index,
                header=header_cid(leaf),
                op=header.op,
                time_ms=header.time,
                seen_ms=arrival.at_ms,
                body=header.body,
                size=header.size or 0,
                title=_title(log, header) or "",
            )
        )


def _put_titles(log: LogReader, catalog: CatalogWriter, arrival: Arrival) -> None:
    state = log.log(arrival.origin)
    stop = min(arrival.stop, state.counted) if state is not None else 0
    for index, _, header in headers_of(log, arrival.origin, arrival.start, stop):
        title = _title(log, header)
        if title is not None:
            catalog.put_title(arrival.origin, index, title)


def _title(log: LogReader, header: Header) -> str | None:
    """What to call an entry, None while its body is not readable here."""
    body = readable_body(log, header.body) if header.body is not None else None
    return None if body is None else title_of(header.type, header.key, body)


def _erase(log: LogReader, catalog: CatalogWriter, arrival: Arrival) -> None:
    """What was erased has no title; an erased header is no entry any more."""
    for index, leaf in leaves_of(log, arrival.origin, arrival.start, arrival.stop):
        if leaf is None:
            catalog.drop_entry(arrival.origin, index)
        else:
            catalog.put_title(arrival.origin, index, "")
