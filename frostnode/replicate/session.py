"""One conversation with a peer: its stream, what the stream shows to be missing here, or its static paths.

Trust: none. A peer can waste this conversation's time and bandwidth, within the limits, and nothing else.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from enum import Enum, auto
from functools import partial
from typing import Final, TypeVar
from urllib.parse import urlencode

from frostnode.ledger import EVERYONE
from frostnode.ports import LogWriter
from frostnode.protocol.errors import FrameError, LocalError, TransportError
from frostnode.protocol.follow_actions import Fork, Gap, Stopped, gap_to_end
from frostnode.protocol.frames import Frame
from frostnode.protocol.journal import Journal
from frostnode.protocol.limits import PEER_BACKOFF_MAX_S, STREAM_DIDS_MAX, TREE_SIZE_MAX
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.replicate.cursor import cursor_text
from frostnode.replicate.dispute import judge_shown
from frostnode.replicate.ingest import Ingest, Outcome
from frostnode.replicate.intake import Heard, Judge, take_in
from frostnode.replicate.scope import not_lacking, read_lacking, read_scope, write_scope
from frostnode.replicate.shown import Shown
from frostnode.replicate.static import StaticSource
from frostnode.replicate.world import PeerStatus, World

T = TypeVar("T")
Dids = frozenset[Did] | None

_NOT_THERE: Final = ("record.not-found", "publisher.unknown")
_WITHHELD: Final = "record.withheld"
_NO_CURSOR: Final = ("cursor.unknown", "cursor.malformed")


class Filled(Enum):
    """What came of asking for the rest of a log."""

    AS_FAR_AS_IT_GOES = auto()
    WITHHELD = auto()
    """The peer blocks its publisher by now. That is no fault, and says nothing of its other logs."""


class Session:
    """See the module. `asked` is the memory of StaticSource, which outlives the conversation."""

    def __init__(self, status: PeerStatus, world: World, dids: Dids, asked: dict[Origin, int]) -> None:
        self._status = status
        self._world = world
        self._door = world.door(status.url)
        self._dids = dids
        self._asked = asked
        self._stopped: Journal[Origin, Stopped] = Journal()
        self._open: list[Gap] = []
        self._tried: dict[tuple[Origin, int, bool], float] = {}
        self._asked_for_history: set[Did] = set()
        self._shorter: Gap | None = None
        self._is_reached = False

    async def run(self, *, live: bool) -> None:
        """Take all that the peer has; when `live`, stay for what it will have.

        Raises:
            TransportError, PeerError, StorageError; LocalError, when the peer refuses to answer
        """
        cursor = await self._cursor()
        await self._fill_astray()
        ingest = self._ingest(self._status.url)
        refusal = await self._arrivals(ingest, self._dids, cursor, live=live)
        if refusal is not None and cursor is not None and refusal.code in _NO_CURSOR:
            await self._write(lambda writer: writer.forget_cursor(self._status.url))
            refusal = await self._arrivals(ingest, self._dids, None, live=live)
        if refusal is not None:
            if refusal.code not in _NOT_THERE:
                raise refusal
            await self._source(self._ingest(None)).everything(self._dids)
            await self._reached()
        self._status.caught_up = not self._open

    async def again(self, dids: Sequence[Did]) -> None:
        """Fetch what was refused before and is carried now: identities, then each log from what is here on.

        Costs what is missing, not what is held. EVERYONE asks for all that the peer has.

        Raises:
            TransportError, PeerError, StorageError; LocalError, when the peer refuses to answer
        """
        self._door = self._world.door(self._status.url, anew=True)
        if EVERYONE in dids:
            refusal = await self._arrivals(self._ingest(None), None, None, live=False)
            if refusal is not None and refusal.code not in _NOT_THERE:
                raise refusal
        for did in dids:
            if did == EVERYONE:
                continue
            await self._ask_history(self._ingest(None), did)
            for gap, bodies in await self._world.worker.run(partial(self._left, did)):
                await self._fill(gap, bodies)

    def _left(self, did: Did) -> list[tuple[Gap, int]]:
        """Where each log of a publisher goes on, and from which leaf on a body may be missing."""
        with self._world.store.read() as reader:
            return [
                (
                    Gap(did=did, origin=state.origin, held=state.held.size, shown=state.held.size),
                    next(iter(reader.missing_bodies(state.origin, 0, 1)), state.held.size),
                )
                for state in reader.logs(did)
            ]

    # -- cursor -----------------------------------------------------------------------------------

    async def _cursor(self) -> bytes | None:
        """Where to resume. Publishers that the cursor does not cover, or lacks, are caught up with before."""
        cursor, covered, lacking = await self._world.worker.run(self._stored)
        if cursor is not None and covered is not None:
            if self._dids is None:
                await self._write(lambda writer: writer.forget_cursor(self._status.url))
                cursor = None
            else:
                for dids in _some(self._dids - covered):
                    await self._arrivals(self._ingest(None), dids, None, live=False)
        await self._ask_again(lacking, is_begun=cursor is not None)
        if covered != self._dids:
            await self._write(lambda writer: write_scope(writer, self._status.url, self._dids))
        return cursor

    async def _ask_again(self, lacking: dict[Did, int], *, is_begun: bool) -> None:
        """Catch up with those who were passed over; a stream that begins anew brings them by itself."""
        asked = frozenset(lacking) if self._dids is None else self._dids & lacking.keys()
        for dids in _some(asked) if is_begun else ():
            await self._arrivals(self._ingest(None), dids, None, live=False)
        if asked:
            done = {did: lacking[did] for did in asked}
            await self._write(lambda writer: not_lacking(writer, self._status.url, done))

    def _stored(self) -> tuple[bytes | None, Dids, dict[Did, int]]:
        with self._world.store.read() as reader:
            peers = (peer.cursor for peer in reader.peers() if peer.url == self._status.url)
            url = self._status.url
            return next(peers, None), read_scope(reader, url), read_lacking(reader, url)

    async def _reached(self) -> None:
        """The peer answers well: what was wrong before is over."""
        self._status.connected = True
        if not self._is_reached:
            self._is_reached = True
            self._status.error = ""
            await self._write(lambda writer: writer.peer_reached(self._status.url, None, ""))

    async def _write(self, work: Callable[[LogWriter], None]) -> None:
        def run() -> None:
            with self._world.store.write() as writer:
                work(writer)

        await self._world.worker.run(run)

    # -- streams ----------------------------------------------------------------------------------

    def _ingest(self, peer: str | None) -> Ingest:
        return Ingest(self._world.store, peer, self._dids, self._stopped, self._door)

    async def _arrivals(
        self, ingest: Ingest, dids: Dids, cursor: bytes | None, *, live: bool
    ) -> LocalError | None:
        query = [("live", "true" if live else "false")]
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
            if await self._fill(gap) is Filled.WITHHELD:
                ingest.give_up(gap.origin)
        if outcome.gaps or outcome.missing or self._open:
            self._open = await self._world.worker.run(ingest.save_cursor)
            self._show()
        self._status.caught_up = outcome.is_idle and not self._open
        return _heard(outcome)

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
        await self._reached()
        for fork, sizes in outcome.forks.values():
            await self._ask_proof(fork, sizes)
        return outcome

    def _show(self) -> None:
        """Say of which logs nothing more is taken."""
        self._status.stopped = {stop.origin: f"{stop.code}: {stop.reason}" for stop in self._stopped} | {
            gap.origin: f"tree.size: leaves from {gap.held} on cannot be had" for gap in self._open
        }

    # -- what is missing --------------------------------------------------------------------------

    async def _ask_history(self, ingest: Ingest, did: Did) -> None:
        """Ask once for the history of a publisher of whom events came without their ancestors."""
        self._asked_for_history.add(did)
        try:
            await self._source(ingest).identity(did)
        except LocalError as error:
            if error.code not in (*_NOT_THERE, _WITHHELD):
                raise

    async def _fill(self, gap: Gap, bodies: int | None = None) -> Filled:
        """Fetch one log from the first leaf that is not here, unless that was tried in vain just now.

        Bodies from there on too, or from leaf `bodies` on.
        """
        now, question = self._world.clock.monotonic_s(), (gap.origin, gap.held, gap.is_astray)
        if now - self._tried.get(question, -PEER_BACKOFF_MAX_S) < PEER_BACKOFF_MAX_S:
            return Filled.AS_FAR_AS_IT_GOES
        self._tried[question] = now
        ingest = self._ingest(None)
        refusal = await self._frames_from(gap, ingest, bodies)
        while self._shorter is not None:  # what is held gets shorter, until the peer's tree begins with it
            refusal = await self._frames_from(self._shorter, ingest)
        if refusal is not None:
            if refusal.code == _WITHHELD:
                del self._tried[question]
                return Filled.WITHHELD
            if refusal.code not in _NOT_THERE:
                raise refusal
            await self._fill_from_files(ingest, gap.origin)
        if ingest.entries:
            del self._tried[question]
        return Filled.AS_FAR_AS_IT_GOES

    async def _frames_from(self, gap: Gap, ingest: Ingest, bodies: int | None = None) -> LocalError | None:
        self._shorter = None
        query = urlencode({"from": gap.held, "bodies": gap.held if bodies is None else bodies})
        return await self._stream(f"/frost/{gap.origin}/frames?{query}", partial(self._judge_log, ingest))

    async def _fill_astray(self) -> None:
        """Ask for the trees of ended epochs of which another one is held here."""
        for gap in await self._world.worker.run(self._astray):
            await self._fill(gap)

    def _astray(self) -> list[Gap]:
        with self._world.store.read() as reader:
            logs = [(parse_origin(origin).did, reader.log(origin)) for origin in reader.astray()]
        asked = self._dids
        return [gap_to_end(did, log) for did, log in logs if log and (asked is None or did in asked)]

    async def _fill_from_files(self, ingest: Ingest, origin: Origin) -> None:
        try:
            await self._source(ingest).log(origin)
        except LocalError as error:
            if error.code not in (*_NOT_THERE, _WITHHELD):
                raise

    async def _ask_proof(self, fork: Fork, sizes: Sequence[int]) -> None:
        """Ask the peer to show its tree where that makes its fork evidence; what it cannot show accuses nobody."""
        for size in sizes:
            shown = Shown(self._world.worker)
            query = urlencode({"from": size, "bodies": TREE_SIZE_MAX})
            refusal = await self._stream(f"/frost/{fork.origin}/frames?{query}", shown.judge)
            if refusal is not None:
                if refusal.code == _WITHHELD:
                    return
                if refusal.code not in _NOT_THERE:
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


def _some(dids: frozenset[Did]) -> Iterator[frozenset[Did]]:
    """So many at a time as one request names."""
    names = sorted(dids)
    for at in range(0, len(names), STREAM_DIDS_MAX):
        yield frozenset(names[at : at + STREAM_DIDS_MAX])
