"""Commitments to several kits: who made them need not meet, and the history holds them to what was agreed."""

from dataclasses import replace

import pytest

from frostnode.identity.commitments import commit_hashes, commit_kits, kit_hash
from frostnode.identity.create import SeedSet, create_genesis, create_shared_genesis
from frostnode.identity.kits import Kit, KitLabel, Purpose, authority_key, recovery_key
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import FrostError, IdentityError, LocalError
from frostnode.protocol.history import History
from frostnode.protocol.identity import EMPTY_END, Epoch, Event, Kind, commitment, key_hash, sign_event
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.names import did_of

DID = did_of(Cid.of(b"one"))
SEEDS = (b"a" * 32, b"b" * 32, b"c" * 32)
SHEETS = (b"x" * 32, b"y" * 32)
LABEL = KitLabel(purpose=Purpose.AUTHORITY, did=DID, created="2026-11-21T06:42:57Z")
KITS = [Kit(label=LABEL, seed=seed) for seed in SEEDS]


def code_of(make) -> str:
    with pytest.raises(FrostError) as refused:
        make()
    return refused.value.code


def test_a_commitment_to_kits_is_one_to_their_keys_for_that_event() -> None:
    keys = [authority_key(seed, 7).public for seed in SEEDS]
    assert commit_kits(KITS, 7, 2) == commitment(keys, 2)
    assert commit_kits(KITS[::-1], 7, 2) == commit_kits(KITS, 7, 2)


def test_who_keeps_a_kit_elsewhere_sends_a_hash_and_no_key() -> None:
    hashes = [kit_hash(kit, 7) for kit in KITS]
    assert hashes == [key_hash(kit.public(7)) for kit in KITS]
    assert commit_hashes(hashes, 3) == commit_kits(KITS, 7, 3)


@pytest.mark.parametrize("threshold", [0, 4, -1])
def test_a_threshold_that_no_signers_could_meet_is_refused(threshold: int) -> None:
    assert code_of(lambda: commit_kits(KITS, 1, threshold)) == "identity.threshold"


def test_a_kit_given_twice_is_one_person_with_two_votes() -> None:
    assert code_of(lambda: commit_kits([KITS[0], KITS[1], KITS[0]], 1, 2)) == "kit.mismatch"


def test_kits_of_different_publishers_or_purposes_do_not_sign_together() -> None:
    for changed in ({"did": did_of(Cid.of(b"other"))}, {"purpose": Purpose.RECOVERY}):
        stranger = replace(KITS[1], label=replace(LABEL, **changed))
        assert code_of(lambda stranger=stranger: commit_kits([KITS[0], stranger], 1, 1)) == "kit.mismatch"


def shared(threshold: int = 2):
    return create_shared_genesis(
        SeedSet(seeds=SEEDS, threshold=threshold), SeedSet(seeds=SHEETS, threshold=2), epoch=None, time_ms=1
    )


def test_genesis_of_several_kits_is_signed_by_all_and_commits_to_the_next_key_of_each() -> None:
    event = shared().event
    assert event.keys == tuple(sorted(authority_key(seed, 0).public for seed in SEEDS))
    assert event.next == commit_kits(KITS, 1, 2)
    assert event.recovery == commitment([recovery_key(seed, 0).public for seed in SHEETS], 2)


def test_one_of_one_is_the_genesis_of_a_single_kit() -> None:
    alone = create_shared_genesis(SeedSet.one(SEEDS[0]), SeedSet.one(SHEETS[0]), epoch=None, time_ms=1)
    assert alone == create_genesis(SEEDS[0], SHEETS[0], epoch=None, time_ms=1)


@pytest.mark.parametrize(
    ("signers", "taken"), [((0, 1), True), ((1, 2), True), ((0, 1, 2), True), ((1,), False)]
)
def test_two_of_three_sign_the_next_event_and_one_does_not(signers, taken: bool) -> None:
    genesis = shared()
    keys = [authority_key(SEEDS[at], 1) for at in signers]
    event = Event(
        kind=Kind.ORDINARY,
        n=1,
        prev=genesis.cid,
        time=2,
        keys=tuple(sorted(key.public for key in keys)),
        next=commit_kits(KITS, 2, 2),
        end=EMPTY_END,
        epoch=Epoch(key=SigningKey(b"l" * 32).public, node=SigningKey(b"n" * 32).public),
    )
    history = History.empty(did_of(genesis.cid))
    result = history.take([genesis, sign_event(event, keys)])
    assert [error.code for _, error in result.refused] == ([] if taken else ["identity.threshold"])


def test_a_set_that_cannot_be_written_is_not() -> None:
    with pytest.raises(IdentityError):
        shared(threshold=4)
    with pytest.raises(IdentityError):
        create_shared_genesis(SeedSet(seeds=(SEEDS[0], SEEDS[0]), threshold=1), None, epoch=None, time_ms=1)
    with pytest.raises(LocalError):
        create_shared_genesis(SeedSet.one(b"short"), None, epoch=None, time_ms=1)


def test_nothing_shows_the_seeds() -> None:
    assert "a" * 8 not in repr(SeedSet(seeds=SEEDS, threshold=2))
