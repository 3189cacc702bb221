"""The one door on the way in: which of the effects of a batch are stored, and what they use up.

Rules:
- it is asked within the transaction that stores, so that quotas hold whoever else takes something in;
- work is done for each frame and each publisher of a batch, never for each entry, unless types decide;
- what is refused is no error of anybody: the rest of the batch goes on, the cursor moves on, and the
  refusal is remembered, to be looked at again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from frostnode.ledger import EVERYONE, NOTHING, Amount, PublisherPlace, Refused
from frostnode.ports import LogWriter
from frostnode.protocol.entry import read_leaf
from frostnode.protocol.follow_actions import (
    Admissible,
    Drop,
    NewHead,
    TakeBodies,
    TakeEntries,
    TakeEvents,
    TakeEvidence,
    TakeLeaves,
    TakeVouch,
)
from frostnode.protocol.limits import REFUSALS_PER_PEER_MAX
from frostnode.protocol.names import Did
from frostnode.protocol.tiles import decode_bundle
from frostnode.replicate.carrying import Carrying
from frostnode.replicate.policy import DAY_MS, Refusal, Tier, Used, Verdict, budget, host_of

_SUBSCRIPTION: Final = b"\x64type\x6csubscription"
"""How a header says in canonical DAG-CBOR that it is one. A key may hold the same letters: who writes it is counted for it."""


_FREE: Final = (NewHead, TakeVouch, Drop, TakeEvidence)
"""What adds nothing to what is held."""


class Admission(Protocol):
    """One transaction."""

    def admit(self, effect: Admissible) -> Admissible | None:
        """What of an effect is to be stored, None when nothing is."""

    def took(self, effect: Admissible, new_bodies: Sequence[bool] = ()) -> None:
        """An admitted effect is stored."""

    def settle(self) -> None:
        """Write down what was used and refused: the last act of the transaction."""

    def kept(self) -> None:
        """The transaction was committed."""


class Door(Protocol):
    """What one peer may bring."""

    def passes_over(self, did: Did) -> bool:
        """Whether nothing of this publisher's logs is taken from the peer for now."""

    def admission(self, writer: LogWriter) -> Admission: ...


class _Open:
    """Everything is admitted and nothing counted."""

    def passes_over(self, did: Did) -> bool:
        return False

    def admission(self, writer: LogWriter) -> Admission:
        return self

    def admit(self, effect: Admissible) -> Admissible | None:
        return effect

    def took(self, effect: Admissible, new_bodies: Sequence[bool] = ()) -> None: ...
    def settle(self) -> None: ...
    def kept(self) -> None: ...


OPEN: Final[Door] = _Open()


class PeerDoor:
    """The door for `peer`: the URL of a node, or however else who brings something is called.

    `anew` asks whether what was refused before is carried now: what is remembered does not count, only what
    is refused through this very door.
    """

    def __init__(self, carrying: Carrying, peer: str, *, anew: bool = False) -> None:
        self._carrying = carrying
        self._peer = peer
        self._refused: set[Did] | None = set() if anew else None

    def passes_over(self, did: Did) -> bool:
        """Whether nothing of this publisher's logs is taken from the peer for now."""
        if self._refused is not None:
            return did in self._refused or not self._carrying.is_carried(did)
        return self._carrying.passes_over(self._carrying.share(self._peer), did)

    def admission(self, writer: LogWriter) -> Admission:
        """Judge one transaction."""
        return PeerAdmission(self._carrying, self._peer, writer, self._refused)


