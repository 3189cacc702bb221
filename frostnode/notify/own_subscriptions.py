"""Public subscriptions of the publishers that are hosted here: each has a watch, wherever it was published.

So a publisher that comes from another host is told of what it has subscribed to, from the moment on at which its old
host can have told it no more. Where it is told stays with the home: at a new one it is the inbox.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from frostnode.log.content import headers_of, readable_body
from frostnode.notify.watches import Watches
from frostnode.notify_port import LAST_POSITION, Form, Watch, WatchState
from frostnode.ports import (
    Arrival,
    ArrivalKind,
    CatalogEntry,
    CatalogReader,
    CatalogStore,
    Clock,
    LogReader,
    LogStore,
)
from frostnode.protocol.limits import OWN_SUBSCRIPTIONS_MAX
from frostnode.protocol.names import Did, DidUrl, Origin, RecordKey, parse_origin
from frostnode.protocol.records import SUBSCRIPTION
from frostnode.search.subscription_target import target_of

_ARRIVALS_AT_ONCE: Final = 1024
_OF_LEAVES: Final = frozenset({ArrivalKind.ENTRIES, ArrivalKind.BODIES})


@dataclass(slots=True)
class OwnSubscriptions:
    """Keeps the watches of one node equal to the subscriptions of its publishers. Synchronous: run `look` in a worker."""

    log: LogStore
    catalog: CatalogStore
    watches: Watches
    clock: Clock
    _after: int | None = None
    _hosts: frozenset[Did] = frozenset()
    _left_out: bool = False
    """Whether there were too many watches for some."""

    def look(self) -> bool:
        """Add, change and remove watches, if a subscription of a hosted publisher may have come or gone; whether one was.

        Raises:
            StorageError
        """
        with self.log.read() as log, self.catalog.read() as catalog:
            known, hosts = catalog.cursor(), _hosted(log)
            is_news = hosts != self._hosts or self._has_news(log, known)
        if not is_news and (not self._left_out or self.watches.is_full()):
            self._after = known
            return False
        with self.watches.store.read() as reader:  # first: who has one here has published its record before
            kept = {watch.id: watch for watch in reader.watches() if watch.record}
        with self.log.read() as log, self.catalog.read() as catalog:
            known, hosts = catalog.cursor(), _hosted(log)
            wanted = {watch.id: watch for did in hosts for watch in self._wanted(log, catalog, did, kept)}
        is_changed = self._keep(wanted, kept)
        self._after, self._hosts = known, hosts
        return is_changed

    def _has_news(self, log: LogReader, known: int) -> bool:
        after = self._after
        if after is None or known < after:  # the store or the view was set back
            return True
        while self._hosts and (some := log.arrivals(after, _ARRIVALS_AT_ONCE, self._hosts)):
            if any(_concerns_subscriptions(log, arrival) for arrival in some if arrival.number <= known):
                return True
            after = some[-1].number
            if after >= known:
                break
        return False

    def _wanted(
        self, log: LogReader, catalog: CatalogReader, did: Did, kept: Mapping[str, Watch]
    ) -> Iterator[Watch]:
        entries = catalog.records(type_=SUBSCRIPTION, did=did, limit=OWN_SUBSCRIPTIONS_MAX)
        urls = [str(DidUrl(did=did, type=SUBSCRIPTION, key=RecordKey(entry.key))) for entry in entries]
        fresh = [entry for url, entry in zip(urls, entries, strict=True) if url not in kept]
        told_before = _told_before(log, did, fresh)
        for url, entry in zip(urls, entries, strict=True):
            fields = readable_body(log, entry.body) if entry.body is not None else None
            target = target_of(fields) if fields is not None else None
            if fields is None or target is None:
                continue
            behalf = fields.get("on_behalf_of")
            yield Watch(
                id=url,
                record=url,
                target=str(target),
                form=Form.INBOX,
                behalf=behalf if isinstance(behalf, str) else "",
                created_ms=self.clock.now_ms(),
                told=kept[url].told
                if url in kept
                else (told_before[entry.origin, entry.index], LAST_POSITION),
                state=WatchState.BEHIND,
            )

    def _keep(self, wanted: Mapping[str, Watch], kept: Mapping[str, Watch]) -> bool:
        """Let there be those that are wanted, as far as WATCHES_MAX lets: the others are added when some are gone."""
        gone = [id_ for id_ in kept if id_ not in wanted]
        changed = []
        for id_, watch in wanted.items():
            here = kept.get(id_)
            if here is None:
                changed.append(watch)
            elif (here.target, here.behalf) != (watch.target, watch.behalf):
                changed.append(replace(here, target=watch.target, behalf=watch.behalf))
        if gone:
            self.watches.remove(*gone)
        count = self.watches.put_all(changed)
        self._left_out = count < len(changed)
        return bool(count or gone)


def _concerns_subscriptions(log: LogReader, arrival: Arrival) -> bool:
    """Whether an arrival may have changed which subscriptions there are."""
    if arrival.kind is ArrivalKind.HEAD:
        return False
    if arrival.kind not in _OF_LEAVES:
        return True
    headers = headers_of(log, arrival.origin, arrival.start, arrival.stop)
    return any(header.type == SUBSCRIPTION for _, _, header in headers)


def _hosted(log: LogReader) -> frozenset[Did]:
    """The publishers whose open epoch is here."""
    open_here = set()
    for hosted in log.hosted():
        history = log.history(hosted.did)
        epoch = history.epoch(hosted.origin) if history is not None else None
        if epoch is not None and epoch.end is None:
            open_here.add(hosted.did)
    return frozenset(open_here)


def _told_before(log: LogReader, did: Did, entries: Sequence[CatalogEntry]) -> dict[tuple[Origin, int], int]:
    """Of each entry the arrival up to which somebody was told elsewhere: the last of the epochs before the one that is here.

    What was published here is told from its own arrival on. One look through the arrivals of the publisher, however many
    entries there are.
    """
    here: dict[Origin, list[int]] = {}
    for entry in sorted(entries, key=lambda entry: entry.index):
        here.setdefault(entry.origin, []).append(entry.index)
    here = {origin: indexes for origin, indexes in here.items() if log.hosted_log(origin) is not None}
    history = log.history(did)
    n = history.standing[-1].n if history is not None and history.standing else 0
    is_earlier = cache(lambda origin: parse_origin(origin).epoch < n)
    found: dict[tuple[Origin, int], int] = {}
    elsewhere = after = 0
    while entries and (some := log.arrivals(after, _ARRIVALS_AT_ONCE, frozenset({did}))):
        after = some[-1].number
        for arrival in some:
            if arrival.kind is not ArrivalKind.ENTRIES:
                continue
            indexes = here.get(arrival.origin, [])
            for index in indexes[bisect_left(indexes, arrival.start) : bisect_left(indexes, arrival.stop)]:
                found.setdefault((arrival.origin, index), arrival.number)
            if is_earlier(arrival.origin):
                elsewhere = arrival.number
    return {(entry.origin, entry.index): elsewhere for entry in entries} | found
