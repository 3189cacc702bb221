"""Judge what a peer sends and store what it proves: bytes in, one transaction per batch.

Effects and the cursor that covers them commit together. A gap keeps the cursor back until it is filled.
Runs in a worker thread: nothing here waits.
"""

from dataclasses import dataclass, field

from frostnode.ports import ArrivalKind, LogStore, LogWriter
from frostnode.protocol.errors import PeerError, StorageError
from frostnode.protocol.follow import Follower
from frostnode.protocol.follow_actions import (
    Action,
    Advance,
    Effect,
    Finished,
    Fork,
    Gap,
    NewHead,
    TakeBodies,
    TakeEntries,
    TakeEvents,
)
from frostnode.protocol.frames import Frame, FrameDecoder
from frostnode.protocol.history import History
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Did, Origin


class StoreHeld:
    """What the follower may know of the store, read when asked."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    def history(self, did: Did) -> History | None:
        """The identity history of a publisher."""
        with self._store.read() as reader:
            return reader.history(did)

    def log(self, origin: Origin) -> LogState | None:
        """The state of a log."""
        with self._store.read() as reader:
            return reader.log(origin)

    def leaf(self, origin: Origin, index: int) -> bytes | None:
        """One held leaf, None when withheld."""
        with self._store.read() as reader:
            leaves = reader.leaves(origin, index, index + 1)
        return None if leaves.withheld or not leaves.count else leaves.bundle[2:]


@dataclass(slots=True)
class Outcome:
    """What a batch came to."""

    entries: int = 0
    stored: bool = False
    gaps: dict[Origin, Gap] = field(default_factory=dict)
    unknown_ancestors: set[Did] = field(default_factory=set)
    forks: list[Fork] = field(default_factory=list)
    finished: Finished | None = None


class Ingest:
    """One peer's frames, judged and stored. `peer` None stores no cursor (a log asked for by size)."""

    def __init__(self, store: LogStore, peer: str | None) -> None:
        self._store = store
        self._peer = peer
        self._decoder = FrameDecoder()
        self._follower = Follower(StoreHeld(store))
        self._cursor: bytes | None = None
        self._stored_cursor: bytes | None = None

    @property
    def is_between_frames(self) -> bool:
        """Whether the stream so far ended at the end of a frame."""
        return self._decoder.is_empty

    def feed(self, chunk: bytes) -> Outcome:
        """Judge and store every frame that is complete now.

        Raises:
            PeerError: what came before the fault is stored, the frame at fault is not
            StorageError: nothing of the batch is stored
        """
        return self.take(self._decoder.feed(chunk))

    def take(self, frames: list[Frame]) -> Outcome:
        """The same for frames that are decoded already."""
        self._follower.refresh()
        try:
            return self._apply(frames)
        except StorageError as error:
            if error.code != "storage.conflict":
                raise
        # Another peer's frames were stored between our look and our write: look again.
        self._follower.refresh()
        return self._apply(frames)

    def _apply(self, frames: list[Frame]) -> Outcome:
        outcome = Outcome()
        actions: list[Action] = []
        fault: PeerError | None = None
        for frame in frames:
            try:
                actions += self._follower.feed(frame)
            except PeerError as error:
                fault = error
                break
        self._store_actions(actions, outcome)
        if fault is not None:
            raise fault
        return outcome

    def _store_actions(self, actions: list[Action], outcome: Outcome) -> None:
        effects: list[Effect] = []
        for action in actions:
            match action:
                case TakeEvents() | TakeEntries() | TakeBodies() | NewHead():
                    effects.append(action)
                case Gap():
                    outcome.gaps[action.origin] = action
                case Fork():
                    outcome.forks.append(action)
                case Finished():
                    outcome.finished = action
                case Advance():
                    self._cursor = action.cursor
        outcome.unknown_ancestors = {did for did, cids in self._follower.pending.items() if cids}
        held_back = outcome.gaps or outcome.unknown_ancestors
        save_cursor = self._peer is not None and not held_back and self._cursor != self._stored_cursor
        if not effects and not save_cursor:
            return
        with self._store.write() as writer:
            for effect in effects:
                outcome.entries += _apply_effect(writer, effect)
            if save_cursor and self._peer is not None:
                writer.peer_reached(self._peer, self._cursor, "")
        outcome.stored = bool(effects)
        if save_cursor:
            self._stored_cursor = self._cursor

    def save_cursor(self) -> None:
        """Store the cursor that gaps kept back, after they are filled."""
        if self._peer is not None and self._cursor != self._stored_cursor:
            with self._store.write() as writer:
                writer.peer_reached(self._peer, self._cursor, "")
            self._stored_cursor = self._cursor


def _apply_effect(writer: LogWriter, action: Effect) -> int:
    """Write one action; answers how many leaves it added."""
    match action:
        case TakeEntries():
            writer.append(action.origin, action.start, action.bundle, action.withheld, action.held)
            if action.served is not None:
                writer.serve(action.origin, action.note, action.served)
            stop = action.held.size
            writer.arrive(ArrivalKind.ENTRIES, action.did, action.origin, action.start, stop)
            return stop - action.start
        case TakeBodies():
            new = writer.put_bodies(action.bodies)
            if action.fresh or any(new):
                writer.arrive(ArrivalKind.BODIES, action.did, action.origin, action.start, action.stop)
        case TakeEvents():
            writer.take_events(action.did, action.history, action.taken)
        case NewHead():
            writer.serve(action.origin, action.note, action.size)
    return 0
