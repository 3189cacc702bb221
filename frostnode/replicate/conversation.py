"""One exchange with a peer and what it is made of: streams that are judged, one log, an identity, files.

Trust: none. A peer can waste this conversation's time and bandwidth, within the limits, and nothing else.
"""

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from enum import Enum, auto
from functools import partial
from typing import Final, TypeVar
from urllib.parse import urlencode

import trio

from frostnode.ports import LogReader, LogWriter
from frostnode.protocol.errors import FrameError, LocalError, TransportError
from frostnode.protocol.follow_actions import Fork, Gap, Stopped
from frostnode.protocol.frames import Frame
from frostnode.protocol.journal import Journal
from frostnode.protocol.limits import (
    PEER_BACKOFF_MAX_S,
    PEER_FILLS_MAX,
    SLOT_PROGRESS_BYTES,
    SLOT_SILENCE_S,
    STREAM_DIDS_MAX,
    TILE_WIDTH,
    TREE_SIZE_MAX,
)
from frostnode.protocol.names import Did, Origin
from frostnode.replicate.cursor import cursor_text
from frostnode.replicate.dispute import judge_shown
from frostnode.replicate.ingest import Ingest, Outcome
from frostnode.replicate.intake import Heard, Judge, take_in
from frostnode.replicate.metered import Meter
from frostnode.replicate.shown import Shown
from frostnode.replicate.static import StaticSource
from frostnode.replicate.world import Detail, PeerStatus, World

T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)
Dids = frozenset[Did] | None

NOT_THERE: Final = ("record.not-found", "publisher.unknown")
WITHHELD: Final = "record.withheld"


class _Stalled(TransportError):
    """One log did not go on; of the others that says nothing."""


class Filled(Enum):
    """What came of asking for the rest of a log."""

    AS_FAR_AS_IT_GOES = auto()
    WITHHELD = auto()
    """The peer blocks its publisher by now. That is no fault, and says nothing of its other logs."""