class PeerAdmission:
    """What one peer brings in one transaction."""

    def __init__(
        self, carrying: Carrying, peer: str, writer: LogWriter, refused_here: set[Did] | None = None
    ) -> None:
        self._refused_here = refused_here
        self._carrying = carrying
        self._policy = carrying.policy
        self._types = self._policy.takes_type if self._policy.type_rules() else None
        self._share = carrying.share(peer)
        self._writer = writer
        self._now_ms = carrying.now_ms()
        self._verdicts: dict[Did, Verdict] = {}
        self._new: set[Did] = set()
        self._before: Used | None = None
        self._taken_before: dict[Did, Amount] = {}
        self._taken: dict[Did, Amount] = {}
        self._counted: Amount = NOTHING
        self._unknown: Amount = NOTHING
        self._refused: dict[Did, tuple[Refusal, str, str]] = {}
        self._types_refused: dict[Did, set[str]] = {}

    def admit(self, effect: Admissible) -> Admissible | None:
        """What of an effect is to be stored."""
        did = effect.did
        if isinstance(effect, TakeEvents):
            return self._admit_events(did, effect)
        verdict = self._verdict(did)
        if isinstance(verdict, Refusal) or did in self._refused:
            return None
        if verdict is Tier.OWN or isinstance(effect, _FREE):
            return effect
        refusal = budget(self._policy, verdict, self._used(did), self._now_ms, is_new=False)
        if refusal is not None:
            self._refuse(did, refusal, effect.origin)
            return None
        if self._types is not None and isinstance(effect, TakeBodies):
            return self._of_types(effect, self._types)
        return effect

    def _admit_events(self, did: Did, effect: TakeEvents) -> Admissible | None:
        """Events of a publisher that is carried are always taken: they are what ends a flood by a thief."""
        place = _place_in(effect)
        if len(effect.taken.new) == len(effect.history.events):
            self._new.add(did)
            self._taken_before.setdefault(did, NOTHING)
        verdict = self._verdicts[did] = self._carrying.judge(did, place)
        if isinstance(verdict, Tier) and did in self._new and did not in self._taken:
            over = budget(self._policy, verdict, self._used(did), self._now_ms, is_new=True)
            if over is not None:
                self._verdicts[did] = verdict = over
        if isinstance(verdict, Refusal):
            self._refuse(did, verdict, "", host_of(place.url))
            return None
        return effect

    def _verdict(self, did: Did) -> Verdict:
        verdict = self._verdicts.get(did)
        if verdict is None:
            verdict = self._carrying.verdict(did) or self._carrying.judge(did, self._writer.place(did))
            self._verdicts[did] = verdict
            if isinstance(verdict, Refusal):
                place = self._writer.place(did)
                self._refuse(did, verdict, "", "" if place is None else host_of(place.url))
        return verdict

    def _refuse(self, did: Did, refusal: Refusal, what: str, host: str = "") -> None:
        self._refused[did] = (refusal, what, host)

    def _used(self, did: Did) -> Used:
        """What is used up now, with what this transaction took so far."""
        if self._before is None:
            self._before = self._carrying.used(self._writer, self._share)
        if did not in self._taken_before:
            self._taken_before[did] = self._writer.taken_of(did)
        return Used(
            publisher=self._taken_before[did].plus(self._taken.get(did, NOTHING)),
            today=self._before.today.plus(self._counted),
            unknown=self._before.unknown.plus(self._unknown),
            parts=self._before.parts,
        )

    def _of_types(self, effect: TakeBodies, takes: Callable[[str], bool]) -> Admissible | None:
        """The bodies of those records whose type is taken."""
        leaves = decode_bundle(self._writer.leaves(effect.origin, effect.start, effect.stop).bundle)
        headers = [header for header in map(read_leaf, leaves) if header is not None]
        unwanted = {
            header.body.digest: header.type
            for header in headers
            if header.body is not None and not takes(header.type)
        }
        bodies: list[tuple[bytes, bytes]] = []
        types: set[str] = self._types_refused.setdefault(effect.did, set())
        for digest, body in effect.bodies:
            if digest in unwanted:
                types.add(unwanted[digest])
            else:
                bodies.append((digest, body))
        return replace(effect, bodies=bodies) if bodies else None

    def took(self, effect: Admissible, new_bodies: Sequence[bool] = ()) -> None:
        """Count what was stored, once."""
        did = effect.did
        tier = self._verdicts[did]
        if tier is Tier.OWN:
            return
        amount = NOTHING
        match effect:
            case TakeEntries():
                bundle = effect.growth.bundle
                count = effect.growth.stop - effect.growth.start
                subscriptions = bundle.count(_SUBSCRIPTION)
                amount = Amount(entries=count, bytes=len(bundle), subscriptions=subscriptions)
            case TakeBodies():
                weight = sum(
                    len(body) for (_, body), new in zip(effect.bodies, new_bodies, strict=True) if new
                )
                amount = Amount(bytes=weight)
            case TakeLeaves():
                amount = Amount(bytes=sum(len(leaf) for _, leaf in effect.leaves))
            case TakeEvents():
                weight = sum(len(signed.raw) for signed in effect.taken.new)
                amount = Amount(publishers=int(did in self._new and did not in self._taken), bytes=weight)
            case NewHead() | TakeVouch() | Drop() | TakeEvidence():
                return
        self._taken[did] = self._taken.get(did, NOTHING).plus(amount)
        if tier is not Tier.FOLLOWED:
            self._counted = self._counted.plus(amount)
        if tier is Tier.UNKNOWN:
            self._unknown = self._unknown.plus(amount)

    def settle(self) -> None:
        """Write down what was used and refused."""
        for did, amount in self._taken.items():
            before, unknown = self._carrying.verdict(did), self._verdicts[did] is Tier.UNKNOWN
            if before is not None and (before is Tier.UNKNOWN) != unknown:
                self._writer.set_unknown(did, unknown=unknown)
            self._writer.note_taken(self._share, did, amount, unknown=unknown)
        if self._unknown != NOTHING:
            self._writer.note_unknown(self._share, self._unknown)
        if self._counted != NOTHING:
            self._writer.note_today(self._share, self._now_ms // DAY_MS, self._counted)
        self._add_types()
        if self._refused:
            self._remember()

    def _add_types(self) -> None:
        """Content that was left out for its type; the log went on."""
        for did, types in self._types_refused.items():
            refusal = self._carrying.types_refused(sorted(types))
            if types and refusal is not None and did not in self._refused:
                self._refuse(did, refusal, " ".join(sorted(types)))

    def _remember(self) -> None:
        """Write down who was refused, as far as there is room."""
        room = REFUSALS_PER_PEER_MAX - self._writer.refusals_of(self._share)
        for did in list(self._refused):
            refusal, what, host = self._refused[did]
            if room > 0 or self._carrying.is_remembered(self._share, did):
                self._writer.put_refusal(self._row(did, refusal, what, host))
                room -= 1
            else:
                self._forget(did)

    def _forget(self, did: Did) -> None:
        """No room to remember one more: all that this peer has will be looked at again."""
        del self._refused[did]
        if self._refused_here is not None:
            self._refused_here.add(did)
        again = (self._now_ms // DAY_MS + 1) * DAY_MS
        many = Refusal("policy.many", f"more than {REFUSALS_PER_PEER_MAX} publishers of this peer", again)
        self._refused[EVERYONE] = (many, "", "")
        self._writer.put_refusal(self._row(EVERYONE, many, "", ""))

    def _row(self, did: Did, refusal: Refusal, what: str, host: str) -> Refused:
        return Refused(
            did=did,
            peer=self._share,
            code=refusal.code,
            reason=refusal.reason,
            what=what,
            host=host,
            first_ms=self._now_ms,
            last_ms=self._now_ms,
            again_ms=refusal.again_ms,
            times=1,
        )

    def kept(self) -> None:
        """Let all know what is known now."""
        if self._refused_here is not None:
            self._refused_here.update(
                did for did, item in self._refused.items() if item[0].code != "policy.type"
            )
        held = {did: verdict for did, verdict in self._verdicts.items() if did in self._taken}
        self._carrying.learned(held, {did: item[0] for did, item in self._refused.items()}, self._share)


def _place_in(effect: TakeEvents) -> PublisherPlace:
    """Where the publisher says to be, with the events that come."""
    standing = effect.history.standing
    if not standing:
        return PublisherPlace(did=effect.did, url=None, node=None)
    return PublisherPlace(did=effect.did, url=standing[-1].url, node=standing[-1].node)
