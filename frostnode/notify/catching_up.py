"""Those who are behind: matched with what they were not told yet, all who stand near each other in one look.

Rules (spec/14-notices.md#guarantees):
- a step looks at so many changes and takes so much time, and no more: those who are up to date are matched in between;
- it begins where the one stands who was told least, and all come along whom it passes; every other step begins with
  those who were told most, so that nobody waits until somebody else's history is through;
- what was changed is read once for all of them, however many they are.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

from frostnode.notify.changes import changes_of
from frostnode.notify.describe import document_of_change
from frostnode.notify.matcher import Matcher
from frostnode.notify.watches import Standing, Watches
from frostnode.notify_port import LAST_POSITION, Due, Watch, WatchState
from frostnode.ports import CatalogReader, CatalogStore, Clock, LogReader, LogStore
from frostnode.protocol.limits import (
    CATCHING_UP_MAX,
    FEED_EXAMINED_MAX,
    FEED_LOOK_S,
    NOTICE_ARRIVALS_MAX,
)
from frostnode.protocol.names import Did
from frostnode.protocol.notice import Change

_MOST_TOLD_MAX: Final = 64
"""How many of those who were told most come along in their step."""


@dataclass(slots=True)
class CatchingUp:
    """That of one node. Synchronous; the caller holds `matching`."""

    log: LogStore
    catalog: CatalogStore
    watches: Watches
    clock: Clock
    hidden: Callable[[], Collection[Did]]
    _is_of_most_told: bool = False

    def step(self, end: int) -> bool:
        """Bring some further, up to the arrival `end` at most; False when nobody is behind that has room.

        Raises:
            StorageError
        """
        together = self._chosen()
        if not together:
            return False
        until_s = self.clock.monotonic_s() + FEED_LOOK_S
        with self.catalog.read() as catalog, self.log.read() as log:
            look = _Look(log, catalog, together, self.watches, frozenset(self.hidden()))
            look.through(end, lambda: self.clock.monotonic_s() >= until_s)
            moved = list(look.moved(end))
        with self.watches.store.write(is_found_again=True) as writer:
            writer.add(look.dues)
            for watch in moved:
                writer.put_watch(watch)
        for watch in moved:
            if watch.state is WatchState.LIVE:
                self.watches.admit(watch, look.standings[watch.id].room)
        return bool(moved)

    def _chosen(self) -> Sequence[tuple[Watch, int]]:
        """Who is matched in this step, each with how much is due to it."""
        room, of_most_told = self.watches.due_max // 2, self._is_of_most_told
        self._is_of_most_told = not of_most_told
        with self.watches.store.read() as reader:
            if not of_most_told:
                return reader.behind(room, CATCHING_UP_MAX)
            found = reader.behind(room, _MOST_TOLD_MAX, newest=True)
        return [item for item in found if item[0].told[0] > found[0][0].told[0] - NOTICE_ARRIVALS_MAX]


class _Look:
    """One step under way: `dues` is what it found, `standings` how it stands with each."""

    def __init__(
        self,
        log: LogReader,
        catalog: CatalogReader,
        together: Sequence[tuple[Watch, int]],
        watches: Watches,
        hidden: Collection[Did],
    ) -> None:
        self._log = log
        self._catalog = catalog
        self._hidden = hidden
        self._watches = [watch for watch, _ in together]
        self._words = watches.words
        self._matcher: Matcher[str] = Matcher(watches.words)
        self.standings: dict[str, Standing] = {}
        for watch, due in together:
            target, self.standings[watch.id] = Standing.of(watch, watches.due_max - due)
            self._matcher.add(watch.id, target)
        self._full: set[str] = set()
        self._place = min(watch.told for watch in self._watches)
        self.dues: list[Due] = []

    def through(self, end: int, is_late: Callable[[], bool]) -> None:
        """Match the changes from where the least told stands, up to an arrival or to the bounds of a step."""
        number, position = self._place
        # the rest of the arrival that it stands in the midst of comes first
        arrivals = self._log.arrivals(max(0, number - 1), NOTICE_ARRIVALS_MAX)
        examined = 0
        for arrival in (arrival for arrival in arrivals if arrival.number <= end):
            begin = position + 1 if arrival.number == number else 0
            for change in changes_of(self._log, self._catalog, arrival, begin):
                if examined >= FEED_EXAMINED_MAX or (examined and is_late()):
                    return
                examined += 1
                self._match(change)
                self._place = change.id.number, change.id.position
            self._place = arrival.number, LAST_POSITION

    def _match(self, change: Change) -> None:
        document = cache(partial(document_of_change, self._words, self._log, self._catalog, change))
        for who in self._matcher.match(change, document):
            standing = self.standings[who]
            if who in self._full or not standing.wants(change, self._hidden):
                continue
            if standing.room > 0:
                self.dues.append(standing.tell(who, change))
            else:
                self._full.add(who)

    def moved(self, end: int) -> Iterator[Watch]:
        """Those who got on, as they are to be kept."""
        has_caught_up = self._place >= (end, LAST_POSITION)
        for watch in self._watches:
            standing, is_full = self.standings[watch.id], watch.id in self._full
            told = standing.told if is_full else max(standing.told, self._place)
            state = WatchState.LIVE if has_caught_up and not is_full else WatchState.BEHIND
            if told != watch.told or state is WatchState.LIVE:
                yield replace(watch, told=told, last=standing.last, state=state)
