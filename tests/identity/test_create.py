"""A new publisher: its genesis event is taken by everyone and lets the kit and the sheet go on from there."""

import pytest

from frostnode.identity.create import create_genesis
from frostnode.identity.kits import authority_key, recovery_key
from frostnode.protocol.errors import LocalError, PeerError
from frostnode.protocol.history import History
from frostnode.protocol.identity import (
    EMPTY_END,
    End,
    Epoch,
    Event,
    Kind,
    SignedEvent,
    commitment,
    key_hash,
    sign_event,
)
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.names import did_of

KIT, SHEET, NEW_KIT = b"k" * 32, b"s" * 32, b"n" * 32
LOG, NODE = SigningKey(b"l" * 32).public, SigningKey(b"h" * 32).public
EPOCH = Epoch(key=LOG, node=NODE, url="https://data.example")


def taken(*events: SignedEvent) -> History:
    known = History.empty(did_of(events[0].cid))
    assert not known.take(events).refused
    return known


def test_genesis_commits_to_the_next_keys_of_kit_and_sheet_and_opens_epoch_0() -> None:
    genesis = create_genesis(KIT, SHEET, epoch=EPOCH, time_ms=1_700_000_000_000)
    event = genesis.event
    assert (event.kind, event.n, event.prev, event.end) == (Kind.GENESIS, 0, None, None)
    assert event.keys == (authority_key(KIT, 0).public,)
    assert event.next == commitment([authority_key(KIT, 1).public], 1)
    assert event.recovery.hashes == (key_hash(recovery_key(SHEET, 0).public),)
    assert (event.epoch, event.time) == (EPOCH, 1_700_000_000_000)
    assert taken(genesis).standing[0].accepts


def test_the_same_seeds_make_the_same_identity() -> None:
    first = create_genesis(KIT, SHEET, epoch=EPOCH, time_ms=1)
    assert create_genesis(KIT, SHEET, epoch=EPOCH, time_ms=1) == first
    assert create_genesis(NEW_KIT, SHEET, epoch=EPOCH, time_ms=1).cid != first.cid


def test_an_identity_may_begin_without_a_log_and_without_a_recovery_set() -> None:
    bare = create_genesis(KIT, None, epoch=None, time_ms=0)
    assert (bare.event.recovery, bare.event.epoch) == (None, None)
    assert not taken(bare).standing[0].accepts


def test_the_kit_signs_event_1_and_the_sheet_the_first_recovery() -> None:
    genesis = create_genesis(KIT, SHEET, epoch=EPOCH, time_ms=0)
    move = Event(
        kind=Kind.ORDINARY,
        n=1,
        prev=genesis.cid,
        time=1,
        keys=(authority_key(KIT, 1).public,),
        next=commitment([authority_key(KIT, 2).public], 1),
        end=End(size=950, root=bytes(32)),
        epoch=EPOCH,
    )
    recovery = Event(
        kind=Kind.RECOVERY,
        n=1,
        prev=genesis.cid,
        time=2,
        keys=(recovery_key(SHEET, 0).public,),
        next=commitment([authority_key(NEW_KIT, 2).public], 1),
        recovery=commitment([recovery_key(SHEET, 1).public], 1),
        end=EMPTY_END,
    )
    moved = sign_event(move, [authority_key(KIT, 1)])
    recovered = sign_event(recovery, [recovery_key(SHEET, 0)])
    assert taken(genesis, moved).tip == moved.cid
    assert taken(genesis, moved, recovered).tip == recovered.cid


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"epoch": Epoch(key=LOG, node=NODE, url="u" * 256)}, "identity.epoch"),
        ({"epoch": Epoch(key=bytes(32), node=NODE)}, "key.refused"),
        ({"time_ms": -1}, "identity.malformed"),
    ],
)
def test_what_no_reader_would_take_is_not_made(changes, code: str) -> None:
    with pytest.raises(PeerError) as refused:
        create_genesis(KIT, SHEET, **{"epoch": EPOCH, "time_ms": 0, **changes})
    assert refused.value.code == code


def test_a_seed_has_32_bytes() -> None:
    for kit, sheet in ((b"short", SHEET), (KIT, b"short")):
        with pytest.raises(LocalError) as refused:
            create_genesis(kit, sheet, epoch=None, time_ms=0)
        assert refused.value.code == "kit.malformed"
