"""Drafts: several people sign one event, one after the other, and nobody is led to sign what is not shown."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.identity.acts import next_draft, next_event, recovery_draft
from frostnode.identity.commitments import commit_kits, kit_hash
from frostnode.identity.create import SeedSet, create_shared_genesis
from frostnode.identity.drafts import Draft, Signer, contribute, draft_text, has_signed, read_draft, sign_all
from frostnode.identity.fit import check_fit, history_of
from frostnode.identity.kits import Kit, KitLabel, Purpose
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.history import History
from frostnode.protocol.identity import End, Epoch
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import DRAFT_FILE_BYTES_MAX
from frostnode.protocol.merkle import leaf_hash
from frostnode.protocol.names import did_of

NODE, ELSEWHERE = (SigningKey(seed * 32).public for seed in (b"h", b"e"))
END = End(size=3, root=leaf_hash(b"three"))
SEEDS = (b"a" * 32, b"b" * 32, b"c" * 32)
SHEETS = (b"x" * 32, b"y" * 32, b"z" * 32)


def opening(n: int) -> Epoch:
    return Epoch(key=SigningKey(bytes([n]) * 32).public, node=NODE, url=f"https://host-{n}.example")


GENESIS = create_shared_genesis(
    SeedSet(seeds=SEEDS, threshold=2), SeedSet(seeds=SHEETS, threshold=2), epoch=opening(0), time_ms=1
)
DID = did_of(GENESIS.cid)


def kit(seed: bytes, purpose: Purpose = Purpose.AUTHORITY, did: str = DID) -> Kit:
    return Kit(label=KitLabel(purpose=purpose, did=did, created="2026-01-01T00:00:00Z"), seed=seed)


ANN, BEN, CEM = map(kit, SEEDS)
STRANGER = kit(b"s" * 32)
FIRST = history_of(DID, [GENESIS])


def begin(history: History = FIRST, n: int = 1, **changes) -> Draft:
    return next_draft(
        history, **{"following": None, "end": END, "epoch": opening(n), "time_ms": n, **changes}
    )


def handed_on(draft: Draft) -> Draft:
    """The draft as the next one reads it."""
    return read_draft(draft_text(draft).encode())


def signed_by(draft: Draft, *kits: Kit) -> Draft:
    """Each on a machine of one's own."""
    for each in kits:
        draft = contribute(handed_on(draft), [each])
    return handed_on(draft)


def test_two_of_three_sign_one_after_the_other() -> None:
    draft = signed_by(begin(), ANN)
    assert (draft.is_whole, draft.unsigned, len(draft.signers)) == (False, 2, 1)
    draft = signed_by(draft, CEM)  # the last key, and the first signature
    assert (draft.is_whole, draft.unsigned) == (True, 1)
    assert [has_signed(draft, each) for each in (ANN, CEM)] == [False, True]
    with pytest.raises(LocalError) as early:
        draft.signed()
    assert early.value.code == "draft.unsigned"
    signed = signed_by(draft, ANN).signed()
    assert signed.cid == draft.cid
    assert FIRST.copy().take([signed]).new == (signed,)


def test_apart_or_together_it_is_the_same_event() -> None:
    together = next_event(FIRST, [ANN, CEM], following=None, end=END, epoch=opening(1), time_ms=1)
    for order in ((ANN, CEM, ANN), (CEM, ANN, CEM)):
        assert signed_by(begin(), *order).signed().raw == together.raw
    again = signed_by(begin(), ANN, CEM, ANN, ANN, CEM)
    assert again.signed().raw == together.raw


def test_who_does_not_sign_stays_with_the_key_that_was_not_shown() -> None:
    first = signed_by(begin(), ANN, CEM, ANN).signed()
    history = history_of(DID, [GENESIS, first])
    assert set(first.event.next.hashes) == {kit_hash(ANN, 2), kit_hash(BEN, 1), kit_hash(CEM, 2)}
    assert [check_fit(each, history).number for each in (ANN, BEN, CEM)] == [2, 1, 2]
    second = signed_by(begin(history, 2), BEN, ANN, BEN).signed()
    history = history_of(DID, [GENESIS, first, second])
    assert [check_fit(each, history).number for each in (ANN, BEN, CEM)] == [3, 3, 2]
    third = sign_all(begin(history, 3), [ANN, BEN, CEM])
    assert [has_signed(third, each) for each in (ANN, BEN, CEM)] == [True, True, False], "as many as must"


