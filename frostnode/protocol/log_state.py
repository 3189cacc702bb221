"""The state of one epoch's log at one node: the same shape for an own log and a carried one.

Leaves [0, held.size) are here. `checkpoint` is the signed note of the largest tree that is here
completely, of `served` leaves. What lies between is waiting: in an own log for its signature (it was
written ahead), in a carried log for the rest of a signed tree: the one in `ahead`. Only [0, served) is
offered to others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from frostnode.protocol.history import EpochStanding
from frostnode.protocol.merkle import EMPTY_RANGE, CompactRange, Hash
from frostnode.protocol.names import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A signed tree of which only the first leaves are here: its note, and the part of the proof to their right."""

    note: bytes
    beyond: Sequence[Hash]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """See the module. `standing` is None when the epoch does not count (its entries are orphans).

    `disputed` when evidence is kept that the epoch's key has signed two trees. `astray` when the epoch has
    ended with another tree than the one that is held.
    """

    origin: Origin
    standing: EpochStanding | None
    held: CompactRange = EMPTY_RANGE
    served: int = 0
    checkpoint: bytes | None = None
    ahead: Ahead | None = None
    disputed: bool = False
    astray: bool = False

    @property
    def frozen(self) -> bool:
        """Whether nothing more is taken. What ends the epoch settles the dispute, and it is frozen no longer."""
        return self.disputed and (self.standing is None or self.standing.end is None)

    def standing_as(self, standing: EpochStanding | None) -> "LogState":
        """The same log when its epoch stands so."""
        return replace(self, standing=standing)

    @property
    def counted(self) -> int:
        """How many of the held leaves count: none of a void epoch, none beyond an end."""
        return counted(self.held.size, self.standing)


def counted(size: int, standing: EpochStanding | None) -> int:
    """How many of the first `size` leaves count of an epoch that stands so."""
    if standing is None:
        return 0
    return size if standing.end is None else min(size, standing.end.size)


def is_behind(state: LogState | None, shown: int) -> bool:
    """Whether more is to be had of a log of which somebody has shown so many leaves."""
    return state is not None and not state.frozen and state.held.size < counted(shown, state.standing)
