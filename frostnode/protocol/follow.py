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

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice

from frostnode.protocol.checkpoint import Checkpoint, open_checkpoint
from frostnode.protocol.errors import FrameError, LogError
from frostnode.protocol.evidence import Evidence, check_evidence
from frostnode.protocol.follow_actions import (
    Action,
    Advance,
    Drop,
    Fork,
    Gap,
    Missing,
    NewHead,
    Stopped,
    TakeBodies,
    TakeEntries,
    TakeEvents,
    TakeEvidence,
    TakeLeaves,
    ask_for,
    finished,
    gap_to_end,
    with_cursor,
)
from frostnode.protocol.follow_held import Held, HeldNow, Target
from frostnode.protocol.follow_witnesses import NO_WITNESSES, Knowledge, Vouched, better_note
from frostnode.protocol.frames import (
    BodiesFrame,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EntriesFrame,
    EventsFrame,
    EvidenceFrame,
    Frame,
)
from frostnode.protocol.history import EpochStanding, History, Taken
from frostnode.protocol.identity import parse_signed_event
from frostnode.protocol.journal import Journal
from frostnode.protocol.leaf_run import LeafRun, read_run
from frostnode.protocol.limits import HEADER_BYTES_MAX, STREAM_HEADS_COMPARED_MAX, TILE_WIDTH
from frostnode.protocol.log_state import Ahead, LogState
from frostnode.protocol.merkle import extends
from frostnode.protocol.named_body import named_bodies
from frostnode.protocol.names import Did, Origin, parse_did, parse_origin
from frostnode.protocol.withheld import NOTHING_BLOCKED


