"""The one way into an own log: write ahead, sign, reveal (spec/decisions/0008-write-ahead-sign-reveal.md).

Rules:
1 the leaves and bodies are on disk before the signer is asked: what it signs can always be served;
2 nothing is served, announced or acknowledged before its tree is signed and the note is on disk;
3 leaves that wait for their signature are signed, as the very tree that was written, before any other;
4 an entry whose very header is among the last leaves was published already: it is answered, not repeated.

Any step may fail, before or after it took effect; calling again with the same batch or another finishes it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import trio

from frostnode.log.recent import RecentEntries
from frostnode.log.withheld import withheld_error
from frostnode.ports import ArrivalKind, LogReader, LogStore, LogWriter, Signer, SignRequest, Worker
from frostnode.protocol.checkpoint import open_checkpoint
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import header_cid, parse_header
from frostnode.protocol.errors import LocalError, RecordError, StorageError
from frostnode.protocol.growth import grow
from frostnode.protocol.limits import FRAME_BODIES_BYTES_MAX
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import compact_range, consistency_proof, leaf_hash
from frostnode.protocol.named_body import named_body
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.protocol.tiles import decode_bundle, runs

TO_ROTATE: Final = "rotate the log key once carriers answer: `frost rotate --kit KIT`"
"""What to do where the signer remembers another tree of the log than is here."""


@dataclass(frozen=True, slots=True)
class Submission:
    """An entry to be published: header bytes, and the body that the header names. There is none that is not sound.

    Raises:
        RecordError: header.malformed, header.too-large, body.hash
    """

    header: bytes
    body: bytes | None
    digest: bytes | None = field(init=False)
    """SHA-256 of the body (32 bytes), None where the header names none."""

    def __post_init__(self) -> None:
        named = named_body(self.header)
        if named is None:
            parse_header(self.header)  # a withdrawal without a body, or no header at all
            if self.body is not None:
                raise RecordError("body.hash", "body to publish", found="one", expected="none")
        elif self.body is None:
            raise RecordError("body.hash", "body to publish", found="none", expected=named.digest)
        else:
            named.check(self.body)
        object.__setattr__(self, "digest", None if named is None else named.digest)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an entry stands, for ever: given only when it is signed and served."""

    origin: Origin
    index: int
    header: Cid


class Sequencer:
    """Commits batches to own logs, one at a time for each log."""

    def __init__(self, store: LogStore, signer: Signer, worker: Worker) -> None:
        self._store = store
        self._signer = signer
        self._worker = worker
        self._recent = RecentEntries()
        self._busy: dict[Origin, trio.Lock] = {}

    async def commit(self, origin: Origin, batch: Sequence[Submission]) -> list[Receipt]:
        """Publish entries in order; an empty batch only finishes what waits. Nothing may be known before it returns.

        Raises:
            LocalError: publisher.not-hosted, epoch.unknown, epoch.ended, epoch.frozen; record.withheld for a header
                or body that was erased here. Nothing was written.
                signer.conflict, or what else the signer says: what was written waits
            StorageError: the store failed, perhaps after it wrote
        """
        async with self._busy.setdefault(origin, trio.Lock()):
            while (positions := await self._worker.run(lambda: self._write_ahead(origin, batch))) is None:
                await self._finish(origin)
            await self._finish(origin)
        return [
            Receipt(origin, index, header_cid(submission.header))
            for index, submission in zip(positions, batch, strict=True)
        ]

    async def _finish(self, origin: Origin) -> None:
        """Sign and reveal what waits, if anything does."""
        request = await self._worker.run(lambda: self._request(origin))
        if request is not None:
            try:
                note = await self._signer.sign(request)
            except LocalError as error:
                if error.code == "signer.conflict":
                    with suppress(StorageError):  # it is met again at the next try
                        await self._worker.run(lambda: self._note_refusal(request))
                raise
            await self._worker.run(lambda: self._reveal(request, note))

    def _note_refusal(self, request: SignRequest) -> None:
        """Note from where on the signer does not go on: whoever looks at the status later is told."""
        with self._store.write() as writer:
            writer.put_setting(_refused(request.origin), str(request.old_size))

    # -- 1 write ahead --------------------------------------------------------------------------------

    def _write_ahead(self, origin: Origin, batch: Sequence[Submission]) -> list[int] | None:
        """Append what is new of the batch, in one transaction.

        Answers the position of each entry; None, and does nothing, while other leaves wait for their signature.
        """
        with self._store.read() as reader:
            state = open_log(reader, origin)
            if state.served != state.held.size:
                return None
            _check_not_erased(reader, batch)
            window = self._recent.window(reader, state, len(batch))
        found = [window.positions.get(submission.header) for submission in batch]
        new = {one.header: one for one, position in zip(batch, found, strict=True) if position is None}
        if new:
            with self._store.write() as writer:
                _append(writer, state, list(new.values()))
            window.extend(list(new))
        return [window.positions[submission.header] for submission in batch]

    # -- 2 sign ---------------------------------------------------------------------------------------

    def _request(self, origin: Origin) -> SignRequest | None:
        """What the signer is asked: from the served tree to all that is held; None when nothing waits."""
        with self._store.read() as reader:
            state = open_log(reader, origin)
            old, new = state.served, state.held.size
            if old == new:
                return None
            node = reader.node_at(origin)
            return SignRequest(
                origin=origin,
                old_size=old,
                old_root=compact_range(old, node).root(),
                new_size=new,
                new_root=state.held.root(),
                consistency=consistency_proof(old, new, node),
                old_note=state.checkpoint if old else None,
            )

    # -- 3 reveal -------------------------------------------------------------------------------------

    def _reveal(self, request: SignRequest, note: bytes) -> None:
        """Serve the signed tree and announce what is new in it, in one transaction."""
        origin, did = request.origin, parse_origin(request.origin).did
        with self._store.write() as writer:
            state = open_log(writer, origin)
            assert state.standing is not None and state.standing.key is not None
            signed = open_checkpoint(note, origin, state.standing.key)
            if (signed.size, signed.root) != (state.held.size, state.held.root()):
                raise LocalError(
                    "signer.conflict",
                    f"tree of {origin} that the signer signed",
                    found=f"{signed.size} {signed.root.hex()}",
                    expected=f"{state.held.size} {state.held.root().hex()}",
                    hint=TO_ROTATE,
                )
            writer.serve(origin, note, signed.size)
            _announce(writer, did, origin, request.old_size, request.new_size)


