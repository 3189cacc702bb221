"""Read a node's static paths as frames, so that an archive on any web server is followed like a node.

Rules:
- nothing is asked for that is held already: heads are compared first, bodies are asked for one by one;
- what is wrong with the files of one log does not stop the others; the first fault is told at the end;
- what a source lists is believed only as far as asking for it goes: the frames are judged like any peer's.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias, TypeVar

import trio

from frostnode.ports import LogReader
from frostnode.protocol.checkpoint import parse_checkpoint_text
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import read_leaf
from frostnode.protocol.errors import FrostError, IdentityError, LocalError, LogError, PeerError, RecordError
from frostnode.protocol.evidence import parse_evidence
from frostnode.protocol.frames import (
    BodiesFrame,
    BodyAbsent,
    BodyItem,
    CheckpointFrame,
    EventsFrame,
    Frame,
    split_byte_strings,
)
from frostnode.protocol.limits import (
    EVIDENCE_FILE_BYTES_MAX,
    FRAME_BODIES_BYTES_MAX,
    IDENTITY_EVENT_BYTES_MAX,
    IDENTITY_PATH_EVENTS_MAX,
    NOTE_BYTES_MAX,
    STATIC_FETCHES_MAX,
    STATIC_PAGES_MAX,
    TILE_WIDTH,
)
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.note import parse_note
from frostnode.replicate.admission import OPEN, Door
from frostnode.replicate.dispute import evidence_frame
from frostnode.replicate.listing import HeadLine, WithheldLine, read_heads, read_withheld
from frostnode.replicate.shown import Shown
from frostnode.replicate.static_tree import StaticTree
from frostnode.replicate.store_held import read_blocked
from frostnode.replicate.world import World

T = TypeVar("T")
Line = TypeVar("Line", HeadLine, WithheldLine)
Take: TypeAlias = Callable[[list[Frame]], Awaitable[None]]

_PAGE_BYTES_MAX: Final = 8 * 1024 * 1024
_IDENTITY_BYTES_MAX: Final = 2 * IDENTITY_PATH_EVENTS_MAX * (IDENTITY_EVENT_BYTES_MAX + 5)
_NOT_THERE: Final = ("record.not-found", "record.absent", "record.withheld", "publisher.unknown")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A body to ask for, and the leaf whose header names it."""

    index: int
    cid: Cid
    size: int