def test_sheets_of_several_people_recover() -> None:
    stolen = signed_by(begin(), ANN, BEN, ANN).signed()
    history = history_of(DID, [GENESIS, stolen])
    new = [kit(bytes([at]) * 32) for at in range(1, 4)]
    xen, yin, zoe = (kit(seed, Purpose.RECOVERY) for seed in SHEETS)
    draft = recovery_draft(
        history, after=GENESIS.cid, following=commit_kits(new, 2, 2), end=END, epoch=opening(1), time_ms=3
    )
    signed = signed_by(draft, xen, zoe, xen).signed()
    history.take([signed])
    assert history.tip == signed.cid
    assert [check_fit(each, history).number for each in (xen, yin, zoe)] == [1, 0, 1]
    with pytest.raises(LocalError, match="expected a recovery sheet"):
        contribute(draft, [ANN])


def test_sheets_recover_once_from_one_place() -> None:
    sheets = [kit(seed, Purpose.RECOVERY) for seed in SHEETS[:2]]
    terms = {"following": commit_kits([ANN], 2, 1), "end": END, "time_ms": 3}
    first = recovery_draft(FIRST, after=GENESIS.cid, epoch=opening(1), **terms)
    signed = sign_all(first, sheets).signed()
    history = history_of(DID, [GENESIS, signed])
    assert sign_all(first, sheets).signed() == signed, "again is the same"
    beside = signed_by(begin(), ANN, BEN, ANN).signed()
    history.take([beside])
    for after in (GENESIS.cid, beside.cid):
        again = recovery_draft(history, after=after, epoch=opening(2), **terms)
        assert "--after 1" in str(refused(again, sheets[0])), "also where an event that is void is named"
    later = recovery_draft(history, after=signed.cid, epoch=opening(2), **terms)
    assert sign_all(later, sheets).event.n == 2


def refused(draft: Draft, kit_: Kit) -> FrostError:
    with pytest.raises(FrostError) as error:
        contribute(handed_on(draft), [kit_])
    return error.value


def test_kits_that_do_not_fit_are_refused_with_what_they_are() -> None:
    other = create_shared_genesis(SeedSet.one(SEEDS[0]), None, epoch=opening(0), time_ms=2)
    assert refused(begin(), STRANGER).code == "kit.mismatch"
    assert "of another publisher" in str(refused(begin(), kit(SEEDS[0], did=did_of(other.cid))))
    assert refused(signed_by(begin(), ANN, BEN), CEM).code == "draft.whole"
    rotated = signed_by(begin(following=commit_kits([STRANGER], 2, 1)), ANN, BEN, ANN).signed()
    assert "good up to event 0" in str(refused(begin(history_of(DID, [GENESIS, rotated])), CEM))


def spoiled(draft: Draft, **changes) -> bytes:
    """The draft with other fields in its JSON."""
    fields = json.loads(draft_text(draft))
    return json.dumps({**fields, **{name: change(fields[name]) for name, change in changes.items()}}).encode()


CHANGED_AFTERWARDS = {
    "other host": {"epoch": lambda epoch: {**epoch, "url": "https://thief.example"}},
    "lower end": {"end": lambda end: {**end, "size": 2}},
    "other time": {"time": lambda time: time + 1},
    "other kits": {
        "next": lambda _: json.loads(draft_text(begin(following=commit_kits([STRANGER], 2, 1))))["next"]
    },
    "fewer signers": {"signers": lambda signers: [each for each in signers if each["sig"]["/"]["bytes"]]},
    "other signature": {
        "signers": lambda signers: [{**signers[0], "sig": {"/": {"bytes": "A" * 86}}}, *signers[1:]]
    },
}


