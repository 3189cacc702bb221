"""The state of one epoch's log at one node: the same shape for an own log and a carried one.

Leaves [0, held.size) are here. `checkpoint` is the signed note of the largest tree that is here
completely, of `served` leaves. What lies between is waiting: in an own log for its signature (it was
written ahead), in a carried log for the rest of a signed tree. Only [0, served) is offered to others.
"""

from dataclasses import dataclass

from frostnode.protocol.history import EpochStanding
from frostnode.protocol.merkle import EMPTY_RANGE, CompactRange
from frostnode.protocol.names import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """See the module. `standing` is None when the epoch does not count (its entries are orphans)."""

    origin: Origin
    standing: EpochStanding | None
    held: CompactRange = EMPTY_RANGE
    served: int = 0
    checkpoint: bytes | None = None
    frozen: bool = False

    @property
    def counted(self) -> int:
        """How many of the held leaves count: none of a void epoch, none beyond an end."""
        return counted(self.held.size, self.standing)


def counted(size: int, standing: EpochStanding | None) -> int:
    """How many of the first `size` leaves count of an epoch that stands so."""
    if standing is None:
        return 0
    return size if standing.end is None else min(size, standing.end.size)
