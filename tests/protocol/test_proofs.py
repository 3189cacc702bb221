"""A record with its proof as one file: it holds or it does not, and says as of when."""

from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frostnode.protocol.checkpoint import Checkpoint, cosign, sign_checkpoint
from frostnode.protocol.dagcbor import Cid, decode, encode
from frostnode.protocol.entry import Header, Op, encode_body, encode_header
from frostnode.protocol.errors import PeerError
from frostnode.protocol.identity import (
    EMPTY_END,
    End,
    Epoch,
    Event,
    Kind,
    SignedEvent,
    commitment,
    sign_event,
)
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import PROOF_FILE_BYTES_MAX, PROOF_RIVALS_MAX
from frostnode.protocol.merkle import EMPTY_RANGE, inclusion_proof, leaf_hash
from frostnode.protocol.names import did_of, format_origin, parse_did_url
from frostnode.protocol.proofs import ProofFile, decode_proof, encode_proof, verify_proof


def key(label: str) -> SigningKey:
    return SigningKey(sha256(label.encode()).digest())


def event(kind: Kind, prev: SignedEvent | None, signer: str, label: str, end: End = EMPTY_END) -> SignedEvent:
    made = Event(
        kind=kind,
        n=prev.event.n + 1 if prev else 0,
        prev=prev.cid if prev else None,
        time=0,
        keys=(key(signer).public,),
        next=commitment([key("kit").public], 1),
        recovery=None if kind is Kind.ORDINARY else commitment([key("sheet").public], 1),
        end=end if prev else None,
        epoch=Epoch(key=key(f"log {label}").public, node=key("node").public, url="https://a.example"),
    )
    return sign_event(made, [key(signer)])


# Epoch 0: five entries, of which the last is no header. Epoch 1, elsewhere: two entries.
BODIES = [encode_body({"title": f"Dataset {n}"}, bytes([n]) * 16) for n in range(6)]
HEADERS = [
    encode_header(
        Header(
            op=Op.PUT, type="dataset", key=f"d{n}", time=1_770_000_000_000, body=Cid.of(body), size=len(body)
        )
    )
    for n, body in enumerate(BODIES)
]
HEADERS[3] = encode_header(Header(op=Op.WITHDRAW, type="dataset", key="d0", time=0))
OPAQUE = encode({"v": 2})
LEAVES = [*HEADERS[:4], OPAQUE]
LATER = [HEADERS[4], HEADERS[5]]


def root(leaves: list[bytes]) -> bytes:
    return EMPTY_RANGE.extend(map(leaf_hash, leaves)).root()


def path(leaves: list[bytes], index: int) -> list[bytes]:
    def node(level: int, at: int) -> bytes:
        return root(leaves[at << level : (at + 1) << level])

    return inclusion_proof(index, len(leaves), node)


G = event(Kind.GENESIS, None, "kit", "0")
DID = did_of(G.cid)
ORIGIN = format_origin(DID, 0, G.cid)
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 5, root(LEAVES)), key("log 0"))
WITNESS = {"witness.example": key("witness").public}
MOVED = event(Kind.ORDINARY, G, "kit", "1", End(size=3, root=root(LEAVES[:3])))
ORIGIN_1 = format_origin(DID, 1, MOVED.cid)
NOTE_1 = sign_checkpoint(Checkpoint(ORIGIN_1, 2, root(LATER)), key("log 1"))


def proof_of(index: int, /, **changes) -> ProofFile:
    """The proof of an entry of epoch 0 while it is open."""
    made = ProofFile(
        history=(G.raw,),
        origin=ORIGIN,
        index=index,
        path=tuple(path(LEAVES, index)),
        header=LEAVES[index],
        checkpoint=NOTE,
        body=BODIES[index],
    )
    return replace(made, **changes)


def ended(index: int, /, **changes) -> ProofFile:
    """The proof of an entry of epoch 0 after it was ended at 3."""
    made = proof_of(index, history=(G.raw, MOVED.raw), path=tuple(path(LEAVES[:3], index)), checkpoint=b"")
    return replace(made, **changes)


FILE = encode_proof(proof_of(2, checkpoint=cosign(NOTE, "witness.example", key("witness"), 1_770_000_100)))


