"""Evidence of a fork: what is proof, what is noise, and any bytes are one or the other."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.checkpoint import Checkpoint, cosign, sign_checkpoint
from frostnode.protocol.dagcbor import decode, encode
from frostnode.protocol.errors import LogError, PeerError
from frostnode.protocol.evidence import (
    Evidence,
    Signed,
    check_evidence,
    contradiction,
    encode_evidence,
    is_evidence,
    parse_evidence,
    verify_evidence,
)
from frostnode.protocol.history import History
from frostnode.protocol.limits import EVIDENCE_FILE_BYTES_MAX, IDENTITY_PATH_EVENTS_MAX
from frostnode.protocol.merkle import consistency_proof
from frostnode.protocol.range_proof import range_proof
from frostnode.testing.equivocation import evidence_of, twin_of
from frostnode.testing.memory_publisher import MemoryPublisher


def publisher(count: int, name: str = "p") -> MemoryPublisher:
    made = MemoryPublisher(name)
    for at in range(count):
        made.put(f"key-{at}", {"title": f"Title {at}"})
    return made


def history_of(source: MemoryPublisher) -> History:
    history = History.empty(source.did)
    history.take(source.history)
    return history


def refused(evidence: Evidence, source: MemoryPublisher, *codes: str) -> None:
    with pytest.raises(PeerError) as caught:
        check_evidence(evidence, source.key.public)
    assert caught.value.code in codes


SOURCE = publisher(9)
TWIN = twin_of(SOURCE, 2, 9)
EVIDENCE = evidence_of(SOURCE, TWIN, (5, 9))


@pytest.mark.parametrize("large", [1, 2, 3, 7, 8, 9])
@pytest.mark.parametrize("at", [0, 1, 4])
def test_every_two_trees_that_differ_are_evidence_and_no_others(at: int, large: int) -> None:
    twin = twin_of(SOURCE, at, 9)
    for small in range(1, large + 1):
        trees = [
            Signed(
                one.note(size),
                size,
                one.tree(size).root(),
                lambda m, one=one, size=size: range_proof(m, m, size, one.node),
            )
            for one, size in ((SOURCE, small), (twin, large))
        ]
        found = contradiction(SOURCE.origin, *trees)
        assert found == contradiction(SOURCE.origin, *reversed(trees))
        assert (found is None) == (small <= at)
        if found is not None:
            shown = check_evidence(found, SOURCE.key.public)
            assert (shown.smaller.size, shown.larger.size) == (small, large)
            assert shown.shown == (twin.tree(small).root() if small < large else shown.larger.root)
            assert shown.shown != shown.smaller.root
            assert bool(found.proof) == (small < large)


def test_a_tree_that_cannot_be_shown_is_no_evidence() -> None:
    ours = Signed(SOURCE.note(5), 5, SOURCE.tree(5).root(), lambda _: None)
    theirs = Signed(TWIN.note(9), 9, TWIN.tree(9).root(), lambda _: None)
    assert contradiction(SOURCE.origin, ours, theirs) is None
    lying = replace(theirs, show=lambda m: range_proof(m, m, 9, SOURCE.node))
    assert contradiction(SOURCE.origin, ours, lying) is None


def test_two_trees_of_which_one_extends_the_other_accuse_nobody() -> None:
    proof = tuple(range_proof(5, 5, 9, SOURCE.node))
    honest = Evidence(origin=SOURCE.origin, smaller=SOURCE.note(5), larger=SOURCE.note(9), proof=proof)
    refused(honest, SOURCE, "evidence.none")
    same = Evidence(origin=SOURCE.origin, smaller=SOURCE.note(9), larger=SOURCE.note(9))
    refused(same, SOURCE, "evidence.none")
    witnessed = cosign(SOURCE.note(9), "witness.example/w", publisher(0, "w").key, 1_700_000_000)
    refused(replace(same, larger=witnessed), SOURCE, "evidence.none")


def test_a_proof_from_elsewhere_accuses_nobody() -> None:
    """An honest log of two heads and any proof that does not lead to the larger one."""
    honest = Evidence(origin=SOURCE.origin, smaller=SOURCE.note(5), larger=SOURCE.note(9))
    for proof in (
        range_proof(5, 5, 9, TWIN.node),
        consistency_proof(5, 9, SOURCE.node),
        range_proof(4, 4, 9, SOURCE.node),
        [bytes(32)] * len(EVIDENCE.proof),
        [],
    ):
        refused(replace(honest, proof=tuple(proof)), SOURCE, "evidence.none", "tree.proof")


def test_what_another_key_has_signed_accuses_nobody() -> None:
    thief = publisher(0, "thief").key
    forged = sign_checkpoint(Checkpoint(SOURCE.origin, 9, TWIN.tree(9).root()), thief)
    refused(replace(EVIDENCE, larger=forged), SOURCE, "note.signature")
    refused(replace(EVIDENCE, smaller=forged), SOURCE, "note.signature")


def test_what_was_signed_of_another_log_accuses_nobody() -> None:
    other = publisher(9, "other")
    refused(replace(EVIDENCE, larger=other.note(9)), SOURCE, "checkpoint.origin")
    refused(replace(EVIDENCE, origin=other.origin), SOURCE, "checkpoint.origin")


def test_an_empty_tree_contradicts_nothing() -> None:
    proof = tuple(range_proof(0, 0, 9, TWIN.node))
    empty = Evidence(origin=SOURCE.origin, smaller=SOURCE.note(0), larger=TWIN.note(9), proof=proof)
    refused(empty, SOURCE, "evidence.none")


def test_evidence_has_one_form() -> None:
    refused(replace(EVIDENCE, smaller=EVIDENCE.larger, larger=EVIDENCE.smaller), SOURCE, "evidence.malformed")
    equal = evidence_of(SOURCE, TWIN)
    assert equal == evidence_of(TWIN, SOURCE)
    refused(replace(equal, smaller=equal.larger, larger=equal.smaller), SOURCE, "evidence.malformed")
    refused(replace(equal, proof=(bytes(32),)), SOURCE, "evidence.malformed")


# the file


def test_a_file_is_verified_by_its_bytes_alone() -> None:
    data = encode_evidence(EVIDENCE, history_of(SOURCE))
    verified = verify_evidence(data)
    assert is_evidence(data)
    assert (verified.did, verified.origin, verified.epoch) == (SOURCE.did, SOURCE.origin, 0)
    assert verified.key == SOURCE.key.public
    assert verified.found == check_evidence(EVIDENCE, SOURCE.key.public)
    for said in (
        SOURCE.did,
        "epoch 0",
        *(tree.root().hex() for tree in (SOURCE.tree(5), TWIN.tree(9), TWIN.tree(5))),
    ):
        assert said in verified.statement


def test_two_trees_of_one_size_are_told_too() -> None:
    verified = verify_evidence(encode_evidence(evidence_of(SOURCE, TWIN), history_of(SOURCE)))
    assert "two trees of 9 entries" in verified.statement
    assert TWIN.tree().root().hex() in verified.statement


def test_a_file_has_one_form_whatever_its_writer_has_heard_since() -> None:
    moved = SOURCE.move()
    assert encode_evidence(EVIDENCE, history_of(moved)) == encode_evidence(EVIDENCE, history_of(SOURCE))


def test_the_history_leads_to_a_later_epoch() -> None:
    moved = SOURCE.move()
    for at in range(3):
        moved.put(f"new-{at}", {"title": "new"})
    twin = twin_of(moved, 1)
    data = encode_evidence(evidence_of(moved, twin), history_of(moved.move()))
    assert verify_evidence(data).epoch == 1
    assert len(parse_evidence(data).history) == 2


def changed(**fields: object) -> bytes:
    content = dict(decode(encode_evidence(EVIDENCE, history_of(SOURCE))))
    return encode({name: value for name, value in (content | fields).items() if value is not None})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "evidence.malformed"),
        (encode([1]), "evidence.malformed"),
        (changed(format="frost-evidence/2"), "evidence.malformed"),
        (changed(more=1), "evidence.malformed"),
        (changed(proof=None), "evidence.malformed"),
        (changed(smaller=b"bytes"), "evidence.malformed"),
        (changed(larger="x" * 20_000), "evidence.malformed"),
        (changed(proof=["text"]), "evidence.malformed"),
        (changed(proof=[bytes(32)] * 129), "evidence.malformed"),
        (changed(history=[b""] * (IDENTITY_PATH_EVENTS_MAX + 1)), "evidence.malformed"),
        (bytes(EVIDENCE_FILE_BYTES_MAX + 1), "evidence.malformed"),
        (changed(origin="example.org/log"), "name.origin"),
        (changed(origin=publisher(0, "other").origin), "identity.unknown"),
        (changed(history=[]), "proof.mismatch"),
        (changed(history=[event.raw for event in SOURCE.move().history]), "proof.mismatch"),
        (changed(history=[SOURCE.genesis.raw] * 2), "proof.mismatch"),
        (changed(origin=SOURCE.move().origin), "epoch.unknown"),
        (changed(smaller="no note"), "note.malformed"),
        (changed(proof=[]), "tree.proof"),
    ],
)
def test_a_file_that_does_not_hold_says_why(data: bytes, code: str) -> None:
    with pytest.raises(PeerError) as caught:
        verify_evidence(data)
    assert caught.value.code == code


def test_a_file_says_what_it_is() -> None:
    assert is_evidence(changed(format="frost-evidence/2"))
    for data in (b"", encode({"format": "frost-proof/1"}), encode({"format": 1}), encode([])):
        assert not is_evidence(data)


def test_what_nobody_could_read_is_not_written() -> None:
    with pytest.raises(LogError) as caught:
        encode_evidence(replace(EVIDENCE, smaller=b"\xff"), history_of(SOURCE))
    assert caught.value.code == "evidence.malformed"
    with pytest.raises(LogError) as caught:
        encode_evidence(EVIDENCE, history_of(publisher(0, "other")))
    assert caught.value.code == "epoch.unknown"


@given(st.binary(max_size=400))
def test_any_bytes_are_evidence_or_an_error_of_the_peer(data: bytes) -> None:
    with suppress(PeerError):
        verify_evidence(data)
    assert is_evidence(data) in (True, False)


@given(st.data())
def test_no_changed_byte_makes_other_evidence(data: st.DataObject) -> None:
    good = encode_evidence(EVIDENCE, history_of(SOURCE))
    at = data.draw(st.integers(0, len(good) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    with pytest.raises(PeerError):
        verify_evidence(good[:at] + bytes([good[at] ^ bit]) + good[at + 1 :])


@given(st.integers(1, 20), st.integers(1, 20), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_no_proof_makes_evidence_of_an_honest_log(one: int, other: int, proof: list[bytes]) -> None:
    honest = publisher(20)
    small, large = sorted((one, other))
    claim = Evidence(
        origin=honest.origin, smaller=honest.note(small), larger=honest.note(large), proof=tuple(proof)
    )
    with pytest.raises(PeerError):
        check_evidence(claim, honest.key.public)
