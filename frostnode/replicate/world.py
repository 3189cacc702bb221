"""What following needs of the world, and what people see of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from frostnode.ports import Clock, LogStore, Random, Worker
from frostnode.protocol.follow_witnesses import NO_WITNESSES, Knowledge
from frostnode.protocol.names import Origin
from frostnode.replicate.admission import OPEN, Door, PeerDoor
from frostnode.replicate.carrying import Carrying
from frostnode.replicate.known import Known
from frostnode.wire import PeerTransport


class Detail(StrEnum):
    """What a peer is asked to send of what comes."""

    FULL = "full"
    HEADS = "heads"


@dataclass(slots=True)
class PeerStatus:
    """One peer, while the node runs. Times are those of the clock that only differences are taken of.

    `error` is why the last conversation failed; it is cleared by the next one that does well. `stopped`
    says of which of the peer's logs nothing more is taken for now, and why; its other logs go on.
    """

    url: str
    detail: Detail = Detail.FULL
    connected: bool = False
    caught_up: bool = False
    is_static: bool = False
    """Whether it only has files: it is asked again and again."""
    entries: int = 0
    bytes: int = 0
    wasted_bytes: int = 0
    wasted_frames: int = 0
    """What came since it brought anything last: its budget is spent by that."""
    error: str = ""
    stopped: dict[Origin, str] = field(default_factory=dict)
    failed: dict[Origin, str] = field(default_factory=dict)
    """Logs that it was asked for by themselves and did not give, and why."""
    heard_s: float | None = None
    """When anything came last."""
    progressed_s: float | None = None
    """When something came that was not here."""
    reached_s: float | None = None
    """When a conversation went well last."""
    waits_until_s: float | None = None
    """When it is tried again, while nothing is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ports that a follower works with."""

    store: LogStore
    worker: Worker
    transport: PeerTransport
    clock: Clock
    random: Random
    changed: Callable[[], None]
    """Called after a commit: a hint for whoever follows the arrivals."""
    known: Known = field(default_factory=Known)
    """What the neighbours have."""
    witnesses: Knowledge = NO_WITNESSES
    carrying: Carrying | None = None
    """What is carried; None for everything, uncounted."""

    def door(self, peer: str, *, anew: bool = False) -> Door:
        """What a peer may bring; `anew`, when it is asked for what was refused before."""
        return OPEN if self.carrying is None else PeerDoor(self.carrying, peer, anew=anew)