# -- what holds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [0, 1, 2])
def test_an_entry_of_an_open_epoch(index: int) -> None:
    verified = verify_proof(encode_proof(proof_of(index)))
    assert verified.did == DID
    assert verified.url == parse_did_url(f"{DID}/d{index}?cid={Cid.of(HEADERS[index])}")
    assert (verified.body, verified.fields) == (BODIES[index], {"title": f"Dataset {index}"})
    assert (verified.tip, verified.tip_n) == (G.cid, 0)
    assert (verified.origin, verified.index, verified.size, verified.root) == (ORIGIN, index, 5, root(LEAVES))
    assert not verified.ended
    assert verified.cosigned == {}


def test_the_statement_says_as_of_what_it_holds() -> None:
    statement = verify_proof(encode_proof(proof_of(2))).statement
    assert f"as of identity event 0 ({G.cid})" in statement
    assert "no witness has cosigned this tree" in statement
    assert "its content is in this file" in statement
    assert "signed by the epoch's key" in statement
    assert "says that it is of 2026-02-02T02:40:00Z" in statement
    assert "valid" not in statement


def test_cosignatures_count_for_the_witnesses_that_the_reader_knows() -> None:
    verified = verify_proof(FILE, WITNESS)
    assert verified.cosigned == {"witness.example": 1_770_000_100}
    assert "cosigned by witness.example at 2026-02-02T02:41:40Z" in verified.statement
    stranger = verify_proof(FILE)
    assert stranger.cosigned == {}
    assert "no witness that is known here has cosigned this tree (1 unknown)" in stranger.statement


def test_a_time_without_a_date_is_still_said() -> None:
    late = cosign(NOTE, "witness.example", key("witness"), 2**63 - 1)
    statement = verify_proof(encode_proof(proof_of(2, checkpoint=late)), WITNESS).statement
    assert "second 9223372036854775807 since 1970" in statement


def test_content_may_be_left_out() -> None:
    verified = verify_proof(encode_proof(proof_of(1, body=None)))
    assert (verified.body, verified.fields) == (None, None)
    assert "its content is not in this file" in verified.statement


def test_content_that_cannot_be_read_is_proven_all_the_same() -> None:
    body = b"no DAG-CBOR"
    header = encode_header(
        Header(op=Op.PUT, type="dataset", key="odd", time=0, body=Cid.of(body), size=len(body))
    )
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, root([header])), key("log 0"))
    verified = verify_proof(encode_proof(proof_of(0, header=header, path=(), checkpoint=note, body=body)))
    assert (verified.body, verified.fields) == (body, None)


def test_a_withdrawal_has_no_content() -> None:
    statement = verify_proof(encode_proof(proof_of(3, body=None))).statement
    assert "withdraw; it has no content" in statement


def test_an_ended_epoch_needs_no_checkpoint() -> None:
    verified = verify_proof(encode_proof(ended(1)))
    assert (verified.ended, verified.size, verified.root) == (True, 3, root(LEAVES[:3]))
    assert (verified.tip, verified.tip_n) == (MOVED.cid, 1)
    assert "where the identity history ends the epoch" in verified.statement


def test_a_cosignature_counts_for_its_own_tree_alone() -> None:
    same = cosign(
        sign_checkpoint(Checkpoint(ORIGIN, 3, root(LEAVES[:3])), key("log 0")),
        "witness.example",
        key("witness"),
        7,
    )
    assert verify_proof(encode_proof(ended(1, checkpoint=same)), WITNESS).cosigned == {"witness.example": 7}
    larger = cosign(NOTE, "witness.example", key("witness"), 7)
    verified = verify_proof(encode_proof(ended(1, checkpoint=larger)), WITNESS)
    assert (verified.cosigned, verified.size) == ({}, 3)
    assert "no witness has cosigned this tree" in verified.statement


def test_a_later_epoch_is_proven_to_its_own_key() -> None:
    proof = proof_of(
        1,
        history=(G.raw, MOVED.raw),
        origin=ORIGIN_1,
        path=tuple(path(LATER, 1)),
        header=LATER[1],
        body=BODIES[5],
        checkpoint=NOTE_1,
    )
    assert verify_proof(encode_proof(proof)).origin == ORIGIN_1


