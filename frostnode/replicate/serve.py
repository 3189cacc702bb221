"""Turn what is held into frames: the stream of arrivals, and one log from a given leaf on.

Only what lies under a completely held, signed tree is sent. An arrival beyond that is passed over: when
its tree is complete, a later arrival shows the receiver the gap and it asks for the log by its own size.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from frostnode.ports import Arrival, ArrivalKind, LogReader
from frostnode.protocol.frames import (
    COMPLETE,
    BodiesFrame,
    BodyAbsent,
    BodyItem,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EntriesFrame,
    EventsFrame,
    encode_frame,
)
from frostnode.protocol.limits import (
    FRAME_BODIES_BYTES_MAX,
    FRAME_EVENTS_BYTES_MAX,
    STREAM_BATCH_ARRIVALS_MAX,
    STREAM_BATCH_BYTES_MAX,
    TILE_WIDTH,
)
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import compact_range
from frostnode.protocol.named_body import named_body
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.protocol.range_proof import range_proof
from frostnode.protocol.tiles import decode_bundle
from frostnode.replicate.cursor import cursor_at
from frostnode.replicate.dispute import kept_frame


@dataclass(slots=True)
class _Run:
    """Neighbouring arrivals that go out together: leaves of one bundle, then their bodies."""

    first: Arrival
    entries: tuple[int, int] | None = None
    bodies: list[Arrival] = field(default_factory=list)
    last: int = 0

    def takes(self, arrival: Arrival) -> bool:
        """Add an arrival if it is the neighbour of what is here."""
        if arrival.origin != self.first.origin or not arrival.origin:
            return False
        if arrival.kind is ArrivalKind.ENTRIES:
            start, stop = self.entries or (arrival.start, arrival.start)
            if arrival.start != stop or start // TILE_WIDTH != (arrival.stop - 1) // TILE_WIDTH:
                return False
            self.entries = (start, arrival.stop)
        elif arrival.kind is ArrivalKind.BODIES or _shows_again(arrival, self):
            start, stop = (
                (self.bodies[0].start, self.bodies[-1].stop) if self.bodies else (arrival.start,) * 2
            )
            if arrival.start != stop or start // TILE_WIDTH != (arrival.stop - 1) // TILE_WIDTH:
                return False
            self.bodies.append(arrival)
        else:
            return False
        self.last = arrival.number
        return True


def _shows_again(arrival: Arrival, run: _Run) -> bool:
    """Whether an arrival is of a record that is blocked, or no longer, and the first of its run."""
    return arrival.kind is ArrivalKind.BLOCKED and arrival is run.first


def _runs(arrivals: list[Arrival]) -> Iterator[_Run]:
    run: _Run | None = None
    for arrival in arrivals:
        if run is not None and run.takes(arrival):
            continue
        if run is not None:
            yield run
        run = _Run(arrival, last=arrival.number)
        run.takes(arrival)
    if run is not None:
        yield run


class ArrivalStream:
    """The arrivals behind `after` as frames, batch by batch; remembers what this receiver was sent."""

    def __init__(
        self,
        after: int,
        *,
        dids: frozenset[Did] | None = None,
        heads_only: bool = False,
        carries: Callable[[Did], bool] | None = None,
    ) -> None:
        self.after = after
        self._dids = dids
        self._carries = carries
        self._heads_only = heads_only
        self._sent_events: dict[Did, int] = {}
        self._sent_ends: set[Origin] = set()
        self._sent_heads: dict[Origin, tuple[int, bytes | None]] = {}
        self._ahead: deque[_Run] = deque()
        self._blocked: frozenset[Did] = frozenset()
        self._cursor: tuple[int, bytes] | None = None

    def next_batch(self, reader: LogReader) -> bytes:
        """The next frames, about STREAM_BATCH_BYTES_MAX of them; empty when there is nothing new."""
        if not self._ahead:
            self._ahead.extend(_runs(reader.arrivals(self.after, STREAM_BATCH_ARRIVALS_MAX, self._dids)))
        self._blocked = frozenset(block.did for block in reader.blocks() if not block.type)
        out: list[bytes] = []
        sent = 0
        while self._ahead and sent < STREAM_BATCH_BYTES_MAX:
            run = self._ahead.popleft()
            frames = self._frames(reader, run)
            self.after = run.last
            if not frames:
                frames = [self.cursor(reader)]
            out += frames
            sent += sum(map(len, frames))
        return b"".join(out)

    def cursor(self, reader: LogReader) -> bytes:
        """A cursor frame for where the stream stands: the sign of life of an idle stream."""
        frame = encode_frame(CursorFrame(cursor=cursor_at(reader, self.after).to_bytes()))
        self._cursor = self.after, frame
        return frame

    @property
    def kept_cursor(self) -> bytes | None:
        """The same frame again, if one was made for where the stream stands: no reader is needed for that."""
        number, frame = self._cursor or (-1, None)
        return frame if number == self.after else None

    def _frames(self, reader: LogReader, run: _Run) -> list[bytes]:
        """What a run comes to; its last frame carries the cursor behind it. Nothing for what is local or not carried."""
        if run.first.did in self._blocked or (self._carries is not None and not self._carries(run.first.did)):
            return []
        if run.first.kind is ArrivalKind.EVENTS:
            return self._events(reader, run)
        if run.first.kind is ArrivalKind.BLOCKED and not run.first.origin:
            return self._unblocked(reader, run)
        state = reader.log(run.first.origin) if run.first.origin else None
        if state is None or state.standing is None:
            return []
        evidence = _evidence_frames(reader, run.first)
        head = [*self._end(reader, state, run.first.did), *evidence, *self._head(state)]
        data = [] if self._heads_only else list(_data_frames(reader, state, run))
        return [*head, *(data or [self._behind(reader, run.last)])] if head or data else []

    def _unblocked(self, reader: LogReader, run: _Run) -> list[bytes]:
        """Who is shown again: the last bundle of each log shows the receiver what it may lack."""
        did = run.first.did
        frames = self._history(reader, did)
        for state in reader.logs(did):
            frames += self._head(state)
            if (offered := offered_size(reader, state)) and not self._heads_only:
                start = (offered - 1) // TILE_WIDTH * TILE_WIDTH
                frames.append(encode_frame(entries_frame(reader, state.origin, start, offered, offered)))
                frames += body_frames(reader, state.origin, start, offered)
        return [*frames, self._behind(reader, run.last)]

    def _behind(self, reader: LogReader, number: int) -> bytes:
        return encode_frame(CursorFrame(cursor=cursor_at(reader, number).to_bytes()))

    def _end(self, reader: LogReader, state: LogState, did: Did) -> list[bytes]:
        """The identity before leaves that are proven to an end: what ended the epoch may have come after them."""
        if state.standing is None or state.standing.end is None or state.origin in self._sent_ends:
            return []
        self._sent_ends.add(state.origin)
        return self._history(reader, did)

    def _head(self, state: LogState) -> list[bytes]:
        """The checkpoint, when this receiver was not sent the same before."""
        head = (state.served, state.checkpoint)
        if state.checkpoint is None or self._sent_heads.get(state.origin) == head:
            return []
        self._sent_heads[state.origin] = head
        return [encode_frame(CheckpointFrame(origin=state.origin, note=state.checkpoint))]

    def _events(self, reader: LogReader, run: _Run) -> list[bytes]:
        frames = self._history(reader, run.first.did)
        return [*frames, self._behind(reader, run.last)] if frames else []

    def _history(self, reader: LogReader, did: Did) -> list[bytes]:
        """All known events of a publisher, when this receiver was not sent as many before."""
        history = reader.history(did)
        if history is None or self._sent_events.get(did) == len(history.events):
            return []
        self._sent_events[did] = len(history.events)
        return [*map(encode_frame, events_frames(reader, did))]


def _data_frames(reader: LogReader, state: LogState, run: _Run) -> Iterator[bytes]:
    """Leaves, then bodies in frames that each carry the cursor behind the arrivals that they finish."""
    offered = offered_size(reader, state)
    bodies = [arrival for arrival in run.bodies if arrival.start < offered]
    entries = _entries_of(run, offered)
    if run.first.kind is ArrivalKind.ERASED:
        entries = came_back(reader, run.first, offered)
    if entries is not None:
        cursor = None if bodies else cursor_at(reader, run.last).to_bytes()
        yield encode_frame(entries_frame(reader, state.origin, *entries, offered, cursor))
    batch: list[BodyItem] = []
    start = weight = finished = 0
    for arrival in bodies:
        items = reader.bodies(arrival.origin, arrival.start, min(arrival.stop, offered))
        for index, item in enumerate(items, arrival.start):
            size = len(item) if isinstance(item, bytes) else 0
            if batch and weight + size > FRAME_BODIES_BYTES_MAX:
                yield _bodies_frame(reader, state.origin, start, batch, finished)
                batch, weight = [], 0
            start = start if batch else index
            batch.append(item)
            weight += size
        finished = arrival.number
    if batch:
        yield _bodies_frame(reader, state.origin, start, batch, run.last)


def _evidence_frames(reader: LogReader, arrival: Arrival) -> list[bytes]:
    """What froze an epoch, if nothing has settled that since."""
    frame = kept_frame(reader, arrival.origin) if arrival.kind is ArrivalKind.FROZEN else None
    return [] if frame is None else [encode_frame(frame)]


def _entries_of(run: _Run, offered: int) -> tuple[int, int] | None:
    """Which leaves a run comes to, of those that are offered.

    Where more or fewer count than before, the last bundle that does shows the receiver what it may lack.
    """
    if run.first.kind in (ArrivalKind.CUT, ArrivalKind.RESTORED) and offered:
        return (offered - 1) // TILE_WIDTH * TILE_WIDTH, offered
    if run.entries is None or run.entries[0] >= offered:
        return None
    return run.entries[0], min(run.entries[1], offered)


def came_back(reader: LogReader, arrival: Arrival, offered: int) -> tuple[int, int] | None:
    """The leaves of an erasure, if what they say is here after all: receivers may have hashes alone."""
    start, stop = arrival.start, min(arrival.stop, offered)
    if start >= stop:
        return None
    hashes = {slot.offset for slot in reader.leaves(arrival.origin, start, stop).withheld}
    bodies = reader.bodies(arrival.origin, start, stop)
    is_back = any(not isinstance(body, BodyAbsent) and at not in hashes for at, body in enumerate(bodies))
    return (start, stop) if is_back else None


def _bodies_frame(reader: LogReader, origin: Origin, start: int, items: list[BodyItem], number: int) -> bytes:
    """A frame of bodies; with the cursor behind arrival `number`, if it is one that was sent."""
    cursor = cursor_at(reader, number).to_bytes() if number else None
    return encode_frame(BodiesFrame(origin=origin, start=start, items=items, cursor=cursor))


def offered_size(reader: LogReader, state: LogState) -> int:
    """The size of the largest provable tree that is held completely and counts; none of another branch."""
    end = state.standing.end if state.standing else None
    if end is None:
        return state.served
    if state.held.size < end.size:
        return 0
    tree = (
        state.held if state.held.size == end.size else compact_range(end.size, reader.node_at(state.origin))
    )
    return end.size if tree.root() == end.root else 0


def events_frames(reader: LogReader, did: Did) -> Iterator[EventsFrame]:
    """All known events of a publisher, ancestors first, in frames of about FRAME_EVENTS_BYTES_MAX."""
    history = reader.history(did)
    batch: list[bytes] = []
    weight = 0
    for event in history.events if history else ():
        if batch and weight + len(event.raw) > FRAME_EVENTS_BYTES_MAX:
            yield EventsFrame(did=did, events=batch)
            batch, weight = [], 0
        batch.append(event.raw)
        weight += len(event.raw)
    if batch:
        yield EventsFrame(did=did, events=batch)


def entries_frame(
    reader: LogReader, origin: Origin, start: int, stop: int, size: int, cursor: bytes | None = None
) -> EntriesFrame:
    """Leaves [start, stop) of one bundle with their proof to the tree of `size` leaves."""
    leaves = reader.leaves(origin, start, stop)
    return EntriesFrame(
        origin=origin,
        size=size,
        start=start,
        bundle=leaves.bundle,
        withheld=leaves.withheld,
        proof=range_proof(start, stop, size, reader.node_at(origin)),
        cursor=cursor,
    )


class LogStream:
    """One log from leaf `start` (bodies from `bodies_start`) to the head that it has now, then the end.

    Leaves [first, behind the last) that are sent `again` come before all others, with their bodies.
    """

    def __init__(
        self, origin: Origin, start: int, bodies_start: int, *, again: tuple[int, int] | None = None
    ) -> None:
        self._origin = origin
        self._start = start
        self._bodies_start = bodies_start
        self._at = min(start, bodies_start)
        self._again_at, self._again_stop = again or (0, 0)
        self._size: int | None = None
        self._ended = False

    def next_batch(self, reader: LogReader) -> bytes:
        """The next frames, about STREAM_BATCH_BYTES_MAX of them; empty after the end."""
        if self._ended:
            return b""
        block = reader.block(parse_origin(self._origin).did)
        if block is not None:
            self._ended = True
            return encode_frame(EndFrame(code="record.withheld", reason=block.reason))
        out: list[bytes] = []
        if self._size is None:
            out += self._begin(reader)
        size = self._size or 0
        while not self._is_through(size) and sum(map(len, out)) < STREAM_BATCH_BYTES_MAX:
            out += self._bundle_again(reader, size) if self._has_again(size) else self._bundle(reader, size)
        if self._is_through(size):
            self._ended = True
            out.append(encode_frame(EndFrame(code=COMPLETE)))
        return b"".join(out)

    def _has_again(self, size: int) -> bool:
        return self._again_at < min(self._again_stop, size)

    def _is_through(self, size: int) -> bool:
        return self._at >= size and not self._has_again(size)

    def _begin(self, reader: LogReader) -> Iterator[bytes]:
        state = reader.log(self._origin)
        self._size = offered_size(reader, state) if state is not None else 0
        yield from map(encode_frame, events_frames(reader, parse_origin(self._origin).did))
        evidence = kept_frame(reader, self._origin)
        if evidence is not None:
            yield encode_frame(evidence)
        if state is not None and state.checkpoint is not None:
            yield encode_frame(CheckpointFrame(origin=self._origin, note=state.checkpoint))

    def _bundle_again(self, reader: LogReader, size: int) -> Iterator[bytes]:
        start, stop = self._again_at, min(size, self._again_stop, _bundle_stop(self._again_at))
        yield encode_frame(entries_frame(reader, self._origin, start, stop, size))
        yield from body_frames(reader, self._origin, start, stop)
        self._again_at = stop

    def _bundle(self, reader: LogReader, size: int) -> Iterator[bytes]:
        stop = min(size, _bundle_stop(self._at))
        if stop > self._start:
            first = max(self._at, self._start)
            yield encode_frame(entries_frame(reader, self._origin, first, stop, size))
        if stop > self._bodies_start:
            yield from body_frames(reader, self._origin, max(self._at, self._bodies_start), stop)
        self._at = stop


def _bundle_stop(index: int) -> int:
    """Where the bundle of a leaf ends."""
    return (index // TILE_WIDTH + 1) * TILE_WIDTH


def body_frames(reader: LogReader, origin: Origin, start: int, stop: int) -> Iterator[bytes]:
    """Bodies of leaves [start, stop) of one bundle, at most FRAME_BODIES_BYTES_MAX or one body a frame."""
    for begin, end in runs_of_bodies(reader, origin, start, stop):
        yield from map(encode_frame, bodies_between(reader, origin, begin, end))


def runs_of_bodies(reader: LogReader, origin: Origin, start: int, stop: int) -> list[tuple[int, int]]:
    """Cut [start, stop) so that the bodies that the leaves name fit one frame: those of a bundle may be a gigabyte."""
    runs: list[tuple[int, int]] = []
    begin, weight = start, 0
    for index, leaf in enumerate(decode_bundle(reader.leaves(origin, start, stop).bundle), start):
        named = named_body(leaf)
        size = 0 if named is None else named.size
        if weight and weight + size > FRAME_BODIES_BYTES_MAX:
            runs.append((begin, index))
            begin, weight = index, 0
        weight += size
    return [*runs, (begin, stop)]


def bodies_between(reader: LogReader, origin: Origin, start: int, stop: int) -> Iterator[BodiesFrame]:
    """What is here of one such run, if anything is."""
    items = reader.bodies(origin, start, stop)
    if any(item is not None for item in items):
        yield BodiesFrame(origin=origin, start=start, items=items)
