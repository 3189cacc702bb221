"""Public subscriptions of the publishers that are hosted here: each has a watch, wherever it was published.

So a publisher that comes from another host is told of what it has subscribed to, from the moment on at which its old
host can have told it no more. Where it is told stays with the home: at a new one it is the inbox.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from frostnode.log.content import readable_body
from frostnode.notify.watches import Watches
from frostnode.notify_port import LAST_POSITION, Form, Watch, WatchState
from frostnode.ports import ArrivalKind, CatalogEntry, CatalogReader, CatalogStore, Clock, LogReader, LogStore
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import OWN_SUBSCRIPTIONS_MAX
from frostnode.protocol.names import Did, DidUrl, RecordKey, parse_origin
from frostnode.protocol.records import SUBSCRIPTION
from frostnode.protocol.subscription_target import target_of

_ARRIVALS_AT_ONCE = 1024


@dataclass(slots=True)
class OwnSubscriptions:
    """Keeps the watches of one node equal to the subscriptions of its publishers. Synchronous: run `look` in a worker."""

    log: LogStore
    catalog: CatalogStore
    watches: Watches
    clock: Clock
    _after: int | None = None

    def look(self) -> bool:
        """Add, change and remove watches, if something of a publisher that is hosted here has come; whether one was.

        Raises:
            StorageError
        """
        with self.watches.store.read() as reader:  # first: who has one here has published its record before
            kept = {watch.id: watch for watch in reader.watches() if watch.record}
        with self.log.read() as log, self.catalog.read() as catalog:
            known = catalog.cursor()
            hosted = _hosted(log)
            if not self._has_news(log, hosted, known):
                return False
            wanted = {watch.id: watch for did in hosted for watch in self._wanted(log, catalog, did, kept)}
        self._after = known
        changed = [id_ for id_ in {**kept, **wanted} if self._keep(id_, wanted.get(id_), kept.get(id_))]
        return bool(changed)

    def _has_news(self, log: LogReader, hosted: frozenset[Did], known: int) -> bool:
        if self._after is None:
            return True
        if known < self._after:  # the store or the view was set back
            return True
        return bool(hosted) and bool(log.arrivals(self._after, 1, hosted))

    def _wanted(
        self, log: LogReader, catalog: CatalogReader, did: Did, kept: Mapping[str, Watch]
    ) -> Iterator[Watch]:
        entries = catalog.records(type_=SUBSCRIPTION, did=did, limit=OWN_SUBSCRIPTIONS_MAX)
        for entry in entries:
            fields = readable_body(log, entry.body) if entry.body is not None else None
            target = target_of(fields) if fields is not None else None
            if fields is None or target is None:
                continue
            behalf = fields.get("on_behalf_of")
            url = str(DidUrl(did=did, type=SUBSCRIPTION, key=RecordKey(entry.key)))
            yield Watch(
                id=url,
                record=url,
                target=str(target),
                form=Form.INBOX,
                behalf=behalf if isinstance(behalf, str) else "",
                created_ms=self.clock.now_ms(),
                told=kept[url].told if url in kept else (_told_before(log, entry), LAST_POSITION),
                state=WatchState.BEHIND,
            )

    def _keep(self, id_: str, wanted: Watch | None, kept: Watch | None) -> bool:
        if wanted is None:
            self.watches.remove(id_)
        elif kept is None:
            return self._add(wanted)
        elif (kept.target, kept.behalf) != (wanted.target, wanted.behalf):
            self.watches.put(replace(kept, target=wanted.target, behalf=wanted.behalf))
        else:
            return False
        return True

    def _add(self, watch: Watch) -> bool:
        """Add one, unless there are WATCHES_MAX: it is added when others are gone."""
        try:
            self.watches.put(watch)
        except LocalError as error:
            if error.code != "queue.full":
                raise
            return False
        return True


def _hosted(log: LogReader) -> frozenset[Did]:
    """The publishers whose open epoch is here."""
    open_here = set()
    for hosted in log.hosted():
        history = log.history(hosted.did)
        epoch = history.epoch(hosted.origin) if history is not None else None
        if epoch is not None and epoch.end is None:
            open_here.add(hosted.did)
    return frozenset(open_here)


def _told_before(log: LogReader, entry: CatalogEntry) -> int:
    """The arrival up to which somebody was told elsewhere: the last of the epochs before the one that is here.

    What was published here is told from its own arrival on.
    """
    hosted = log.hosted_log(entry.origin) is not None
    history = log.history(entry.did)
    n = history.standing[-1].n if history is not None and history.standing else 0
    found = after = 0
    while some := log.arrivals(after, _ARRIVALS_AT_ONCE, frozenset({entry.did})):
        after = some[-1].number
        for arrival in some:
            if arrival.kind is not ArrivalKind.ENTRIES:
                continue
            if hosted and arrival.origin == entry.origin and arrival.start <= entry.index < arrival.stop:
                return arrival.number
            if not hosted and parse_origin(arrival.origin).epoch < n:
                found = arrival.number
    return found
