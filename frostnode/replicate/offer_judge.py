"""What this node answers to one offered log, by what it holds: want it, have it, refuse it.

The signed checkpoint of an offer is judged as a frame of a stream would be, so a fork shows here too.
Runs in a worker thread: nothing here waits, and nothing but a newer head of a held tree is stored.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from frostnode.log.withheld import blocked_error
from frostnode.ports import LogReader
from frostnode.protocol.checkpoint import parse_checkpoint_text
from frostnode.protocol.errors import PeerError
from frostnode.protocol.frames import CheckpointFrame
from frostnode.protocol.history import EpochStanding
from frostnode.protocol.limits import TREE_SIZE_MAX
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Did
from frostnode.protocol.note import parse_note
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.offer_form import Have, Offered, Refuse, Span
from frostnode.replicate.policy import Refusal
from frostnode.replicate.world import World


@dataclass(frozen=True, slots=True)
class Wanted:
    """Leaves from `start` and bodies from `bodies` on are missing here, and of `leaves` are hashes alone."""

    start: int
    bodies: int
    leaves: Span | None = None


Verdict: TypeAlias = Wanted | Have | Refuse

_EVENTS_ALONE: Final = Wanted(TREE_SIZE_MAX, TREE_SIZE_MAX)
"""They come before all leaves."""


class OfferJudge:
    """Over one store, for the offers of `peer`, as the carry policy calls it."""

    def __init__(self, world: World, peer: str) -> None:
        self._store = world.store
        self._witnesses = world.witnesses
        self._carrying = world.carrying
        self._door = world.door(peer)
        self._peer = peer

    def judge(self, item: Offered) -> Verdict:
        """What is missing here of an offered log."""
        with self._store.read() as reader:
            if (refused := self.refusal(reader, item.did)) is not None:
                return refused
            history = reader.history(item.did)
            state = reader.log(item.origin)
            held = state.held.size if state else 0
            if history is None or history.event(item.tip) is None:
                return Wanted(held, min(held, _missing_body(reader, item, held)))
            standing = history.epoch(item.origin)
            lacks_events = item.events is not None and item.events != history.events_digest
        verdict = self._of_log(item, state, standing)
        return _EVENTS_ALONE if lacks_events and not isinstance(verdict, Wanted) else verdict

    def _of_log(self, item: Offered, state: LogState | None, standing: EpochStanding | None) -> Verdict:
        """What is missing of a log under an identity that is known here."""
        if standing is None:
            return Refuse("epoch.unknown", "no identity event that counts here opened this epoch")
        if state is not None and state.frozen and item.disputed:
            return Have()
        if (state is not None and state.frozen) or not (standing.accepts or standing.end):
            return Refuse("epoch.frozen", "the epoch takes nothing until an identity event settles a dispute")
        return self._compare(item, standing)

    def refusal(self, reader: LogReader, did: Did) -> Refuse | None:
        """Why nothing is taken of a publisher: it is blocked, or the carry policy says so."""
        block = reader.block(did)
        if block is not None:
            error = blocked_error(block)
            return Refuse(error.code, str(error))
        verdict = None if self._carrying is None else self._carrying.offered(reader, self._peer, did)
        return Refuse(verdict.code, verdict.reason) if isinstance(verdict, Refusal) else None

    def _ingest(self, did: Did) -> Ingest:
        return Ingest(self._store, None, frozenset({did}), door=self._door, witnesses=self._witnesses)

    def _compare(self, item: Offered, standing: EpochStanding) -> Verdict:
        try:
            size = 0 if item.note is None else parse_checkpoint_text(parse_note(item.note).text).size
            if item.note is not None:
                frame = CheckpointFrame(origin=item.origin, note=item.note)
                outcome = self._ingest(item.did).take([frame])
                if outcome.proven or (outcome.forks and not item.disputed):
                    return Refuse("checkpoint.fork", "signed two ways: an identity event has to settle it")
        except PeerError as error:
            return Refuse(error.code, str(error))
        end = standing.end
        if end is not None:
            if item.note is not None and size != end.size:
                return Have()  # its sender has not heard where the epoch ends, and proves another tree
            size = end.size
        with self._store.read() as reader:
            state = reader.log(item.origin)
            held = state.held.size if state else 0
            missing = _missing_body(reader, item, held)
            leaves = None if item.leaves is None else reader.absent_leaves(item.origin, *item.leaves)
        if item.disputed and end is None:
            return Wanted(held, held)  # for the evidence, which comes before all leaves
        is_lacking = held < size or missing < held or leaves is not None
        return Wanted(held, min(held, missing), leaves) if is_lacking else Have()


def _missing_body(reader: LogReader, item: Offered, held: int) -> int:
    """The first leaf whose body may come now: none before those that are said to be new."""
    if item.bodies is None or item.bodies >= held:
        return held
    return min(reader.missing_bodies(item.origin, item.bodies, 1), default=held)
