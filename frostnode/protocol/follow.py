"""The follower without I/O: it is fed frames and what is held, and answers what may be taken.

Rules (spec/05-sync.md#following):
- nothing is believed of a peer: each frame proves itself into a signed checkpoint or the end of an epoch;
- a frame is judged by itself and taken whole or not at all; after an error the stream is worthless;
- what a peer sends of an epoch that does not count here is passed over: one of us has not heard yet;
- the receiver's own size is the truth: what it holds is not taken twice, a hole is answered with `Gap`.

It never fetches, waits or stores. Whoever applies the actions does so in order and in one transaction
per batch; when that fails, this follower is thrown away with it.
"""

from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

from frostnode.protocol.checkpoint import Checkpoint, open_checkpoint
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import FrameError, LogError, RecordError
from frostnode.protocol.follow_actions import (
    Action,
    Advance,
    Finished,
    Fork,
    Gap,
    NewHead,
    TakeBodies,
    TakeEntries,
    TakeEvents,
)
from frostnode.protocol.frames import (
    COMPLETE,
    BodiesFrame,
    BodyAbsent,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EntriesFrame,
    EventsFrame,
    Frame,
    WithheldLeaf,
)
from frostnode.protocol.history import EpochStanding, History, Taken
from frostnode.protocol.identity import parse_signed_event
from frostnode.protocol.limits import HEADER_BYTES_MAX, TILE_WIDTH
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import CompactRange, Hash, leaf_hashes, verify_consistency
from frostnode.protocol.named_body import named_body
from frostnode.protocol.names import Did, Origin, parse_did, parse_origin
from frostnode.protocol.range_proof import root_above
from frostnode.protocol.tiles import decode_bundle


class Held(Protocol):
    """What the receiver holds already."""

    def history(self, did: Did) -> History | None: ...
    def log(self, origin: Origin) -> LogState | None: ...
    def leaf(self, origin: Origin, index: int) -> bytes | None:
        """A held leaf; None when it is withheld here."""


@dataclass(frozen=True, slots=True)
class _Target:
    """The tree that entries are proven to: a signed checkpoint, or an epoch's end (no note needed)."""

    size: int
    root: bytes
    note: bytes | None


_Leaves: TypeAlias = tuple[int, list[bytes | None]]
_LAST_RUNS: Final = 4


