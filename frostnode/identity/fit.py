"""Whether a kit fits an identity history: the proof that it will sign when it has to, without using it.

Rules (spec/02-identity.md#keys-and-kits):
- the last event that counts has committed to the keys of the next one; a kit fits if the key that it makes
  for that event, or for one that it did not sign, hashes into this commitment. A recovery kit is held against the last
  recovery set likewise;
- nothing of the seed and no key leaves: a hash that fits stands in the history already;
- it holds as of the history that was given. Whoever has a later one may know more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from frostnode.identity.commitments import kit_hash
from frostnode.identity.kits import Kit, Purpose
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import FrameError, IdentityError, LocalError
from frostnode.protocol.frames import split_byte_strings
from frostnode.protocol.history import History
from frostnode.protocol.identity import Commitment, Kind, SignedEvent, parse_signed_event
from frostnode.protocol.names import Did, did_of, parse_origin
from frostnode.protocol.proofs import decode_proof, read_path

_CBOR_MAP: Final = range(0xA0, 0xC0)
"""First bytes of what is a map in CBOR, as proof files are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """What the next event of one purpose must reveal: keys number `n` of kits (`Kit.key`) that hash into `made`.

    `event`, whose number is `event_n`, has committed to them.
    """

    purpose: Purpose
    n: int
    made: Commitment
    event: Cid
    event_n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A kit that fits. `others` are the hashes of the kits beside it that count as well, if there are any.

    `number` is that of its key that is awaited: `awaited.n`, or a lower one if it did not sign the events before.
    `disputed` when the history goes on in two ways of which neither is followed: the kit fits what both share.
    """

    awaited: Awaited
    number: int
    others: tuple[bytes, ...]
    disputed: bool

    @property
    def needed(self) -> int:
        """How many of the others must sign with it."""
        return self.awaited.made.threshold - 1


def awaited(history: History, purpose: Purpose, after: Cid | None = None) -> Awaited:
    """What the history awaits from the kits of a purpose: after the last event that counts, or after another one.

    Raises:
        IdentityError: identity.unknown, when nothing is known of it; identity.recovery, when it has no recovery set
    """
    if not history.path:
        raise IdentityError("identity.unknown", f"history of {history.did}", found="no event that counts")
    path = path_to(history, history.path[-1].cid if after is None else after)
    found = list(_commitments(path, purpose))
    if not found:
        raise IdentityError(
            "identity.recovery",
            f"{history.did} was founded without a recovery set",
            hint="it is set when a publisher begins, or never",
        )
    return found[-1]


def path_to(history: History, cid: Cid) -> list[SignedEvent]:
    """An event and all its ancestors, genesis first.

    Raises:
        IdentityError: identity.unknown
    """
    path: list[SignedEvent] = []
    at: Cid | None = cid
    while at is not None:
        signed = history.event(at)
        if signed is None:
            raise IdentityError("identity.unknown", f"event {at} of {history.did}")
        path.append(signed)
        at = signed.event.prev
    return path[::-1]


def check_fit(kit: Kit, history: History, after: Cid | None = None) -> Fit:
    """Hold a kit against the history of its publisher: what it awaits after its last event, or after another one.

    Raises:
        LocalError: kit.mismatch, with what the kit is instead where the history tells
        IdentityError: identity.unknown, identity.recovery
    """
    if kit.label.did != history.did:
        raise LocalError(
            "kit.mismatch",
            "the kit is of another publisher",
            found=kit.label.did,
            expected=history.did,
            hint="take the kit of this publisher, or the history of the other",
        )
    wanted = awaited(history, kit.label.purpose, after)
    number = _number(kit, wanted)
    if number is None:
        raise _mismatch(kit, history, wanted)
    own = kit_hash(kit, number)
    others = tuple(each for each in wanted.made.hashes if each != own)
    return Fit(awaited=wanted, number=number, others=others, disputed=history.forked)


def _number(kit: Kit, wanted: Awaited) -> int | None:
    """Which key of the kit is awaited. One that did not sign the last events stays with the key that it has not shown."""
    return next((n for n in range(wanted.n, -1, -1) if kit_hash(kit, n) in wanted.made.hashes), None)


def _mismatch(kit: Kit, history: History, wanted: Awaited) -> LocalError:
    """Say what the kit is instead: replaced, void, of the other purpose, or nothing that this history knows."""
    counts = {signed.cid for signed in history.path}
    fitted = _fitted(kit, history)
    counted = [each for each in fitted if each.event in counts]
    what, other = kit.label.purpose.kit_name, _other_purpose(kit)
    if counted:
        said = f"the {what} was good up to event {counted[-1].event_n}; event {wanted.event_n} names another"
        hint = "use the newer one, and destroy this one: it could still mislead newcomers"
    elif fitted:
        said = f"the {what} fits only event {fitted[-1].event}, which is void"
        hint = "use the one that the recovery named"
    elif _fitted(other, history):
        said, hint = f"this is no {what}", f"it is the {other.label.purpose.kit_name}: say that it is"
    else:
        said = f"the {what} fits no event that is known of {history.did}"
        hint = "it is another one, or its words have a mistake, or this history is older than it is"
    return LocalError("kit.mismatch", said, hint=hint)


def _fitted(kit: Kit, history: History) -> list[Awaited]:
    """Every known commitment that the kit fits, ancestors first."""
    known = list(_commitments(history.events, kit.label.purpose))
    own = {kit_hash(kit, n) for n in range(max((each.n for each in known), default=-1) + 1)}
    return [each for each in known if not own.isdisjoint(each.made.hashes)]


def _other_purpose(kit: Kit) -> Kit:
    """The same seed as a kit of the other purpose: words do not say which they are of."""
    [other] = [each for each in Purpose if each is not kit.label.purpose]
    return replace(kit, label=replace(kit.label, purpose=other))


def _commitments(events: Iterable[SignedEvent], purpose: Purpose) -> Iterator[Awaited]:
    """Every commitment of a purpose in some events, ancestors first."""
    recoveries: dict[Cid, int] = {}
    for signed in events:
        recoveries[signed.cid] = _recoveries(signed, recoveries)
        event, made, n = signed.event, signed.event.next, signed.event.n + 1
        if purpose is Purpose.RECOVERY:
            if event.recovery is None:
                continue
            made, n = event.recovery, recoveries[signed.cid]
        yield Awaited(purpose=purpose, n=n, made=made, event=signed.cid, event_n=event.n)


def _recoveries(signed: SignedEvent, above: Mapping[Cid, int]) -> int:
    """How many recovery events there are on the path down to an event."""
    prev = signed.event.prev
    return (0 if prev is None else above[prev]) + (signed.event.kind is Kind.RECOVERY)


# -- histories from elsewhere -------------------------------------------------------------------------


def history_of_file(data: bytes) -> History:
    """The identity history in a proof file, or as nodes serve it: a CBOR sequence of signed events, ancestors first.

    Raises:
        PeerError: the code of whatever does not hold; LocalError: input.unreadable, when it is neither
    """
    if data[:1] and data[0] in _CBOR_MAP:
        proof = decode_proof(data)
        return read_path(parse_origin(proof.origin).did, proof.history)
    try:
        events = [parse_signed_event(raw) for raw in split_byte_strings(data)]
    except FrameError as error:
        raise LocalError(
            "input.unreadable",
            "neither a proof file nor an identity history",
            hint="`frost proof` writes one",
        ) from error
    if not events:
        raise LocalError("input.unreadable", "an empty file is no identity history")
    return history_of(did_of(events[0].cid), events)


def history_of(did: Did, path: Sequence[SignedEvent], beside: Sequence[SignedEvent] = ()) -> History:
    """A history in which `path` counts, as somebody else had decided it, and who knows what lies `beside` it.

    Raises:
        PeerError: the code of an event that is refused
    """
    history = History.empty(did)
    for batch in (path, beside):
        taken = history.take(batch)
        if taken.refused:
            raise taken.refused[0][1]
    return history
