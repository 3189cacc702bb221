"""Where the epochs of a publisher stand, and what a batch of identity events did to them.

These values are what the log and the store learn from a history: which logs are open, up to where the
others count (spec/02-identity.md#epochs-and-ends), what is disputed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import FrostError
from frostnode.protocol.event_tree import Place
from frostnode.protocol.identity import End, SignedEvent
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.names import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochStanding:
    """An epoch that counts. `event` opened it; key, node and URL are None where it was opened without.

    `end` is None for the last epoch. Only that one `accepts` entries, if it has a key and the identity
    is not forked.
    """

    n: int
    origin: Origin
    event: Cid
    key: PublicKey | None
    node: PublicKey | None
    url: str | None
    end: End | None
    accepts: bool

    @property
    def is_undecided(self) -> bool:
        """Whether it is the last epoch that two histories share, of which neither is followed."""
        return self.key is not None and self.end is None and not self.accepts


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochChange:
    """What became of one epoch's log: `old` is None where it did not count before, `new` where it no longer does."""

    origin: Origin
    old: EpochStanding | None
    new: EpochStanding | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Evidence of duplicity at a place: the event that counts (None: none does) and the others that are here.

    `settled` when a recovery event below has decided it for everyone.
    """

    place: Place
    followed: Cid | None
    others: tuple[Cid, ...]
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a batch did.

    `new` events are kept now, ancestors first. `dropped` ones are valid and can change nothing.
    `refused` ones are not valid. `missing` ancestors are to be asked for. `changes` are in order of
    epoch, those that no longer count first; `switched` says that the path is not a mere continuation.
    """

    new: tuple[SignedEvent, ...]
    refused: tuple[tuple[Cid, FrostError], ...]
    dropped: tuple[Cid, ...]
    missing: tuple[Cid, ...]
    changes: tuple[EpochChange, ...]
    switched: bool


def standing_changes(
    old: Mapping[Origin, EpochStanding], new: Mapping[Origin, EpochStanding]
) -> tuple[EpochChange, ...]:
    """Compare what counted before with what counts now; epochs that are as they were are left out."""
    origins = [origin for origin in old if origin not in new] + list(new)
    changes = (EpochChange(origin=origin, old=old.get(origin), new=new.get(origin)) for origin in origins)
    return tuple(change for change in changes if change.old != change.new)
