"""What readers ask for by themselves: the changes behind a place, described, one bounded look at a time.

Rules (spec/14-notices.md#feeds):
- nothing is remembered of a reader: its place is the id of a notice, and it is checked against this store;
- a look goes up to what the catalog has followed and waits for bodies as watches do; it ends after so many changes, so
  many notices or so much time, and where it ends is the place to go on, also when nothing was found;
- what is not carried is told to nobody, and to a search nothing of publishers that searches do not show.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from frostnode.log.withheld import check_shown
from frostnode.notify.changes import changes_of, ready_arrivals
from frostnode.notify.describe import describe, document_of_change
from frostnode.notify.matcher import Matcher
from frostnode.notify.trial import trial_change, trial_notice
from frostnode.ports import Arrival, ArrivalKind, CatalogReader, CatalogStore, Clock, LogReader, LogStore
from frostnode.project.run import was_followed
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import FEED_EXAMINED_MAX, FEED_LOOK_S, FEED_NOTICES_MAX, NOTICE_ARRIVALS_MAX
from frostnode.protocol.names import Did
from frostnode.protocol.notice import Change, Notice, NoticeId, cloud_event, parse_notice_id
from frostnode.search.matching import Words
from frostnode.search.subscription_target import OfDataset, OfEverything, OfPublisher, OfSearch, Target

_BEHIND_ALL: Final = 2**62
"""The position behind every change of an arrival."""

_NO_TAG: Final = bytes(8)
_NO_PREVIOUS: Final = '"previous":null'
_WITHHOLDING: Final = frozenset({ArrivalKind.ERASED, ArrivalKind.BLOCKED})


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as it is told to every reader, but for the notice before it: that is another one for each."""

    notice: Notice
    type: str
    _text: str

    @property
    def id(self) -> NoticeId:
        """Its id, and the place behind it."""
        return self.notice.change.id

    def text(self, previous: NoticeId | None) -> str:
        """The CloudEvent in JSON, on one line of ASCII: what people wrote breaks no line, whoever splits them."""
        if previous is None:
            return self._text
        return self._text.replace(_NO_PREVIOUS, f'"previous":"{previous}"', 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at the store found: notices with those whom each concerns, and the place where it ended.

    `has_more`: it ended early. `until_ms`: when a body is waited for no longer. `withholds`: something that was told of
    before may have been erased or blocked.
    """

    told: Sequence[tuple[Told, Sequence[str]]]
    place: NoticeId
    has_more: bool = False
    until_ms: int | None = None
    withholds: bool = False


def _nobody() -> Collection[Did]:
    return ()


def _everyone(did: Did) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Feed:
    """The changes of one node, for readers. Synchronous: run it in a worker."""

    log: LogStore
    catalog: CatalogStore
    clock: Clock
    words: Words
    """The words of a text, as the search has them."""
    node_url: str = ""
    carries: Callable[[Did], bool] = _everyone
    """Whether a publisher that is held is told of to others."""
    hidden: Callable[[], Collection[Did]] = _nobody
    """Publishers that no search finds, unless it asks for them."""

    def place(self, since: str) -> NoticeId:
        """The place that a reader names: `0` for the beginning, `now` for the end, or the id of a notice.

        Raises:
            LocalError: cursor.malformed; cursor.unknown, when this store has not told that notice, or was set back since
        """
        with self.catalog.read() as catalog, self.log.read() as log:
            if since == "0":
                return _beginning(log)
            if since == "now":
                return followed(log, catalog) or _beginning(log)
            place = parse_notice_id(since)
            arrival = log.arrival(place.number) if place.number else None
            tag = _NO_TAG if place.number == 0 else arrival.tag if arrival is not None else None
            if (place.database, place.tag) != (log.database, tag):
                raise LocalError(
                    "cursor.unknown",
                    "id of a notice",
                    found=since,
                    expected="one of this store",
                    hint="begin at 0, or at now",
                )
            return place

    def seconds_until(self, until_ms: int) -> float:
        """How long it is until then by the clock of the node; never nothing."""
        return max(0.001, (until_ms - self.clock.now_ms()) / 1000)

    def check(self, target: Target) -> None:
        """Check that what a target names is not blocked here.

        Raises:
            LocalError: record.withheld
        """
        with self.log.read() as log:
            if isinstance(target, OfDataset):
                check_shown(log, target.did, "dataset", target.key)
            elif isinstance(target, OfPublisher):
                check_shown(log, target.did)

    def trial(self, target: Target) -> Told:
        """A test notice for one who reads, of nothing that happened. As a place its id is the beginning."""
        with self.log.read() as log:
            change = trial_change(log, target, now_ms=self.clock.now_ms(), tag=_NO_TAG)
        return _told(trial_notice(change), self.node_url)

    def look(
        self,
        place: NoticeId,
        readers: Matcher[str],
        *,
        publisher: Did | None = None,
        limit: int = FEED_NOTICES_MAX,
    ) -> Look:
        """At most `limit` notices behind a place that concern any of the `readers`.

        With a `publisher`, none of whom is concerned by anybody else: then the others are not looked at.

        Raises:
            StorageError
        """
        dids = None if publisher is None else frozenset({publisher})
        first = place.number if place.position >= _BEHIND_ALL else max(0, place.number - 1)
        with self.catalog.read() as catalog, self.log.read() as log:
            known = followed(log, catalog)
            if known is None:  # the catalog begins anew
                return Look(told=(), place=place)
            arrivals = log.arrivals(first, NOTICE_ARRIVALS_MAX, dids)
            known_here = [arrival for arrival in arrivals if arrival.number <= known.number]
            ready, until_ms = ready_arrivals(log, known_here, self.clock.now_ms())
            looking = _Looking(self, log, catalog, readers, limit)
            is_done = looking.through(ready, place)
            has_seen_all = is_done and until_ms is None and len(known_here) < NOTICE_ARRIVALS_MAX
            return Look(
                told=looking.told,
                place=max(known, looking.place) if has_seen_all else looking.place,
                has_more=not (has_seen_all or (is_done and until_ms is not None)),
                until_ms=until_ms if is_done else None,
                withholds=any(arrival.kind in _WITHHOLDING for arrival in ready),
            )


class _Looking:
    """One look under way."""

    def __init__(
        self, feed: Feed, log: LogReader, catalog: CatalogReader, readers: Matcher[str], limit: int
    ) -> None:
        self._feed = feed
        self._log = log
        self._catalog = catalog
        self._readers = readers
        self._limit = limit
        self._hidden = frozenset(feed.hidden())
        self._until_s = feed.clock.monotonic_s() + FEED_LOOK_S
        self._examined = 0
        self.told: list[tuple[Told, Sequence[str]]] = []
        self.place: NoticeId

    def through(self, arrivals: Sequence[Arrival], place: NoticeId) -> bool:
        """Look at the changes of these arrivals behind a place; False when it ended before them."""
        self.place = place
        for arrival in arrivals:
            begin = place.position + 1 if arrival.number == place.number else 0
            if self._feed.carries(arrival.did):
                for change in changes_of(self._log, self._catalog, arrival, begin):
                    if self._is_enough():
                        return False
                    self._examine(change)
            self.place = _behind(self._log, arrival.number, arrival.tag)
        return True

    def _is_enough(self) -> bool:
        """Whatever a change costs, one is examined: every look gets on."""
        return self._examined > 0 and (
            self._examined >= FEED_EXAMINED_MAX
            or len(self.told) >= self._limit
            or self._feed.clock.monotonic_s() >= self._until_s
        )

    def _examine(self, change: Change) -> None:
        self._examined += 1
        self.place = change.id
        document = cache(partial(document_of_change, self._feed.words, self._log, self._catalog, change))
        is_hidden = change.did in self._hidden
        concerned = [
            who
            for who in self._readers.match(change, document)
            if not (is_hidden and self._readers.is_search(who))
        ]
        if concerned:
            notice = describe(self._log, self._catalog, change)
            self.told.append((_told(notice, self._feed.node_url), concerned))


def _told(notice: Notice, node_url: str) -> Told:
    event = cloud_event(notice, node=node_url, previous=None)
    return Told(notice, event["type"], json.dumps(event, separators=(",", ":")))


def publisher_of(target: Target) -> Did | None:
    """The one whose changes alone a target can concern; None when they may be anybody's."""
    match target:
        case OfDataset() | OfPublisher():
            return target.did
        case OfSearch():
            return target.search.publisher
        case OfEverything():
            return None


def _beginning(log: LogReader) -> NoticeId:
    return NoticeId(number=0, position=0, database=log.database, tag=_NO_TAG)


def followed(log: LogReader, catalog: CatalogReader) -> NoticeId | None:
    """The place up to which the catalog has followed; None when it followed another store."""
    number, tag = catalog.cursor(), catalog.mark()
    if not was_followed(log, number, tag):
        return None
    return _behind(log, number, tag) if number else _beginning(log)


def _behind(log: LogReader, number: int, tag: bytes) -> NoticeId:
    return NoticeId(number=number, position=_BEHIND_ALL, database=log.database, tag=tag)
