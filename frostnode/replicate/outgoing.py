"""What is still to be offered to one node: a state machine that is fed with arrivals, answers and times.

Rules (spec/05-sync.md#offers):
- a log that changed is waiting once, however often it changed;
- it waits until its node has it, refuses it, or nothing of it is to be offered any more;
- the durable cursor stands before the first arrival that waits, so that a crash forgets nothing.

Pure: whoever uses it reads, sends and stores.
"""

from dataclasses import dataclass

from frostnode.protocol.limits import (
    OFFER_LATER_S_MAX,
    OFFER_PENDING_MAX,
    PEER_BACKOFF_FIRST_S,
    PEER_BACKOFF_MAX_S,
)
from frostnode.protocol.names import Origin


@dataclass(slots=True)
class Waiting:
    """A log that changed first with arrival `number`; `bodies` is the first leaf whose body came by itself.

    `leaves` is [first, behind the last) of those that came after they had been held as hashes alone. `is_news` says that
    something came that its leaves do not tell of: lines of witnesses, or evidence.
    """

    origin: Origin
    number: int
    bodies: int | None
    due_s: float
    is_news: bool = False
    leaves: tuple[int, int] | None = None
    failures: int = 0
    reached: int = 0
    """How many leaves its node said to hold after the last take."""


class Outgoing:
    """See the module. `after` is the arrival up to which everything is settled or waits."""

    def __init__(self, after: int) -> None:
        self.after = after
        self._waiting: dict[Origin, Waiting] = {}

    def __len__(self) -> int:
        """How many logs wait."""
        return len(self._waiting)

    @property
    def cursor(self) -> int:
        """The arrival up to which everything is settled."""
        return min((item.number - 1 for item in self._waiting.values()), default=self.after)

    @property
    def room(self) -> int:
        """How many more may wait: beyond that no further arrivals are read."""
        return OFFER_PENDING_MAX - len(self._waiting)

    def changed(
        self,
        origin: Origin,
        number: int,
        bodies: int | None,
        now_s: float,
        *,
        is_news: bool = False,
        leaves: tuple[int, int] | None = None,
    ) -> None:
        """A log changed with this arrival."""
        waiting = self._waiting.setdefault(origin, Waiting(origin, number, bodies, now_s))
        waiting.is_news = waiting.is_news or is_news
        if bodies is not None:
            waiting.bodies = bodies if waiting.bodies is None else min(bodies, waiting.bodies)
        if leaves is not None:
            start, stop = waiting.leaves or leaves
            waiting.leaves = min(start, leaves[0]), max(stop, leaves[1])

    def read(self, number: int) -> None:
        """All arrivals up to this one were looked at."""
        self.after = number

    def due(self, now_s: float, count_max: int) -> list[Waiting]:
        """What is to be offered now, in the order in which it changed first."""
        due = [item for item in self._waiting.values() if item.due_s <= now_s]
        return sorted(due, key=lambda item: item.number)[:count_max]

    def next_due_s(self) -> float | None:
        """When the next log is due; None when none waits."""
        return min((item.due_s for item in self._waiting.values()), default=None)

    def settle(self, waiting: Waiting) -> None:
        """It needs no further offer."""
        self._waiting.pop(waiting.origin, None)

    def went(self, waiting: Waiting, reached: int, now_s: float, chance: float) -> None:
        """It went, but not all of it: again at once, or later if nothing came of it."""
        if reached > waiting.reached:
            waiting.reached, waiting.failures = reached, 0
        else:
            self.failed(waiting, now_s, chance)

    def later(self, waiting: Waiting, seconds: float, now_s: float, chance: float) -> None:
        """Its node asked to come again; by `chance` (0 to 1) up to half as late again, so that not all come at once."""
        waiting.due_s = now_s + min(seconds, OFFER_LATER_S_MAX) * (1 + chance / 2)

    def failed(self, waiting: Waiting, now_s: float, chance: float) -> None:
        """It did not go: again later, each time twice as late."""
        backoff_s = min(PEER_BACKOFF_FIRST_S * 2 ** min(waiting.failures, 16), PEER_BACKOFF_MAX_S)
        waiting.failures += 1
        waiting.due_s = now_s + backoff_s * (1 + chance) / 2
