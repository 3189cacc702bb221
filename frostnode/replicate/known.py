"""What each neighbour is known to have, so that nothing is offered to whom it came from or went to.

In memory, bounded, and no more than a saving: what is forgotten is offered, and answered
with `have`. A neighbour is named by the URL that it is followed at, or by its node key.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeVar

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.limits import KNOWN_LOGS_MAX, KNOWN_NEIGHBOURS_MAX
from frostnode.protocol.names import Did, Origin
from frostnode.replicate.ingest import Outcome

K = TypeVar("K")


@dataclass(slots=True)
class _Neighbour:
    sizes: OrderedDict[Origin, int] = field(default_factory=OrderedDict)
    heads: OrderedDict[Origin, bytes] = field(default_factory=OrderedDict)
    tips: OrderedDict[Did, Cid] = field(default_factory=OrderedDict)
    events: OrderedDict[Did, bytes] = field(default_factory=OrderedDict)
    leaves: OrderedDict[tuple[Origin, int], None] = field(default_factory=OrderedDict)
    bodies: OrderedDict[tuple[Origin, int, int], None] = field(default_factory=OrderedDict)


class Known:
    """See the module."""

    def __init__(self) -> None:
        self._neighbours: OrderedDict[str, _Neighbour] = OrderedDict()

    def note_outcome(self, neighbour: str, outcome: Outcome) -> None:
        """It sent what came of a batch."""
        for origin, size in outcome.sizes.items():
            self.note_size(neighbour, origin, size)
        for did, tip in outcome.tips.items():
            self.note_tip(neighbour, did, tip)
        for origin, index in outcome.leaves:
            self.note_leaf(neighbour, origin, index)
        for origin, start, stop in outcome.bodies:
            self.note_bodies(neighbour, origin, start, stop)

    def note_size(self, neighbour: str, origin: Origin, size: int) -> None:
        """It has the first `size` leaves of a log."""
        sizes = self._noting(neighbour).sizes
        sizes[origin] = max(size, sizes.get(origin, 0))
        _bound(sizes, origin, KNOWN_LOGS_MAX)

    def note_head(self, neighbour: str, origin: Origin, note: bytes | None) -> None:
        """It was told this checkpoint, or told it, with the lines of witnesses that stand there."""
        if note is not None:
            heads = self._noting(neighbour).heads
            heads[origin] = sha256(note).digest()
            _bound(heads, origin, KNOWN_LOGS_MAX)

    def note_tip(self, neighbour: str, did: Did, tip: Cid) -> None:
        """The last event that counts for it was this one."""
        tips = self._noting(neighbour).tips
        tips[did] = tip
        _bound(tips, did, KNOWN_LOGS_MAX)

    def note_events(self, neighbour: str, did: Did, digest: bytes | None) -> None:
        """It was told all these events, or told of them, those that do not count included."""
        if digest is not None:
            events = self._noting(neighbour).events
            events[did] = digest
            _bound(events, did, KNOWN_LOGS_MAX)

    def note_leaf(self, neighbour: str, origin: Origin, index: int) -> None:
        """It sent a leaf that was held as a hash alone."""
        leaves = self._noting(neighbour).leaves
        leaves[origin, index] = None
        _bound(leaves, (origin, index), KNOWN_LOGS_MAX)

    def note_bodies(self, neighbour: str, origin: Origin, start: int, stop: int) -> None:
        """It sent the bodies of leaves [start, stop)."""
        bodies = self._noting(neighbour).bodies
        bodies[origin, start, stop] = None
        _bound(bodies, (origin, start, stop), KNOWN_LOGS_MAX)

    def size(self, neighbour: str, origin: Origin) -> int:
        """How many leaves of a log it has at least."""
        return self._of(neighbour).sizes.get(origin, 0)

    def has_head(self, neighbour: str, origin: Origin, note: bytes | None) -> bool:
        """Whether just this checkpoint went there or came from there."""
        return note is None or self._of(neighbour).heads.get(origin) == sha256(note).digest()

    def tip(self, neighbour: str, did: Did) -> Cid | None:
        """The last event of a publisher that it is known to have."""
        return self._of(neighbour).tips.get(did)

    def has_events(self, neighbour: str, did: Did, digest: bytes | None) -> bool:
        """Whether just these events went there or came from there."""
        return digest is None or self._of(neighbour).events.get(did) == digest

    def sent_leaves(self, neighbour: str, origin: Origin, start: int, stop: int) -> bool:
        """Whether these leaves, held as hashes alone before, came from there."""
        leaves = self._of(neighbour).leaves
        return all((origin, index) in leaves for index in range(start, stop))

    def sent_bodies(self, neighbour: str, origin: Origin, start: int, stop: int) -> bool:
        """Whether these bodies came from there."""
        return (origin, start, stop) in self._of(neighbour).bodies

    def _of(self, neighbour: str) -> _Neighbour:
        return self._neighbours.get(neighbour, _NOTHING)

    def _noting(self, neighbour: str) -> _Neighbour:
        found = self._neighbours.setdefault(neighbour, _Neighbour())
        _bound(self._neighbours, neighbour, KNOWN_NEIGHBOURS_MAX)
        return found


_NOTHING: Final = _Neighbour()


def _bound(items: OrderedDict[K, Any], last: K, count_max: int) -> None:
    """Keep the newest."""
    items.move_to_end(last)
    if len(items) > count_max:
        items.popitem(last=False)
