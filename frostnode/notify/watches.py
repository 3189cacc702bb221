"""Who wants to be told: in the store, and of those who are up to date the matcher in memory.

Whoever adds or removes one does it here, so that the two never differ. Synchronous: run it in a worker.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from frostnode.notify.matcher import Matcher
from frostnode.notify_port import Due, NotifyStore, NotifyWriter, Tries, Watch, WatchState
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import WATCHES_MAX
from frostnode.protocol.names import DATASET, VERSION, Did
from frostnode.protocol.notice import Change
from frostnode.search.matching import Words
from frostnode.search.subscription_target import OfSearch, Target, parse_target


@dataclass(slots=True)
class Standing:
    """What the matcher must know of one who is matched. `told` and `last` run ahead of the store until it commits."""

    behalf: str
    is_search: bool
    told: tuple[int, int]
    last: str
    room: int

    @classmethod
    def of(cls, watch: Watch, room: int) -> tuple[Target, "Standing"]:
        """The target of a watch, and how it stands with it."""
        target = parse_target(watch.target)
        is_search = isinstance(target, OfSearch)
        return target, cls(watch.behalf, is_search, told=watch.told, last=watch.last, room=room)

    def wants(self, change: Change, hidden: Collection[Did]) -> bool:
        """Whether it is told of this, and was not yet. A dataset is not told of itself: it would be derived anew for ever."""
        if (change.id.number, change.id.position) <= self.told:
            return False
        if self.is_search and change.did in hidden:
            return False
        return not (self.behalf and _dataset_of(change) == self.behalf)

    def tell(self, who: str, change: Change) -> Due:
        """What becomes due to it by a change."""
        due = Due(watch=who, change=change, previous=self.last or None)
        self.last = str(change.id)
        self.told = (change.id.number, change.id.position)
        self.room -= 1
        return due


@dataclass(slots=True)
class Watches:
    """Those of one home."""

    store: NotifyStore
    words: Words
    due_max: int
    """How much may be due to one before it falls behind."""
    matching: Lock = field(default_factory=Lock)
    """Held by the stage while it matches, and by whoever changes who is matched."""
    matcher: Matcher[str] = field(init=False)
    live: dict[str, Standing] = field(default_factory=dict)
    _is_loaded: bool = False
    _roomier: deque[tuple[str, int]] = field(default_factory=deque)
    """Who was told how much since the last step: noted without the lock, for matching may take its time."""

    def __post_init__(self) -> None:
        self.matcher = Matcher(self.words)

    def load(self) -> None:
        """Read all that are up to date, once; note who has room again. The caller holds `matching`."""
        while self._roomier:
            who, count = self._roomier.popleft()
            if who in self.live:
                self.live[who].room += count
        if self._is_loaded:
            return
        wrong: dict[str, LocalError] = {}
        with self.store.read() as reader:
            self.matcher, self.live = Matcher(self.words), {}
            for watch in reader.watches([WatchState.LIVE, WatchState.BEHIND]):
                try:
                    if watch.state is WatchState.LIVE:
                        self._admit(watch, self.due_max - reader.due_count(watch.id))
                    else:
                        parse_target(watch.target)
                except LocalError as error:
                    wrong[watch.id] = error
        if wrong:
            self._pause(wrong)
        self._is_loaded = True

    def _pause(self, wrong: Mapping[str, LocalError]) -> None:
        """Those whose target another version of this program could read, and this one cannot, keep nobody else from being told."""
        with self.store.write() as writer:
            for id_, error in wrong.items():
                writer.set_state(id_, WatchState.PAUSED)
                writer.put_tries(id_, replace(writer.tries(id_), error=str(error)))

    def forget(self) -> None:
        """Read them again the next time: what the store has may be older than what is here. The caller holds `matching`."""
        self._is_loaded = False

    def put(self, watch: Watch) -> None:
        """Add one, or change it.

        Raises:
            LocalError: queue.full, query.malformed, usage; StorageError
        """
        if not self.put_all([watch]):
            raise LocalError("queue.full", "watches of this node", expected=f"≤ {WATCHES_MAX}")

    def put_all(self, watches: Sequence[Watch]) -> int:
        """Add or change these, together; answers how many. Those beyond WATCHES_MAX are left out.

        Raises:
            LocalError: query.malformed, usage; StorageError
        """
        for watch in watches:
            parse_target(watch.target)
        if not watches:
            return 0
        with self.matching:
            self.load()
            with self.store.write() as writer:
                room = WATCHES_MAX - writer.watch_count()
                taken = []
                for watch in watches:
                    is_new = writer.watch(watch.id) is None
                    if is_new and room <= 0:
                        continue
                    room -= is_new
                    writer.put_watch(watch)
                    taken.append((watch, writer.due_count(watch.id)))
            for watch, due in taken:
                self._dismiss(watch.id)
                if watch.state is WatchState.LIVE:
                    self._admit(watch, self.due_max - due)
        return len(taken)

    def is_full(self) -> bool:
        """Whether there are as many as there may be."""
        with self.store.read() as reader:
            return reader.watch_count() >= WATCHES_MAX

    def has_room(self, id_: str, count: int) -> None:
        """So much less is due to one."""
        self._roomier.append((id_, count))

    def remove(self, *ids: str) -> None:
        """Remove those of these that are there.

        Raises:
            StorageError
        """
        with self.matching:
            with self.store.write() as writer:
                for id_ in ids:
                    writer.remove_watch(id_)
            for id_ in ids:
                self._dismiss(id_)

    def resume(self, id_: str) -> Watch:
        """Tell one of all that it was not told: what was kept back comes first.

        Raises:
            LocalError: record.not-found; StorageError
        """
        with self.store.read() as reader:
            watch = reader.watch(id_)
        if watch is None:
            raise LocalError("record.not-found", f"watch {id_}")
        watch = replace(watch, state=WatchState.BEHIND)
        self.put(watch)
        with self.store.write() as writer:
            writer.put_tries(id_, Tries(delivered_ms=writer.tries(id_).delivered_ms))
        return watch

    def stop(self, id_: str, state: WatchState, writer: NotifyWriter) -> None:
        """It is up to date no longer: LAPSED forgets what is due, for it is found again. The caller holds `matching`."""
        if state is WatchState.LAPSED:
            writer.lapse(id_)
        else:
            writer.set_state(id_, state)
        self._dismiss(id_)

    def drop(self, id_: str, writer: NotifyWriter) -> None:
        """It is forgotten, with what is due. The caller holds `matching`."""
        writer.remove_watch(id_)
        self._dismiss(id_)

    def admit(self, watch: Watch, room: int) -> None:
        """It is up to date from now on. The caller holds `matching`, and has written it down."""
        self._admit(watch, room)

    def _admit(self, watch: Watch, room: int) -> None:
        target, self.live[watch.id] = Standing.of(watch, room)
        self.matcher.add(watch.id, target)

    def _dismiss(self, id_: str) -> None:
        self.matcher.remove(id_)
        self.live.pop(id_, None)


def _dataset_of(change: Change) -> str:
    """The DID URL of the dataset that an entry is about; "" where it is about none."""
    if change.type not in (DATASET, VERSION):
        return ""
    return f"{change.did}/{change.key.partition('@')[0]}"
