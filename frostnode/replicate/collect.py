"""Ask the witnesses that hosted publishers name to cosign their checkpoints, and let the lines travel.

Rules:
- asked is after commits, a moment later and not too often; who fails is asked further and further apart;
- a witness is trusted with nothing: only a line of its key that verifies over the served tree is taken;
- what it is sent is public: the signed checkpoint, and a proof of hashes.

The addresses stand in the profiles of publishers whose log keys are here: they come through the operator,
never from a log that is only carried.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import trio

from frostnode.bell import Bell
from frostnode.ports import ArrivalKind, Clock, LogStore, Random, Worker
from frostnode.protocol.cosigners import Cosigner, cosigned_times, merge_notes
from frostnode.protocol.errors import FrostError, LogError, StorageError, TransportError
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import (
    COLLECT_AT_ONCE_MAX,
    COLLECT_BACKOFF_MAX_S,
    COLLECT_DELAY_S,
    COLLECT_INTERVAL_S,
    PEER_BACKOFF_FIRST_S,
    PEERS_CHECK_S,
    STREAM_BATCH_ARRIVALS_MAX,
    WITNESS_ANSWER_BYTES_MAX,
)
from frostnode.protocol.merkle import Hash, consistency_proof
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.protocol.note import Note, format_note, parse_note, parse_signatures
from frostnode.protocol.witness import SIZE_MEDIA_TYPE, AddCheckpoint, parse_size_answer
from frostnode.wire import PeerTransport

_CHANGING: Final = frozenset({ArrivalKind.ENTRIES, ArrivalKind.BODIES})
_TRIES: Final = 3
"""Once to learn what the witness cosigned last, once with that; once more when that has changed meanwhile."""
_OK: Final = 200
_CONFLICT: Final = 409


@dataclass(slots=True)
class WitnessStatus:
    """How it went with one witness of one log. `size` and `time_s` are what it cosigned last, None before."""

    cosigner: Cosigner
    size: int | None = None
    time_s: int | None = None
    error: str = ""
    next_s: float = 0.0
    backoff_s: float = PEER_BACKOFF_FIRST_S


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """A served tree, and who is to be asked to cosign it."""

    origin: Origin
    size: int
    note: bytes
    asked: Sequence[Cosigner]


@dataclass(slots=True, kw_only=True)
class Collecting:
    """The collector of one node; `changed` is rung when notes have further lines."""

    store: LogStore
    worker: Worker
    transport: PeerTransport
    clock: Clock
    random: Random
    bell: Bell
    named: Callable[[Did], Sequence[Cosigner] | None]
    status: dict[tuple[Origin, PublicKey], WitnessStatus] = field(default_factory=dict)
    _pending: dict[Origin, None] = field(default_factory=dict)
    _after: int | None = None

    async def run(self) -> None:
        """Collect for ever. A disk that fails is tried again."""
        limit = trio.CapacityLimiter(COLLECT_AT_ONCE_MAX)
        while True:
            heard = self.bell.listen()
            try:
                for head in await self.worker.run(self._due):
                    await self._collect(head, limit)
            except StorageError:
                """The next round meets it again."""
            await heard.wait(self._rest_s())
            await trio.sleep(COLLECT_DELAY_S)  # what is published in a burst is cosigned once

    def _rest_s(self) -> float:
        """Until the next witness of a log that waits may be asked."""
        now = self.clock.monotonic_s()
        waiting = (
            status.next_s - now for (origin, _), status in self.status.items() if origin in self._pending
        )
        return max(0.0, min(waiting, default=PEERS_CHECK_S))

    # -- who is to be asked ---------------------------------------------------------------------------

    def _due(self) -> list[_Head]:
        """The heads that lack lines of witnesses whose time has come."""
        with self.store.read() as reader:
            if self._after is None:
                self._after = reader.last_arrival()
                self._pending = {hosted.origin: None for hosted in reader.hosted()}
            while arrivals := reader.arrivals(self._after, STREAM_BATCH_ARRIVALS_MAX):
                changed = {arrival.origin: None for arrival in arrivals if arrival.kind in _CHANGING}
                self._pending |= {origin: None for origin in changed if reader.hosted_log(origin)}
                self._after = arrivals[-1].number
            states = [(origin, reader.log(origin)) for origin in self._pending]
        now = self.clock.monotonic_s()
        heads = []
        for origin, state in states:
            lacking = []
            if (
                state is not None
                and state.standing is not None
                and state.standing.accepts
                and state.checkpoint
            ):
                lacking = self._lacking(origin, state.checkpoint)
                asked = [status.cosigner for status in lacking if status.next_s <= now]
                if asked:
                    heads.append(_Head(origin=origin, size=state.served, note=state.checkpoint, asked=asked))
            if not lacking:
                del self._pending[origin]
        return heads

    def _lacking(self, origin: Origin, note: bytes) -> list[WitnessStatus]:
        """The named witnesses without a line; who is named no longer is forgotten."""
        named = self.named(parse_origin(origin).did) or ()
        keys = {witness.key for witness in named}
        self.status = {
            place: status for place, status in self.status.items() if place[0] != origin or place[1] in keys
        }
        here = cosigned_times(parse_note(note), named)
        found = []
        for witness in named:
            status = self.status.setdefault((origin, witness.key), WitnessStatus(witness))
            status.cosigner = witness
            if witness not in here:
                found.append(status)
        return found

    # -- asking ---------------------------------------------------------------------------------------

    async def _collect(self, head: _Head, limit: trio.CapacityLimiter) -> None:
        notes: list[bytes] = []
        async with trio.open_nursery() as nursery:
            for cosigner in head.asked:
                nursery.start_soon(self._ask, head, self.status[head.origin, cosigner.key], limit, notes)
        is_better = await self.worker.run(partial(self._merge, head, notes))
        if is_better:
            self.bell.ring()

    async def _ask(
        self, head: _Head, status: WitnessStatus, limit: trio.CapacityLimiter, notes: list[bytes]
    ) -> None:
        async with limit:
            try:
                note, status.time_s = await self._cosigned(head, status)
            except FrostError as error:
                rest_s = status.backoff_s
                if error.code == "witness.conflict" and await self.worker.run(partial(self._has_grown, head)):
                    rest_s = PEER_BACKOFF_FIRST_S  # it cosigned what came meanwhile: no failure of anybody
                else:
                    status.error = f"{error.code}: {error}"
                    status.backoff_s = min(2 * rest_s, COLLECT_BACKOFF_MAX_S)
            else:
                notes.append(note)
                status.size, status.error = head.size, ""
                status.backoff_s, rest_s = PEER_BACKOFF_FIRST_S, COLLECT_INTERVAL_S
            status.next_s = self.clock.monotonic_s() + rest_s * (1 + self.random.fraction()) / 2

    async def _cosigned(self, head: _Head, status: WitnessStatus) -> tuple[bytes, int]:
        """The note with the line of a witness, and its time.

        Raises:
            TransportError, PeerError
        """
        url = f"{status.cosigner.url.rstrip('/')}/add-checkpoint"
        old = min(status.size or 0, head.size)
        for _ in range(_TRIES):
            proof = await self.worker.run(partial(self._proof, head, old))
            asked = AddCheckpoint(old=old, proof=proof, note=head.note)
            status_code, media_type, answer = await self.transport.exchange(
                url, asked.to_bytes(), bytes_max=WITNESS_ANSWER_BYTES_MAX
            )
            if status_code == _OK:
                return _take_line(head.note, status.cosigner, answer)
            if status_code != _CONFLICT or media_type != SIZE_MEDIA_TYPE:
                raise TransportError("transport.status", url, found=status_code, expected=_OK)
            old = _size_of_conflict(answer, url, head.size)
        raise TransportError("transport.status", url, found="always another size", expected="a cosignature")

    def _proof(self, head: _Head, old: int) -> list[Hash]:
        if old in (0, head.size):
            return []
        with self.store.read() as reader:
            return list(consistency_proof(old, head.size, reader.node_at(head.origin)))

    def _has_grown(self, head: _Head) -> bool:
        with self.store.read() as reader:
            state = reader.log(head.origin)
            return state is not None and state.served > head.size

    def _merge(self, head: _Head, notes: list[bytes]) -> bool:
        """Put new lines into the note that is served, unless its tree has grown meanwhile."""
        if not notes:
            return False
        named = self.named(parse_origin(head.origin).did) or ()
        text = parse_note(head.note).text
        with self.store.write() as writer:
            state = writer.log(head.origin)
            if state is None or state.checkpoint is None or parse_note(state.checkpoint).text != text:
                return False
            best = state.checkpoint
            for note in notes:
                best = merge_notes(best, note, head.origin, named) or best
            if best == state.checkpoint:
                return False
            writer.serve(head.origin, best, head.size)
            did = parse_origin(head.origin).did
            writer.arrive(ArrivalKind.HEAD, did, head.origin, head.size, head.size)
        return True


def _take_line(note: bytes, cosigner: Cosigner, answer: bytes) -> tuple[bytes, int]:
    """The note with what a witness answered, and the time that it says.

    Raises:
        LogError: note.malformed, note.signature
    """
    lines = [line for line in parse_signatures(answer) if (line.name, line.key_id) == cosigner.line_key]
    cosigned = Note(parse_note(note).text, (*parse_note(note).signatures, *lines[:1]))
    times = cosigned_times(cosigned, [cosigner])
    if not lines or cosigner not in times:
        raise LogError("note.signature", f"answer of witness {cosigner.name}", found="no line that verifies")
    return format_note(cosigned), times[cosigner]


def _size_of_conflict(answer: bytes, url: str, size: int) -> int:
    """What the witness cosigned last, when it was another tree than it was told.

    Raises:
        LogError: witness.malformed; witness.conflict, for a larger tree than this host has signed
    """
    found = parse_size_answer(answer)
    if found > size:
        raise LogError(
            "witness.conflict",
            f"tree that {url} has cosigned",
            found=found,
            expected=f"≤ {size}, the size here",
        )
    return found
