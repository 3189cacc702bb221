"""What following needs of the world, and what people see of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from frostnode.ports import Clock, LogStore, Random, Worker
from frostnode.protocol.names import Origin
from frostnode.replicate.admission import OPEN, Door, PeerDoor
from frostnode.replicate.carrying import Carrying
from frostnode.replicate.known import Known
from frostnode.wire import PeerTransport


@dataclass(slots=True)
class PeerStatus:
    """One peer, while the node runs.

    `error` is why the last conversation failed; it is cleared by the next one that does well. `stopped`
    says of which of the peer's logs nothing more is taken for now, and why; its other logs go on.
    """

    url: str
    connected: bool = False
    caught_up: bool = False
    entries: int = 0
    error: str = ""
    stopped: dict[Origin, str] = field(default_factory=dict)


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
    carrying: Carrying | None = None
    """What is carried; None for everything, uncounted."""

    def door(self, peer: str, *, anew: bool = False) -> Door:
        """What a peer may bring; `anew`, when it is asked for what was refused before."""
        return OPEN if self.carrying is None else PeerDoor(self.carrying, peer, anew=anew)
