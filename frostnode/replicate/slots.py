"""Slots: at most one transfer of a log into this node at a time.

Rules:
- a slot belongs to one holder (a peer, a node) until it is released or lost;
- a holder that shows no progress for SLOT_SILENCE_S loses its slot to the next who asks, not before;
- a holder that asks again gets a new slot in the place of its old one: what it had begun is over. But if
  somebody else asked meanwhile, who asks again gains no time: the other comes first, for _YIELD_S.

In memory alone: after a restart everybody asks again. Bounded, and without a clock: the time is an argument.
"""

from dataclasses import dataclass
from typing import Final

from frostnode.ports import Random
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SLOT_SILENCE_S, SLOTS_MAX, SLOTS_PER_NODE_MAX
from frostnode.protocol.names import Origin

_NAME_BYTES: Final = 16
_YIELD_S: Final = 4 * SLOT_SILENCE_S


@dataclass(slots=True, kw_only=True)
class Slot:
    """The right to transfer one log now; `name` cannot be guessed. `seen_s` is when its holder last moved."""

    name: str
    origin: Origin
    holder: str
    seen_s: float
    is_used: bool = False
    is_wanted: bool = False
    """Whether another asked for it in vain."""

    def is_silent(self, now_s: float) -> bool:
        """Whether another may have it."""
        return now_s - self.seen_s >= SLOT_SILENCE_S


class Slots:
    """All slots of a node. Times are seconds of one monotonic clock."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._by_origin: dict[Origin, Slot] = {}
        self._by_name: dict[str, Slot] = {}

    def __len__(self) -> int:
        """How many are given out, silent ones included."""
        return len(self._by_origin)

    def claim(self, origin: Origin, holder: str, now_s: float) -> Slot | None:
        """A slot for one log; None while another has it, or while there are too many: later."""
        held = self._by_origin.get(origin)
        if held is not None:
            if held.holder != holder and not held.is_silent(now_s):
                held.is_wanted = True
                return None
            if held.holder == holder and held.is_wanted and now_s - held.seen_s < _YIELD_S:
                return None
            self.release(held)
        if not self._has_room(holder, now_s):
            return None
        slot = Slot(name=self._random.bytes(_NAME_BYTES).hex(), origin=origin, holder=holder, seen_s=now_s)
        self._by_origin[origin] = self._by_name[slot.name] = slot
        return slot

    def begin(self, name: str, holder: str, now_s: float) -> Slot:
        """Use a slot, once.

        Raises:
            LocalError: offer.slot, when it is lost, another's, or used already
        """
        slot = self._by_name.get(name)
        if slot is None or slot.holder != holder or slot.is_used:
            raise LocalError("offer.slot", f"slot {name}", hint="offer the log again")
        slot.is_used = True
        slot.seen_s = now_s
        return slot

    def progress(self, slot: Slot, now_s: float) -> None:
        """Something moved.

        Raises:
            LocalError: offer.slot, when the slot was lost meanwhile
        """
        if self._by_name.get(slot.name) is not slot:
            raise LocalError("offer.slot", f"slot {slot.name}", found="lost", hint="offer the log again")
        slot.seen_s = now_s

    def release(self, slot: Slot) -> None:
        """Give a slot back; nothing happens when it was lost before."""
        if self._by_name.pop(slot.name, None) is not None:
            del self._by_origin[slot.origin]

    def _has_room(self, holder: str, now_s: float) -> bool:
        """Whether one more fits, if need be in the place of silent ones: the holder's own, or anybody's."""
        own = [slot for slot in self._by_origin.values() if slot.holder == holder]
        if len(own) >= SLOTS_PER_NODE_MAX and not self._drop_silent(own, now_s):
            return False
        return len(self) < SLOTS_MAX or self._drop_silent(list(self._by_origin.values()), now_s)

    def _drop_silent(self, slots: list[Slot], now_s: float) -> bool:
        silent = [slot for slot in slots if slot.is_silent(now_s)]
        for slot in silent:
            self.release(slot)
        return bool(silent)
