"""What a follower knows of witnesses, and what it makes of their lines.

Rules (spec/05-sync.md#following):
- a note over the same tree gives way only to one with more of what counts;
- a line that fails is no line: who added it is not known, and the peer may not know the witness;
- only lines of witnesses whom this node trusts decide between two histories, and only once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from frostnode.protocol.checkpoint import open_checkpoint
from frostnode.protocol.cosigners import Cosigner, cosigned_times, merge_notes
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.follow_actions import TakeEvents, TakeVouch
from frostnode.protocol.frames import CheckpointFrame
from frostnode.protocol.history import Cosigned, History
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Did, Origin, format_origin, parse_origin
from frostnode.protocol.note import parse_note

_NOBODY: Final[frozenset[str]] = frozenset()


def nobody_knows(_: Did) -> Sequence[Cosigner] | None:
    """Nothing is known here of any publisher's witnesses."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """`trusted` decide between two histories of a publisher (trusted with: which one a newcomer follows).

    `named` answers whose lines may travel in a publisher's notes; None where its profile is not here.
    """

    trusted: Sequence[Cosigner] = ()
    named: Callable[[Did], Sequence[Cosigner] | None] = nobody_knows


NO_WITNESSES: Final = Knowledge()


class Remembered(Protocol):
    """What the receiver has heard before."""

    def vouched(self, did: Did) -> Mapping[Cid, frozenset[str]]:
        """Which trusted witnesses have cosigned epochs of an undecided history, by opening event."""


class Vouched:
    """What is remembered, and what was heard since."""

    def __init__(self, held: Remembered, known: Knowledge) -> None:
        self._held = held
        self._trusted = known.trusted
        self._heard: dict[Did, dict[Cid, frozenset[str]]] = {}

    def forget(self) -> None:
        """Look anew at what is remembered."""
        self._heard.clear()

    def of(self, did: Did) -> Cosigned:
        """Which trusted witnesses have cosigned the epoch of an event."""
        if did not in self._heard:
            self._heard[did] = dict(self._held.vouched(did)) if self._trusted else {}
        heard = self._heard[did]
        return lambda cid: heard.get(cid, _NOBODY)

    def hear(
        self, frame: CheckpointFrame, history: History | None
    ) -> tuple[TakeVouch | None, TakeEvents | None]:
        """What a head says in favour of a branch of an undecided history, and what it decides; None for nothing new.

        Raises:
            LogError: note.malformed, checkpoint.malformed, checkpoint.origin, note.signature
        """
        key = opening_key(history, frame.origin) if history is not None and self._trusted else None
        if history is None or key is None:
            return None, None
        open_checkpoint(frame.note, Origin(frame.origin), key)
        times = cosigned_times(parse_note(frame.note), self._trusted)
        did, event = history.did, parse_origin(frame.origin).event
        known, witnesses = self.of(did)(event), frozenset(witness.vkey for witness in times)
        if witnesses <= known:
            return None, None
        self._heard[did][event] = known | witnesses
        vouch, decided = TakeVouch(did=did, event=event, witnesses=witnesses), history.copy()
        taken = decided.take([], self.of(did))
        is_decided = decided.choices != history.choices
        return vouch, TakeEvents(did=did, history=decided, taken=taken) if is_decided else None


def opening_key(history: History, origin: str) -> PublicKey | None:
    """The log key of an epoch that may come to count when an undecided history is decided; None for any other."""
    cid = parse_origin(origin).event
    signed = history.event(cid)
    if signed is None or cid not in history.undecided or signed.event.epoch is None:
        return None
    is_its_origin = format_origin(history.did, signed.event.n, cid) == origin
    return signed.event.epoch.key if is_its_origin else None


def better_note(state: LogState, note: bytes, known: Knowledge, did: Did) -> bytes | None:
    """The note to keep over the tree that is held, when another one came; None when the old one is as good."""
    size = state.held.size
    if size == 0 or (state.served == size and state.checkpoint == note):
        return None
    if state.served != size or state.checkpoint is None:
        return note
    return merge_notes(state.checkpoint, note, state.origin, known.named(did))
