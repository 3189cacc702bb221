"""Offer what changes here to one node that asked for it, and send what it wants.

The node is a peer of this home that says in public that it takes offers, or it holds a lease. Everything
is done outbound: so a node that nobody can reach delivers all that it has.

Rules:
- the arrivals are followed behind a durable cursor for each node; what waits holds the cursor back;
- what came from the node, and what it is known to have, is not offered;
- one log at a time goes, and only the largest tree that is held completely.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Self, TypeVar

import trio

from frostnode.bell import Bell
from frostnode.ports import Arrival, ArrivalKind, LogReader
from frostnode.protocol.errors import FrostError, StorageError, TransportError
from frostnode.protocol.frames import COMPLETE, EndFrame, encode_frame
from frostnode.protocol.keys import PublicKey, to_multibase
from frostnode.protocol.limits import (
    CURSOR_INTERVAL_S,
    OFFER_ANSWER_BYTES_MAX,
    OFFER_BYTES_MAX,
    OFFER_GATHER_S,
    OFFER_ITEMS_MAX,
    OFFER_PROBE_S,
    PEER_BACKOFF_FIRST_S,
    PEER_BACKOFF_MAX_S,
    STREAM_BATCH_ARRIVALS_MAX,
    TAKE_BYTES_MAX,
)
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.replicate.about import ask_about
from frostnode.replicate.dispute import kept_frame
from frostnode.replicate.offer_form import (
    Answer,
    Have,
    Later,
    Offered,
    Refuse,
    Span,
    Taken,
    Want,
    offer_bytes,
    read_answers,
    read_taken,
)
from frostnode.replicate.outgoing import Outgoing, Waiting
from frostnode.replicate.serve import LogStream, came_back, offered_size
from frostnode.replicate.world import World

T = TypeVar("T")

_TAKEN_BYTES_MAX: Final = 4096


@dataclass(slots=True)
class OfferStatus:
    """One node, while this one runs: `active` while it answers, `waiting` logs to offer, `sent` entries taken.

    `refused` is what it refused last; `error` why it is not offered to now, or why a log did not go.
    """

    active: bool = False
    waiting: int = 0
    sent: int = 0
    refused: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Change:
    """What an arrival is to a node: of a log, from which leaf on a body came by itself, and what leaves do not tell.

    `leaves` are those that came after they had been hashes alone.
    """

    origin: Origin
    bodies: int | None = None
    leaves: Span | None = None
    is_news: bool = False


@dataclass(frozen=True, slots=True)
class _Ready:
    """A log as it can be offered now, and how many leaves of it."""

    waiting: Waiting
    item: Offered
    size: int


@dataclass(slots=True, kw_only=True)
class Offerer:
    """One node at `url`; `lease` when it asked to be pushed to under this key, else a peer of this home.

    `active` is shared by all: of those that lead to the same node one works.
    """

    url: str
    lease: PublicKey | None
    me: PublicKey
    world: World
    arrived: Bell
    active: "dict[PublicKey, Offerer]"
    node: PublicKey | None = None
    status: OfferStatus = field(default_factory=OfferStatus)
    _outgoing: Outgoing | None = None
    _saved: int = 0

    async def run(self) -> None:
        """Offer for ever; every failure is noted, shown and tried again later."""
        backoff_s = PEER_BACKOFF_FIRST_S
        while True:
            sent, pause_s = self.status.sent, OFFER_PROBE_S
            try:
                await self._converse()
                backoff_s = PEER_BACKOFF_FIRST_S
            except FrostError as error:
                self.status.error = f"{error.code}: {error}"
                backoff_s = PEER_BACKOFF_FIRST_S if self.status.sent > sent else backoff_s
                pause_s, backoff_s = backoff_s, min(backoff_s * 2, PEER_BACKOFF_MAX_S)
            finally:
                self.status.active = False
            await trio.sleep(pause_s * (1 + self.world.random.fraction()) / 2)

    async def _converse(self) -> None:
        """Push while the node asks for it; returns when it does not, or when another does this already."""
        about = await ask_about(self.world.transport, self.url)
        if about.key != self.node:
            self.node, self._outgoing = about.key, None
        self.status.error = ""
        if about.key is None or not about.offers or about.key == self.me:
            return
        if self.lease not in (None, about.key):
            self.status.error = "lease.node: another node answers there"
            return
        if self.active.setdefault(about.key, self) is not self:
            return
        try:
            await self._push(about.key)
        finally:
            del self.active[about.key]

    async def _push(self, node: PublicKey) -> None:
        if self._outgoing is None:
            self._saved = await self._read(lambda reader: reader.offered(node))
            self._outgoing = Outgoing(self._saved)
        outgoing = self._outgoing
        while True:
            heard = self.arrived.listen()
            more = await self._look(node, outgoing)
            due = outgoing.due(self._now_s(), OFFER_ITEMS_MAX)
            if due:
                await self._offer(node, outgoing, due)
            await self._save(node, outgoing.cursor, is_far=not due)
            self.status.active, self.status.waiting = True, len(outgoing)
            if not due and not more:
                due_s = outgoing.next_due_s()
                wait_s = CURSOR_INTERVAL_S if due_s is None else due_s - self._now_s()
                await heard.wait(max(0, min(wait_s, CURSOR_INTERVAL_S)))
                await trio.sleep(OFFER_GATHER_S)

    # -- what changed -----------------------------------------------------------------------------

    async def _look(self, node: PublicKey, outgoing: Outgoing) -> bool:
        """Read further arrivals, while there is room; answers whether there may be more of them."""
        if outgoing.room < STREAM_BATCH_ARRIVALS_MAX:
            return False
        arrivals = await self._read(partial(self._changes, node, outgoing.after))
        now_s = self._now_s()
        for number, changes in arrivals:
            for change in changes:
                outgoing.changed(
                    change.origin, number, change.bodies, now_s, is_news=change.is_news, leaves=change.leaves
                )
            outgoing.read(number)
        return len(arrivals) == STREAM_BATCH_ARRIVALS_MAX

    def _changes(self, node: PublicKey, after: int, reader: LogReader) -> list[tuple[int, list[_Change]]]:
        """The next arrivals, and which logs changed with each."""
        return [
            (arrival.number, self._change(node, arrival, reader))
            for arrival in reader.arrivals(after, STREAM_BATCH_ARRIVALS_MAX)
        ]

    def _change(self, node: PublicKey, arrival: Arrival, reader: LogReader) -> list[_Change]:
        match arrival.kind:
            case ArrivalKind.ENTRIES | ArrivalKind.CUT | ArrivalKind.RESTORED:
                return [_Change(arrival.origin)]
            case ArrivalKind.HEAD | ArrivalKind.FROZEN:
                return [_Change(arrival.origin, is_news=True)]
            case ArrivalKind.BODIES | ArrivalKind.ERASED:
                return self._came_later(node, arrival, reader)
            case ArrivalKind.EVENTS:
                return [_Change(state.origin) for state in reader.logs(arrival.did)[-1:]]
            case ArrivalKind.BLOCKED:  # or no longer
                return [_Change(state.origin) for state in reader.logs(arrival.did)]
            case _:
                return []

    def _came_later(self, node: PublicKey, arrival: Arrival, reader: LogReader) -> list[_Change]:
        """Bodies that came after their leaves, or leaves of an erasure that are here after all: its node may lack them."""
        known, names = self.world.known, self._names(node)
        place = arrival.origin, arrival.start, arrival.stop
        if arrival.kind is ArrivalKind.BODIES:
            is_known = any(known.sent_bodies(name, *place) for name in names)
            return [] if is_known else [_Change(arrival.origin, arrival.start)]
        state = reader.log(arrival.origin)
        if state is None or any(known.sent_leaves(name, *place) for name in names):
            return []
        leaves = came_back(reader, arrival, offered_size(reader, state))
        return [] if leaves is None else [_Change(arrival.origin, leaves=leaves)]

    def _ready(self, node: PublicKey, waiting: Waiting, reader: LogReader) -> _Ready | None:
        """A log as it can be offered now; None when there is nothing in it for that node."""
        did = parse_origin(waiting.origin).did
        carrying = self.world.carrying
        if reader.block(did) or (carrying is not None and not carrying.is_carried(did)):
            return None
        state, history = reader.log(waiting.origin), reader.history(did)
        if state is None or state.standing is None or history is None or history.tip is None:
            return None
        size = offered_size(reader, state)
        bodies = waiting.bodies if waiting.bodies is not None and waiting.bodies < size else None
        leaves = waiting.leaves if waiting.leaves is not None and waiting.leaves[0] < size else None
        known, names = self.world.known, self._names(node)
        has_all = max(known.size(name, waiting.origin) for name in names) >= size
        knows = any(known.tip(name, did) == history.tip for name in names)
        events = history.events_digest
        if any(known.has_events(name, did, events) for name in names):
            events = None
        note = None if state.standing.end is not None or not size else state.checkpoint
        is_disputed = kept_frame(reader, waiting.origin) is not None
        is_news = waiting.is_news and (
            is_disputed or not any(known.has_head(name, waiting.origin, note) for name in names)
        )
        is_told = has_all and knows and events is None
        if is_told and bodies is None and leaves is None and not is_news:
            return None
        item = Offered(
            did=did,
            origin=waiting.origin,
            note=note,
            tip=history.tip,
            bodies=bodies,
            leaves=leaves,
            events=events,
            disputed=is_disputed,
        )
        return _Ready(waiting, item, size)

    # -- offers and takes -------------------------------------------------------------------------

    async def _offer(self, node: PublicKey, outgoing: Outgoing, due: list[Waiting]) -> None:
        """Offer what is due, as much as fits one request, and do what is answered."""
        found = await self._read(
            lambda reader: [(waiting, self._ready(node, waiting, reader)) for waiting in due]
        )
        ready: list[_Ready] = []
        weight = 0
        for waiting, item in found:
            if item is None:
                outgoing.settle(waiting)
                continue
            weight += len(offer_bytes(node, [item.item]))
            if weight <= OFFER_BYTES_MAX or not ready:
                ready.append(item)
        if not ready:
            return
        raw = await self.world.transport.post(
            f"{self.url}/frost/offer",
            offer_bytes(node, [item.item for item in ready]),
            bytes_max=OFFER_ANSWER_BYTES_MAX,
        )
        self.status.error = ""
        chance = self.world.random.fraction()  # one for all, so that what is put off together comes together
        for item, answer in zip(ready, read_answers(raw, len(ready)), strict=True):
            await self._heed(node, outgoing, item, answer, chance)

    async def _heed(
        self, node: PublicKey, outgoing: Outgoing, ready: _Ready, answer: Answer, chance: float
    ) -> None:
        match answer:
            case Want():
                await self._send(node, outgoing, ready, answer)
            case Have():
                self._note(node, ready.item.did, ready, ready.size)
                self.world.known.note_head(to_multibase(node), ready.item.origin, ready.item.note)
                outgoing.settle(ready.waiting)
            case Later():
                outgoing.later(ready.waiting, answer.seconds, self._now_s(), chance)
            case Refuse():
                self._refused(outgoing, ready, answer)

    async def _send(self, node: PublicKey, outgoing: Outgoing, ready: _Ready, want: Want) -> None:
        """Send one log; what goes wrong with it is tried again later, and others go on.

        Raises:
            TransportError: the node cannot be reached any more; StorageError
        """
        body = _TakeBody(self.world, LogStream(ready.item.origin, want.start, want.bodies, again=want.leaves))
        try:
            raw = await self.world.transport.send(
                f"{self.url}/frost/take/{want.slot}", body, bytes_max=_TAKEN_BYTES_MAX
            )
            taken = read_taken(raw)
        except StorageError:
            raise
        except FrostError as error:
            outgoing.failed(ready.waiting, self._now_s(), self.world.random.fraction())
            self.status.error = f"{error.code}: {error}"
            if isinstance(error, TransportError) and error.code != "transport.status":
                raise
            return
        self._note(node, ready.item.did, ready, taken.size)
        self.status.sent += max(0, min(taken.size, ready.size) - want.start)
        self._conclude(outgoing, ready, taken, is_cut=body.is_cut)

    def _conclude(self, outgoing: Outgoing, ready: _Ready, taken: Taken, *, is_cut: bool) -> None:
        """What a take was good for."""
        if taken.refused is not None:
            self._refused(outgoing, ready, taken.refused)
        elif taken.size >= ready.size and not is_cut:
            outgoing.settle(ready.waiting)
        else:
            outgoing.went(ready.waiting, taken.size, self._now_s(), self.world.random.fraction())

    def _refused(self, outgoing: Outgoing, ready: _Ready, refusal: Refuse) -> None:
        """It is offered again when it changes."""
        self.status.refused = f"{ready.item.origin}: {refusal.code}: {refusal.reason}"
        outgoing.settle(ready.waiting)

    def _note(self, node: PublicKey, did: Did, ready: _Ready, size: int) -> None:
        name = to_multibase(node)
        self.world.known.note_size(name, ready.item.origin, size)
        self.world.known.note_tip(name, did, ready.item.tip)
        self.world.known.note_events(name, did, ready.item.events)

    def _names(self, node: PublicKey) -> tuple[str, str]:
        """What the node is called here: by where it is, and by its key."""
        return self.url, to_multibase(node)

    # -- the world --------------------------------------------------------------------------------

    async def _read(self, work: Callable[[LogReader], T]) -> T:
        def run() -> T:
            with self.world.store.read() as reader:
                return work(reader)

        return await self.world.worker.run(run)

    async def _save(self, node: PublicKey, cursor: int, *, is_far: bool) -> None:
        """Note how far it is. What was passed over is noted only when it is far: looking again costs little."""
        if cursor - self._saved < (STREAM_BATCH_ARRIVALS_MAX if is_far else 1):
            return

        def run() -> None:
            with self.world.store.write() as writer:
                writer.put_offered(node, cursor)

        await self.world.worker.run(run)
        self._saved = cursor

    def _now_s(self) -> float:
        return self.world.clock.monotonic_s()


class _TakeBody:
    """The frames of one log as they are read, up to what one take may have; then the end."""

    def __init__(self, world: World, stream: LogStream) -> None:
        self._world = world
        self._stream = stream
        self._weight = 0
        self.is_cut = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self.is_cut:
            raise StopAsyncIteration
        batch = await self._world.worker.run(self._next_batch)
        if not batch:
            raise StopAsyncIteration
        self._weight += len(batch)
        if self._weight > TAKE_BYTES_MAX // 2:
            self.is_cut = True
            return batch + encode_frame(EndFrame(code=COMPLETE))
        return batch

    def _next_batch(self) -> bytes:
        with self._world.store.read() as reader:
            return self._stream.next_batch(reader)