class Follower:
    """Judges the frames of one stream, in order.

    `dids` are the publishers that were asked for (None: all), whatever the peer sends. `stopped` may be
    shared by the followers of several streams of one peer. `passes_over` says whose logs are not wanted for
    now; their identity events are judged all the same. `witnesses` is what is known of those who cosign.
    """

    def __init__(
        self,
        held: Held,
        dids: frozenset[Did] | None = None,
        stopped: Journal[Origin, Stopped] | None = None,
        passes_over: Callable[[Did], bool] | None = None,
        witnesses: Knowledge = NO_WITNESSES,
    ) -> None:
        self._passes_over = passes_over or (lambda _: False)
        self._is_choosy, self._has_passed_over = passes_over is not None, False
        self._held = HeldNow(held)
        self._witnesses, self._vouched = witnesses, Vouched(held, witnesses)
        self._dids = dids
        self._stopped: Journal[Origin, Stopped] = Journal() if stopped is None else stopped
        self._targets: Journal[Origin, Target] = Journal()
        self._later: Journal[Origin, Origin] = Journal()
        self._taken: Journal[Origin, int] = Journal()
        self.blocked = NOTHING_BLOCKED
        """What is passed over; whoever feeds frames keeps it up to date."""

    @property
    def judged(self) -> Mapping[Origin, LogState | None]:
        """The logs that the batch was judged against, as they were held."""
        return self._held.judged

    @property
    def shown(self) -> Mapping[Origin, int]:
        """How many leaves of each log the peer has proven in this batch to have."""
        return self._held.shown

    def behind(self) -> list[Origin]:
        """The logs of which the peer has shown more in this batch than is held behind it, or about to be."""
        return [origin for origin in self._held.behind() if self._stopped.get(origin) is None]

    def keep(self) -> None:
        """The last batch was stored. Others may have stored more: look anew at what is held."""
        for journal in (self._stopped, self._targets, self._later, self._taken):
            journal.keep()
        self._held.keep()
        self._vouched.forget()

    def undo(self) -> None:
        """The last batch was not stored: its frames are fed again."""
        for journal in (self._stopped, self._targets, self._later, self._taken):
            journal.undo()
        self._held.undo()
        self._vouched.forget()

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
            case EvidenceFrame():
                return self._evidence(frame)
            case CursorFrame():
                return [*self._compare_later(), Advance(cursor=frame.cursor)]
            case EndFrame():
                return [finished(frame)]

    # -- identity ---------------------------------------------------------------------------------

    def _events(self, frame: EventsFrame) -> list[Action]:
        did = parse_did(frame.did)
        if not self._is_asked_for(did):
            return []
        known = self._held.history(did)
        history = known.copy() if known is not None else History.empty(did)
        taken = history.take([parse_signed_event(raw) for raw in frame.events], self._vouched.of(did))
        missing: list[Action] = [Missing(did=did, ancestors=taken.missing)] if taken.missing else []
        if not taken.new:
            for _, refusal in taken.refused:
                raise refusal
            return [*(gap_to_end(did, log) for log in self._held.astray(history)), *missing]
        self._held.put_history(history)
        return [TakeEvents(did=did, history=history, taken=taken), *self._restand(did, taken), *missing]

    def _restand(self, did: Did, taken: Taken) -> list[Action]:
        """Bring the logs to where their epochs stand now. What stopped one may be settled: it is asked for again."""
        again: list[Action] = []
        for change in taken.changes:
            origin = change.origin
            self._targets.put(origin, None)
            self._held.restand(origin, change.new)
            was_stopped = self._stopped.get(origin) is not None
            self._stopped.put(origin, None)
            if change.new is None or not (was_stopped or change.new.end):
                continue
            state = self._held.log(origin, change.new)
            if change.new.end and self._held.is_astray(state, change.new.end):
                again.append(gap_to_end(did, state))
            elif was_stopped:
                again.append(self._ask_again(did, change.new))
        return again

    def _vouch(self, frame: CheckpointFrame) -> list[Action]:
        """What a cosigned head of an epoch that does not count says about an undecided history."""
        did = parse_origin(frame.origin).did
        is_wanted = self._is_asked_for(did) and not self._passes_over(did)
        history = self._held.history(did) if is_wanted else None
        vouch, decided = self._vouched.hear(frame, history)
        if vouch is None or decided is None:
            return [] if vouch is None else [vouch]
        self._held.put_history(decided.history)
        opened = [change.new for change in decided.taken.changes if change.new and change.old is None]
        again = [self._ask_again(did, standing) for standing in opened]
        return [vouch, decided, *again, *self._restand(did, decided.taken)]

    def _ask_again(self, did: Did, standing: EpochStanding) -> Gap:
        """The log was passed over: all that is not held of it is to be asked for."""
        size = self._held.log(standing.origin, standing).held.size
        return Gap(did=did, origin=standing.origin, held=size, shown=size)

    def _is_asked_for(self, did: Did) -> bool:
        return (self._dids is None or did in self._dids) and did not in self.blocked.publishers

    def _standing(self, origin: str) -> tuple[Did, Origin, EpochStanding | None]:
        """The epoch of an origin; None when it is passed over: it does not count here, nobody asked, or it stopped.

        Raises:
            FrameError: frame.order, when the publisher's identity was not sent before its log
        """
        parts = parse_origin(origin)
        if self._stopped.get(Origin(origin)) is not None:
            return parts.did, Origin(origin), None
        return parts.did, Origin(origin), self._epoch(parts.did, Origin(origin))

    def _epoch(self, did: Did, origin: Origin) -> EpochStanding | None:
        """The same, also for a log that stopped."""
        if not self._is_asked_for(did):
            return None
        if self._passes_over(did):
            self._has_passed_over = True
            return None
        history = self._held.history(did)
        if history is None or history.tip is None:
            if self._lacks(did):
                return None
            raise FrameError(
                "frame.order",
                f"log of {did}",
                found="no identity events",
                expected="them before its log",
            )
        return history.epoch(origin)

    def _lacks(self, did: Did) -> bool:
        """Whether identity events are not here, and may have come while the publisher was not wanted."""
        is_wanted = self._is_asked_for(did) and not self._passes_over(did)
        return self._is_choosy and is_wanted and self._held.history(did) is None

    def _stop(self, origin: Origin, code: str, reason: str) -> Stopped:
        """Pass over what comes of a log from here on."""
        stopped = Stopped(origin=origin, code=code, reason=reason)
        self._stopped.put(origin, stopped)
        return stopped

    # -- heads ------------------------------------------------------------------------------------

    def _checkpoint(self, frame: CheckpointFrame) -> list[Action]:
        did, origin, standing = self._standing(frame.origin)
        if standing is None:
            return self._vouch(frame) if self._stopped.get(origin) is None else []
        if standing.key is None:
            raise LogError("epoch.unknown", f"epoch {origin} was opened without a log key")
        checkpoint = open_checkpoint(frame.note, origin, standing.key)
        state = self._held.log(origin, standing)
        self._held.shown[origin] = checkpoint.size
        if (end := standing.end) is not None:
            settles = checkpoint.size == end.size
            if settles and checkpoint.root != end.root:
                return [
                    self._stop(origin, "checkpoint.fork", "the peer holds another tree than that of its end")
                ]
            self._targets.put(origin, Target(end.size, end.root, frame.note if settles else None))
            return []
        self._targets.put(origin, Target(checkpoint.size, checkpoint.root, frame.note))
        return [] if state.frozen else self._compare(did, state, checkpoint, frame)

    def _compare(
        self, did: Did, state: LogState, checkpoint: Checkpoint, frame: CheckpointFrame
    ) -> list[Action]:
        """Hold a signed head of an open epoch against what is held of it."""
        held = state.held
        if checkpoint.size > held.size:
            self._later.put(state.origin, state.origin)
            if frame.old != held.size or frame.old == 0:
                return []
            fits = extends(held.size, held.root(), checkpoint.size, checkpoint.root, frame.proof)
            return [] if fits else self._fork(did, state, frame.note)
        if checkpoint.root != self._held.tree(state, checkpoint.size).root():
            return self._fork(did, state, frame.note)
        is_held = checkpoint.size == held.size
        note = better_note(state, frame.note, self._witnesses, did) if is_held else None
        if note is None:
            return []
        self._held.put_log(replace(state, served=held.size, checkpoint=note))
        return [NewHead(did=did, origin=state.origin, note=note, size=held.size)]

    def _compare_later(self) -> list[Action]:
        """Hold heads that were beyond what was held against what others have brought since."""
        actions: list[Action] = []
        for origin in list(islice(self._later, STREAM_HEADS_COMPARED_MAX)):
            self._later.put(origin, None)
            did, _, standing = self._standing(origin)
            target = self._targets.get(origin)
            if standing is None or standing.end is not None or target is None or target.note is None:
                continue
            state = self._held.log(origin, standing)
            if state.held.size < target.size:
                self._later.put(origin, origin)
            elif not state.frozen and self._held.tree(state, target.size).root() != target.root:
                actions += self._fork(did, state, target.note)
        return actions

    # -- evidence ---------------------------------------------------------------------------------

    def _evidence(self, frame: EvidenceFrame) -> list[Action]:
        """Believe in a fork when it is proven; of an epoch that has ended it changes nothing."""
        did, origin = parse_origin(frame.origin).did, Origin(frame.origin)
        standing = self._epoch(did, origin)
        if standing is None or standing.end is not None:
            return []
        if standing.key is None:
            raise LogError("epoch.unknown", f"epoch {origin} was opened without a log key")
        evidence = Evidence(
            origin=origin, smaller=frame.smaller, larger=frame.larger, proof=tuple(frame.proof)
        )
        check_evidence(evidence, standing.key)
        state = self._held.log(origin, standing)
        if state.disputed:
            return []
        self._held.put_log(replace(state, disputed=True))
        return [TakeEvidence(did=did, evidence=evidence)]

    # -- entries ----------------------------------------------------------------------------------

    def _target(self, frame: EntriesFrame, standing: EpochStanding) -> Target | None:
        """The tree that entries are proven to; None where they are to be passed over.

        Its checkpoint may have been, or the peer follows one branch of what is undecided here, and shows how that ends.

        Raises:
            FrameError: frame.order
        """
        target = self._targets.get(Origin(frame.origin))
        end = standing.end
        if end is not None and (target is None or (target.size, target.root) != (end.size, end.root)):
            target = Target(end.size, end.root, None)
        if target is None or target.size != frame.size:
            if self._has_passed_over or standing.is_undecided:
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
        state = self._held.log(origin, standing)
        run = read_run(frame)
        if target is None:
            return [] if standing.is_undecided else ask_for(did, origin, state.held.size, run.stop)
        if run.root != target.root:
            raise LogError(
                "tree.root",
                f"entries from {frame.start} of {origin} in its tree of {frame.size}",
                found=run.root,
                expected=target.root,
            )
        self._held.shown[origin] = target.size
        return [] if state.frozen else self._judge_run(did, state, target, run)

    def _judge_run(self, did: Did, state: LogState, target: Target, run: LeafRun) -> list[Action]:
        """Hold proven leaves against those that are held, and take those behind them."""
        origin, held, standing = state.origin, state.held, state.standing
        if run.stop <= held.size:
            lacking = self._held.compare(origin, run)
            is_astray = state.astray and self._held.tree(state, run.stop) != run.through
            if lacking is None or is_astray:
                return self._not_ours(did, state, target, run)
            return [TakeLeaves(did=did, origin=origin, leaves=lacking)] if lacking else []
        if standing is None or not (standing.accepts or standing.end is not None):
            return []
        if run.start > held.size:
            return ask_for(did, origin, held.size, run.stop)
        if run.tree_before(held.size) != held:
            return self._not_ours(did, state, target, run)
        return self._take(did, state, target, run)

    def _take(self, did: Did, state: LogState, target: Target, run: LeafRun) -> list[Action]:
        """Take the leaves behind those that are held, up to the first that nobody can carry."""
        origin, start, stop = state.origin, state.held.size, run.carried_stop()
        actions: list[Action] = []
        if start < stop:
            growth = run.growth(state.held, stop)
            served, note = (stop, target.note) if stop == target.size else (None, None)
            ahead = None
            if served is not None:
                self._later.put(origin, None)
            elif target.note is not None:
                ahead = Ahead(note=target.note, beyond=tuple(run.right_of(stop)))
            if self._taken.get(origin) is None:
                self._taken.put(origin, start)
            taken = TakeEntries(did=did, origin=origin, growth=growth, served=served, note=note, ahead=ahead)
            actions.append(taken)
            self._held.grow(state, run, taken)
        if stop < run.stop:
            reason = f"leaf {stop} has more than {HEADER_BYTES_MAX} bytes"
            actions.append(self._stop(origin, "header.too-large", reason))
        return actions

    def _not_ours(self, did: Did, state: LogState, target: Target, run: LeafRun) -> list[Action]:
        """The proven tree does not begin with what is held."""
        standing = state.standing
        if target.note is not None and standing is not None and standing.end is None:
            return self._fork(did, state, target.note, run)
        size = run.shared_with(state.held.size, partial(self._held.tree, state))
        shorter = self._held.drop(state, size)
        drop = Drop(did=did, origin=state.origin, size=size)
        if size >= run.start:
            return [drop, *self._take(did, shorter, target, run)]
        return [drop, Gap(did=did, origin=state.origin, held=size, shown=run.stop)]

    def _fork(self, did: Did, state: LogState, note: bytes, run: LeafRun | None = None) -> list[Action]:
        origin = state.origin
        reason = f"signed two ways within its first {state.held.size} leaves"
        return [
            Fork(did=did, origin=origin, note=note, run=run),
            self._stop(origin, "checkpoint.fork", reason),
        ]

    # -- bodies -----------------------------------------------------------------------------------

    def _bodies(self, frame: BodiesFrame) -> list[Action]:
        did, origin, standing = self._standing(frame.origin)
        if standing is None:
            return []
        state = self._held.log(origin, standing)
        stop = frame.start + len(frame.items)
        if frame.start // TILE_WIDTH != max(frame.start, stop - 1) // TILE_WIDTH:
            raise FrameError(
                "frame.malformed", "bodies", found=f"[{frame.start}, {stop})", expected="one bundle"
            )
        held = state.held.size
        if held < stop and standing.accepts and not state.frozen:
            return [Gap(did=did, origin=origin, held=held, shown=stop)]
        stop = min(stop, held)
        leaves = self._held.leaves(origin, frame.start, stop)
        wanted = self.blocked.without_blocked(did, leaves)
        taken_from = self._taken.get(origin)
        fresh = taken_from is not None and frame.start >= taken_from
        shared = fresh or self._held.shares(state, self._targets.get(origin), stop)
        is_fault = shared and standing.end is None
        bodies = named_bodies(origin, frame.start, wanted, frame.items, is_fault=is_fault)
        if not bodies:
            return []
        if fresh:
            self._taken.put(origin, stop)  # told once: two nodes would tell each other of them for ever
        return [TakeBodies(did=did, origin=origin, start=frame.start, stop=stop, bodies=bodies, fresh=fresh)]
