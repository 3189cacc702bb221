"""A store of notices in memory: the same answers as the one on disk, without a file."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from threading import Lock
from typing import Final

from frostnode.notify_port import LAST_POSITION, Due, Form, InboxItem, Tries, Watch, WatchState
from frostnode.protocol.limits import INBOX_ITEMS_MAX
from frostnode.protocol.notice import NoticeId

_MARKS: Final = 64
_EXPIRED_AT_ONCE: Final = 256
_TRIED: Final = (WatchState.LIVE, WatchState.BEHIND)


@dataclass(slots=True)
class _State:
    """All of it. What stands in it never changes, so that a copy of the mappings is a copy of everything."""

    cursor: int = 0
    marks: dict[int, bytes] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)
    """Oldest first."""
    tries: dict[str, Tries] = field(default_factory=dict)
    due: dict[str, dict[NoticeId, Due]] = field(default_factory=dict)
    """In order of changes; nothing of whom nothing is due. A writer changes copies of the inner mappings."""
    inbox: dict[tuple[NoticeId, str], InboxItem] = field(default_factory=dict)
    """Oldest first."""

    def copy(self) -> "_State":
        """The same at this moment."""
        return _State(
            self.cursor,
            dict(self.marks),
            dict(self.watches),
            dict(self.tries),
            dict(self.due),
            dict(self.inbox),
        )


class MemoryNotifyReader:
    """A `frostnode.notify_port.NotifyReader` of one state."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def cursor(self) -> int:
        """The arrival up to which everybody LIVE was matched."""
        return self._state.cursor

    def marks(self) -> list[tuple[int, bytes]]:
        """Newest first."""
        return sorted(self._state.marks.items(), reverse=True)

    def watches(self, states: Collection[WatchState] = tuple(WatchState)) -> list[Watch]:
        """Oldest first."""
        return [watch for watch in self._state.watches.values() if watch.state in states]

    def watch(self, id_: str) -> Watch | None:
        """One of them."""
        return self._state.watches.get(id_)

    def watch_count(self) -> int:
        """How many there are."""
        return len(self._state.watches)

    def behind(self, due_max: int, limit: int, *, newest: bool = False) -> list[tuple[Watch, int]]:
        """The BEHIND to whom at most so much is due, and how much that is."""
        waiting = [(watch, self.due_count(watch.id)) for watch in self.watches([WatchState.BEHIND])]
        found = [item for item in waiting if item[1] <= due_max]
        return sorted(found, key=lambda item: item[0].told, reverse=newest)[:limit]

    def tries(self, id_: str) -> Tries:
        """How deliveries go."""
        return self._state.tries.get(id_, Tries())

    def _waiting(self) -> Iterator[tuple[Watch, Tries]]:
        for id_ in self._state.due:
            watch = self._state.watches[id_]
            if watch.state in _TRIED:
                yield watch, self.tries(id_)

    def next_due(self, now_ms: int, limit: int, form: Form, *, is_slow: bool) -> list[str]:
        """Those that wait longest first."""
        place = {id_: at for at, id_ in enumerate(self._state.watches)}
        found = [
            (tries.next_ms, place[watch.id], watch.id)
            for watch, tries in self._waiting()
            if watch.form is form and tries.is_slow == is_slow and tries.next_ms <= now_ms
        ]
        return [id_ for _, _, id_ in sorted(found)[:limit]]

    def next_try_ms(self, now_ms: int) -> int | None:
        """When the next try is."""
        return min((tries.next_ms for _, tries in self._waiting() if tries.next_ms > now_ms), default=None)

    def addresses(self, form: Form) -> list[str]:
        """The addresses of all watches of a form."""
        return [watch.address for watch in self._state.watches.values() if watch.form is form]

    def expired(self, now_ms: int) -> list[str]:
        """Watches whose time is over, some at a time."""
        over = [
            (watch.expires_ms, watch.id)
            for watch in self._state.watches.values()
            if watch.expires_ms is not None and watch.expires_ms <= now_ms
        ]
        return [id_ for _, id_ in sorted(over)[:_EXPIRED_AT_ONCE]]

    def due(self, watch: str, limit: int) -> list[Due]:
        """In order."""
        return list(islice(self._state.due.get(watch, {}).values(), limit))

    def due_count(self, watch: str) -> int:
        """How many there are."""
        return len(self._state.due.get(watch, {}))

    def inbox(self, *, limit: int, offset: int = 0, unread: bool = False) -> list[InboxItem]:
        """Newest first."""
        items = [item for item in reversed(self._state.inbox.values()) if not unread or item.read_ms is None]
        return items[offset : offset + limit]

    def inbox_counts(self) -> tuple[int, int]:
        """(all, unread)."""
        return len(self._state.inbox), sum(item.read_ms is None for item in self._state.inbox.values())


