"""The next event of a publisher, and the one that overrules a thief: who may sign, and what it must say."""

from base64 import b64encode
from dataclasses import replace
from json import dumps

import pytest

from frostnode.identity.acts import next_event, recoveries, recovery_event
from frostnode.identity.commitments import commit_kits
from frostnode.identity.create import create_genesis
from frostnode.identity.event_file import EventFile, read_event_file
from frostnode.identity.kits import Kit, KitLabel, Purpose
from frostnode.protocol.errors import IdentityError, LocalError
from frostnode.protocol.history import History
from frostnode.protocol.identity import EMPTY_END, End, Epoch, Kind
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.merkle import leaf_hash
from frostnode.protocol.names import did_of

NODE = SigningKey(b"h" * 32).public
END = End(size=3, root=leaf_hash(b"three"))


def opening(n: int) -> Epoch:
    return Epoch(key=SigningKey(bytes([n]) * 32).public, node=NODE, url=f"https://host-{n}.example")


GENESIS = create_genesis(b"k" * 32, b"s" * 32, epoch=opening(0), time_ms=1)
DID = did_of(GENESIS.cid)


def kit(seed: bytes, purpose: Purpose = Purpose.AUTHORITY, did: str = DID) -> Kit:
    label = KitLabel(purpose=purpose, did=did, created="2026-01-01T00:00:00Z")
    return Kit(label=label, seed=seed)


KIT, SHEET = kit(b"k" * 32), kit(b"s" * 32, Purpose.RECOVERY)


def known(*events) -> History:
    history = History.empty(DID)
    for event in events:  # one after the other: the first of a place is followed
        assert not history.take([event]).refused
    return history


def move(history: History, n: int, *kits: Kit, **changes):
    options = {"following": None, "end": END, "epoch": opening(n), "time_ms": n, **changes}
    return next_event(history, kits or [KIT], **options)


def test_a_kit_goes_on_for_ever() -> None:
    history = known(GENESIS)
    for n in range(1, 6):
        signed = move(history, n)
        assert (signed.event.kind, signed.event.n, signed.event.end) == (Kind.ORDINARY, n, END)
        assert history.take([signed]).new == (signed,)
        assert history.standing[-1].url == f"https://host-{n}.example"


def test_two_of_three_new_kits_take_the_place_of_one() -> None:
    new = [kit(bytes([at]) * 32) for at in range(3)]
    first = move(known(GENESIS), 1, following=commit_kits(new, 2, 2))
    history = known(GENESIS, first)
    for too_few in ([new[0]], [KIT], [new[0], KIT]):
        with pytest.raises(LocalError) as refused:
            move(history, 2, *too_few, following=commit_kits(new, 3, 2))
        assert refused.value.code == "kit.mismatch"
    second = move(history, 2, new[2], new[0], following=commit_kits(new, 3, 2))
    assert history.take([second]).new == (second,)


def test_who_does_not_sign_stays_among_the_next() -> None:
    new = [kit(bytes([at]) * 32) for at in range(3)]
    history = known(GENESIS, move(known(GENESIS), 1, following=commit_kits(new, 2, 2)))
    signed = move(history, 2, *new[:2])
    assert (signed.event.next.threshold, len(signed.event.next.hashes)) == (2, 3)
    assert history.take([signed]).new
    assert history.take([move(history, 3, *new[1:])]).new


def test_no_more_kits_sign_than_must() -> None:
    new = [kit(bytes([at]) * 32) for at in range(3)]
    history = known(GENESIS, move(known(GENESIS), 1, following=commit_kits(new, 2, 2)))
    assert len(move(history, 2, *new).event.keys) == 2


def test_a_recovery_voids_what_a_thief_did_and_names_a_new_kit() -> None:
    stolen = move(known(GENESIS), 1)
    history = known(GENESIS, stolen, move(known(GENESIS, stolen), 2))
    new = kit(b"n" * 32)
    signed = recovery_event(
        history,
        [SHEET],
        after=GENESIS.cid,
        following=commit_kits([new], 2, 1),
        end=END,
        epoch=opening(9),
        time_ms=9,
    )
    history.take([signed])
    assert [each.cid for each in history.path] == [GENESIS.cid, signed.cid]
    assert recoveries(history, signed.cid) == 1
    with pytest.raises(LocalError):
        move(history, 2)
    assert history.take([move(history, 2, new)]).new
    again = recovery_event(
        history,
        [SHEET],
        after=signed.cid,
        following=commit_kits([KIT], 3, 1),
        end=END,
        epoch=None,
        time_ms=10,
    )
    assert history.take([again]).new
    assert history.tip == again.cid


@pytest.mark.parametrize(
    "wrong",
    [
        kit(b"x" * 32),
        kit(b"k" * 32, Purpose.RECOVERY),
        kit(b"k" * 32, did="did:frost:" + str(move(known(GENESIS), 1).cid)),
    ],
    ids=["another seed", "a sheet", "of another publisher"],
)
def test_what_does_not_fit_signs_nothing(wrong: Kit) -> None:
    with pytest.raises(LocalError) as refused:
        move(known(GENESIS), 1, wrong)
    assert refused.value.code == "kit.mismatch"


def test_an_epoch_without_a_key_ends_empty() -> None:
    genesis = create_genesis(b"k" * 32, None, epoch=None, time_ms=1)
    did = did_of(genesis.cid)
    history = History.empty(did)
    history.take([genesis])
    signed = move(history, 1, kit(b"k" * 32, did=did))
    assert signed.event.end == EMPTY_END
    assert history.take([signed]).new
    with pytest.raises(IdentityError, match="without a recovery set"):
        recovery_event(
            history,
            [kit(b"s" * 32, Purpose.RECOVERY, did)],
            after=genesis.cid,
            following=commit_kits([KIT], 2, 1),
            end=END,
            epoch=None,
            time_ms=2,
        )


def test_nothing_follows_a_history_that_is_not_known() -> None:
    with pytest.raises(IdentityError):
        move(History.empty(DID), 1)
    with pytest.raises(IdentityError):
        recovery_event(
            known(GENESIS),
            [SHEET],
            after=move(known(GENESIS), 1).cid,
            following=commit_kits([KIT], 2, 1),
            end=END,
            epoch=None,
            time_ms=2,
        )


def test_a_kept_event_is_read_as_it_was_written() -> None:
    file = EventFile(DID, move(known(GENESIS), 1))
    assert read_event_file(file.to_text().encode()) == file
    waiting = replace(file, is_taken=False)
    assert read_event_file(waiting.to_text().encode()) == waiting


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"format": "frost-event/1"}',
        '{"format": "frost-event/1", "did": "x", "signed": "AA=="}',
    ],
)
def test_anything_else_is_no_kept_event(text: str) -> None:
    with pytest.raises(LocalError) as refused:
        read_event_file(text.encode())
    assert refused.value.code == "input.unreadable"


def test_a_kept_event_whose_signature_was_changed_is_refused() -> None:
    signed = move(known(GENESIS), 1)
    raw = signed.raw.replace(signed.signatures[0], bytes(64))
    text = dumps({"format": "frost-event/1", "did": DID, "signed": b64encode(raw).decode()})
    with pytest.raises(LocalError):
        read_event_file(text.encode())