@pytest.mark.parametrize("case", CHANGED_AFTERWARDS)
def test_what_was_changed_after_somebody_signed_is_refused(case: str) -> None:
    half = signed_by(begin(), ANN, BEN)
    with pytest.raises(LocalError) as error:
        read_draft(spoiled(half, **CHANGED_AFTERWARDS[case]))
    assert error.value.code == "draft.changed"
    assert error.value.hint


def test_nobody_signs_away_the_own_next_key() -> None:
    draft = signed_by(begin(), ANN, BEN)
    thief = Signer(key=draft.signers[0].key, next=kit_hash(STRANGER, 2))
    taken = replace(draft, signers=(thief, replace(draft.signers[1], signature=b"")))
    assert refused(taken, ANN).code == "draft.changed"
    contribute(taken, [BEN])  # Ben cannot know, and is one of two: without Ann it goes nowhere


MALFORMED = {
    "no field": lambda fields: fields.pop("time"),
    "one field more": lambda fields: fields.update(says="moves nothing"),
    "another version": lambda fields: fields.update(format="frost-draft/2"),
    "no DID": lambda fields: fields.update(did="did:frost:x"),
    "of another publisher": lambda fields: fields.update(
        did=did_of(create_shared_genesis(SeedSet.one(b"o" * 32), None, epoch=None, time_ms=1).cid)
    ),
    "a genesis": lambda fields: fields.update(kind="genesis"),
    "unknown predecessor": lambda fields: fields.update(prev={"/": str(begin().cid)}),
    "negative time": lambda fields: fields.update(time=-1),
    "no end": lambda fields: fields.update(end=None),
    "no host": lambda fields: fields.update(epoch=None),
    "threshold of none": lambda fields: fields.update(next={"threshold": 0, "hashes": []}),
    "a recovery without new kits": lambda fields: fields.update(kind="recovery"),
    "no history": lambda fields: fields.update(history={"/": {"bytes": ""}}),
    "history cut short": lambda fields: fields["history"]["/"].update(
        bytes=fields["history"]["/"]["bytes"][:40]
    ),
    "signers are none": lambda fields: fields.update(signers={}),
    "a signer twice": lambda fields: fields.update(signers=[fields["signers"][0]] * 2),
    "a stranger signs": lambda fields: fields["signers"][0].update(
        key={"/": {"bytes": "7QEbf4gao0dcKFyf6HTdqrEet4HX3cpUoQ+CjpozjZnJ+w"}}
    ),
    "a short signature": lambda fields: fields["signers"][0].update(sig={"/": {"bytes": "AAAA"}}),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_draft_is_one_error_that_says_what_to_do(case: str) -> None:
    fields = json.loads(draft_text(signed_by(begin(), ANN)))
    MALFORMED[case](fields)
    with pytest.raises(LocalError) as error:
        read_draft(json.dumps(fields).encode())
    assert (error.value.code, bool(error.value.hint)) == ("draft.malformed", True)


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{" * 10_000, b" " * (DRAFT_FILE_BYTES_MAX + 1)])
def test_other_bytes_are_no_draft(data: bytes) -> None:
    with pytest.raises(LocalError) as error:
        read_draft(data)
    assert error.value.code == "draft.malformed"


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_a_known_way(data: bytes) -> None:
    with pytest.raises(LocalError):
        read_draft(data)


HALF = draft_text(signed_by(begin(), ANN, BEN)).encode()


@given(st.integers(0, len(HALF) - 1), st.integers(0, 255))
def test_a_byte_changed_after_a_signature_changes_nothing_or_is_noticed(at: int, byte: int) -> None:
    code, draft = "", read_draft(HALF)
    try:
        draft = read_draft(HALF[:at] + bytes([byte]) + HALF[at + 1 :])
    except LocalError as error:
        code = error.code
    assert code in {"", "draft.malformed", "draft.changed"}
    assert draft.cid == read_draft(HALF).cid
