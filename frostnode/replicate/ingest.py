"""Judge what a peer sends and store what it proves: bytes in, one transaction per batch.

Rules:
- effects and the cursor that covers them commit together; a gap keeps the cursor back until it is filled;
- judging locks nothing, so that bad bytes hold up nobody: what others stored meanwhile is noticed at the
  write, and the batch is judged anew.

Runs in a worker thread: nothing here waits.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from frostnode.ports import ArrivalKind, LogReader, LogStore, LogWriter
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import FrameError, PeerError, StorageError
from frostnode.protocol.evidence import Evidence
from frostnode.protocol.follow import Follower
from frostnode.protocol.follow_actions import (
    Action,
    Admissible,
    Advance,
    Drop,
    Effect,
    Finished,
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
    TakeVouch,
)
from frostnode.protocol.follow_witnesses import NO_WITNESSES, Knowledge
from frostnode.protocol.frames import (
    BodiesFrame,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EntriesFrame,
    EvidenceFrame,
    Frame,
    FrameDecoder,
)
from frostnode.protocol.journal import Journal
from frostnode.protocol.limits import STREAM_BATCH_IN_FRAMES_MAX
from frostnode.protocol.names import Did, Origin
from frostnode.replicate.admission import OPEN, Admission, Door
from frostnode.replicate.dispute import freeze, freeze_if_proven
from frostnode.replicate.store_held import StoreHeld, read_blocked

_DECODED_BYTES: Final = 1024 * 1024
"""So many bytes are decoded at once: frames may be small, and values take more memory than bytes."""

_OF_ONE_LOG: Final = CheckpointFrame | EntriesFrame | BodiesFrame | EvidenceFrame

_TRIES: Final = 8
"""Each further try means that another writer was faster with the same log, and so that it went on."""


@dataclass(slots=True)
class Outcome:
    """What a batch came to."""

    entries: int = 0
    stored: bool = False
    frames: int = 0
    gaps: dict[Origin, Gap] = field(default_factory=dict)
    dropped: set[Origin] = field(default_factory=set)
    """Logs of which less is held than before, and there is a gap behind that."""
    missing: set[Did] = field(default_factory=set)
    forks: dict[Origin, tuple[Fork, Sequence[int]]] = field(default_factory=dict)
    """What would be evidence if its tree were shown at one of these sizes."""
    proven: set[Origin] = field(default_factory=set)
    """Logs of which a fork was shown that is evidence by itself."""
    behind: set[Origin] = field(default_factory=set)
    """Logs of which the peer has shown more than is held now."""
    has_shown: bool = False
    """Whether it has shown a head that it had not shown before."""
    finished: Finished | None = None
    is_idle: bool = False
    """Whether the last frame was a cursor alone: the sign of a peer that has nothing more to say now."""
    sizes: dict[Origin, int] = field(default_factory=dict)
    """How many leaves there are now of the logs that grew: the peer has them too."""
    grown_from: dict[Origin, int] = field(default_factory=dict)
    """From which leaf on leaves of those were taken: their bodies may be absent."""
    tips: dict[Did, Cid] = field(default_factory=dict)
    leaves: list[tuple[Origin, int]] = field(default_factory=list)
    """Which leaves came that were held as hashes alone."""
    bodies: list[tuple[Origin, int, int]] = field(default_factory=list)
    """Of which leaves bodies were taken."""

    def note(self, effect: Effect) -> None:
        """Remember what came."""
        match effect:
            case TakeEntries():
                self.sizes[effect.origin] = effect.growth.stop
                self.grown_from.setdefault(effect.origin, effect.growth.start)
            case TakeLeaves():
                self.leaves += [(effect.origin, index) for index, _ in effect.leaves]
            case TakeBodies():
                self.bodies.append((effect.origin, effect.start, effect.stop))
            case TakeEvents() if effect.history.tip is not None:
                self.tips[effect.did] = effect.history.tip


class Ingest:
    """One peer's frames, judged and stored. `peer` None stores no cursor (a log asked for by size).

    `source` is the peer as a source of logs: what it shows to have is noted, of files also that it is less by now. `dids`, `stopped` and `witnesses` are
    the follower's; `door` decides what is stored. With `origin` a frame of another log is a fault. `entries` and
    `commits` count all that was stored, also of a batch that ended with an error.
    """

    def __init__(
        self,
        store: LogStore,
        peer: str | None,
        dids: frozenset[Did] | None = None,
        stopped: Journal[Origin, Stopped] | None = None,
        door: Door = OPEN,
        witnesses: Knowledge = NO_WITNESSES,
        *,
        source: str | None = None,
        origin: Origin | None = None,
        is_static: bool = False,
    ) -> None:
        self._store = store
        self._is_static = is_static
        self._origin = origin
        self._peer = peer
        self._door = door
        self._source = source
        self._noted: dict[Origin, int] = {}
        self._decoder = FrameDecoder()
        self._held = StoreHeld(store)
        self._stopped: Journal[Origin, Stopped] = Journal() if stopped is None else stopped
        passes_over = None if door is OPEN else door.passes_over
        self._follower = Follower(self._held, dids, self._stopped, passes_over, witnesses)
        self._gaps: dict[Origin, Gap] = {}
        self.cursor: bytes | None = None
        self._stored_cursor: bytes | None = None
        self.entries = 0
        self.commits = 0

    def feed(self, chunk: bytes) -> Outcome:
        """Judge and store every frame that is complete now; what comes after the end is not looked at.

        Raises:
            PeerError: what came before the fault is stored, the frame at fault is not
            StorageError: nothing of the last batch is stored
        """
        outcome = Outcome()
        for frames in self._decoded(chunk):
            self._take(frames, outcome)
            if outcome.finished is not None:
                break
        return outcome

    def take(self, frames: list[Frame]) -> Outcome:
        """The same for frames that are decoded already."""
        outcome = Outcome()
        self._take(frames, outcome)
        return outcome

    def give_up(self, origin: Origin) -> None:
        """Let no gap in this log keep the cursor back: the peer does not give what would fill it."""
        self._gaps.pop(origin, None)

    def keep_back(self, gaps: Iterable[Gap]) -> None:
        """Store no cursor before these gaps are filled."""
        self._gaps.update((gap.origin, gap) for gap in gaps)

    def save_cursor(self) -> list[Gap]:
        """Store the cursor that gaps kept back, if they are filled; answers those that are not."""
        with self._store.read() as reader:
            self._gaps = {origin: gap for origin, gap in self._gaps.items() if self._is_open(reader, gap)}
        if self._has_news():
            with self._store.write() as writer:
                self._write_cursor(writer)
        return list(self._gaps.values())

    def _decoded(self, chunk: bytes) -> Iterator[list[Frame]]:
        frames: list[Frame] = []
        for at in range(0, len(chunk), _DECODED_BYTES):
            try:
                frames += self._decoder.feed(chunk[at : at + _DECODED_BYTES])
            except PeerError:
                yield frames
                raise
            if len(frames) >= STREAM_BATCH_IN_FRAMES_MAX:
                yield frames
                frames = []
        if frames:
            yield frames

    def _take(self, frames: list[Frame], outcome: Outcome) -> None:
        for attempt in range(_TRIES):
            self._held.forget()
            try:
                fault = self._judge_and_store(frames, outcome)
            except StorageError as error:
                self._follower.undo()
                if error.code != "storage.conflict" or attempt == _TRIES - 1:
                    raise
                continue
            self._follower.keep()
            self._pass_over(outcome)
            if fault is not None:
                raise fault
            return

    def _pass_over(self, outcome: Outcome) -> None:
        """What is not wanted any more is not to be asked for either."""
        for origin, gap in list(outcome.gaps.items()):
            if self._door.passes_over(gap.did):
                del outcome.gaps[origin]
                self._gaps.pop(origin, None)
        if outcome.missing:
            outcome.missing = {did for did in outcome.missing if not self._door.passes_over(did)}

    def _judge_and_store(self, frames: list[Frame], outcome: Outcome) -> PeerError | None:
        """Store what comes before the first fault, and answer that."""
        with self._store.read() as reader:
            before = reader.last_arrival()
            self._follower.blocked = read_blocked(reader)
        actions: list[Action] = []
        fault: PeerError | None = None
        for frame in frames:
            try:
                self._check_origin(frame)
                actions += self._follower.feed(frame)
            except PeerError as error:
                fault = error
                break
            if isinstance(frame, EndFrame):
                break
        effects = self._sort(actions, outcome)
        shown = self._newly_shown()
        if effects or shown or self._has_news(outcome):
            self._store_effects(effects, shown, before, outcome)
        outcome.behind.update(self._follower.behind())
        outcome.frames += len(frames)
        outcome.is_idle = bool(frames) and isinstance(frames[-1], CursorFrame)
        return fault

    def _check_origin(self, frame: Frame) -> None:
        if self._origin is None or not isinstance(frame, _OF_ONE_LOG):
            return
        if frame.origin != self._origin:
            raise FrameError("frame.order", "log of a frame", found=frame.origin, expected=self._origin)

    def _sort(self, actions: list[Action], outcome: Outcome) -> list[Effect]:
        """Pick out what is to be stored; note the rest."""
        effects: list[Effect] = []
        for action in actions:
            match action:
                case (
                    TakeEvents()
                    | TakeEntries()
                    | TakeLeaves()
                    | TakeBodies()
                    | TakeVouch()
                    | NewHead()
                    | Drop()
                    | TakeEvidence()
                    | Fork()
                ):
                    effects.append(action)
                    if isinstance(action, Drop):
                        outcome.dropped.add(action.origin)
                case Gap():
                    self._gaps[action.origin] = outcome.gaps[action.origin] = action
                case Missing():
                    outcome.missing.add(action.did)
                case Stopped():
                    self._gaps.pop(action.origin, None)
                    outcome.gaps.pop(action.origin, None)
                case Finished():
                    outcome.finished = action
                case Advance():
                    self.cursor = action.cursor
        return effects

    def _newly_shown(self) -> dict[Origin, int]:
        """What the peer has shown to have of logs, as far as it had not shown just that before."""
        if self._source is None:
            return {}
        return {
            origin: size for origin, size in self._follower.shown.items() if self._noted.get(origin) != size
        }

    def _store_effects(
        self, effects: list[Effect], shown: Mapping[Origin, int], before: int, outcome: Outcome
    ) -> None:
        entries = 0
        taken: list[Effect] = []
        with self._store.write() as writer:
            if effects and writer.last_arrival() != before:
                self._check_unchanged(writer)
            admission = self._door.admission(writer)
            for effect in effects:
                if isinstance(effect, Fork):
                    found = freeze_if_proven(writer, effect)
                    if isinstance(found, Evidence):
                        outcome.proven.add(effect.origin)
                    else:
                        outcome.forks[effect.origin] = effect, found
                elif (admitted := admission.admit(effect)) is not None:
                    entries += _apply_effect(writer, admitted, admission)
                    taken.append(admitted)
            admission.settle()
            if self._source is not None and shown:
                at_least = self._peer is None and not self._is_static
                writer.put_sources(self._source, shown, at_least=at_least)
            if self._has_news(outcome):
                self._write_cursor(writer)
        admission.kept()
        for effect in taken:
            outcome.note(effect)
        self._noted.update(shown)
        outcome.has_shown = outcome.has_shown or bool(shown)
        outcome.entries += entries
        outcome.stored = outcome.stored or bool(effects)
        self.entries += entries
        self.commits += bool(effects)

    def _check_unchanged(self, writer: LogWriter) -> None:
        """Others have stored something since the judging: refuse if it was about the same logs, or a block.

        Raises:
            StorageError: storage.conflict
        """
        if (blocked := read_blocked(writer)) != self._follower.blocked:
            raise StorageError(
                "storage.conflict",
                "what is blocked",
                found=len(blocked.publishers),
                expected="as when judged",
            )
        for origin, state in self._follower.judged.items():
            if (found := writer.log(origin)) != state:
                raise StorageError(
                    "storage.conflict",
                    f"state of {origin}",
                    found=found and found.held.size,
                    expected=state and state.held.size,
                )

    # -- cursor and gaps --------------------------------------------------------------------------

    def _has_news(self, outcome: Outcome | None = None) -> bool:
        """Whether there is a cursor to be stored, with everything before it."""
        is_behind = self._peer is not None and self.cursor != self._stored_cursor
        return is_behind and not self._gaps and not (outcome and outcome.missing)

    def _write_cursor(self, writer: LogWriter) -> None:
        assert self._peer is not None
        writer.peer_reached(self._peer, self.cursor, "")
        self._stored_cursor = self.cursor

    def _is_open(self, reader: LogReader, gap: Gap) -> bool:
        """Whether leaves that the peer has shown are still to come."""
        if self._door.passes_over(gap.did):
            return False
        state = reader.log(gap.origin)
        if (
            state is None
            or state.standing is None
            or reader.block(gap.did)
            or self._stopped.get(gap.origin) is not None
        ):
            return False
        end = state.standing.end
        wanted = gap.shown if end is None else min(gap.shown, end.size)
        return state.held.size < wanted and not state.frozen


def _apply_effect(writer: LogWriter, action: Admissible, admission: Admission) -> int:
    """Write one action; answers how many leaves it added."""
    new: list[bool] = []
    added = 0
    match action:
        case TakeEntries():
            start, stop = action.growth.start, action.growth.stop
            writer.append(action.origin, action.growth, action.ahead)
            if action.served is not None:
                writer.serve(action.origin, action.note, action.served)
            writer.arrive(ArrivalKind.ENTRIES, action.did, action.origin, start, stop)
            added = stop - start
        case TakeLeaves():
            for index in writer.put_leaves(action.origin, action.leaves):
                writer.arrive(ArrivalKind.ERASED, action.did, action.origin, index, index + 1)
        case TakeBodies():
            new = writer.put_bodies(action.bodies)
            if action.fresh or any(new):
                writer.arrive(ArrivalKind.BODIES, action.did, action.origin, action.start, action.stop)
        case TakeEvents():
            writer.take_events(action.did, action.history, action.taken)
        case TakeVouch():
            writer.vouch(action.did, action.event, action.witnesses)
        case NewHead():
            writer.serve(action.origin, action.note, action.size)
            writer.arrive(ArrivalKind.HEAD, action.did, action.origin, action.size, action.size)
        case Drop():
            writer.drop(action.did, action.origin, action.size)
        case TakeEvidence():
            freeze(writer, action.did, action.evidence)
    admission.took(action, new)
    return added
