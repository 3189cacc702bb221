"""Requests to cosign: their form, and the rule by which they are judged (C2SP tlog-witness)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.checkpoint import Checkpoint, cosign, sign_checkpoint
from frostnode.protocol.errors import LogError, PeerError
from frostnode.protocol.limits import ADD_CHECKPOINT_BYTES_MAX, CONSISTENCY_LINES_MAX
from frostnode.protocol.merkle import EMPTY_ROOT, consistency_proof
from frostnode.protocol.note import encode_base64
from frostnode.protocol.witness import (
    AddCheckpoint,
    cosigning_time,
    judge,
    origin_digest,
    parse_add_checkpoint,
    parse_size_answer,
)
from frostnode.testing.memory_publisher import MemoryPublisher

SOURCE = MemoryPublisher("p")
for at in range(9):
    SOURCE.put(f"key-{at}", {"title": f"Title {at}"})
OTHER = MemoryPublisher("other")


def request(old=0, size=9, proof=None, note=None):
    path = proof if proof is not None else consistency_proof(old, size, SOURCE.node) if old else []
    return AddCheckpoint(old=old, proof=tuple(path), note=note or SOURCE.note(size))


def judged(asked, last=0, root=None):
    again, checkpoint = parse_add_checkpoint(asked.to_bytes())
    assert again == asked
    judge(again, checkpoint, SOURCE.key.public, last, SOURCE.tree(last).root() if root is None else root)
    return checkpoint


@pytest.mark.parametrize(("old", "size"), [(0, 1), (0, 9), (1, 9), (4, 9), (5, 6), (8, 9), (9, 9)])
def test_a_tree_that_extends_the_last_one_is_cosigned(old, size):
    assert judged(request(old, size), old) == Checkpoint(SOURCE.origin, size, SOURCE.tree(size).root())


def test_the_empty_tree_is_cosigned():
    assert judged(request(0, 0)).size == 0


def test_further_lines_in_the_note_are_ignored():
    note = cosign(SOURCE.note(9), "w.example", OTHER.key, 1)
    assert judged(request(note=note)).size == 9


def signed(size, root, key=SOURCE.key):
    return sign_checkpoint(Checkpoint(SOURCE.origin, size, root), key)


def empty_with_a_root():
    """A signed note of an empty tree with a root that it cannot have."""
    text = Checkpoint(SOURCE.origin, 0, bytes(32)).text()
    good = signed(0, EMPTY_ROOT).decode().split("\n\n")[1]
    name, _, _ = good.removeprefix("— ").partition(" ")
    from frostnode.protocol.note import key_id

    payload = key_id(name, SOURCE.key.public) + SOURCE.key.sign(text.encode())
    return f"{text}\n— {name} {encode_base64(payload)}\n".encode()


@pytest.mark.parametrize(
    ("code", "asked", "last"),
    [
        ("witness.signature", request(note=signed(9, SOURCE.tree().root(), OTHER.key)), 0),
        ("witness.signature", request(note=SOURCE.note(8).replace(b"\n8\n", b"\n9\n")), 0),
        ("witness.malformed", request(9, 4, proof=[]), 9),
        ("witness.conflict", request(0, 9), 4),
        ("witness.conflict", request(4, 9), 0),
        ("tree.proof", request(4, 9, proof=[bytes(32)] * 3), 4),
        ("tree.proof", request(4, 9, proof=[]), 4),
        ("tree.proof", request(0, 9, proof=[bytes(32)]), 0),
        ("tree.proof", request(9, 9, proof=[bytes(32)]), 9),
        ("tree.root", request(9, 9, note=signed(9, bytes(32))), 9),
        ("tree.root", request(0, 0, note=empty_with_a_root()), 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_all_else_is_refused(code, asked, last):
    with pytest.raises(PeerError) as refused:
        judged(asked, last)
    assert refused.value.code == code


def test_a_conflict_says_what_was_cosigned():
    with pytest.raises(LogError) as refused:
        judged(request(0, 9), 4)
    assert refused.value.expected == 4


GOOD = request(4).to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 4\n",
        GOOD.replace(b"old 4", b"old 04"),
        GOOD.replace(b"old 4", b"old -4"),
        GOOD.replace(b"old 4", b"old  4"),
        GOOD.replace(b"old 4", b"Old 4"),
        GOOD.replace(b"old 4", b"old 9007199254740992"),
        GOOD.replace(b"old 4\n", b"old 4\nMTIz\n"),
        GOOD.replace(b"old 4\n", b"old 4\n\xff\n"),
        GOOD.replace(b"old 4\n", b"old 4\r\n"),
        GOOD.replace(b"\n\n", b"\n"),
        b"old 0\n"
        + (encode_base64(bytes(32)) + "\n").encode() * (CONSISTENCY_LINES_MAX + 1)
        + b"\n"
        + SOURCE.note(),
        b"old 0\n\n" + SOURCE.note()[:-1],
        b"old 0\n\n" + b"x" * ADD_CHECKPOINT_BYTES_MAX,
        request(note=SOURCE.note().replace(b"\n9\n", b"\n09\n")).to_bytes(),
        request(note=b"text\n\n" + SOURCE.note().split(b"\n\n")[1]).to_bytes(),
    ],
)
def test_another_form_is_refused(data):
    with pytest.raises(LogError) as refused:
        parse_add_checkpoint(data)
    assert refused.value.code == "witness.malformed"


@given(
    st.binary(max_size=300)
    | st.builds(lambda at, put: GOOD[:at] + put + GOOD[at:], st.integers(0, len(GOOD)), st.binary(max_size=9))
)
def test_any_bytes_are_a_request_or_refused(data):
    try:
        asked, checkpoint = parse_add_checkpoint(data)
        judge(asked, checkpoint, SOURCE.key.public, 4, SOURCE.tree(4).root())
    except PeerError:
        return
    assert asked.to_bytes() == data


def test_a_log_is_named_by_the_hash_of_its_origin():
    assert (
        origin_digest("example.com").hex()
        == "a379a6f6eeafb9a55e378c118034e2751e682fab9f2d30ab13d2125586ce1947"
    )


@pytest.mark.parametrize(
    ("now", "last", "time"),
    [(100, None, 100), (-5, None, 0), (100, 90, 100), (100, 100, 101), (50, 100, 101)],
)
def test_a_larger_tree_gets_a_later_time_whatever_the_clock_says(now, last, time):
    assert cosigning_time(now, last) == time


def test_the_size_in_a_conflict():
    assert parse_size_answer(b"0\n") == 0
    assert parse_size_answer(b"9007199254740991\n") == 2**53 - 1
    for data in (b"", b"1", b"01\n", b"-1\n", b"1\n\n", b"9007199254740992\n", b"\xff\n"):
        with pytest.raises(LogError):
            parse_size_answer(data)
