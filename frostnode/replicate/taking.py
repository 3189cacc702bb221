"""One take: the frames of a wanted log as they come in, judged like those of any stream, but of one log alone."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from frostnode.protocol.errors import FrameError, TransportError
from frostnode.protocol.follow_actions import Stopped
from frostnode.protocol.journal import Journal
from frostnode.protocol.limits import SLOT_SILENCE_S, TAKE_BYTES_MAX, TAKE_S_MAX
from frostnode.protocol.names import Origin, parse_origin
from frostnode.replicate.body_chunks import BodyChunks
from frostnode.replicate.ingest import Ingest, Outcome
from frostnode.replicate.intake import Heard, take_in
from frostnode.replicate.offer_form import Refuse, Taken
from frostnode.replicate.offer_judge import OfferJudge
from frostnode.replicate.slots import Slot, Slots
from frostnode.replicate.world import World


@dataclass(slots=True, kw_only=True)
class Taking:
    """See the module. `heard` is told how many entries came, batch by batch."""

    slot: Slot
    slots: Slots
    world: World
    heard: Callable[[int], None]
    _stopped: Journal[Origin, Stopped] = field(default_factory=Journal)
    _ingest: Ingest = field(init=False)

    def __post_init__(self) -> None:
        origin = self.slot.origin
        dids = frozenset({parse_origin(origin).did})
        door = self.world.door(self.slot.holder)
        self._ingest = Ingest(
            self.world.store, None, dids, self._stopped, door, self.world.witnesses, origin=origin
        )

    async def run(self, chunks: AsyncIterator[bytes]) -> Taken:
        """Take in all, and say how things stand then.

        Raises:
            PeerError: what came before the batch at fault is stored
            LocalError: offer.slot, when the slot was lost on the way; TransportError; StorageError
        """
        body = BodyChunks(
            chunks,
            bytes_max=TAKE_BYTES_MAX,
            silence_s=SLOT_SILENCE_S,
            seconds_max=TAKE_S_MAX,
            moved=self._moved,
        )
        try:
            await take_in(body, self._judge)
        except TransportError as error:
            if error.code == "transport.closed":
                raise FrameError("frame.order", "a take", found="no end", expected="an end frame") from error
            raise
        with suppress(TransportError):  # all that counts was said before the end
            await body.whole()
        return await self.world.worker.run(self._taken)

    def _moved(self) -> None:
        """Bytes came; whether the slot was lost is asked where it can be told."""
        self.slot.seen_s = self.world.clock.monotonic_s()

    async def _judge(self, batch: bytes) -> Heard:
        self.slots.progress(self.slot, self.world.clock.monotonic_s())
        commits, entries = self._ingest.commits, self._ingest.entries
        try:
            outcome = await self.world.worker.run(partial(self._ingest.feed, batch))
        finally:
            self.heard(self._ingest.entries - entries)
            if self._ingest.commits > commits:
                self.world.changed()
        self.world.known.note_outcome(self.slot.holder, outcome)
        self.slots.progress(self.slot, self.world.clock.monotonic_s())
        return self._heard(outcome)

    @staticmethod
    def _heard(outcome: Outcome) -> Heard:
        for gap in outcome.gaps.values():
            raise FrameError(
                "frame.order",
                f"frames of {gap.origin}",
                found=f"up to {gap.shown}",
                expected=f"from {gap.held}",
            )
        if outcome.finished is not None:
            return Heard.END
        return Heard.FRAMES if outcome.frames else Heard.NOTHING_YET

    def _taken(self) -> Taken:
        """How much is held now, and why nothing more of the log is taken."""
        origin, stopped = self.slot.origin, self._stopped.get(self.slot.origin)
        with self.world.store.read() as reader:
            state = reader.log(origin)
            judge = OfferJudge(self.world, self.slot.holder)
            refused = judge.refusal(reader, parse_origin(origin).did)
        if stopped is not None:
            refused = Refuse(stopped.code, stopped.reason)
        return Taken(size=state.held.size if state else 0, refused=refused)