class Follower:
    """Judges the frames of one stream, in order."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._histories: dict[Did, History] = {}
        self._logs: dict[Origin, LogState] = {}
        self._targets: dict[Origin, _Target] = {}
        self._runs: dict[Origin, list[_Leaves]] = {}
        self._taken: dict[Origin, int] = {}
        self.pending: dict[Did, set[Cid]] = {}
        """Ancestors that events here wait for, by publisher."""

    def refresh(self) -> None:
        """Look anew at what is held: others may have added to it since the last batch."""
        self._histories.clear()
        self._logs.clear()
        # All but the last run of leaves are stored by now; its bodies are likely to come next.
        self._runs = {origin: runs[-1:] for origin, runs in list(self._runs.items())[-_LAST_RUNS:]}

    def feed(self, frame: Frame) -> list[Action]:
        """Judge one frame.

        Raises:
            PeerError: the bytes are the peer's fault; nothing of this frame may be taken.
        """
        match frame:
            case EntriesFrame():
                return _with_cursor(self._entries(frame), frame.cursor)
            case BodiesFrame():
                return _with_cursor(self._bodies(frame), frame.cursor)
            case CheckpointFrame():
                return self._checkpoint(frame)
            case EventsFrame():
                return _with_cursor(self._events(frame), frame.cursor)
            case CursorFrame():
                return [Advance(cursor=frame.cursor)]
            case EndFrame():
                return [Finished(complete=frame.code == COMPLETE, reason=frame.reason or frame.code)]

    # -- identity ---------------------------------------------------------------------------------

    def _events(self, frame: EventsFrame) -> list[Action]:
        did = parse_did(frame.did)
        known = self._history(did)
        history = known.copy() if known is not None else History.empty(did)
        taken = history.take([parse_signed_event(raw) for raw in frame.events])
        self.pending[did] = set(taken.missing)
        if not taken.new:
            _raise_refusal(taken)
            return []
        self._histories[did] = history
        for origin in [origin for origin in self._logs if parse_origin(origin).did == did]:
            self._logs[origin] = replace(self._logs[origin], standing=history.epoch(origin))
            self._targets.pop(origin, None)
        return [TakeEvents(did=did, history=history, taken=taken)]

    def _history(self, did: Did) -> History | None:
        if did not in self._histories:
            history = self._held.history(did)
            if history is None:
                return None
            self._histories[did] = history
        return self._histories[did]

    def _standing(self, origin: str) -> tuple[Did, Origin, EpochStanding | None]:
        """The epoch of an origin; None when it does not count here.

        Raises:
            FrameError: frame.order, when the publisher's identity was not sent before its log
        """
        parts = parse_origin(origin)
        history = self._history(parts.did)
        if history is None or history.tip is None:
            raise FrameError(
                "frame.order",
                f"log of {parts.did}",
                found="no identity events",
                expected="them before its log",
            )
        standing = history.epoch(Origin(origin))
        return parts.did, Origin(origin), standing

    def _log(self, origin: Origin, standing: EpochStanding) -> LogState:
        if origin not in self._logs:
            state = self._held.log(origin) or LogState(origin=origin, standing=standing)
            self._logs[origin] = replace(state, standing=standing)
        return self._logs[origin]

    # -- heads ------------------------------------------------------------------------------------

    def _checkpoint(self, frame: CheckpointFrame) -> list[Action]:
        did, origin, standing = self._standing(frame.origin)
        if standing is None:
            return []
        if standing.key is None:
            raise LogError("epoch.unknown", f"epoch {origin} was opened without a log key")
        checkpoint = open_checkpoint(frame.note, origin, standing.key)
        if standing.end is not None:
            settles = (checkpoint.size, checkpoint.root) == (standing.end.size, standing.end.root)
            self._targets[origin] = _Target(
                standing.end.size, standing.end.root, frame.note if settles else None
            )
            return []
        state = self._log(origin, standing)
        self._targets[origin] = _Target(checkpoint.size, checkpoint.root, frame.note)
        return self._compare(did, state, checkpoint, frame)

    def _compare(
        self, did: Did, state: LogState, checkpoint: Checkpoint, frame: CheckpointFrame
    ) -> list[Action]:
        """Hold a signed head of an open epoch against what is held of it."""
        held = state.held
        if checkpoint.size == held.size:
            if checkpoint.root != held.root():
                return [_fork(did, state.origin, frame.note, held, held)]
            if held.size == 0 or (state.served == held.size and state.checkpoint == frame.note):
                return []
            self._logs[state.origin] = replace(state, served=held.size, checkpoint=frame.note)
            return [NewHead(origin=state.origin, note=frame.note, size=held.size)]
        if frame.old == held.size and frame.old > 0 and checkpoint.size > held.size:
            verify_consistency(held.size, held.root(), checkpoint.size, checkpoint.root, frame.proof)
        return []

    # -- entries ----------------------------------------------------------------------------------

    def _target(self, frame: EntriesFrame, standing: EpochStanding) -> _Target:
        target = self._targets.get(Origin(frame.origin))
        if standing.end is not None and (target is None or target.size != standing.end.size):
            target = _Target(standing.end.size, standing.end.root, None)
        if target is None or target.size != frame.size:
            raise FrameError(
                "frame.order",
                f"tree size that entries of {frame.origin} are proven to",
                found=frame.size,
                expected="no checkpoint came before" if target is None else target.size,
            )
        return target

    def _entries(self, frame: EntriesFrame) -> list[Action]:
        did, origin, standing = self._standing(frame.origin)
        if standing is None or (standing.end is not None and frame.size != standing.end.size):
            return []
        target = self._target(frame, standing)
        state = self._log(origin, standing)
        leaves, hashes = _read_leaves(frame)
        left, grown, root = _read_proof(frame, hashes)
        if root != target.root:
            raise LogError(
                "tree.root",
                f"entries from {frame.start} of {origin} in its tree of {frame.size}",
                found=root,
                expected=target.root,
            )
        self._runs.setdefault(origin, []).append((frame.start, leaves))
        held = state.held
        stop = frame.start + len(leaves)
        closed = state.frozen or not (standing.accepts or standing.end is not None)
        if stop <= held.size or closed:
            return []
        if frame.start > held.size:
            return [Gap(did=did, origin=origin, held=held.size)]
        known = held.size - frame.start
        through = left.extend(hashes[:known]) if known else left
        if through != held:
            return self._not_ours(did, state, target, through)
        complete = stop == target.size
        self._taken.setdefault(origin, held.size)
        self._logs[origin] = replace(
            state,
            held=grown,
            served=stop if complete else state.served,
            checkpoint=target.note if complete else state.checkpoint,
        )
        return [
            TakeEntries(
                did=did,
                origin=origin,
                start=held.size,
                bundle=_tail(frame.bundle, known),
                withheld=[
                    WithheldLeaf(leaf.offset - known, leaf.leaf_hash, leaf.reason)
                    for leaf in frame.withheld
                    if leaf.offset >= known
                ],
                held=grown,
                served=stop if complete else None,
                note=target.note if complete else None,
            )
        ]

    def _not_ours(self, did: Did, state: LogState, target: _Target, left: CompactRange) -> list[Action]:
        """The proven tree does not begin with what is held."""
        if target.note is not None:
            return [_fork(did, state.origin, target.note, state.held, left)]
        raise LogError(
            "checkpoint.fork",
            f"the first {left.size} leaves of {state.origin} under its end",
            found=left.root(),
            expected=state.held.root(),
        )

    # -- bodies -----------------------------------------------------------------------------------

    def _bodies(self, frame: BodiesFrame) -> list[Action]:
        did, origin, standing = self._standing(frame.origin)
        if standing is None:
            return []
        state = self._log(origin, standing)
        stop = frame.start + len(frame.items)
        if frame.start // TILE_WIDTH != max(frame.start, stop - 1) // TILE_WIDTH:
            raise FrameError(
                "frame.malformed", "bodies", found=f"[{frame.start}, {stop})", expected="one bundle"
            )
        if stop > state.held.size:
            return [Gap(did=did, origin=origin, held=state.held.size)]
        bodies: list[tuple[Cid, bytes]] = []
        for index, item in enumerate(frame.items, frame.start):
            if item is None or isinstance(item, BodyAbsent):
                continue
            leaf = self._leaf(origin, index)
            named = named_body(leaf) if leaf is not None else None
            if named is None:
                raise FrameError(
                    "frame.order", f"body of leaf {index} of {origin}", expected="none: its header has none"
                )
            named.check(item)
            bodies.append((Cid.from_digest(named.digest), item))
        if not bodies:
            return []
        fresh = frame.start >= self._taken.get(origin, stop)
        return [TakeBodies(did=did, origin=origin, start=frame.start, stop=stop, bodies=bodies, fresh=fresh)]

    def _leaf(self, origin: Origin, index: int) -> bytes | None:
        for start, leaves in reversed(self._runs.get(origin, ())):
            if start <= index < start + len(leaves):
                return leaves[index - start]
        return self._held.leaf(origin, index)


def _with_cursor(actions: list[Action], cursor: bytes | None) -> list[Action]:
    if cursor is not None:
        actions.append(Advance(cursor=cursor))
    return actions


def _raise_refusal(taken: Taken) -> None:
    for _, error in taken.refused:
        raise error


def _fork(did: Did, origin: Origin, note: bytes, held: CompactRange, left: CompactRange) -> Fork:
    return Fork(did=did, origin=origin, note=note, held=held, left=left)


def _tail(bundle: bytes, count: int) -> bytes:
    """The entry bundle without its first `count` leaves."""
    at = 0
    for _ in range(count):
        at += 2 + int.from_bytes(bundle[at : at + 2], "big")
    return bundle[at:]


def _read_proof(frame: EntriesFrame, hashes: list[Hash]) -> tuple[CompactRange, CompactRange, Hash]:
    """What the proof of a frame says: the tree before its leaves, the tree through them, and the root over all.

    Raises:
        TreeError: tree.size, tree.proof
    """
    width = frame.start.bit_count()
    left = CompactRange(frame.start, tuple(frame.proof[:width]))
    through = left.extend(hashes)
    return left, through, root_above(through, frame.size, frame.proof[width:])


def _read_leaves(frame: EntriesFrame) -> tuple[list[bytes | None], list[bytes]]:
    """The leaves of a frame (None where withheld) and their hashes.

    Raises:
        FrameError: frame.malformed; RecordError: header.too-large; LogError: tile.malformed
    """
    found = decode_bundle(frame.bundle)
    stop = frame.start + len(found)
    if not found or frame.start // TILE_WIDTH != (stop - 1) // TILE_WIDTH or stop > frame.size:
        raise FrameError(
            "frame.malformed",
            f"entries of {frame.origin}",
            found=f"[{frame.start}, {stop}) of {frame.size}",
            expected="one to 256 leaves of one bundle",
        )
    longest = max(map(len, found))
    if longest > HEADER_BYTES_MAX:
        raise RecordError(
            "header.too-large", f"a leaf of {frame.origin}", found=longest, expected=HEADER_BYTES_MAX
        )
    hashes = leaf_hashes(found)
    leaves: list[bytes | None] = list(found)
    for slot in frame.withheld:
        if slot.offset >= len(leaves) or leaves[slot.offset]:
            raise FrameError("frame.malformed", f"withheld slot {slot.offset}", expected="a zero-length leaf")
        leaves[slot.offset] = None
        hashes[slot.offset] = slot.leaf_hash
    return leaves, hashes