class StaticSource:
    """One peer's static paths; what they hold is handed to `take` as frames.

    `asked` remembers up to which leaf of each log the source was asked for bodies: what it did not have
    then is not asked of it again and again.
    """

    def __init__(
        self, url: str, world: World, take: Take, asked: dict[Origin, int], door: Door = OPEN
    ) -> None:
        self._url = url
        self._world = world
        self._door = door
        self._take = take
        self._asked = asked
        self._identified: set[Did] = set()
        self._reasons: dict[tuple[str, int], str] | None = None
        self._fetching = trio.CapacityLimiter(STATIC_FETCHES_MAX)

    async def everything(self, dids: frozenset[Did] | None, *, heads_only: bool = False) -> None:
        """All that differs from what is held here, log by log; or just what the source has of each log.

        Raises:
            TransportError: the source cannot be read
            PeerError, LocalError: what was wrong first, after all the rest was taken
        """
        faults: list[FrostError] = []
        blocked = (await self._read(read_blocked)).publishers
        async with aclosing(self._lines("/frost/heads/", read_heads)) as lines:
            async for line in lines:
                if line.did in blocked or (dids is not None and line.did not in dids):
                    continue
                try:
                    await self._head(line, heads_only=heads_only)
                except FrostError as fault:
                    if not _is_of_one_log(fault):
                        raise
                    faults.append(fault)
        if faults:
            raise faults[0]

    async def identity(self, did: Did) -> None:
        """The identity history of one publisher."""
        raw = await self._fetch(f"/frost/{did}/identity", _IDENTITY_BYTES_MAX)
        events = await self._world.worker.run(lambda: list(split_byte_strings(raw)))
        await self._take([EventsFrame(did=did, events=events)])

    async def head(self, origin: Origin) -> None:
        """The checkpoint of one log, and nothing of its tree."""
        note = await self._fetch(f"/frost/{origin}/checkpoint", NOTE_BYTES_MAX)
        await self._take([CheckpointFrame(origin=origin, note=note)])

    async def log(self, origin: Origin) -> None:
        """One log up to the head that the source has now."""
        await self._log(origin, await self._fetch_or_none(f"/frost/{origin}/checkpoint", NOTE_BYTES_MAX))

    # -- one log ----------------------------------------------------------------------------------

    async def _head(self, line: HeadLine, *, heads_only: bool) -> None:
        if self._door.passes_over(line.did):
            return
        if line.did not in self._identified and not await self._read(partial(_knows, line=line)):
            await self.identity(line.did)
            if await self._read(lambda reader: reader.history(line.did)) is None:
                if self._door.passes_over(line.did):
                    return
                raise IdentityError("identity.unknown", f"history of {line.did}", found="no genesis event")
        self._identified.add(line.did)
        if line.disputed:
            await self.evidence(line.origin)
        if not heads_only:
            await self._log(line.origin, line.note)
        elif line.note is not None:
            await self._take([CheckpointFrame(origin=line.origin, note=line.note)])

    async def evidence(self, origin: Origin) -> None:
        """What proves that an epoch was signed two ways, unless something does so here."""
        state = await self._state(origin)
        if state.disputed or state.standing is None:
            return
        raw = await self._fetch_or_none(f"/frost/{origin}/evidence", EVIDENCE_FILE_BYTES_MAX)
        if raw is not None:
            file = await self._world.worker.run(partial(parse_evidence, raw))
            await self._take([evidence_frame(file.evidence)])

    async def show(self, origin: Origin, size: int, shown: Shown) -> None:
        """A run of leaves around the first `size` of the tree that the source has now, with its head."""
        note = await self._fetch_or_none(f"/frost/{origin}/checkpoint", NOTE_BYTES_MAX)
        offered = 0 if note is None else _size(note)
        if offered > size:
            tree = StaticTree(self._fetch_or_none, origin, offered, offered)
            start = size // TILE_WIDTH * TILE_WIDTH
            stop = min(offered, start + TILE_WIDTH)
            shown.note, shown.entries = note, await tree.entries(start, stop, partial(self._reason, origin))

    async def _log(self, origin: Origin, note: bytes | None) -> None:
        """Follow a log up to the checkpoint `note`, or where there is none, up to the end of its epoch."""
        state = await self._state(origin)
        if state.standing is None and note is not None:
            await self._take(
                [CheckpointFrame(origin=origin, note=note)]
            )  # it may decide an undecided history
            state = await self._state(origin)
        offered = None if note is None else _size(note)
        end = state.standing.end if state.standing else None
        size = offered if end is None else end.size
        if state.standing is None or size is None:
            return  # it does not count here
        is_short = offered is not None and offered < size
        if note is not None and await self._is_news(state, note, is_short=is_short):
            await self._take([CheckpointFrame(origin=origin, note=note)])
        if state.frozen or is_short:  # a short one cannot prove what counts
            return
        before = state.held.size
        if state.astray:  # the last bundle shows how much of what is held is in the settled tree
            before = (size - 1) // TILE_WIDTH * TILE_WIDTH
        if await self._leaves(
            StaticTree(self._fetch_or_none, origin, size, offered or size), origin, before, size
        ):
            await self.bodies(origin, self._asked.get(origin, 0), min(before, size))
            self._asked[origin] = size

    async def _is_news(self, state: LogState, note: bytes, *, is_short: bool) -> bool:
        """Whether a head says more than is known: of the log, or of how much the source has of it.

        That may be less than it had, for files are put back from backups too: then nothing more is asked of it.
        """
        if note != state.checkpoint and not is_short:
            return True
        noted = (await self._read(lambda reader: reader.offers(state.origin))).get(self._url)
        return noted is not None and noted != _size(note)

    async def _leaves(self, tree: StaticTree, origin: Origin, held: int, size: int) -> bool:
        """Leaves from `held` on with their bodies; answers whether all were taken.

        What is held may turn out to be of another tree than the settled one: then it goes on from what both share.
        """
        there = (await self._state(origin)).held.size
        while held < size:
            start = held // TILE_WIDTH * TILE_WIDTH
            stop = min(size, start + TILE_WIDTH)
            await self._take([await tree.entries(start, stop, partial(self._reason, origin))])
            before, there = there, (await self._state(origin)).held.size
            if there < before:
                held = there
            elif there < stop:
                return False
            else:
                await self.bodies(origin, held, stop)
                held = stop
        return True

    async def bodies(self, origin: Origin, start: int, stop: int) -> None:
        """The bodies that are missing here of leaves [start, stop)."""
        while start < stop:
            wanted = await self._read(partial(_wanted, origin=origin, start=start, stop=stop))
            if not wanted:
                return
            for group in _groups(wanted):
                await self._take_bodies(origin, group)
            start = wanted[-1].index + 1

    async def _take_bodies(self, origin: Origin, wanted: Sequence[_Wanted]) -> None:
        found: dict[int, BodyItem] = {}
        faults: list[FrostError] = []
        async with trio.open_nursery() as nursery:
            for body in wanted:
                nursery.start_soon(self._body, body, found, faults)
        if faults:
            raise faults[0]
        start, stop = wanted[0].index, wanted[-1].index + 1
        items = [found.get(index) for index in range(start, stop)]
        await self._take([BodiesFrame(origin=origin, start=start, items=items)])

    async def _body(self, body: _Wanted, found: dict[int, BodyItem], faults: list[FrostError]) -> None:
        """Fetch one body. What is not there is absent; what fails is a fault, so that no nursery wraps it."""
        async with self._fetching:
            if faults:
                return
            try:
                found[body.index] = await self._fetch(f"/frost/body/{body.cid}", body.size)
            except FrostError as error:
                if error.code == "transport.too-large":
                    faults.append(
                        RecordError(
                            "body.hash", f"body {body.cid}", found=f"> {body.size}", expected=body.size
                        )
                    )
                elif error.code == "record.withheld":
                    found[body.index] = BodyAbsent("refused", "withheld by the source")
                elif error.code not in _NOT_THERE:
                    faults.append(error)

    async def _reason(self, origin: Origin, index: int) -> str:
        """Why the source withholds a leaf; its list is read once, when it is needed first."""
        if self._reasons is None:
            async with aclosing(self._lines("/frost/withheld/", read_withheld)) as lines:
                self._reasons = {(line.origin, line.index): line.reason async for line in lines}
        return self._reasons.get((origin, index), "")

    # -- what is held -----------------------------------------------------------------------------

    async def _read(self, work: Callable[[LogReader], T]) -> T:
        def run() -> T:
            with self._world.store.read() as reader:
                return work(reader)

        return await self._world.worker.run(run)

    async def _state(self, origin: Origin) -> LogState:
        state = await self._read(lambda reader: reader.log(origin))
        return state or LogState(origin=origin, standing=None)

    # -- fetching ---------------------------------------------------------------------------------

    async def _lines(
        self, path: str, read: Callable[[bytes, int], tuple[list[Line], int | None]]
    ) -> AsyncGenerator[Line, None]:
        """The lines of all pages of a listing, which may say itself where it goes on, but not for ever."""
        number: int | None = 0
        while number is not None:
            if number >= STATIC_PAGES_MAX:
                raise LogError(
                    "heads.malformed", f"page {path}{number}", expected=f"< {STATIC_PAGES_MAX} pages"
                )
            raw = await self._fetch(f"{path}{number}", _PAGE_BYTES_MAX)
            page, number = await self._world.worker.run(partial(read, raw, number))
            for line in page:
                yield line

    async def _fetch(self, path: str, bytes_max: int) -> bytes:
        return await self._world.transport.fetch(self._url + path, bytes_max=bytes_max)

    async def _fetch_or_none(self, path: str, bytes_max: int) -> bytes | None:
        try:
            return await self._fetch(path, bytes_max)
        except LocalError as error:
            if error.code in _NOT_THERE:
                return None
            raise


