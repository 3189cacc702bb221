"""Changes newest first, on pages that stay what they are: for readers that look now and then, as those of Atom do.

Rules (spec/14-notices.md#atom):
- arrivals are cut into runs, FEED_PAGE_ARRIVALS numbers at a time and within these by how many leaves they are about:
  a page is what concerns a target of one run, and is named by the number of its first arrival;
- a page is there when no arrival can be added to its run; what is not on such a page is on the newest, which has
  no name and repeats what it needs to say enough;
- to find the page before, runs of which nothing concerns the target are passed over as long as a look takes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile

from frostnode.notify.changes import changes_of, ready_arrivals
from frostnode.notify.describe import describe, document_of_change
from frostnode.notify.feed import Feed, followed, publisher_of
from frostnode.notify.matcher import Matcher
from frostnode.ports import Arrival, ArrivalKind, CatalogReader, LogReader
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    FEED_EXAMINED_MAX,
    FEED_LOOK_S,
    FEED_PAGE_ARRIVALS,
    FEED_PAGE_CHANGES_MAX,
    FEED_PAGE_NOTICES_MIN,
)
from frostnode.protocol.names import Did
from frostnode.protocol.notice import Change, Notice
from frostnode.search.subscription_target import OfSearch, Target

_LEAVES = frozenset({ArrivalKind.ENTRIES, ArrivalKind.BODIES})
_MANY = frozenset({ArrivalKind.CUT, ArrivalKind.RESTORED, ArrivalKind.DROPPED})
_ME = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Notices, newest first, and the names of their publishers.

    `name` is None for the newest page; `before` and `after` name the pages next to it, None where there is none or it
    is the newest.
    """

    notices: Sequence[Notice]
    publishers: Mapping[Did, str]
    name: int | None = None
    before: int | None = None
    after: int | None = None


def page(feed: Feed, target: Target, name: int | None = None) -> FeedPage:
    """The newest page of a target, or the one of that name. Blocks: to be run in a worker.

    Raises:
        LocalError: record.not-found: there is no page of that name, or not yet; StorageError
    """
    with feed.catalog.read() as catalog, feed.log.read() as log:
        known = followed(log, catalog)
        paging = _Paging(feed, log, catalog, target, 0 if known is None else known.number)
        return paging.newest() if name is None else paging.named(name)


class _Paging:
    """One look at pages, as of one moment."""

    def __init__(
        self, feed: Feed, log: LogReader, catalog: CatalogReader, target: Target, known: int
    ) -> None:
        self._feed = feed
        self._log = log
        self._catalog = catalog
        self._did = publisher_of(target)
        self._dids = None if self._did is None else frozenset({self._did})
        self._known = known
        self._matcher: Matcher[str] = Matcher(feed.words)
        self._matcher.add(_ME, target)
        self._hidden = frozenset(feed.hidden()) if isinstance(target, OfSearch) else frozenset()
        self._examined = 0
        self._until_s = feed.clock.monotonic_s() + FEED_LOOK_S

    def newest(self) -> FeedPage:
        """The runs that may still grow, and others until there is enough on the page."""
        found: list[Change] = []
        runs = self._runs_before(self._known + 1)
        for run in runs:
            ready, _ = ready_arrivals(self._log, run, self._feed.clock.now_ms())
            found += self._changes(ready)
            if len(found) >= FEED_PAGE_NOTICES_MIN or self._is_enough():
                break
        return self._page(found, before=self._page_before(runs))

    def named(self, name: int) -> FeedPage:
        """What concerns the target of one run."""
        runs = self._runs(name // FEED_PAGE_ARRIVALS)
        at = next((at for at, run in enumerate(runs) if run[0].number == name), None)
        if at is None or self._may_grow(runs, at):
            raise LocalError("record.not-found", f"page {name}")
        return self._page(
            self._changes(runs[at]),
            name=name,
            before=self._page_before(self._runs_before(name)),
            after=self._page_after(runs, at),
        )

    def _runs(self, block: int) -> list[list[Arrival]]:
        """The arrivals of a block, of the publisher alone if there is one, in runs."""
        first = block * FEED_PAGE_ARRIVALS
        last = min(self._known, first + FEED_PAGE_ARRIVALS - 1)
        some = self._log.arrivals(first - 1, FEED_PAGE_ARRIVALS, self._dids)
        runs: list[list[Arrival]] = []
        leaves = 0
        for arrival in takewhile(lambda arrival: arrival.number <= last, some):
            leaves += _leaves(arrival)
            if not runs or leaves > FEED_PAGE_CHANGES_MAX:
                runs.append([])
                leaves = _leaves(arrival)
            runs[-1].append(arrival)
        return runs

    def _runs_before(self, number: int) -> Iterator[list[Arrival]]:
        """Runs that begin before an arrival, the newest first."""
        while earlier := self._log.arrivals_before(number, 1, self._did):
            block = earlier[0].number // FEED_PAGE_ARRIVALS
            yield from (run for run in reversed(self._runs(block)) if run[0].number < number)
            number = block * FEED_PAGE_ARRIVALS

    def _may_grow(self, runs: list[list[Arrival]], at: int) -> bool:
        """Whether arrivals may yet be added to a run: the last one of the newest block."""
        is_newest_block = self._known // FEED_PAGE_ARRIVALS == runs[at][0].number // FEED_PAGE_ARRIVALS
        return is_newest_block and at == len(runs) - 1

    def _page_before(self, runs: Iterator[list[Arrival]]) -> int | None:
        """The first of these runs that has something for the target; the last that was looked at, if that takes long."""
        for run in runs:
            if self._is_enough() or any(self._changes(run)):
                return run[0].number
        return None

    def _page_after(self, runs: list[list[Arrival]], at: int) -> int | None:
        if at + 1 == len(runs):
            border = (runs[at][0].number // FEED_PAGE_ARRIVALS + 1) * FEED_PAGE_ARRIVALS
            later = self._log.arrivals(border - 1, 1, self._dids)
            if not later or later[0].number > self._known:
                return None
            runs, at = self._runs(later[0].number // FEED_PAGE_ARRIVALS), -1
        return None if self._may_grow(runs, at + 1) else runs[at + 1][0].number

    def _is_enough(self) -> bool:
        return self._examined >= FEED_EXAMINED_MAX or self._feed.clock.monotonic_s() >= self._until_s

    def _changes(self, run: Sequence[Arrival]) -> list[Change]:
        """What concerns the target, newest first."""
        found = []
        for arrival in run:
            if not self._feed.carries(arrival.did) or arrival.did in self._hidden:
                continue
            for change in islice(changes_of(self._log, self._catalog, arrival), FEED_PAGE_CHANGES_MAX):
                self._examined += 1
                document = partial(document_of_change, self._feed.words, self._log, self._catalog, change)
                if self._matcher.match(change, document):
                    found.append(change)
        return found[::-1]

    def _page(
        self,
        changes: Sequence[Change],
        *,
        name: int | None = None,
        before: int | None = None,
        after: int | None = None,
    ) -> FeedPage:
        notices = [describe(self._log, self._catalog, change) for change in changes]
        publishers = self._catalog.names({change.did for change in changes})
        return FeedPage(notices=notices, publishers=publishers, name=name, before=before, after=after)


def _leaves(arrival: Arrival) -> int:
    """How many leaves an arrival may tell of, as far as its row says."""
    if arrival.kind in _LEAVES:
        return arrival.stop - arrival.start
    return FEED_PAGE_CHANGES_MAX if arrival.kind in _MANY else 1
