"""An event on its way through the hands of those who sign it: each with a kit of one's own, on a machine of one's own.

Rules (spec/02-identity.md#drafts):
- a draft says what the event shall do, and names the keys that will sign it. A kit first adds its key, up to the
  threshold: then the event is whole, has a CID, and each of these kits signs;
- whoever does not sign stays in the next commitment with the hash that stands for the kit now;
- nothing in a draft is believed. Its history is checked from genesis on, signatures are checked, and each kit looks
  for its own next key. Words that say what a draft does are made by whoever shows it, never read from it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from frostnode.identity.commitments import kit_hash
from frostnode.identity.fit import Awaited, awaited, check_fit, path_to
from frostnode.identity.kits import Kit, Purpose
from frostnode.protocol.dagcbor import Cid, Value
from frostnode.protocol.dagjson import loads, to_json
from frostnode.protocol.errors import IdentityError, LocalError, PeerError
from frostnode.protocol.frames import encode_byte_string, split_byte_strings
from frostnode.protocol.history import History
from frostnode.protocol.identity import (
    Commitment,
    End,
    Epoch,
    Event,
    Kind,
    SignedEvent,
    attach_signatures,
    check_successor,
    encode_event,
    event_message,
    key_hash,
    parse_signed_event,
)
from frostnode.protocol.identity_form import check_commitment, parse_commitment, parse_end, parse_epoch
from frostnode.protocol.keys import (
    SIGNATURE_BYTES,
    PublicKey,
    from_multikey_bytes,
    to_multikey_bytes,
    verify,
)
from frostnode.protocol.limits import DRAFT_FILE_BYTES_MAX, IDENTITY_PATH_EVENTS_MAX, TIME_MS_MAX
from frostnode.protocol.merkle import HASH_BYTES
from frostnode.protocol.names import Did, parse_did

DRAFT_FORMAT: Final = "frost-draft/1"
_FORMAT_PREFIX: Final = "frost-draft/"
_FIELDS: Final = frozenset(
    ("format", "did", "kind", "prev", "time", "end", "epoch", "next", "signers", "history")
)
_PURPOSES: Final = {Kind.ORDINARY: Purpose.AUTHORITY, Kind.RECOVERY: Purpose.RECOVERY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A kit that signs: the key that it reveals, the hash of its next one (32 bytes), its signature or b"" so far."""

    key: PublicKey
    next: bytes
    signature: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an event shall say, and who signs it. `following` names new authority kits; None: those of now go on.

    `history` has what counted where the draft was begun, and all ancestors of the event.
    """

    history: History
    kind: Kind
    prev: Cid
    time_ms: int
    end: End
    epoch: Epoch | None
    following: Commitment | None
    signers: tuple[Signer, ...] = ()

    @property
    def did(self) -> Did:
        """The publisher."""
        return self.history.did

    @property
    def before(self) -> SignedEvent:
        """The event that this one follows."""
        signed = self.history.event(self.prev)
        assert signed is not None, "it was looked up"
        return signed

    @property
    def purpose(self) -> Purpose:
        """Of the kits that sign."""
        return _PURPOSES[self.kind]

    @property
    def awaited(self) -> Awaited:
        """The kits out of which enough must sign, and by which of their keys.

        Raises:
            IdentityError: identity.recovery
        """
        return awaited(self.history, self.purpose, self.prev)

    @property
    def is_whole(self) -> bool:
        """Whether all keys are named, so that nothing of the event changes any more."""
        return len(self.signers) == self.awaited.made.threshold

    @property
    def unsigned(self) -> int:
        """How many signatures are missing."""
        return self.awaited.made.threshold - sum(bool(each.signature) for each in self.signers)

    @property
    def staying(self) -> Commitment:
        """The kits of now, as they go on: those that sign by their next key, all others as they are."""
        made = self.awaited.made
        spent = {key_hash(each.key): each.next for each in self.signers}
        return Commitment(
            threshold=made.threshold, hashes=tuple(sorted(spent.get(each, each) for each in made.hashes))
        )

    @property
    def event(self) -> Event:
        """The event, by what the draft says so far."""
        return Event(
            kind=self.kind,
            n=self.before.event.n + 1,
            prev=self.prev,
            time=self.time_ms,
            keys=tuple(sorted(each.key for each in self.signers)),
            next=self.staying if self.following is None else self.following,
            recovery=self.staying if self.kind is Kind.RECOVERY else None,
            end=self.end,
            epoch=self.epoch,
        )

    @property
    def cid(self) -> Cid:
        """The CID that the event has once the draft is whole."""
        return Cid.of(encode_event(self.event))

    def signed(self) -> SignedEvent:
        """The event with all its signatures.

        Raises:
            LocalError: draft.unsigned
        """
        if self.unsigned:
            raise LocalError(
                "draft.unsigned",
                f"signatures for event {self.event.n} of {self.did}",
                found=self.awaited.made.threshold - self.unsigned,
                expected=self.awaited.made.threshold,
                hint="each further holder of a kit runs `frost sign DRAFT --kit KIT`",
            )
        return attach_signatures(self.event, {each.key: each.signature for each in self.signers})


# -- adding to it -------------------------------------------------------------------------------------


def contribute(draft: Draft, kits: Sequence[Kit]) -> Draft:
    """Add what these kits can: their keys while some are missing, and their signatures once the event is whole.

    More kits than are needed do no harm, as long as one of them is.

    Raises:
        LocalError: kit.mismatch for a kit that may not sign, draft.changed, draft.whole
        IdentityError: identity.too-long, identity.recovery, identity.end
    """
    fitting = [(kit, check_fit(_of_purpose(kit, draft.purpose), draft.history, draft.prev)) for kit in kits]
    check_not_recovered(draft, draft.history)
    if draft.event.n >= IDENTITY_PATH_EVENTS_MAX:
        found, expected = draft.event.n + 1, f"≤ {IDENTITY_PATH_EVENTS_MAX}"
        raise IdentityError("identity.too-long", "events", found=found, expected=expected)
    keys = {each.key for each in draft.signers}
    for kit, fit in fitting:
        signer = Signer(key=kit.public(fit.number), next=kit_hash(kit, draft.awaited.n + 1))
        if not draft.is_whole and signer.key not in keys:
            draft = replace(draft, signers=(*draft.signers, signer))
            keys.add(signer.key)
    if not any(kit.public(fit.number) in keys for kit, fit in fitting):
        raise LocalError(
            "draft.whole",
            f"the draft has all {len(keys)} keys that it needs, and goes on without this kit",
            hint="hand it on to those whose kits are in it",
        )
    for kit, fit in fitting:
        draft = _sign(draft, kit, fit.number)
    return draft


def sign_all(draft: Draft, kits: Sequence[Kit]) -> Draft:
    """Sign with kits that are all here and must be enough.

    Raises:
        LocalError: kit.mismatch, and whatever `contribute` raises; IdentityError
    """
    signed = contribute(draft, kits)
    if signed.unsigned:
        raise LocalError(
            "kit.mismatch",
            f"kits that sign event {draft.event.n} of {draft.did}",
            found=len(signed.signers),
            expected=draft.awaited.made.threshold,
            hint="give more of them, or begin a draft for others to sign: --draft FILE",
        )
    return signed


def has_signed(draft: Draft, kit: Kit) -> bool:
    """Whether the signature of a kit is in the draft."""
    key = kit.public(check_fit(kit, draft.history, draft.prev).number)
    return any(each.signature and each.key == key for each in draft.signers)


def _of_purpose(kit: Kit, purpose: Purpose) -> Kit:
    if kit.label.purpose is not purpose:
        name = "an authority kit" if purpose is Purpose.AUTHORITY else "a recovery sheet"
        raise LocalError("kit.mismatch", "kit", found=f"of {kit.label.purpose}", expected=name)
    return kit


def _sign(draft: Draft, kit: Kit, number: int) -> Draft:
    """Sign with one of the kits whose keys are named, if the event is whole."""
    key = kit.key(number)
    own = next((each for each in draft.signers if each.key == key.public), None)
    if own is None:
        return draft
    if own.next != kit_hash(kit, draft.awaited.n + 1):
        raise LocalError(
            "draft.changed",
            "the draft names another next key for this kit than the kit has",
            hint="somebody changed it: have it begun anew by whoever began it",
        )
    if not draft.is_whole:
        return draft
    check_whole(draft)
    signed = replace(own, signature=key.sign(event_message(draft.event)))
    return replace(draft, signers=tuple(signed if each is own else each for each in draft.signers))


def check_whole(draft: Draft) -> None:
    """Check a whole draft as everybody will check the event, but for its signatures.

    Raises:
        IdentityError: what the ancestors of the event do not allow
    """
    path = path_to(draft.history, draft.prev)
    base = next((each for each in reversed(path) if each.event.kind is Kind.RECOVERY), path[0])
    check_successor(draft.event, draft.before.event, base.event)


def check_not_recovered(draft: Draft, history: History) -> None:
    """Check that in a history no other recovery event counts at the place of the draft: two are disputed for ever.

    Raises:
        LocalError: kit.mismatch
    """
    if draft.kind is not Kind.RECOVERY:
        return
    counting = [signed.cid for signed in history.path if signed.event.kind is Kind.RECOVERY]
    above = [s.cid for s in path_to(draft.history, draft.prev) if s.event.kind is Kind.RECOVERY]
    if counting[: len(above)] != above or len(counting) == len(above):
        return
    later = history.event(counting[len(above)])
    assert later is not None, "it counts"
    if not (draft.is_whole and draft.cid == later.cid):
        raise LocalError(
            "kit.mismatch",
            f"event {later.event.n} has recovered the publisher already, and the recovery set of its place is spent",
            found=f"event {draft.before.event.n} as the last good one",
            expected=f"event {later.event.n} or a later one: --after {later.event.n}",
            hint="two recovery events at one place would be disputed for ever",
        )


# -- as a file ----------------------------------------------------------------------------------------


def draft_text(draft: Draft) -> str:
    """One JSON text, in the lossless form of spec/01-encoding.md."""
    path = draft.history.path
    counting = {signed.cid for signed in path}
    beside = [each for each in path_to(draft.history, draft.prev) if each.cid not in counting]
    epoch, following = draft.epoch, draft.following
    assert epoch is not None, "what is to be sent has a host"
    fields: dict[str, Value] = {
        "format": DRAFT_FORMAT,
        "did": draft.did,
        "kind": str(draft.kind),
        "prev": draft.prev,
        "time": draft.time_ms,
        "end": {"size": draft.end.size, "root": draft.end.root},
        "epoch": {
            "key": to_multikey_bytes(epoch.key),
            "node": to_multikey_bytes(epoch.node),
            "url": epoch.url,
        },
        "next": None
        if following is None
        else {"threshold": following.threshold, "hashes": list(following.hashes)},
        "signers": [
            {"key": to_multikey_bytes(each.key), "next": each.next, "sig": each.signature}
            for each in draft.signers
        ],
        "history": b"".join(encode_byte_string(signed.raw) for signed in [*path, *beside]),
    }
    return json.dumps(to_json(fields), indent=1, ensure_ascii=False) + "\n"


def read_draft(data: bytes) -> Draft:
    """Read a draft, and check all that can be checked without a kit: history, rules, keys and signatures.

    Raises:
        LocalError: draft.malformed, draft.changed
    """
    if len(data) > DRAFT_FILE_BYTES_MAX:
        _malformed("draft bytes", len(data), f"≤ {DRAFT_FILE_BYTES_MAX}")
    try:
        fields = _read_fields(data)
        draft = _read_terms(fields)
        for item in _list(fields["signers"]):
            draft = replace(draft, signers=(*draft.signers, _read_signer(draft, item)))
        check_commitment(draft.staying, "commitment to the kits that go on")
        if draft.is_whole:
            check_whole(draft)
    except PeerError as error:
        raise LocalError("draft.malformed", f"the draft does not hold: {error}", hint=_ANEW) from error
    _check_signatures(draft)
    return draft


def _read_fields(data: bytes) -> dict[str, Value]:
    try:
        fields = loads(data.decode())
    except UnicodeDecodeError as error:
        raise LocalError("draft.malformed", "the draft is no text", hint=_ANEW) from error
    if not isinstance(fields, dict):
        _malformed("draft", type(fields).__name__, "a map")
    made = fields.get("format")
    if made != DRAFT_FORMAT and isinstance(made, str) and made.startswith(_FORMAT_PREFIX):
        _malformed("format of the draft", made, f"{DRAFT_FORMAT}: another version of frost wrote it")
    if made != DRAFT_FORMAT or fields.keys() != _FIELDS:
        _malformed("draft", "other fields", ", ".join(sorted(_FIELDS)))
    return fields


def _read_terms(fields: dict[str, Value]) -> Draft:
    """What the event shall say, without its signers."""
    kind, prev, time_ms = (fields[name] for name in ("kind", "prev", "time"))
    if kind not in list(_PURPOSES) or not isinstance(prev, Cid):
        _malformed("kind and predecessor", (kind, prev), "ordinary or recovery, and a link")
    if type(time_ms) is not int or not 0 <= time_ms <= TIME_MS_MAX:
        _malformed("time", time_ms, "milliseconds since 1970")
    history = _read_history(parse_did(str(fields["did"])), fields["history"])
    path_to(history, prev)
    if kind == Kind.ORDINARY and prev != history.tip:
        _malformed("predecessor", prev, f"the last event of the history, {history.tip}")
    if kind == Kind.RECOVERY and fields["next"] is None:
        _malformed("next kits of a recovery event", "none", "a commitment")
    following = fields["next"]
    return Draft(
        history=history,
        kind=Kind(str(kind)),
        prev=prev,
        time_ms=time_ms,
        end=parse_end(fields["end"]),
        epoch=parse_epoch(fields["epoch"]),
        following=None if following is None else parse_commitment(following, "next kits"),
    )


def _read_history(did: Did, value: Value) -> History:
    """The history, chain by chain: of two events at a place the first one counts."""
    if not isinstance(value, bytes):
        _malformed("history", type(value).__name__, "bytes")
    chains: list[list[SignedEvent]] = []
    for signed in map(parse_signed_event, split_byte_strings(value)):
        if not chains or signed.event.prev != chains[-1][-1].cid:
            chains.append([])
        chains[-1].append(signed)
    history = History.empty(did)
    for chain in chains:
        taken = history.take(chain)
        if taken.refused:
            raise taken.refused[0][1]
        if len(taken.new) != len(chain):
            _malformed("history", "events in another order, or twice", "ancestors first, each once")
    if not history.path:
        _malformed("history", "no event", "genesis first")
    return history


def _read_signer(draft: Draft, value: Value) -> Signer:
    if not isinstance(value, dict) or set(value) != {"key", "next", "sig"}:
        _malformed("signer", value, "a map of key, next and sig")
    key, following, signature = value["key"], value["next"], value["sig"]
    if not (isinstance(key, bytes) and isinstance(following, bytes) and isinstance(signature, bytes)):
        _malformed("signer", value, "bytes")
    if len(following) != HASH_BYTES or len(signature) not in (0, SIGNATURE_BYTES):
        _malformed(
            "signer", (len(following), len(signature)), f"{HASH_BYTES}, and 0 or {SIGNATURE_BYTES} bytes"
        )
    signer = Signer(key=from_multikey_bytes(key), next=following, signature=signature)
    if draft.is_whole or key_hash(signer.key) not in draft.awaited.made.hashes:
        _malformed("key of a signer", signer.key, "one that may sign, and no more than needed")
    if signer.key in {each.key for each in draft.signers}:
        _malformed("key of a signer", "one twice", "each once")
    return signer


def _check_signatures(draft: Draft) -> None:
    """Check the signatures that are there: what is signed was not changed since."""
    for signer in draft.signers:
        if signer.signature:
            try:
                if not draft.is_whole:
                    raise IdentityError("identity.keys", "a signature before all keys are named")
                verify(signer.key, event_message(draft.event), signer.signature)
            except PeerError as error:
                raise LocalError(
                    "draft.changed", "the draft was changed after it was signed", hint=_ANEW
                ) from error


_ANEW: Final = "ask whoever sent it for another copy, or have it begun anew"


def _list(value: Value) -> list[Value]:
    if not isinstance(value, list):
        _malformed("signers", type(value).__name__, "a list")
    return value


def _malformed(what: str, found: object, expected: object) -> NoReturn:
    raise LocalError("draft.malformed", what, found=found, expected=expected, hint=_ANEW)
