"""Whether a kit fits: what the history awaits, who else must sign, and what a kit is that does not fit."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.identity.commitments import commit_kits, kit_hash
from frostnode.identity.create import SeedSet, create_shared_genesis
from frostnode.identity.fit import awaited, check_fit, history_of, history_of_file
from frostnode.identity.kits import Kit, KitLabel, Purpose
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import FrostError
from frostnode.protocol.frames import encode_byte_string
from frostnode.protocol.history import History
from frostnode.protocol.identity import EMPTY_END, Epoch, Event, Kind, SignedEvent, sign_event
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.names import did_of

OLD, SHEET, NEW, NEW_SHEET, THIEF = (bytes([at]) * 32 for at in range(1, 6))
FRIENDS = (b"f" * 32, b"g" * 32)
GENESIS = create_shared_genesis(SeedSet.one(OLD), SeedSet.one(SHEET), epoch=None, time_ms=1)
DID = did_of(GENESIS.cid)


def kit(seed: bytes, purpose: Purpose = Purpose.AUTHORITY, did: str = DID) -> Kit:
    return Kit(label=KitLabel(purpose=purpose, did=did, created="2026-11-21T06:42:57Z"), seed=seed)


def sheet(seed: bytes) -> Kit:
    return kit(seed, Purpose.RECOVERY)


def ordinary(
    prev: SignedEvent, signers: list[Kit], following: list[Kit], threshold: int = 1, log: bytes = b"l"
):
    n = prev.event.n + 1
    keys = [each.key(n) for each in signers]
    return sign_event(
        Event(
            kind=Kind.ORDINARY,
            n=n,
            prev=prev.cid,
            time=n,
            keys=tuple(sorted(key.public for key in keys)),
            next=commit_kits(following, n + 1, threshold),
            end=EMPTY_END,
            epoch=Epoch(key=SigningKey(log * 32).public, node=SigningKey(b"n" * 32).public),
        ),
        keys,
    )


def recovery(prev: SignedEvent, number: int, signer: Kit, following: Kit, next_sheet: Kit):
    n, key = prev.event.n + 1, signer.key(number)
    return sign_event(
        Event(
            kind=Kind.RECOVERY,
            n=n,
            prev=prev.cid,
            time=n,
            keys=(key.public,),
            next=commit_kits([following], n + 1, 1),
            recovery=commit_kits([next_sheet], number + 1, 1),
            end=EMPTY_END,
        ),
        [key],
    )


def history(*events: SignedEvent) -> History:
    return history_of(DID, events)


def code_of(kit_: Kit, known: History) -> FrostError:
    with pytest.raises(FrostError) as refused:
        check_fit(kit_, known)
    return refused.value


def test_a_new_kit_and_its_sheet_fit_genesis() -> None:
    fit = check_fit(kit(OLD), history(GENESIS))
    assert (fit.awaited.n, fit.awaited.event, fit.awaited.event_n, fit.needed) == (1, GENESIS.cid, 0, 0)
    fit = check_fit(sheet(SHEET), history(GENESIS))
    assert (fit.awaited.n, fit.awaited.event_n, fit.others, fit.disputed) == (0, 0, (), False)


def test_the_same_kit_fits_after_a_move_by_its_next_key() -> None:
    moved = ordinary(GENESIS, [kit(OLD)], [kit(OLD)])
    fit = check_fit(kit(OLD), history(GENESIS, moved))
    assert (fit.awaited.n, fit.awaited.event) == (2, moved.cid)
    assert check_fit(sheet(SHEET), history(GENESIS, moved)).awaited.event == GENESIS.cid


def test_what_fits_signs_the_next_event_and_the_recovery() -> None:
    known = history(GENESIS, ordinary(GENESIS, [kit(OLD)], [kit(OLD)]))
    tip = known.path[-1]
    wanted = awaited(known, Purpose.AUTHORITY)
    assert ordinary(tip, [kit(OLD)], [kit(NEW)], log=b"m").event.n == wanted.n
    after = history_of(DID, [*known.path, ordinary(tip, [kit(OLD)], [kit(NEW)], log=b"m")])
    assert after.path[-1].event.n == 2
    number = awaited(known, Purpose.RECOVERY).n
    saved = recovery(tip, number, sheet(SHEET), kit(NEW), sheet(NEW_SHEET))
    assert history_of(DID, known.path, [saved]).tip == saved.cid


def test_one_of_several_is_told_who_else_must_sign() -> None:
    friends = [kit(seed) for seed in FRIENDS]
    shared = ordinary(GENESIS, [kit(OLD)], [kit(NEW), *friends], threshold=2)
    fit = check_fit(kit(NEW), history(GENESIS, shared))
    assert fit.needed == 1
    assert sorted(fit.others) == sorted(kit_hash(each, 2) for each in friends)


def test_a_replaced_kit_is_told_until_when_it_was_good() -> None:
    rotated = ordinary(GENESIS, [kit(OLD)], [kit(NEW)])
    error = code_of(kit(OLD), history(GENESIS, rotated))
    assert error.code == "kit.mismatch"
    assert "good up to event 0; event 1 names another" in str(error)
    assert "destroy" in error.hint
    assert check_fit(kit(NEW), history(GENESIS, rotated)).awaited.n == 2


def test_a_spent_sheet_is_told_so_and_the_next_one_fits() -> None:
    saved = recovery(GENESIS, 0, sheet(SHEET), kit(NEW), sheet(NEW_SHEET))
    known = history(GENESIS, saved)
    assert "good up to event 0; event 1 names another" in str(code_of(sheet(SHEET), known))
    assert check_fit(sheet(NEW_SHEET), known).awaited.n == 1
    again = recovery(saved, 1, sheet(NEW_SHEET), kit(NEW), sheet(SHEET))
    assert check_fit(sheet(SHEET), history(GENESIS, saved, again)).awaited.n == 2


def test_the_kit_of_a_thief_fits_only_what_is_void() -> None:
    stolen = ordinary(GENESIS, [kit(OLD)], [kit(THIEF)])
    saved = recovery(GENESIS, 0, sheet(SHEET), kit(NEW), sheet(NEW_SHEET))
    known = history_of(DID, [GENESIS, saved], [stolen])
    assert "is void" in str(code_of(kit(THIEF), known))
    assert "names another" in str(code_of(kit(OLD), known))


@pytest.mark.parametrize(
    ("stranger", "words"),
    [
        (kit(THIEF), "fits no event that is known"),
        (sheet(THIEF), "fits no event that is known"),
        (kit(SHEET), "it is the recovery sheet"),
        (sheet(OLD), "it is the authority kit"),
        (kit(OLD, did=did_of(Cid.of(b"another"))), "the kit is of another publisher"),
    ],
)
def test_a_wrong_kit_is_told_what_it_is(stranger: Kit, words: str) -> None:
    error = code_of(stranger, history(GENESIS))
    assert error.code == "kit.mismatch"
    assert words in str(error)
    assert error.hint
    assert stranger.seed.hex() not in str(error)


def test_a_publisher_without_a_recovery_set_has_no_sheet() -> None:
    bare = create_shared_genesis(SeedSet.one(OLD), None, epoch=None, time_ms=1)
    did = did_of(bare.cid)
    assert code_of(kit(SHEET, Purpose.RECOVERY, did), history_of(did, [bare])).code == "identity.recovery"


def test_nothing_fits_a_history_of_which_nothing_is_known() -> None:
    assert code_of(kit(OLD), History.empty(DID)).code == "identity.unknown"


def test_where_two_go_on_the_kit_is_held_against_what_both_share() -> None:
    one, other = (
        ordinary(GENESIS, [kit(OLD)], [kit(OLD)]),
        ordinary(GENESIS, [kit(OLD)], [kit(OLD)], log=b"m"),
    )
    known = history_of(DID, [GENESIS], [one, other])
    fit = check_fit(kit(OLD), known)
    assert (fit.disputed, fit.awaited.event) == (True, GENESIS.cid)
    assert not check_fit(kit(OLD), history_of(DID, [GENESIS, one], [other])).disputed


# -- histories from files -----------------------------------------------------------------------------


def sequence(*events: SignedEvent) -> bytes:
    return b"".join(encode_byte_string(event.raw) for event in events)


def test_a_history_is_read_as_nodes_serve_it() -> None:
    moved = ordinary(GENESIS, [kit(OLD)], [kit(NEW)])
    known = history_of_file(sequence(GENESIS, moved))
    assert (known.did, known.tip) == (DID, moved.cid)
    assert check_fit(kit(NEW), known).awaited.n == 2


def test_a_history_with_an_event_that_does_not_hold_is_refused() -> None:
    forged = ordinary(GENESIS, [kit(THIEF)], [kit(THIEF)])
    with pytest.raises(FrostError) as refused:
        history_of_file(sequence(GENESIS, forged))
    assert refused.value.code == "identity.keys"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "input.unreadable"),
        (b"{}", "input.unreadable"),
        (b'{"format": "frost-kit/1"}', "input.unreadable"),
        (sequence(GENESIS)[:-1], "input.unreadable"),
        (b"\x41\x00", "identity.malformed"),
        (b"\xa0", "proof.malformed"),
    ],
)
def test_what_is_no_history_is_said_to_be_none(data: bytes, code: str) -> None:
    with pytest.raises(FrostError) as refused:
        history_of_file(data)
    assert refused.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_a_known_way(data: bytes) -> None:
    with pytest.raises(FrostError):
        history_of_file(data)


def test_nothing_that_is_answered_holds_a_key_or_the_seed() -> None:
    shown = repr(check_fit(kit(OLD), history(GENESIS)))
    for secret in (OLD, kit(OLD).key(1).public):
        assert secret.hex() not in shown
        assert repr(secret) not in shown
        assert b64encode(secret).decode() not in shown