class Conversation:
    """See the module. `asked` is the memory of StaticSource, which outlives the conversation.

    `behind` is told of logs of which the peer has shown more than is held here, and of none when it is
    caught up with; `took` from which leaf on leaves of logs were taken.
    """

    def __init__(
        self,
        status: PeerStatus,
        world: World,
        dids: Dids,
        asked: dict[Origin, int],
        *,
        meter: Meter,
        behind: Callable[[Iterable[Origin]], None],
        took: Callable[[Mapping[Origin, int]], None],
    ) -> None:
        self._status = status
        self._world = world
        self._door = world.door(status.url)
        self._dids = dids
        self._asked = asked
        self._meter = meter
        self._behind = behind
        self._took = took
        self._heads_only = status.detail is Detail.HEADS
        self._stopped: Journal[Origin, Stopped] = Journal()
        self._open: list[Gap] = []
        self._tried: dict[tuple[Origin, int, bool], float] = {}
        self._asked_for_history: set[Did] = set()
        self._shorter: Gap | None = None
        self._stalls = 0
        self._is_reached = False

    # -- the store ----------------------------------------------------------------------------------

    async def _reached(self) -> None:
        """The peer answers well: what was wrong before is over."""
        self._status.connected = True
        self._status.reached_s = self._world.clock.monotonic_s()
        if not self._is_reached:
            self._is_reached = True
            self._status.error = ""
            await self._write(lambda writer: writer.peer_reached(self._status.url, None, ""))

    async def _read(self, work: Callable[[LogReader], T]) -> T:
        def run() -> T:
            with self._world.store.read() as reader:
                return work(reader)

        return await self._world.worker.run(run)

    async def _write(self, work: Callable[[LogWriter], None]) -> None:
        def run() -> None:
            with self._world.store.write() as writer:
                work(writer)

        await self._world.worker.run(run)

    # -- streams ----------------------------------------------------------------------------------

    def _ingest(self, peer: str | None) -> Ingest:
        world = self._world
        return Ingest(
            world.store,
            peer,
            self._dids,
            self._stopped,
            self._door,
            witnesses=world.witnesses,
            source=self._status.url,
            is_static=self._status.is_static,
        )

    async def _arrivals(
        self, ingest: Ingest, dids: Dids, cursor: bytes | None, *, live: bool, detail: Detail | None = None
    ) -> LocalError | None:
        query = [("live", "true" if live else "false")]
        if (detail or self._status.detail) is Detail.HEADS:
            query.append(("detail", Detail.HEADS))
        if dids is not None and len(dids) <= STREAM_DIDS_MAX:
            query += [("did", did) for did in sorted(dids)]
        if cursor is not None:
            query.append(("since", cursor_text(cursor)))
        return await self._stream(f"/frost/stream?{urlencode(query)}", partial(self._judge, ingest))

    async def _stream(self, path: str, judge: Judge) -> LocalError | None:
        """Take in one answer. Answers how the peer refused it, None when it did not."""
        async with AsyncExitStack() as stack:
            try:
                url = self._status.url + path
                chunks = await stack.enter_async_context(self._world.transport.stream(url))
            except LocalError as refusal:
                return refusal
            await take_in(chunks, judge)
        return None

    async def _judge(self, ingest: Ingest, batch: bytes) -> Heard:
        """Judge a batch of the stream, and ask for what it shows to be missing."""
        outcome = await self._work(ingest, partial(ingest.feed, batch))
        for did in sorted(outcome.missing - self._asked_for_history):
            await self._ask_history(ingest, did)
        for gap in outcome.gaps.values():
            if await self.fill(gap) is Filled.WITHHELD:
                ingest.give_up(gap.origin)
        if outcome.gaps or outcome.missing or self._open:
            self._open = await self._world.worker.run(ingest.save_cursor)
            self._show()
        self._catch_up(is_done=outcome.is_idle and not self._open)
        return _heard(outcome)

    def _catch_up(self, *, is_done: bool) -> None:
        """Say whether all that the peer has is here; what it has shown and not sent may be asked for then."""
        has_turned = is_done and not self._status.caught_up
        self._status.caught_up = is_done
        if has_turned:
            self._behind(())

    async def _judge_log(self, ingest: Ingest, batch: bytes) -> Heard:
        """Judge a batch of one log, which was asked for from the first leaf that is not here."""
        outcome = await self._work(ingest, partial(ingest.feed, batch))
        for gap in outcome.gaps.values():
            if gap.origin in outcome.dropped:
                self._shorter = gap
                return Heard.END
            if gap.is_astray:
                continue  # that is why the log was asked for
            raise FrameError(
                "frame.order",
                f"frames of {gap.origin}",
                found=f"up to {gap.shown}",
                expected=f"from {gap.held}",
            )
        return _heard(outcome)

    async def _work(self, ingest: Ingest, work: Callable[[], Outcome]) -> Outcome:
        """Judge and store; what was stored is told, whatever came after it."""
        entries, commits = ingest.entries, ingest.commits
        try:
            outcome = await self._world.worker.run(work)
            self._world.known.note_outcome(self._status.url, outcome)
        finally:
            self._status.entries += ingest.entries - entries
            self._show()
            if ingest.commits > commits:
                self._world.changed()
                self._progress()
        if outcome.has_shown:
            self._progress()
        self._meter.take(frames=outcome.frames)
        if outcome.behind:
            self._behind(sorted(outcome.behind))
        if outcome.grown_from:
            self._took(outcome.grown_from)
        await self._reached()
        for fork, sizes in outcome.forks.values():
            await self._ask_proof(fork, sizes)
        return outcome

    def _progress(self) -> None:
        self._meter.reward()
        self._status.progressed_s = self._world.clock.monotonic_s()

    def _show(self) -> None:
        """Say of which logs nothing more is taken."""
        before = self._status.stopped
        self._status.stopped = {stop.origin: f"{stop.code}: {stop.reason}" for stop in self._stopped} | {
            gap.origin: f"tree.size: leaves from {gap.held} on cannot be had" for gap in self._open
        }
        for origin, why in self._status.stopped.items():
            if before.get(origin) != why:
                _LOG.warning("%s: %s: %s", self._status.url, origin, why)

    # -- what is missing --------------------------------------------------------------------------

    async def _ask_history(self, ingest: Ingest, did: Did) -> None:
        """Ask once for the history of a publisher of whom events came without their ancestors."""
        self._asked_for_history.add(did)
        try:
            await self._source(ingest).identity(did)
        except LocalError as error:
            if error.code not in (*NOT_THERE, WITHHELD):
                raise

    async def fill(self, gap: Gap, bodies: int | None = None) -> Filled:
        """Fetch one log from the first leaf that is not here, unless that was tried in vain just now.

        Bodies from leaf `bodies` on, or from the first of the last bundle that is not here.
        """
        now, question = self._world.clock.monotonic_s(), (gap.origin, gap.held, gap.is_astray)
        if now - self._tried.get(question, -PEER_BACKOFF_MAX_S) < PEER_BACKOFF_MAX_S:
            return Filled.AS_FAR_AS_IT_GOES
        self._tried[question] = now
        ingest = self._ingest(None)
        try:
            filled = await self._log(ingest, gap.origin, gap.held, bodies)
        except _Stalled as stall:
            self._stalls += 1
            if self._stalls > PEER_FILLS_MAX:
                raise  # it is not this log
            self._status.failed[gap.origin] = f"{stall.code}: {stall}"
            return Filled.AS_FAR_AS_IT_GOES
        self._status.failed.pop(gap.origin, None)
        if ingest.entries or filled is Filled.WITHHELD:
            del self._tried[question]
        return filled

    async def _log(self, ingest: Ingest, origin: Origin, held: int, bodies: int | None = None) -> Filled:
        """Fetch the leaves of one log from `held` on, and bodies from `bodies` on, or as `fill` does.

        Raises:
            TransportError: transport.timeout, when it makes no progress for SLOT_SILENCE_S
        """
        with trio.move_on_after(SLOT_SILENCE_S) as slot:
            return await self._log_in(slot, ingest, origin, held, bodies)
        raise _Stalled("transport.timeout", f"frames of {origin}", found=f"no progress in {SLOT_SILENCE_S} s")

    async def _log_in(
        self, slot: trio.CancelScope, ingest: Ingest, origin: Origin, held: int, bodies: int | None
    ) -> Filled:
        """The same; a whole frame, or so many bytes of one, give its `slot` more time."""
        waiting = 0

        async def judge(batch: bytes) -> Heard:
            nonlocal waiting
            left_s = slot.deadline - trio.current_time()
            slot.deadline = math.inf  # while this node judges nobody is silent
            heard = await self._judge_log(ingest, batch)
            waiting += len(batch)
            if heard is not Heard.NOTHING_YET or waiting >= SLOT_PROGRESS_BYTES:
                waiting, left_s = 0, SLOT_SILENCE_S
            slot.deadline = trio.current_time() + left_s
            return heard

        if bodies is None:
            bodies = await self._read(partial(_bodies_from, origin=origin, held=held))
        held = min(
            held, bodies
        )  # the leaves too: they show that it is one tree, before bodies are judged by it
        refusal = await self._frames_from(origin, held, bodies, judge)
        while self._shorter is not None:  # what is held gets shorter, until the peer's tree begins with it
            held = self._shorter.held
            refusal = await self._frames_from(origin, held, held, judge)
        if refusal is not None:
            if refusal.code == WITHHELD:
                return Filled.WITHHELD
            if refusal.code not in NOT_THERE:
                raise refusal
            slot.deadline = math.inf  # each file has a time of its own
            await self._fill_from_files(ingest, origin)
        return Filled.AS_FAR_AS_IT_GOES

    async def _frames_from(self, origin: Origin, held: int, bodies: int, judge: Judge) -> LocalError | None:
        self._shorter = None
        query = urlencode({"from": held, "bodies": bodies})
        return await self._stream(f"/frost/{origin}/frames?{query}", judge)

    async def _fill_from_files(self, ingest: Ingest, origin: Origin) -> None:
        try:
            await self._source(ingest).log(origin)
        except LocalError as error:
            if error.code not in (*NOT_THERE, WITHHELD):
                raise

    async def _ask_proof(self, fork: Fork, sizes: Sequence[int]) -> None:
        """Ask the peer to show its tree where that makes its fork evidence; what it cannot show accuses nobody."""
        for size in sizes:
            shown = Shown(self._world.worker)
            query = urlencode({"from": size, "bodies": TREE_SIZE_MAX})
            refusal = await self._stream(f"/frost/{fork.origin}/frames?{query}", shown.judge)
            if refusal is not None:
                if refusal.code == WITHHELD:
                    return
                if refusal.code not in NOT_THERE:
                    raise refusal
                await self._source(self._ingest(None)).show(fork.origin, size, shown)
            if await self._world.worker.run(partial(self._judge_shown, fork, shown)):
                self._world.changed()
                return

    def _judge_shown(self, fork: Fork, shown: Shown) -> bool:
        if shown.evidence is not None:
            ingest = self._ingest(None)
            ingest.take([shown.evidence])
            return ingest.commits > 0
        if shown.note is None or shown.entries is None:
            return False
        return judge_shown(self._world.store, fork, shown.note, shown.entries)

    def _source(self, ingest: Ingest) -> StaticSource:
        async def take(frames: list[Frame]) -> None:
            await self._work(ingest, partial(ingest.take, frames))

        return StaticSource(self._status.url, self._world, take, self._asked, self._door)


def _bodies_from(reader: LogReader, origin: Origin, held: int) -> int:
    """From which leaf on to ask for bodies: whoever was cut off may have leaves of a bundle without their bodies."""
    missing = reader.missing_bodies(origin, max(0, held - 1) // TILE_WIDTH * TILE_WIDTH, 1)
    return min([held, *missing])


def _heard(outcome: Outcome) -> Heard:
    """What a batch was good for.

    Raises:
        TransportError: transport.closed, when the peer ended the stream for a reason of its own
    """
    if outcome.finished is None:
        return Heard.FRAMES if outcome.frames else Heard.NOTHING_YET
    if not outcome.finished.complete:
        raise TransportError(
            "transport.closed", "end of the stream", found=outcome.finished.reason, expected="all frames"
        )
    return Heard.END
