"""The stage from arrivals to what is due: whom each change concerns, and the cursor, in one transaction.

Rules (spec/14-notices.md#guarantees):
- it follows behind the catalog, so that what a change means can be looked up;
- an arrival whose bodies are not here is waited for NOTICE_BODY_WAIT_S at most, by those behind it too;
- to whom too much is due falls BEHIND, with its place kept, and is matched again as there is room: nobody keeps
  others waiting, and nothing grows without bound;
- who begins in the past is BEHIND too, until it has caught up (`catching_up`): there is no gap between history and news.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Final

from frostnode.notify.catching_up import CatchingUp
from frostnode.notify.changes import changes_of, ready_arrivals
from frostnode.notify.describe import document_of_change
from frostnode.notify.watches import Watches
from frostnode.notify_port import Due, WatchState
from frostnode.ports import Arrival, CatalogReader, CatalogStore, Clock, LogReader, LogStore
from frostnode.project.run import was_followed
from frostnode.protocol.limits import NOTICE_ARRIVALS_MAX
from frostnode.protocol.names import Did

_COMMITTED_EVERY: Final = 1024
"""Arrivals of which nobody was told, until the cursor is written down all the same."""


def _nobody() -> Collection[Did]:
    return ()


@dataclass(slots=True)
class Matching:
    """The stage of one node. Synchronous: run `step` in a worker."""

    log: LogStore
    catalog: CatalogStore
    watches: Watches
    clock: Clock
    hidden: Callable[[], Collection[Did]] = _nobody
    """Publishers that no search finds, unless it asks for them: a saved search is not told of theirs."""
    waits_until_ms: int | None = None
    """When a body is waited for no longer; None when none is."""
    _catching_up: CatchingUp = field(init=False)
    _cursor: int | None = None
    _committed: int = 0

    def __post_init__(self) -> None:
        self._catching_up = CatchingUp(self.log, self.catalog, self.watches, self.clock, self.hidden)

    def step(self) -> bool:
        """Match some arrivals, or let one who is behind catch up a bit; False when there was nothing to do.

        Raises:
            StorageError
        """
        with self.watches.matching:
            self.watches.load()
            is_done = False
            try:
                moved = self._follow() or self._catching_up.step(self._cursor or 0)
                is_done = True
            finally:
                if not is_done:  # what is here may be ahead of what was committed
                    self.watches.forget()
                    self._cursor = None
            return moved

    def _follow(self) -> bool:
        with self.catalog.read() as catalog, self.log.read() as log:
            after, known = self._begin(log), catalog.cursor()
            if not self.watches.live:
                self._pass_over(log, known)
                return False
            arrivals = [a for a in log.arrivals(after, NOTICE_ARRIVALS_MAX) if a.number <= known]
            ready, self.waits_until_ms = ready_arrivals(log, arrivals, self.clock.now_ms())
            if not ready:
                return False
            dues, late = self._match_all(log, catalog, ready)
        self._cursor = ready[-1].number
        if dues or late or self._cursor - self._committed >= _COMMITTED_EVERY:
            self._commit(ready[-1], dues, late)
        return True

    def _pass_over(self, log: LogReader, known: int) -> None:
        """Nobody is to be told: whoever comes later says from where on."""
        self._cursor, self.waits_until_ms = known, None
        last = log.arrival(known)
        if last is not None and known - self._committed >= _COMMITTED_EVERY:
            self._commit(last, [], set())

    def _begin(self, log: LogReader) -> int:
        """Where to go on: behind the last arrival that was followed and is still there."""
        if self._cursor is not None and self._cursor <= log.last_arrival():
            return self._cursor
        with self.watches.store.read() as reader:
            marks = reader.marks()
        found = next((number for number, tag in marks if was_followed(log, number, tag)), None)
        if found is None:
            found = log.last_arrival() if marks else 0
        if marks and marks[0][0] != found:
            with self.watches.store.write() as writer:
                writer.set_back(found)
            self.watches.forget()
            self.watches.load()
        self._cursor = self._committed = found
        return found

    def _match_all(
        self, log: LogReader, catalog: CatalogReader, arrivals: Sequence[Arrival]
    ) -> tuple[list[Due], set[str]]:
        """What is due to whom, and who falls behind with it."""
        hidden = frozenset(self.hidden()) if arrivals else frozenset()
        dues: list[Due] = []
        late: set[str] = set()
        for arrival in arrivals:
            for change in changes_of(log, catalog, arrival):
                document = cache(partial(document_of_change, self.watches.words, log, catalog, change))
                for who in self.watches.matcher.match(change, document):
                    standing = self.watches.live[who]
                    if who in late or not standing.wants(change, hidden):
                        continue
                    if standing.room > 0:
                        dues.append(standing.tell(who, change))
                    else:
                        late.add(who)
        return dues, late

    def _commit(self, last: Arrival, dues: list[Due], late: set[str]) -> None:
        with self.watches.store.write(is_found_again=True) as writer:
            writer.add(dues)
            for who in sorted(late):
                writer.set_told(who, self.watches.live[who].told)
                self.watches.stop(who, WatchState.BEHIND, writer)
            writer.advance(last.number, last.tag)
        self._committed = last.number