def test_a_history_with_a_recovery_counts() -> None:
    recovered = event(Kind.RECOVERY, G, "sheet", "2", End(size=2, root=root(LEAVES[:2])))
    verified = verify_proof(
        encode_proof(ended(1, history=(G.raw, recovered.raw), path=tuple(path(LEAVES[:2], 1))))
    )
    assert (verified.size, verified.tip) == (2, recovered.cid)


# -- what does not hold -----------------------------------------------------------------------------

OTHER = event(Kind.GENESIS, None, "kit", "other")
RIVAL = event(Kind.ORDINARY, G, "kit", "rival", End(size=3, root=root(LEAVES[:3])))
FORGED = sign_checkpoint(Checkpoint(ORIGIN, 5, root(LEAVES)), key("thief"))


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        (proof_of(2, index=1), "tree.proof"),
        (proof_of(2, index=5), "tree.size"),
        (proof_of(2, path=()), "tree.proof"),
        (proof_of(2, path=(b"x" * 33, *proof_of(2).path[1:])), "tree.proof"),
        (proof_of(2, header=HEADERS[1], body=None), "tree.proof"),
        (proof_of(2, body=BODIES[1]), "body.hash"),
        (proof_of(3, body=BODIES[3]), "body.hash"),
        (proof_of(4, body=None), "header.malformed"),
        (proof_of(2, checkpoint=b""), "proof.mismatch"),
        (proof_of(2, checkpoint=FORGED), "note.signature"),
        (proof_of(2, checkpoint=NOTE_1), "checkpoint.origin"),
        (proof_of(2, checkpoint=NOTE.rpartition(b"\n\n")[0] + b"\n"), "note.malformed"),
        (
            proof_of(2, checkpoint=sign_checkpoint(Checkpoint(ORIGIN, 4, root(LEAVES[:4])), key("log 0"))),
            "tree.proof",
        ),
        (proof_of(2, history=()), "proof.mismatch"),
        (proof_of(2, history=(OTHER.raw,)), "identity.unknown"),
        (proof_of(2, history=(MOVED.raw,)), "proof.mismatch"),
        (proof_of(2, history=(G.raw, MOVED.raw)), "tree.proof"),
        (proof_of(2, history=(G.raw, G.raw)), "proof.mismatch"),
        (proof_of(2, history=(MOVED.raw, G.raw)), "proof.mismatch"),
        (ended(1, history=(G.raw, MOVED.raw, RIVAL.raw)), "proof.mismatch"),
        (ended(1, path=tuple(path(LEAVES, 1)), checkpoint=NOTE), "tree.proof"),
        (ended(1, checkpoint=FORGED), "note.signature"),
        (proof_of(2, origin=ORIGIN_1), "epoch.unknown"),
        (proof_of(2, origin=f"{DID}/log/1/{G.cid}"), "epoch.unknown"),
        (proof_of(2, origin="example.org/log"), "name.origin"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(proof: ProofFile, code: str) -> None:
    with pytest.raises(PeerError) as caught:
        verify_proof(encode_proof(proof))
    assert caught.value.code == code


def test_a_voided_epoch_proves_nothing() -> None:
    """The recovery counts, so the move that it passed over does not: its entries are nobody's."""
    recovered = event(Kind.RECOVERY, G, "sheet", "2")
    stolen = proof_of(
        1, origin=ORIGIN_1, path=tuple(path(LATER, 1)), header=LATER[1], body=None, checkpoint=NOTE_1
    )
    for history, code in [((G, MOVED, recovered), "proof.mismatch"), ((G, recovered), "epoch.unknown")]:
        with pytest.raises(PeerError) as caught:
            verify_proof(encode_proof(replace(stolen, history=tuple(each.raw for each in history))))
        assert caught.value.code == code


def test_a_cosignature_of_a_known_witness_must_verify() -> None:
    cosigned = cosign(NOTE, "witness.example", key("witness"), 7)
    data = encode_proof(proof_of(2, checkpoint=tampered(cosigned)))
    assert verify_proof(data).cosigned == {}
    with pytest.raises(PeerError) as caught:
        verify_proof(data, WITNESS)
    assert caught.value.code == "note.signature"


def tampered(note: bytes) -> bytes:
    """The note with a digit of the last cosignature changed: the line still names its key."""
    at = len(note) - 10
    return note[:at] + (b"A" if note[at : at + 1] != b"A" else b"B") + note[at + 1 :]


# -- bytes ------------------------------------------------------------------------------------------

FIELDS = dict(decode(FILE, bytes_max=PROOF_FILE_BYTES_MAX))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "frost-proof/2"},
        {"format": 1},
        {"history": b""},
        {"history": [1]},
        {"history": [b""] * 1001},
        {"origin": ""},
        {"origin": 7},
        {"index": -1},
        {"index": True},
        {"index": 2**53},
        {"path": [[]]},
        {"path": [bytes(32)] * 129},
        {"header": "text"},
        {"checkpoint": b"bytes"},
        {"checkpoint": ""},
        {"body": None},
        {"extra": 1},
    ],
    ids=str,
)
def test_other_fields_are_no_proof_file(change: dict) -> None:
    with pytest.raises(PeerError) as caught:
        decode_proof(encode(FIELDS | change))
    assert caught.value.code == "proof.malformed"