def _is_of_one_log(fault: FrostError) -> bool:
    """Whether a fault lies in the files of one log, so that the others may go on."""
    return isinstance(fault, PeerError) or fault.code in (*_NOT_THERE, "transport.too-large")


def _knows(reader: LogReader, line: HeadLine) -> bool:
    """Whether the last event that counts for the source is known here."""
    history = reader.history(line.did)
    return history is not None and line.tip is not None and history.event(line.tip) is not None


def _size(note: bytes) -> int:
    """What a checkpoint claims, before anybody has looked at its signature.

    Raises:
        LogError: note.malformed, checkpoint.malformed
    """
    return parse_checkpoint_text(parse_note(note).text).size


def _wanted(reader: LogReader, origin: Origin, start: int, stop: int) -> list[_Wanted]:
    """Some of the missing bodies of leaves [start, stop), in order; none when none is missing."""
    wanted: list[_Wanted] = []
    for index in reader.missing_bodies(origin, start, TILE_WIDTH):
        header = read_leaf(reader.leaves(origin, index, index + 1).bundle[2:])
        if index < stop and header is not None and header.body is not None and header.size is not None:
            wanted.append(_Wanted(index, header.body, header.size))
    return wanted


def _groups(wanted: Sequence[_Wanted]) -> Iterator[Sequence[_Wanted]]:
    """What one frame may hold: bodies of one bundle, FRAME_BODIES_BYTES_MAX together or one larger body."""
    begin = weight = 0
    for at, body in enumerate(wanted):
        is_far = body.index // TILE_WIDTH != wanted[begin].index // TILE_WIDTH
        if is_far or (weight and weight + body.size > FRAME_BODIES_BYTES_MAX):
            yield wanted[begin:at]
            begin, weight = at, 0
        weight += body.size
    yield wanted[begin:]
