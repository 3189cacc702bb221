"""Where offers and takes come in (spec/05-sync.md#offers): bytes in, bytes out.

Trust: whoever sends is known by a node key and trusted with nothing. A sender can waste its own turns,
slots and bytes; strangers together at most half of all. Who signed what was checked before it comes here.

Rule: what is said here is said of this moment, and nothing is promised but a slot. A sender that repeats
itself, because an answer was lost, gets the answer to how things stand now.
"""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from frostnode.protocol.errors import LocalError, PeerError, TransportError
from frostnode.protocol.keys import PublicKey, to_multibase
from frostnode.protocol.limits import (
    OFFERS_AT_ONCE_MAX,
    OFFERS_AT_ONCE_PER_NODE_MAX,
    SLOT_SILENCE_S,
    TAKES_AT_ONCE_MAX,
    TAKES_AT_ONCE_PER_NODE_MAX,
)
from frostnode.replicate.body_chunks import BodyChunks
from frostnode.replicate.offer_form import (
    Answer,
    Later,
    Offered,
    Want,
    answers_bytes,
    read_offer,
    taken_bytes,
)
from frostnode.replicate.offer_judge import OfferJudge, Verdict, Wanted
from frostnode.replicate.refused_takes import RefusedTakes
from frostnode.replicate.slots import Slots
from frostnode.replicate.taking import Taking
from frostnode.replicate.turns import Turns
from frostnode.replicate.world import World

_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class OfferDesk:
    """One node's desk. `is_open` is its setting `offers`; `taken` counts the entries that takes brought.

    `called` is the name of a sender for slots and the carry policy: the URL of a followed node, else its key.
    """

    me: PublicKey
    world: World
    slots: Slots
    called: Callable[[PublicKey], str] = to_multibase
    is_open: bool = True
    taken: int = 0
    refused: RefusedTakes = field(default_factory=RefusedTakes)
    _offers: Turns = field(init=False)
    _takes: Turns = field(init=False)

    def __post_init__(self) -> None:
        self._offers = Turns("offers", in_all=OFFERS_AT_ONCE_MAX, per_node=OFFERS_AT_ONCE_PER_NODE_MAX)
        self._takes = Turns("takes", in_all=TAKES_AT_ONCE_MAX, per_node=TAKES_AT_ONCE_PER_NODE_MAX)

    @property
    def taking(self) -> int:
        """How many takes are under way."""
        return self._takes.running

    async def offer(self, node: PublicKey, body: BodyChunks, *, is_known: bool) -> bytes:
        """The answers to a batch of offered logs.

        Raises:
            LogError: offer.malformed; LocalError: offer.closed, queue.full; TransportError
        """
        self._check_open()
        name = self.called(node)
        with self._offers.turn(name, is_known=is_known):
            items = read_offer(await body.whole(), self.me)
            judge = OfferJudge(self.world, name)
            verdicts = await self.world.worker.run(lambda: [judge.judge(item) for item in items])
            for item in items:
                self.world.known.note_head(name, item.origin, item.note)
                self.world.known.note_events(name, item.did, item.events)
            answers = [self._answer(name, *pair) for pair in zip(items, verdicts, strict=True)]
        return answers_bytes(answers)

    def _answer(self, name: str, item: Offered, verdict: Verdict) -> Answer:
        if not isinstance(verdict, Wanted):
            return verdict
        slot = self.slots.claim(item.origin, name, self.world.clock.monotonic_s())
        if slot is None:
            return Later(SLOT_SILENCE_S)
        return Want(start=verdict.start, bodies=verdict.bodies, slot=slot.name, leaves=verdict.leaves)

    async def take(
        self, node: PublicKey, slot_name: str, chunks: AsyncIterator[bytes], *, is_known: bool
    ) -> bytes:
        """Take in the frames of a wanted log, and say how much of it is held then.

        Raises:
            LocalError: offer.closed, offer.slot, queue.full; PeerError; TransportError; StorageError
        """
        self._check_open()
        name = self.called(node)
        with self._takes.turn(name, is_known=is_known):
            slot = self.slots.begin(slot_name, name, self.world.clock.monotonic_s())
            try:
                taking = Taking(slot=slot, slots=self.slots, world=self.world, heard=self._heard)
                answer = taken_bytes(await taking.run(chunks))
            except (PeerError, TransportError) as error:
                self.refused.note(name, f"{error.code}: {error}", is_known=is_known)
                _LOG.warning("%s: take of %s: %s: %s", name, slot.origin, error.code, error)
                raise
            finally:
                self.slots.release(slot)
            self.refused.forget(name)
        return answer

    def _heard(self, entries: int) -> None:
        self.taken += entries

    def _check_open(self) -> None:
        if not self.is_open:
            raise LocalError("offer.closed", "this node takes no offers")