@pytest.mark.parametrize("field", ["format", "history", "origin", "index", "path", "header"])
def test_no_required_field_may_be_missing(field: str) -> None:
    with pytest.raises(PeerError) as caught:
        decode_proof(encode({name: value for name, value in FIELDS.items() if name != field}))
    assert caught.value.code == "proof.malformed"


def test_what_could_not_be_read_again_is_not_written() -> None:
    for wrong in [proof_of(2, checkpoint=b"\xff"), proof_of(2, index=-1), proof_of(2, origin="\ud800")]:
        with pytest.raises(PeerError) as caught:
            encode_proof(wrong)
        assert caught.value.code == "proof.malformed"


def test_a_file_is_read_as_it_was_written() -> None:
    for proof in [proof_of(0), proof_of(3, body=None), ended(1)]:
        assert decode_proof(encode_proof(proof)) == proof


def test_a_file_above_the_limit_is_refused_unread() -> None:
    with pytest.raises(PeerError) as caught:
        verify_proof(bytes(PROOF_FILE_BYTES_MAX + 1))
    assert caught.value.code == "proof.malformed"


def test_a_truncated_file_is_refused_at_every_byte() -> None:
    for stop in range(len(FILE)):
        with pytest.raises(PeerError):
            verify_proof(FILE[:stop])
    with pytest.raises(PeerError):
        verify_proof(FILE + b"\x00")


ORIGINAL = verify_proof(FILE)


@given(st.integers(0, len(FILE) - 1), st.integers(0, 255))
@example(FILE.index(b"title"), ord("T"))
def test_a_damaged_file_says_the_same_or_nothing(position: int, byte: int) -> None:
    """Only a line of a witness that the reader does not know can change without notice."""
    data = bytearray(FILE)
    data[position] = byte
    with suppress(PeerError):
        verified = verify_proof(bytes(data))
        assert replace(verified, statement="") == replace(ORIGINAL, statement="")


@given(
    st.binary(max_size=200)
    | st.dictionaries(st.sampled_from(sorted(FIELDS)), st.binary(max_size=40)).map(
        lambda changes: encode(FIELDS | changes)
    )
)
def test_any_bytes_are_a_proof_or_a_peer_error(data: bytes) -> None:
    with suppress(PeerError):
        verify_proof(data)


def test_a_file_has_so_many_events_off_the_path_and_no_more():
    rivals = tuple(bytes([at]) for at in range(PROOF_RIVALS_MAX))
    assert decode_proof(encode_proof(proof_of(0, rivals=rivals))).rivals == rivals
    with pytest.raises(PeerError) as caught:
        encode_proof(proof_of(0, rivals=(*rivals, b"more")))
    assert caught.value.code == "proof.malformed"
    fields = decode(encode_proof(proof_of(0, rivals=rivals)), bytes_max=PROOF_FILE_BYTES_MAX, depth_max=2)
    with pytest.raises(PeerError) as caught:
        decode_proof(encode({**fields, "rivals": [*rivals, b"more"]}))
    assert caught.value.code == "proof.malformed"
