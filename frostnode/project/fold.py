"""Fold arrivals into the catalog: which entries count, which one of a record is current, its title, what it names.

These come from bodies, and bodies have arrivals of their own: an entry without its body has none yet.
"""

from collections.abc import Iterator
from threading import Lock
from typing import Final

from frostnode.log.content import headers_of, leaves_of, readable_body
from frostnode.ports import (
    NO_CONTENT,
    Arrival,
    ArrivalKind,
    CatalogEntry,
    CatalogStore,
    CatalogWriter,
    Content,
    LogReader,
    LogStore,
)
from frostnode.project.run import NO_RUN, run_of, was_followed
from frostnode.protocol.entry import Header, header_cid, read_leaf
from frostnode.protocol.identifiers import identifiers_of
from frostnode.protocol.limits import FOLD_ARRIVALS_MAX, FOLD_NAMES_MAX
from frostnode.protocol.names import Did
from frostnode.protocol.records import PROFILE, PROFILE_KEY, harvested_from, title_of
from frostnode.protocol.references import references_of

_ARRIVALS_AT_ONCE: Final = 1024


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
            after, mark = catalog.cursor(), catalog.mark()
        with self._log.read() as log:
            if not was_followed(log, after, mark):
                self._catalog.clear()
                after = 0
            arrivals = log.arrivals(after, FOLD_ARRIVALS_MAX)
            if not arrivals:
                return False
            with self._catalog.write() as writer:
                last = _fold_all(log, writer, arrivals)
                writer.advance(last.number, last.tag)
        return True


def _fold_all(log: LogReader, catalog: CatalogWriter, arrivals: list[Arrival]) -> Arrival:
    """Fold in order, until what was put names so much that it is enough for once; answers the last that was folded.

    Bodies that are here when their entries are folded need no second look.
    """
    complete, room, last = NO_RUN, FOLD_NAMES_MAX, arrivals[0]
    for last in arrivals:
        if last.kind is ArrivalKind.ENTRIES:
            room -= _put_entries(log, catalog, last, last.start, last.stop)
            complete = run_of(last)
        elif last.kind is not ArrivalKind.BODIES:
            _fold(log, catalog, last)
            complete = NO_RUN
        elif not run_of(last).is_within(complete):
            room -= _put_contents(log, catalog, last)
        if room <= 0:
            break
    return last


def _fold(log: LogReader, catalog: CatalogWriter, arrival: Arrival) -> None:
    match arrival.kind:
        case ArrivalKind.ERASED:
            _erase(log, catalog, arrival)
        case ArrivalKind.CUT | ArrivalKind.DROPPED:
            catalog.drop_entries(arrival.origin, arrival.start)
        case ArrivalKind.RESTORED:
            _put_again(log, catalog, arrival, 0, arrival.start)
        case ArrivalKind.BLOCKED:
            _block(log, catalog, arrival)
        case _:
            """What the others change of logs has arrivals of its own."""


def _put_again(log: LogReader, catalog: CatalogWriter, arrival: Arrival, start: int, stop: int) -> None:
    """Put entries that count again, as the arrivals did that first brought them: they were seen then, not now."""
    for earlier in _entries_before(log, arrival):
        low, high = max(start, earlier.start), min(stop, earlier.stop)
        if earlier.origin == arrival.origin and low < high:
            _put_entries(log, catalog, earlier, low, high)


def _entries_before(log: LogReader, arrival: Arrival) -> Iterator[Arrival]:
    """What came of the same publisher's logs before this arrival."""
    after = 0
    while some := log.arrivals(after, _ARRIVALS_AT_ONCE, frozenset({arrival.did})):
        after = some[-1].number
        yield from (
            earlier
            for earlier in some
            if earlier.kind is ArrivalKind.ENTRIES and earlier.number < arrival.number
        )
        if after >= arrival.number:
            return


def _block(log: LogReader, catalog: CatalogWriter, arrival: Arrival) -> None:
    """What is blocked leaves the catalog; what is no longer blocked comes back as it was."""
    if arrival.origin:
        for _, _, header in headers_of(log, arrival.origin, arrival.start, arrival.stop):
            if log.block(arrival.did, header.type, header.key) is not None:
                catalog.drop_record(arrival.did, header.type, header.key)
        _put_again(log, catalog, arrival, arrival.start, arrival.stop)
    elif log.block(arrival.did) is not None:
        catalog.drop_publisher(arrival.did)
    else:
        for earlier in _entries_before(log, arrival):
            _put_entries(log, catalog, earlier, earlier.start, earlier.stop)


def _put_entries(log: LogReader, catalog: CatalogWriter, arrival: Arrival, start: int, stop: int) -> int:
    """Put some entries; answers how much they name."""
    state = log.log(arrival.origin)
    if state is None or state.standing is None:
        return 0
    blocked = {(block.type, block.key) for block in log.blocks(arrival.did)}
    if ("", "") in blocked:
        return 0
    named = 0
    for index, leaf, header in headers_of(log, arrival.origin, start, min(stop, state.counted)):
        if (header.type, header.key) in blocked:
            continue
        content = _content(log, arrival.did, header) or NO_CONTENT
        named += _named(content)
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
                title=content.title,
                harvested_from=content.harvested_from,
            ),
            content,
        )
    return named


def _put_contents(log: LogReader, catalog: CatalogWriter, arrival: Arrival) -> int:
    """Put what came of entries that are there; answers how much it names."""
    named = 0
    state = log.log(arrival.origin)
    stop = min(arrival.stop, state.counted) if state is not None else 0
    for index, _, header in headers_of(log, arrival.origin, arrival.start, stop):
        content = _content(log, arrival.did, header)
        if content is not None:
            named += _named(content)
            catalog.put_content(arrival.origin, index, content)
    return named


def _named(content: Content) -> int:
    return len(content.references) + len(content.identifiers)


def _content(log: LogReader, did: Did, header: Header) -> Content | None:
    """What the body of an entry says, None while it is not readable here."""
    body = readable_body(log, header.body) if header.body is not None else None
    if body is None:
        return None
    return Content(
        title=title_of(header.type, header.key, body),
        harvested_from=harvested_from(body),
        identifiers=identifiers_of(body, is_profile=(header.type, header.key) == (PROFILE, PROFILE_KEY)),
        references=references_of(did, header.type, body),
    )


def _erase(log: LogReader, catalog: CatalogWriter, arrival: Arrival) -> None:
    """What was erased says nothing; an erased header is no entry any more, one that came after all is."""
    for index, leaf in leaves_of(log, arrival.origin, arrival.start, arrival.stop):
        header = None if leaf is None else read_leaf(leaf)
        if leaf is None:
            catalog.drop_entry(arrival.origin, index)
            continue
        content = (header and _content(log, arrival.did, header)) or NO_CONTENT
        if header and not catalog.put_content(arrival.origin, index, content):
            _put_again(log, catalog, arrival, index, index + 1)