def is_refused(reader: LogReader, state: LogState) -> bool:
    """Whether leaves wait because the signer remembers another tree of the log than is here."""
    waits = state.served < state.held.size
    return waits and reader.setting(_refused(state.origin)) == str(state.served)


def _refused(origin: Origin) -> str:
    return f"refused {origin}"


def open_log(reader: LogReader, origin: Origin) -> LogState:
    """The state of a log that this home may append to.

    Raises:
        LocalError: publisher.not-hosted, epoch.unknown, epoch.ended, epoch.frozen
    """
    if reader.hosted_log(origin) is None:
        raise LocalError("publisher.not-hosted", f"the log key of {origin} is not here")
    state = reader.log(origin)
    standing = None if state is None else state.standing
    if state is None or standing is None or standing.key is None:
        raise LocalError("epoch.unknown", f"no identity event that counts opened {origin} with a key")
    if standing.end is not None:
        raise LocalError("epoch.ended", f"{origin} was ended at {standing.end.size}")
    if state.frozen or not standing.accepts:
        why = "its key has signed two trees" if state.frozen else "its identity is forked"
        raise LocalError("epoch.frozen", f"{origin} takes nothing: {why}")
    return state


def _check_not_erased(reader: LogReader, batch: Sequence[Submission]) -> None:
    """Check that no header and no body was erased here: what was is taken from nobody, its publisher included.

    Raises:
        LocalError: record.withheld
    """
    headers = (leaf_hash(submission.header) for submission in batch)
    bodies = (Cid.from_digest(submission.digest) for submission in batch if submission.digest is not None)
    if (found := reader.erased_among(headers, bodies)) is not None:
        raise withheld_error(found)


def _leaves(reader: LogReader, origin: Origin, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
    for low, high in runs(start, stop):
        yield from enumerate(decode_bundle(reader.leaves(origin, low, high).bundle), low)


def _append(writer: LogWriter, state: LogState, new: Sequence[Submission]) -> None:
    held = state.held
    writer.put_bodies(
        [(one.digest, one.body) for one in new if one.digest is not None and one.body is not None]
    )
    for low, high in runs(held.size, held.size + len(new)):
        leaves = [submission.header for submission in new[low - state.held.size : high - state.held.size]]
        growth = grow(held, leaves)
        writer.append(state.origin, growth)
        held = growth.after


def _announce(writer: LogWriter, did: Did, origin: Origin, start: int, stop: int) -> None:
    """One arrival for the leaves of each bundle, then some for their bodies, as frames carry them."""
    for low, high in runs(start, stop):
        writer.arrive(ArrivalKind.ENTRIES, did, origin, low, high)
        for first, last in _body_runs(writer, origin, low, high):
            writer.arrive(ArrivalKind.BODIES, did, origin, first, last)


def _body_runs(reader: LogReader, origin: Origin, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut [start, stop) so that each run has at most FRAME_BODIES_BYTES_MAX of bodies, or one larger body."""
    begin, weight = start, 0
    for index, leaf in _leaves(reader, origin, start, stop):
        named = named_body(leaf)
        size = 0 if named is None else named.size
        if size and weight and weight + size > FRAME_BODIES_BYTES_MAX:
            yield begin, index
            begin, weight = index, 0
        weight += size
    if weight:
        yield begin, stop
