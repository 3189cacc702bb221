"""What notify asks of its store: who wants to be told of what, and what is due to whom. It knows the protocol and nothing else."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from frostnode.protocol.notice import Change, NoticeId


class Form(StrEnum):
    """How somebody is told."""

    INBOX = "inbox"
    WEBHOOK = "webhook"
    EMAIL = "email"
    WEBSUB = "websub"


class WatchState(StrEnum):
    """How it stands with one who wants to be told."""

    LIVE = "live"
    """Told of all that the stage has matched."""
    BEHIND = "behind"
    """Told of what came up to `told`: the rest is matched as there is room."""
    LAPSED = "lapsed"
    """Could not be told for too long: nothing is tried any more until the next contact; `told` is kept."""
    PAUSED = "paused"
    """The operator has stopped it."""
    UNCONFIRMED = "unconfirmed"
    """Has not said yet that it wants to be told."""


LAST_POSITION: Final = 2**62
"""The position behind every change of an arrival."""

BEGINNING: Final = (0, -1)
"""Told of nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One who wants to be told. It stays in this home: what of it is public is a subscription record.

    `target` is written as `subscription_target.parse_target` reads it. `address` and `secret` are what the form needs.
    `behalf` is the DID URL of the own dataset that depends on the target, `record` that of the public subscription.
    `told` is the (arrival, position) up to which was matched, `last` the id of the last notice that became due.
    """

    id: str
    target: str
    form: Form
    created_ms: int
    told: tuple[int, int]
    state: WatchState = WatchState.LIVE
    address: str = ""
    secret: bytes = field(default=b"", repr=False)
    behalf: str = ""
    record: str = ""
    digest_s: int = 0
    """Seconds in which notices are gathered into one message; 0: each goes at once."""
    expires_ms: int | None = None
    last: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How deliveries to one watch go: `attempts` and `failing_since_ms` of the one that fails now.

    `is_slow` is who failed the last time, or took long to answer: it waits among its like.
    """

    attempts: int = 0
    failing_since_ms: int | None = None
    next_ms: int = 0
    error: str = ""
    delivered_ms: int | None = None
    is_slow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A change that somebody is to be told of; `previous` is the id of the notice before it, if there was one."""

    watch: str
    change: Change
    previous: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """Something that came in; `read_ms` is when somebody has read it."""

    due: Due
    read_ms: int | None


class NotifyReader(Protocol):
    """What is stored. Damage raises StorageError storage.damaged."""

    def cursor(self) -> int:
        """The arrival up to which everybody LIVE was matched."""

    def marks(self) -> list[tuple[int, bytes]]:
        """Arrivals up to which was followed lately, and their tags, newest first."""

    def watches(self, states: Collection[WatchState] = ...) -> list[Watch]:
        """Those in one of these states, oldest first; by default all."""

    def watch(self, id_: str) -> Watch | None: ...
    def watch_count(self) -> int:
        """How many there are."""

    def behind(self, due_max: int, limit: int, *, newest: bool = False) -> list[tuple[Watch, int]]:
        """The BEHIND to whom at most so much is due, each with how much that is: those that were told least first, or last."""

    def tries(self, id_: str) -> Tries: ...
    def next_due(self, now_ms: int, limit: int, form: Form, *, is_slow: bool) -> list[str]:
        """Watches of a form with something due, whose next try may be now: those that wait longest first.

        Not the LAPSED or PAUSED.
        """

    def next_try_ms(self, now_ms: int) -> int | None:
        """When after now the next try is, of those that have something due; None when there is none."""

    def addresses(self, form: Form) -> list[str]:
        """The addresses of all watches of a form."""

    def expired(self, now_ms: int) -> list[str]:
        """Watches whose time is over, some at a time."""

    def due(self, watch: str, limit: int) -> list[Due]:
        """What is due to somebody, in order."""

    def due_count(self, watch: str) -> int: ...
    def inbox(self, *, limit: int, offset: int = 0, unread: bool = False) -> list[InboxItem]:
        """Newest first."""

    def inbox_counts(self) -> tuple[int, int]:
        """(all, unread)."""


class NotifyWriter(NotifyReader, Protocol):
    """One transaction."""

    def put_watch(self, watch: Watch) -> None:
        """Add it, or replace the one of that id; what is due to it stays."""

    def remove_watch(self, id_: str) -> None:
        """Forget it, and all that is due to it."""

    def add(self, dues: Iterable[Due]) -> None:
        """Somebody is to be told, in order of changes; `told` and `last` of each watch follow. To an inbox it is told with this.

        The inbox keeps INBOX_ITEMS_MAX items: the oldest goes, read ones first.
        """

    def done(
        self, watch: str, ids: Sequence[NoticeId], now_ms: int, *, next_ms: int = 0, is_slow: bool = False
    ) -> None:
        """Somebody was told, and is told of the rest at `next_ms` or later."""

    def put_tries(self, watch: str, tries: Tries) -> None: ...
    def bring_forward(self, latest_ms: int) -> None:
        """Nobody waits for a time after this: a clock that was wrong has promised it."""

    def set_state(self, watch: str, state: WatchState) -> None: ...
    def set_told(self, watch: str, told: tuple[int, int]) -> None:
        """Matched up to there, whether or not something was due."""

    def lapse(self, watch: str) -> None:
        """LAPSED, told up to before the first notice that is due: what is due is forgotten, and found again by that."""

    def put_item(self, due: Due) -> None:
        """Put something into an inbox that is no part of what its watch is told; it keeps as many items as by `add`."""

    def read_items(self, ids: Collection[NoticeId] | None, now_ms: int) -> int:
        """These items of the inbox, or all, are read now; answers how many were not."""

    def set_back(self, arrival: int) -> None:
        """The log store was: what came behind this arrival is not there any more, and nobody was told of what comes now."""

    def advance(self, arrival: int, tag: bytes) -> None:
        """Followed up to this arrival."""


class NotifyStore(Protocol):
    """The durable store of notices of one home, beside the log store: it can not be rebuilt."""

    def read(self) -> AbstractContextManager[NotifyReader]: ...
    def write(self, *, is_found_again: bool = False) -> AbstractContextManager[NotifyWriter]:
        """One transaction. Power that fails may take what would be found again, if nothing was written since: no disk is waited for."""

    def close(self) -> None: ...
