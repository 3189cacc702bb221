"""What a follower answers to a frame: what may be stored, what is to be asked for, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.evidence import Evidence
from frostnode.protocol.frames import COMPLETE, EndFrame
from frostnode.protocol.growth import Growth
from frostnode.protocol.history import History, Taken
from frostnode.protocol.leaf_run import LeafRun
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.log_state import Ahead, LogState
from frostnode.protocol.names import Did, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeEvents:
    """Identity events that are valid and new; `history` is the history with them."""

    did: Did
    history: History
    taken: Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeEntries:
    """Leaves that extend what is held; with them the tree of `served` leaves is complete, and `note` its checkpoint."""

    did: Did
    origin: Origin
    growth: Growth
    served: int | None
    note: bytes | None
    ahead: Ahead | None
    """The signed tree that they begin, when they do not complete it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeLeaves:
    """Leaves, by index and within one bundle, that are held as hashes alone: whoever sent them had no more.

    Which of them were erased here, and are not taken, is for the store to know.
    """

    did: Did
    origin: Origin
    leaves: Sequence[tuple[int, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBodies:
    """Bodies of leaves [start, stop) with their digests, checked against their headers."""

    did: Did
    origin: Origin
    start: int
    stop: int
    bodies: Sequence[tuple[bytes, bytes]]
    fresh: bool
    """Whether the leaves were taken from this stream too and these are the first bodies of them: nobody was told yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHead:
    """A checkpoint over exactly the leaves that are held: the first of that tree, or one with more cosignatures."""

    did: Did
    origin: Origin
    note: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Only the first `size` of the leaves held are of the tree in which the epoch has ended."""

    did: Did
    origin: Origin
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeEvidence:
    """The epoch's key has signed two trees, proven by bytes: the epoch is frozen."""

    did: Did
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeVouch:
    """Trusted witnesses have cosigned the epoch that an event of an undecided history opened."""

    did: Did
    event: Cid
    witnesses: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The peer has leaves from beyond what is held, up to `shown` at least: ask for the log from `held` on."""

    did: Did
    origin: Origin
    held: int
    shown: int
    is_astray: bool = False
    """Whether leaves are here, but not those of the tree in which the epoch has ended."""


def gap_to_end(did: Did, state: LogState) -> Gap:
    """Ask for the last bundle of the tree in which an epoch has ended: it shows how much of what is held is in that."""
    assert state.standing is not None and state.standing.end is not None
    size = state.standing.end.size
    start = max(0, size - 1) // TILE_WIDTH * TILE_WIDTH
    return Gap(did=did, origin=state.origin, held=start, shown=size, is_astray=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Identity events have no effect before these ancestors of theirs are here: ask for the history."""

    did: Did
    ancestors: Sequence[Cid]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """The epoch's key has signed a tree, that of `note`, that does not begin with what is held here, or not end in it.

    It is evidence together with a checkpoint that is known here, as soon as the smaller tree can be shown
    within the larger one: `run` is leaves of the tree of `note`, where the peer has sent some.
    """

    did: Did
    origin: Origin
    note: bytes
    run: LeafRun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Nothing more is taken of this log from this peer for now: `code` and `reason` say why.

    The fault is not the peer's, so its other logs go on.
    """

    origin: Origin
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """All up to this cursor has been seen."""

    cursor: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The peer closed on purpose; `complete` when there was nothing more to send."""

    complete: bool
    reason: str


Admissible: TypeAlias = (
    TakeEvents | TakeEntries | TakeLeaves | TakeBodies | TakeVouch | NewHead | Drop | TakeEvidence
)
"""Effects that need nothing but to be admitted and written."""

Effect: TypeAlias = Admissible | Fork
"""What is to be stored; a fork, if it can be proven with what is held when its turn comes."""

Action: TypeAlias = Effect | Gap | Missing | Stopped | Advance | Finished


def with_cursor(actions: list[Action], cursor: bytes | None) -> list[Action]:
    """The actions, and behind them that all up to the cursor has been seen."""
    if cursor is not None:
        actions.append(Advance(cursor=cursor))
    return actions


def finished(frame: EndFrame) -> Finished:
    """How the peer closed."""
    reason = f"{frame.code}: {frame.reason}" if frame.reason else frame.code
    return Finished(complete=frame.code == COMPLETE, reason=reason)


def ask_for(did: Did, origin: Origin, held: int, shown: int) -> list[Action]:
    """Ask for a log by size, if the peer has more of it."""
    return [Gap(did=did, origin=origin, held=held, shown=shown)] if shown > held else []