class MemoryNotifyWriter(MemoryNotifyReader):
    """A `frostnode.notify_port.NotifyWriter`."""

    def __init__(self, state: _State) -> None:
        super().__init__(state)
        self._copied: set[str] = set()

    def _own_due(self, watch: str) -> dict[NoticeId, Due]:
        """What is due to somebody, to be changed."""
        if watch not in self._copied:
            self._copied.add(watch)
            self._state.due[watch] = dict(self._state.due.get(watch, {}))
        return self._state.due.setdefault(watch, {})

    def put_watch(self, watch: Watch) -> None:
        """Add it, or replace the one of that id."""
        kept = self.watch(watch.id)
        created_ms = watch.created_ms if kept is None else kept.created_ms
        self._state.watches[watch.id] = replace(watch, created_ms=created_ms)

    def _change_watch(self, id_: str, **changes: object) -> None:
        if (watch := self.watch(id_)) is not None:
            self._state.watches[id_] = replace(watch, **changes)  # type: ignore[arg-type]  # as the callers below do

    def remove_watch(self, id_: str) -> None:
        """Forget it, and all that is due to it."""
        for mapping in (self._state.watches, self._state.tries, self._state.due):
            mapping.pop(id_, None)
        for name in [name for name in self._state.inbox if name[1] == id_]:
            del self._state.inbox[name]

    def add(self, dues: Iterable[Due]) -> None:
        """Somebody is to be told; `told` and `last` follow."""
        for due in dues:
            watch, id_ = self.watch(due.watch), due.change.id
            if watch is None:
                continue
            if watch.form is Form.INBOX:
                self.put_item(due)
            else:
                self._put_due(due)
            self._change_watch(due.watch, told=(id_.number, id_.position), last=str(id_))

    def _put_due(self, due: Due) -> None:
        waiting = self._own_due(due.watch)
        last = next(reversed(waiting.values()), due)
        waiting.setdefault(due.change.id, due)
        if _order(due) < _order(last):
            self._state.due[due.watch] = dict(sorted(waiting.items(), key=lambda item: _order(item[1])))

    def put_item(self, due: Due) -> None:
        """Put something into an inbox."""
        if due.watch not in self._state.watches:
            return
        self._state.inbox.setdefault((due.change.id, due.watch), InboxItem(due=due, read_ms=None))
        surplus = len(self._state.inbox) - INBOX_ITEMS_MAX
        if surplus > 0:
            inbox = self._state.inbox
            for name in sorted(inbox, key=lambda name: inbox[name].read_ms is None)[:surplus]:
                del inbox[name]

    def done(
        self, watch: str, ids: Sequence[NoticeId], now_ms: int, *, next_ms: int = 0, is_slow: bool = False
    ) -> None:
        """Somebody was told."""
        waiting = self._own_due(watch)
        for id_ in ids:
            waiting.pop(id_, None)
        if not waiting:
            self._forget_due(watch)
        self.put_tries(watch, Tries(next_ms=next_ms, delivered_ms=now_ms, is_slow=is_slow))

    def _forget_due(self, watch: str) -> None:
        self._state.due.pop(watch, None)

    def put_tries(self, watch: str, tries: Tries) -> None:
        """How deliveries go."""
        if watch in self._state.watches:
            self._state.tries[watch] = tries

    def bring_forward(self, latest_ms: int) -> None:
        """Nobody waits for a time after this."""
        for id_, tries in self._state.tries.items():
            self._state.tries[id_] = replace(tries, next_ms=min(tries.next_ms, latest_ms))

    def set_state(self, watch: str, state: WatchState) -> None:
        """How it stands with somebody."""
        self._change_watch(watch, state=state)

    def set_told(self, watch: str, told: tuple[int, int]) -> None:
        """Matched up to there."""
        self._change_watch(watch, told=told)

    def lapse(self, watch: str) -> None:
        """What is due is forgotten, and `told` is before it."""
        for first in self.due(watch, 1):
            id_ = first.change.id
            self._change_watch(watch, told=(id_.number, id_.position - 1), last=first.previous or "")
        self._forget_due(watch)
        self.set_state(watch, WatchState.LAPSED)

    def read_items(self, ids: Collection[NoticeId] | None, now_ms: int) -> int:
        """These items of the inbox, or all, are read now."""
        unread = [
            name
            for name, item in self._state.inbox.items()
            if item.read_ms is None and (ids is None or name[0] in ids)
        ]
        for name in unread:
            self._state.inbox[name] = replace(self._state.inbox[name], read_ms=now_ms)
        return len(unread)

    def set_back(self, arrival: int) -> None:
        """Nobody was told of what comes behind this arrival."""
        self._state.cursor = arrival
        self._state.marks = {number: tag for number, tag in self._state.marks.items() if number <= arrival}
        for watch in self.watches():
            if watch.told[0] > arrival:
                self.set_told(watch.id, (arrival, LAST_POSITION))

    def advance(self, arrival: int, tag: bytes) -> None:
        """Followed up to this arrival."""
        self._state.cursor = arrival
        earlier = [mark for mark in self.marks() if mark[0] < arrival]
        self._state.marks = dict([(arrival, tag), *earlier][:_MARKS])


def _order(due: Due) -> tuple[int, int, str]:
    id_ = due.change.id
    return id_.number, id_.position, str(id_)


class MemoryNotifyStore:
    """A `frostnode.notify_port.NotifyStore`."""

    def __init__(self) -> None:
        self._state = _State()
        self._writing = Lock()

    @contextmanager
    def read(self) -> Iterator[MemoryNotifyReader]:
        """A consistent snapshot."""
        yield MemoryNotifyReader(self._state)

    @contextmanager
    def write(self, *, is_found_again: bool = False) -> Iterator[MemoryNotifyWriter]:
        """One transaction; a second caller waits."""
        with self._writing:
            state = self._state.copy()
            yield MemoryNotifyWriter(state)
            self._state = state

    def close(self) -> None:
        """It may be used again."""
