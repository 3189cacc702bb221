"""The stage from what is due to those who asked: many at once, each in order, nobody kept waiting by another.

Rules (spec/14-notices.md#tries):
- what is due is forgotten in a transaction after the receiver has taken it: a crash in between repeats it;
- one receiver has one message under way, so that it is told in order;
- a notice is written at most DELIVERY_FRESH_S before it is sent: what was erased since is not in it;
- each form has places of its own, and in each of them those who fail or are slow have theirs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import trio

from frostnode.bell import Bell, Heard
from frostnode.notify.outbox import Batch, Lane, Outbox, Places, Settled
from frostnode.notify.sender import Letter, Sender
from frostnode.notify.trial import trial_letter
from frostnode.notify.tries import TAKEN, Reply, Verdict, after_failure
from frostnode.notify_port import Form, Tries, Watch, WatchState
from frostnode.ports import Clock, Random, Worker
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import (
    DELIVERY_BATCH_MAX,
    DELIVERY_CHECK_S,
    DELIVERY_FRESH_S,
    DELIVERY_PAUSE_S_MAX,
    DELIVERY_SLOW_S,
)
from frostnode.protocol.notice import NOTICE_TAG_BYTES, NoticeId


@dataclass(slots=True)
class _Turn:
    """A turn that is over, until it is written down."""

    settled: Settled
    written: trio.Event = field(default_factory=trio.Event)


@dataclass(slots=True, kw_only=True)
class Delivery:
    """The stage of one node. `due` rings when something became due; `senders` are the forms that this node has."""

    outbox: Outbox
    senders: Mapping[Form, Sender]
    worker: Worker
    clock: Clock
    random: Random
    due: Bell
    _busy: dict[Lane, set[str]] = field(default_factory=dict)
    _over: list[_Turn] = field(default_factory=list)
    _is_over: Bell = field(default_factory=Bell)
    _free: Bell = field(default_factory=Bell)

    async def run(self) -> None:
        """Deliver until cancelled.

        Raises:
            StorageError
        """
        lanes = [Lane(form, is_slow) for form in self.senders for is_slow in (False, True)]
        self._busy = {lane: set() for lane in lanes}
        self._over = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._hear, self.due.listen())
            nursery.start_soon(self._keep_settling)
            nursery.start_soon(self._keep_clearing)
            while True:
                heard = self._free.listen()
                await heard.wait(await self._hand_out(nursery))

    # -- turns ----------------------------------------------------------------------------------------

    async def _hand_out(self, nursery: trio.Nursery) -> float:
        """Give the free places to those who wait longest; answers how long there is nothing more to do, in seconds."""
        places = [self._places(lane) for lane in self._busy]
        now_ms = self.clock.now_ms()
        batches, next_ms = await self.worker.run(
            partial(self.outbox.take, [place for place in places if place.free > 0], now_ms)
        )
        taken_s = trio.current_time()
        for batch in batches:
            self._busy[batch.lane].add(batch.watch.id)
            nursery.start_soon(self._turn, batch, taken_s)
        if next_ms is None:
            return DELIVERY_CHECK_S
        return min((next_ms - now_ms) / 1000, DELIVERY_CHECK_S)

    def _places(self, lane: Lane) -> Places:
        sender = self.senders[lane.form]
        in_all = sender.slow_at_once_max if lane.is_slow else sender.at_once_max
        busy = frozenset(self._busy[lane])
        return Places(lane, in_all - len(busy), busy, max(DELIVERY_BATCH_MAX, sender.together_max))

    async def _turn(self, batch: Batch, taken_s: float) -> None:
        """Tell one receiver as much as there is time for, and have it written down."""
        turn = _Turn(await self._tell(batch, taken_s))
        self._over.append(turn)
        self._is_over.ring()
        await turn.written.wait()
        self._busy[batch.lane].discard(batch.watch.id)
        self._free.ring()

    async def _tell(self, batch: Batch, taken_s: float) -> Settled:
        told: list[NoticeId] = []
        is_slow = False
        letters = list(batch.letters)
        while letters and trio.current_time() - taken_s <= DELIVERY_FRESH_S:
            some = self._message(batch, letters)
            begun_s = trio.current_time()
            reply = await self._send(batch.watch, some) if some[0].notice is not None else None
            if reply is not None and reply.verdict is not Verdict.TAKEN:
                return self._failed(batch, told, reply)
            is_slow = trio.current_time() - begun_s > DELIVERY_SLOW_S
            told += [letter.due.change.id for letter in some]
            del letters[: len(some)]
        return Settled(
            watch=batch.watch, told=told, is_slow=is_slow, has_more=batch.has_more or bool(letters)
        )

    def _message(self, batch: Batch, letters: Sequence[Letter]) -> list[Letter]:
        """The first letters that go into one message; one of which nothing may be told, alone."""
        together = self.senders[batch.lane.form].together_max
        fit = [letters[0]]
        for letter in letters[1:together]:
            if letter.notice is None or letters[0].notice is None:
                break
            fit.append(letter)
        return fit

    async def _send(self, watch: Watch, letters: Sequence[Letter]) -> Reply:
        try:
            return await self.senders[watch.form].send(watch, letters)
        except (TransportError, LocalError) as error:
            if error.code == "lease.address":
                error.hint = "private_callbacks in frost.toml allows others"
            return Reply(Verdict.REFUSED, str(error))

    def _failed(self, batch: Batch, told: Sequence[NoticeId], reply: Reply) -> Settled:
        step, tries = after_failure(
            reply,
            Tries() if told else batch.tries,  # what was taken in between begins the count anew
            form=batch.watch.form,
            now_ms=self.clock.now_ms(),
            chance=self.random.fraction(),
        )
        return Settled(watch=batch.watch, told=told, step=step, tries=tries)

    # -- what runs beside -----------------------------------------------------------------------------

    async def _hear(self, heard: Heard) -> None:
        while True:
            await heard.wait(math.inf)
            heard = self.due.listen()
            self._free.ring()

    async def _keep_settling(self) -> None:
        """Write down what came of turns: all that are over when the transaction before has ended."""
        while True:
            heard = self._is_over.listen()
            if not self._over:
                await heard.wait(math.inf)
                continue
            over, self._over = self._over, []
            settled = [turn.settled for turn in over]
            await self.worker.run(partial(self.outbox.settle, settled, self.clock.now_ms()))
            for turn in over:
                turn.written.set()

    async def _keep_clearing(self) -> None:
        """Forget whose time is over; let nobody wait for a time that a wrong clock has promised."""
        while True:
            await self.worker.run(partial(self.outbox.clear, self.clock.now_ms(), DELIVERY_PAUSE_S_MAX))
            await trio.sleep(DELIVERY_CHECK_S)

    # -- what operations ask --------------------------------------------------------------------------

    async def test(self, id_: str) -> Reply:
        """Send a test notice, once; whatever comes of it changes nothing else.

        Raises:
            LocalError: record.not-found; usage, for one that has not confirmed its address, or a form that is not set up
            StorageError
        """
        trial = partial(
            self.outbox.trial, id_, now_ms=self.clock.now_ms(), tag=self.random.bytes(NOTICE_TAG_BYTES)
        )
        watch, due = await self.worker.run(trial)
        if watch.form is Form.INBOX:
            return TAKEN
        if watch.form not in self.senders:
            raise LocalError("usage", f"watch {id_}: this node sends nothing by {watch.form}")
        if watch.state is WatchState.UNCONFIRMED:
            raise LocalError("usage", f"watch {id_}: its address is not confirmed yet")
        return await self._send(watch, [trial_letter(due)])
