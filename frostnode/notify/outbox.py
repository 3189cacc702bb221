"""What is due, between the store and those who send it: taken with what there is to say now, settled in few transactions.

Synchronous: run it in a worker.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from frostnode.notify.describe import describe
from frostnode.notify.sender import Letter
from frostnode.notify.trial import trial_due
from frostnode.notify.tries import Step
from frostnode.notify.watches import Watches
from frostnode.notify_port import Due, Form, NotifyWriter, Tries, Watch, WatchState
from frostnode.ports import CatalogReader, CatalogStore, LogReader, LogStore
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import Did
from frostnode.protocol.notice import Change, Notice, NoticeId


@dataclass(frozen=True, slots=True)
class Lane:
    """Those of one form who answer soon, or those who fail or are slow: they have places apart."""

    form: Form
    is_slow: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """What one receiver is told in its turn."""

    lane: Lane
    watch: Watch
    tries: Tries
    letters: Sequence[Letter]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Places:
    """So many are `free` in a lane, beside those who are `busy`; each takes so many notices."""

    lane: Lane
    free: int
    busy: Collection[str]
    notices_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of a turn: `told` was taken; then, if something was not, what is done next."""

    watch: Watch
    told: Sequence[NoticeId]
    is_slow: bool = False
    has_more: bool = False
    """Whether more was due than fits into a turn: it is told without the pause between digests."""
    step: Step | None = None
    tries: Tries | None = None


@dataclass(frozen=True, slots=True)
class Outbox:
    """What is due at one node."""

    log: LogStore
    catalog: CatalogStore
    watches: Watches

    def take(self, places: Iterable[Places], now_ms: int) -> tuple[list[Batch], int | None]:
        """What is due, for all free places; and when the next try is.

        Raises:
            StorageError
        """
        batches: list[Batch] = []
        with self.watches.store.read() as reader, self.catalog.read() as catalog, self.log.read() as log:
            notes = _Notes(log, catalog)
            for place in places:
                lane, busy = place.lane, place.busy
                names = reader.next_due(now_ms, place.free + len(busy), lane.form, is_slow=lane.is_slow)
                for name in [name for name in names if name not in busy][: place.free]:
                    watch = reader.watch(name)
                    dues = reader.due(name, place.notices_max + 1)
                    letters = [notes.letter(due) for due in dues[: place.notices_max]]
                    if watch is not None and letters:
                        has_more = len(dues) > len(letters)
                        batches.append(Batch(lane, watch, reader.tries(name), letters, has_more))
            return batches, reader.next_try_ms(now_ms)

    def settle(self, settled: Sequence[Settled], now_ms: int) -> None:
        """Write down what came of some turns, in one transaction.

        Raises:
            StorageError
        """
        stops = any(item.step in (Step.LAPSE, Step.FORGET) for item in settled)
        with self.watches.matching if stops else nullcontext():
            is_done = False
            try:
                with self.watches.store.write() as writer:
                    for item in settled:
                        self._settle(writer, item, now_ms)
                is_done = True
            finally:
                if stops and not is_done:
                    self.watches.forget()
        for item in settled:
            self.watches.has_room(item.watch.id, len(item.told))

    def clear(self, now_ms: int, pause_s_max: int) -> None:
        """Forget whose time is over; nobody waits for longer than a pause may be: a clock that was wrong has promised it.

        Raises:
            StorageError
        """
        latest_ms = now_ms + 1000 * pause_s_max
        with self.watches.store.read() as reader:
            expired, is_later = reader.expired(now_ms), reader.next_try_ms(latest_ms) is not None
        if expired:
            self.watches.remove(*expired)
        if is_later:
            with self.watches.store.write() as writer:
                writer.bring_forward(latest_ms)

    def trial(self, id_: str, *, now_ms: int, tag: bytes) -> tuple[Watch, Due]:
        """A test notice for one; into an inbox it is put at once.

        Raises:
            LocalError: record.not-found; StorageError
        """
        with self.watches.store.read() as reader, self.log.read() as log:
            watch = reader.watch(id_)
            if watch is None:
                raise LocalError("record.not-found", f"watch {id_}")
            due = trial_due(log, watch, now_ms=now_ms, tag=tag)
        if watch.form is Form.INBOX:
            with self.watches.store.write() as writer:
                writer.put_item(due)
        return watch, due

    def _settle(self, writer: NotifyWriter, item: Settled, now_ms: int) -> None:
        name = item.watch.id
        if item.told:
            pause_ms = 0 if item.has_more else 1000 * item.watch.digest_s
            writer.done(name, item.told, now_ms, next_ms=now_ms + pause_ms, is_slow=item.is_slow)
        if item.tries is not None:
            delivered_ms = now_ms if item.told else item.tries.delivered_ms
            writer.put_tries(name, replace(item.tries, delivered_ms=delivered_ms))
        kept = writer.watch(name) if item.step in (Step.LAPSE, Step.FORGET) else None
        if kept is None or kept.state not in (WatchState.LIVE, WatchState.BEHIND):
            return  # it was paused or removed meanwhile
        if item.step is Step.LAPSE:
            self.watches.stop(name, WatchState.LAPSED, writer)
        elif item.step is Step.FORGET:
            self.watches.drop(name, writer)


class _Notes:
    """What there is to say of changes, looked up once for all who are told: many watch the same."""

    def __init__(self, log: LogReader, catalog: CatalogReader) -> None:
        self._log = log
        self._catalog = catalog
        self._notices: dict[NoticeId, Notice | None] = {}
        self._blocked: dict[Did, Collection[tuple[str, str]] | None] = {}

    def letter(self, due: Due) -> Letter:
        """With what may be said now."""
        id_ = due.change.id
        if id_ not in self._notices:
            told = None if self._is_blocked(due.change) else describe(self._log, self._catalog, due.change)
            self._notices[id_] = told
        return Letter(due, self._notices[id_])

    def _is_blocked(self, change: Change) -> bool:
        if change.did not in self._blocked:
            blocks = {(block.type, block.key) for block in self._log.blocks(change.did)}
            self._blocked[change.did] = None if self._log.block(change.did) is not None else blocks
        blocked = self._blocked[change.did]
        return blocked is None or (change.type, change.key) in blocked
