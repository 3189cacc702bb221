"""The stage from arrivals to what is due: whom each change concerns, and the cursor, in one transaction.

Rules (spec/14-notices.md#guarantees):
- it follows behind the catalog, so that what a change means can be looked up;
- an arrival whose bodies are not here is waited for NOTICE_BODY_WAIT_S at most, by those behind it too;
- to whom too much is due falls BEHIND, with its place kept, and is matched again as there is room: nobody keeps
  others waiting, and nothing grows without bound;
- who begins in the past is BEHIND too, until it has caught up: there is no gap between history and news.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

from frostnode.notify.changes import changes_of, ready_arrivals
from frostnode.notify.describe import words_of_change
from frostnode.notify.matcher import Matcher
from frostnode.notify.watches import Standing, Watches
from frostnode.notify_port import LAST_POSITION, Due, NotifyReader, Watch, WatchState
from frostnode.ports import Arrival, CatalogReader, CatalogStore, Clock, LogReader, LogStore
from frostnode.project.run import was_followed
from frostnode.protocol.limits import FEED_EXAMINED_MAX, FEED_LOOK_S, NOTICE_ARRIVALS_MAX
from frostnode.protocol.names import Did
from frostnode.protocol.notice import Change
from frostnode.protocol.subscription_target import parse_target

_COMMITTED_EVERY: Final = 1024
"""Arrivals of which nobody was told, until the cursor is written down all the same."""

_CATCHING_UP_MAX: Final = 64
"""How many of those who are behind are matched in one step."""


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
    _cursor: int | None = None
    _committed: int = 0

    def step(self) -> bool:
        """Match some arrivals, or let one who is behind catch up a bit; False when there was nothing to do.

        Raises:
            StorageError
        """
        with self.watches.matching:
            self.watches.load()
            is_done = False
            try:
                moved = self._follow() or self._catch_up()
                is_done = True
            finally:
                if not is_done:  # what is here may be ahead of what was committed
                    self.watches.forget()
                    self._cursor = None
            return moved

    # -- those who are up to date ---------------------------------------------------------------------

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
                words = cache(partial(words_of_change, log, catalog, change))
                for who in self.watches.matcher.match(change, words):
                    standing = self.watches.live[who]
                    if who in late or not standing.wants(change):
                        continue
                    if standing.is_search and change.did in hidden:
                        continue
                    if standing.room <= 0:
                        late.add(who)
                        continue
                    dues.append(_due(who, standing, change))
        return dues, late

    def _commit(self, last: Arrival, dues: list[Due], late: set[str]) -> None:
        with self.watches.store.write() as writer:
            writer.add(dues)
            for who in sorted(late):
                writer.set_told(who, self.watches.live[who].told)
                self.watches.stop(who, WatchState.BEHIND, writer)
            writer.advance(last.number, last.tag)
        self._committed = last.number

    # -- those who are behind -------------------------------------------------------------------------

    def _catch_up(self) -> bool:
        with self.watches.store.read() as reader:
            behind = [
                watch
                for watch in reader.watches([WatchState.BEHIND])
                if reader.due_count(watch.id) <= self.watches.due_max // 2
            ]
            until_s, moved = self.clock.monotonic_s() + FEED_LOOK_S, False
            for watch in behind[:_CATCHING_UP_MAX]:
                moved |= self._match_behind(reader, watch)
                if self.clock.monotonic_s() >= until_s:  # those who are up to date do not wait for it
                    break
        return moved

    def _match_behind(self, reader: NotifyReader, watch: Watch) -> bool:
        """Match one for some arrivals; it is LIVE when it has caught up. Answers whether it got on."""
        matcher: Matcher[str] = Matcher()
        matcher.add(watch.id, parse_target(watch.target))
        room = self.watches.due_max - reader.due_count(watch.id)
        standing = Standing(behalf=watch.behalf, is_search=False, told=watch.told, last=watch.last, room=room)
        dues: list[Due] = []
        examined = 0
        number, position = watch.told
        with self.catalog.read() as catalog, self.log.read() as log:
            end = self._begin(log)
            # the rest of the arrival that it stands in the midst of comes first
            arrivals = log.arrivals(max(0, number - 1), NOTICE_ARRIVALS_MAX)
            for arrival in (a for a in arrivals if a.number <= end):
                begin = position + 1 if arrival.number == number else 0
                for change in changes_of(log, catalog, arrival, begin):
                    if examined >= FEED_EXAMINED_MAX:
                        return self._put_behind(watch, dues, (arrival.number, change.id.position - 1))
                    examined += 1
                    words = partial(words_of_change, log, catalog, change)
                    if not matcher.match(change, words) or not standing.wants(change):
                        continue
                    if standing.room <= 0:
                        return self._put_behind(watch, dues, standing.told)
                    dues.append(_due(watch.id, standing, change))
                number, position = arrival.number, LAST_POSITION
                standing.told = (number, position)
            has_caught_up = number >= end
        told = max(standing.told, (end, LAST_POSITION)) if has_caught_up else standing.told
        state = WatchState.LIVE if has_caught_up else WatchState.BEHIND
        return self._put_behind(watch, dues, told, state, standing.room)

    def _put_behind(
        self,
        watch: Watch,
        dues: list[Due],
        told: tuple[int, int],
        state: WatchState = WatchState.BEHIND,
        room: int = 0,
    ) -> bool:
        last = str(dues[-1].change.id) if dues else watch.last
        moved = replace(watch, told=told, last=last, state=state)
        with self.watches.store.write() as writer:
            writer.add(dues)
            writer.put_watch(moved)
        if state is WatchState.LIVE:
            self.watches.admit(moved, room)
        return bool(dues) or told != watch.told or state is WatchState.LIVE


def _due(who: str, standing: Standing, change: Change) -> Due:
    due = Due(watch=who, change=change, previous=standing.last or None)
    standing.last = str(change.id)
    standing.told = (change.id.number, change.id.position)
    standing.room -= 1
    return due
