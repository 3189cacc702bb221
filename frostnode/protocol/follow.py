"""The follower without I/O: it is fed frames and what is held, and answers what may be taken.

Rules (spec/05-sync.md#following):
- nothing is believed of a peer: each frame proves itself into a signed checkpoint or the end of an epoch;
- a frame is judged by itself and taken whole or not at all; after an error the stream is worthless;
- what a peer sends of an epoch that does not count here is passed over: one of us has not heard yet;
- the receiver's own size is the truth: what it holds is not taken twice, a hole is answered with `Gap`;
- what is wrong with a log itself stops that log alone: its frames are passed over from then on.

It never fetches, waits or stores. Whoever applies the actions does so in order and in one transaction
per batch, and says before the next batch which it was: `keep` when it was stored, `undo` when it was not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from frostnode.protocol.checked_bodies import checked_bodies
from frostnode.protocol.checkpoint import Checkpoint, open_checkpoint
from frostnode.protocol.errors import FrameError, LogError
from frostnode.protocol.follow_actions import (
    Action,
    Advance,
    Fork,
    Gap,
    Missing,
    NewHead,
    Stopped,
    TakeBodies,
    TakeEntries,
    TakeEvents,
    TakeLeaves,
    ask_for,
    finished,
    with_cursor,
)
from frostnode.protocol.frames import (
    BodiesFrame,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EntriesFrame,
    EventsFrame,
    Frame,
)
from frostnode.protocol.history import EpochStanding, History, Taken
from frostnode.protocol.identity import parse_signed_event
from frostnode.protocol.journal import Journal
from frostnode.protocol.leaf_run import LeafRun, read_run
from frostnode.protocol.limits import HEADER_BYTES_MAX, TILE_WIDTH
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import CompactRange, verify_consistency
from frostnode.protocol.names import Did, Origin, parse_did, parse_origin
from frostnode.protocol.withheld import NOTHING_BLOCKED


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


_LAST_RUNS: Final = 4


def _passes_over_nobody(did: Did) -> bool:
    return False


class Follower:
    """Judges the frames of one stream, in order.

    `dids` are the publishers that were asked for (None: all), whatever the peer sends. `stopped` may be
    shared by the followers of several streams of one peer. `passes_over` says whose logs are not wanted for
    now; their identity events are judged all the same.
    """

    def __init__(
        self,
        held: Held,
        dids: frozenset[Did] | None = None,
        stopped: Journal[Origin, Stopped] | None = None,
        passes_over: Callable[[Did], bool] | None = None,
    ) -> None:
        self._passes_over = passes_over or _passes_over_nobody
        self._is_choosy, self._has_passed_over = passes_over is not None, False
        self._held = held
        self._dids = dids
        self._stopped: Journal[Origin, Stopped] = Journal() if stopped is None else stopped
        self._histories: dict[Did, History] = {}
        self._logs: dict[Origin, LogState] = {}
        self._runs: dict[Origin, list[LeafRun]] = {}
        self._targets: Journal[Origin, _Target] = Journal()
        self._taken: Journal[Origin, int] = Journal()
        self.blocked = NOTHING_BLOCKED
        """What is passed over; whoever feeds frames keeps it up to date."""
        self.judged: dict[Origin, LogState | None] = {}
        """The logs that the batch was judged against, as they were held."""

    def keep(self) -> None:
        """The last batch was stored. Others may have stored more: look anew at what is held."""
        for journal in (self._stopped, self._targets, self._taken):
            journal.keep()
        # All but the last run of leaves are stored by now; its bodies are likely to come next.
        self._runs = {origin: runs[-1:] for origin, runs in list(self._runs.items())[-_LAST_RUNS:]}
        self._look_anew()

    def undo(self) -> None:
        """The last batch was not stored: its frames are fed again."""
        for journal in (self._stopped, self._targets, self._taken):
            journal.undo()
        self._runs.clear()
        self._look_anew()

    def _look_anew(self) -> None:
        self._histories.clear()
        self._logs.clear()
        self.judged.clear()

    def feed(self, frame: Frame) -> list[Action]:
        """Judge one frame.

        Raises:
            PeerError: the bytes are the peer's fault; nothing of this frame may be taken.
        """
        match frame:
            case EntriesFrame():
                return with_cursor(self._entries(frame), frame.cursor)
            case BodiesFrame():
                return with_cursor(self._bodies(frame), frame.cursor)
            case CheckpointFrame():
                return self._checkpoint(frame)
            case EventsFrame():
                return with_cursor(self._events(frame), frame.cursor)
            case CursorFrame():
                return [Advance(cursor=frame.cursor)]
            case EndFrame():
                return [finished(frame)]

    # -- identity ---------------------------------------------------------------------------------

    def _events(self, frame: EventsFrame) -> list[Action]:
        did = parse_did(frame.did)
        if not self._is_asked_for(did):
            return []
        known = self._history(did)
        history = known.copy() if known is not None else History.empty(did)
        taken = history.take([parse_signed_event(raw) for raw in frame.events])
        missing: list[Action] = [Missing(did=did, ancestors=taken.missing)] if taken.missing else []
        if not taken.new:
            _raise_refusal(taken)
            return missing
        self._histories[did] = history
        return [TakeEvents(did=did, history=history, taken=taken), *self._restand(did, taken), *missing]

    def _restand(self, did: Did, taken: Taken) -> list[Action]:
        """Bring the logs to where their epochs stand now. What stopped one may be settled: it is asked for again."""
        again: list[Action] = []
        for change in taken.changes:
            origin = change.origin
            self._targets.put(origin, None)
            if self._stopped.get(origin) is not None:
                self._stopped.put(origin, None)
                if change.new is not None:
                    size = self._log(origin, change.new).held.size
                    again.append(Gap(did=did, origin=origin, held=size, shown=size))
            if origin in self._logs:
                self._logs[origin] = replace(self._logs[origin], standing=change.new)
        return again

    def _is_asked_for(self, did: Did) -> bool:
        return (self._dids is None or did in self._dids) and did not in self.blocked.publishers

    def _history(self, did: Did) -> History | None:
        if did not in self._histories:
            history = self._held.history(did)
            if history is None:
                return None
            self._histories[did] = history
        return self._histories[did]

    def _standing(self, origin: str) -> tuple[Did, Origin, EpochStanding | None]:
        """The epoch of an origin; None when it is passed over: it does not count here, nobody asked, or it stopped.

        Raises:
            FrameError: frame.order, when the publisher's identity was not sent before its log
        """
        parts = parse_origin(origin)
        if not self._is_asked_for(parts.did) or self._stopped.get(Origin(origin)) is not None:
            return parts.did, Origin(origin), None
        if self._passes_over(parts.did):
            self._has_passed_over = True
            return parts.did, Origin(origin), None
        history = self._history(parts.did)
        if history is None or history.tip is None:
            if self._lacks(parts.did):
                return parts.did, Origin(origin), None
            raise FrameError(
                "frame.order",
                f"log of {parts.did}",
                found="no identity events",
                expected="them before its log",
            )
        standing = history.epoch(Origin(origin))
        return parts.did, Origin(origin), standing

    def _lacks(self, did: Did) -> bool:
        """Whether identity events are not here, and may have come while the publisher was not wanted."""
        is_wanted = self._is_asked_for(did) and not self._passes_over(did)
        return self._is_choosy and is_wanted and self._history(did) is None

    def _log(self, origin: Origin, standing: EpochStanding) -> LogState:
        if origin not in self._logs:
            found = self.judged[origin] = self._held.log(origin)
            state = found or LogState(origin=origin, standing=standing)
            self._logs[origin] = replace(state, standing=standing)
        return self._logs[origin]

    def _stop(self, origin: Origin, code: str, reason: str) -> Stopped:
        """Pass over what comes of a log from here on."""
        stopped = Stopped(origin=origin, code=code, reason=reason)
        self._stopped.put(origin, stopped)
        return stopped

    # -- heads ------------------------------------------------------------------------------------

    def _checkpoint(self, frame: CheckpointFrame) -> list[Action]:
        did, origin, standing = self._standing(frame.origin)
        if standing is None:
            return []
        if standing.key is None:
            raise LogError("epoch.unknown", f"epoch {origin} was opened without a log key")
        checkpoint = open_checkpoint(frame.note, origin, standing.key)
        if (end := standing.end) is not None:
            settles = checkpoint.size == end.size
            if settles and checkpoint.root != end.root:
                return [
                    self._stop(origin, "checkpoint.fork", "the peer holds another tree than that of its end")
                ]
            self._targets.put(origin, _Target(end.size, end.root, frame.note if settles else None))
            return []
        state = self._log(origin, standing)
        self._targets.put(origin, _Target(checkpoint.size, checkpoint.root, frame.note))
        return self._compare(did, state, checkpoint, frame)

    def _compare(
        self, did: Did, state: LogState, checkpoint: Checkpoint, frame: CheckpointFrame
    ) -> list[Action]:
        """Hold a signed head of an open epoch against what is held of it."""
        held = state.held
        if checkpoint.size == held.size:
            if checkpoint.root != held.root():
                return self._fork(did, state, frame.note, held)
            if held.size == 0 or (state.served == held.size and state.checkpoint == frame.note):
                return []
            self._logs[state.origin] = replace(state, served=held.size, checkpoint=frame.note)
            return [NewHead(origin=state.origin, note=frame.note, size=held.size)]
        if frame.old == held.size and frame.old > 0 and checkpoint.size > held.size:
            verify_consistency(held.size, held.root(), checkpoint.size, checkpoint.root, frame.proof)
        return []

    # -- entries ----------------------------------------------------------------------------------

    def _target(self, frame: EntriesFrame, standing: EpochStanding) -> _Target | None:
        """The tree that entries are proven to; None where its checkpoint may have been passed over.

        Raises:
            FrameError: frame.order
        """
        target = self._targets.get(Origin(frame.origin))
        end = standing.end
        if end is not None and (target is None or (target.size, target.root) != (end.size, end.root)):
            target = _Target(end.size, end.root, None)
        if target is None or target.size != frame.size:
            if self._has_passed_over:
                return None
            raise FrameError(
                "frame.order",
                f"tree size that entries of {frame.origin} are proven to",
                found=frame.size,
                expected="no checkpoint came before" if target is None else target.size,
            )
        return target

    def _entries(self, frame: EntriesFrame) -> list[Action]:
        did, origin, standing = self._standing(frame.origin)
        if standing is None:
            return ask_for(did, origin, 0, read_run(frame).stop) if self._lacks(did) else []
        if standing.end is not None and frame.size != standing.end.size:
            return []
        target = self._target(frame, standing)
        state = self._log(origin, standing)
        run = read_run(frame)
        if target is None:
            return ask_for(did, origin, state.held.size, run.stop)
        if run.root != target.root:
            raise LogError(
                "tree.root",
                f"entries from {frame.start} of {origin} in its tree of {frame.size}",
                found=run.root,
                expected=target.root,
            )
        return self._judge_run(did, state, target, run)

    def _judge_run(self, did: Did, state: LogState, target: _Target, run: LeafRun) -> list[Action]:
        """Hold proven leaves against those that are held, and take those behind them."""
        origin, held, standing = state.origin, state.held, state.standing
        if run.stop <= held.size:
            lacking = self._compare_held(origin, run)
            if lacking is None:
                return self._not_ours(did, state, target, run.through)
            return [TakeLeaves(did=did, origin=origin, leaves=lacking)] if lacking else []
        if state.frozen or standing is None or not (standing.accepts or standing.end is not None):
            return []
        if run.start > held.size:
            return ask_for(did, origin, held.size, run.stop)
        before = run.tree_before(held.size)
        if before != held:
            return self._not_ours(did, state, target, before)
        return self._take(did, state, target, run)

    def _compare_held(self, origin: Origin, run: LeafRun) -> list[tuple[int, bytes]] | None:
        """Compare with what is held already, as far as it is here and there: None when it is not the same.

        Answers what is here as a hash alone and could be carried.
        """
        held = self._leaves(origin, run.start, run.stop)
        if held == run.leaves:
            self._runs.setdefault(origin, []).append(run)
            return []
        lacking: list[tuple[int, bytes]] = []
        for index, (mine, theirs) in enumerate(zip(held, run.leaves, strict=True), run.start):
            if mine is not None and theirs is not None and mine != theirs:
                return None
            if mine is None and theirs is not None and len(theirs) <= HEADER_BYTES_MAX:
                lacking.append((index, theirs))
        if lacking:
            self._runs.setdefault(origin, []).append(run)
        return lacking

    def _take(self, did: Did, state: LogState, target: _Target, run: LeafRun) -> list[Action]:
        """Take the leaves behind those that are held, up to the first that nobody can carry."""
        origin, start, stop = state.origin, state.held.size, run.carried_stop()
        actions: list[Action] = []
        if start < stop:
            growth = run.growth(state.held, stop)
            served, note = (stop, target.note) if stop == target.size else (None, None)
            if self._taken.get(origin) is None:
                self._taken.put(origin, start)
            actions.append(
                TakeEntries(
                    did=did,
                    origin=origin,
                    growth=growth,
                    served=served,
                    note=note,
                )
            )
            self._runs.setdefault(origin, []).append(run)
            self._logs[origin] = replace(
                state,
                held=growth.after,
                served=state.served if served is None else served,
                checkpoint=state.checkpoint if served is None else note,
            )
        if stop < run.stop:
            reason = f"leaf {stop} has more than {HEADER_BYTES_MAX} bytes"
            actions.append(self._stop(origin, "header.too-large", reason))
        return actions

    def _not_ours(self, did: Did, state: LogState, target: _Target, left: CompactRange) -> list[Action]:
        """The proven tree does not begin with what is held."""
        if target.note is not None:
            return self._fork(did, state, target.note, left)
        reason = f"the first {left.size} leaves under its end are not those that are held"
        return [self._stop(state.origin, "checkpoint.fork", reason)]

    def _fork(self, did: Did, state: LogState, note: bytes, left: CompactRange) -> list[Action]:
        origin, held = state.origin, state.held
        return [
            Fork(did=did, origin=origin, note=note, held=held, left=left),
            self._stop(origin, "checkpoint.fork", f"signed two ways within its first {held.size} leaves"),
        ]

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
        held = state.held.size
        if held < stop and standing.accepts and not state.frozen:
            return [Gap(did=did, origin=origin, held=held, shown=stop)]
        stop = min(stop, held)
        leaves = self._leaves(origin, frame.start, stop)
        bodies = checked_bodies(origin, frame.start, self.blocked.without_blocked(did, leaves), frame.items)
        if not bodies:
            return []
        taken_from = self._taken.get(origin)
        fresh = taken_from is not None and frame.start >= taken_from
        return [TakeBodies(did=did, origin=origin, start=frame.start, stop=stop, bodies=bodies, fresh=fresh)]

    def _leaves(self, origin: Origin, start: int, stop: int) -> Sequence[bytes | None]:
        """Held leaves [start, stop) of one bundle, None where one is withheld."""
        for run in reversed(self._runs.get(origin, ())):
            if run.start <= start and stop <= run.stop:
                return run.leaves[start - run.start : stop - run.start]
        return [self._leaf(origin, index) for index in range(start, stop)]

    def _leaf(self, origin: Origin, index: int) -> bytes | None:
        for run in reversed(self._runs.get(origin, ())):
            if run.start <= index < run.stop:
                return run.leaf(index)
        return self._held.leaf(origin, index)


def _raise_refusal(taken: Taken) -> None:
    for _, error in taken.refused:
        raise error
