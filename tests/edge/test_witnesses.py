"""What every witness key does (frostnode.witness_port.Witness): one suite over the one with a file and the one in memory."""

import pytest

from frostnode.edge.witness import LocalWitness
from frostnode.protocol.checkpoint import cosign, verify_cosignatures
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.merkle import EMPTY_ROOT
from frostnode.protocol.note import parse_note
from frostnode.protocol.witness import origin_digest
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.memory_witness import MemoryWitness
from frostnode.witness_port import CosignRequest

KEY = SigningKey(bytes(32))


@pytest.fixture
def on_disk(tmp_path):
    made = LocalWitness(tmp_path / "witness.db", KEY)
    yield made
    made.close()


@pytest.fixture
def in_memory():
    return MemoryWitness(KEY)


@pytest.fixture(params=["on_disk", "in_memory"])
def witness(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def source():
    made = MemoryPublisher("source")
    for number in range(4):
        made.put(f"key-{number}", {"title": "t"})
    return made


def request(source, old, size, **changes):
    roots = {n: source.tree(n).root() if n else EMPTY_ROOT for n in (old, size)}
    fields = {
        "origin": source.origin,
        "old_size": old,
        "old_root": roots[old],
        "size": size,
        "root": roots[size],
        "note": source.note(size),
    }
    return CosignRequest(**{**fields, **changes})


def test_both_have_the_name_of_their_key(on_disk, in_memory):
    assert on_disk.cosigner == in_memory.cosigner


def test_what_was_cosigned_is_remembered_by_name_and_by_hash(witness, source):
    assert (witness.last(source.origin), witness.last_by_digest(origin_digest(source.origin))) == (None, None)
    (made,) = witness.cosign([request(source, 0, 2)], 100)
    assert (made.origin, made.size, made.root, made.time_s) == (
        source.origin,
        2,
        source.tree(2).root(),
        100,
    )
    assert verify_cosignatures(made.note, {witness.cosigner.name: KEY.public}) == {witness.cosigner.name: 100}
    assert witness.last(source.origin) == witness.last_by_digest(origin_digest(source.origin)) == made
    assert witness.remembered() == [made]


def test_a_larger_tree_has_a_later_time_whatever_the_clock_says(witness, source):
    for old, size, now_s, time_s in ((0, 1, 100, 100), (1, 2, 50, 101), (2, 4, 500, 500)):
        (made,) = witness.cosign([request(source, old, size)], now_s)
        assert (made.size, made.time_s) == (size, time_s)
    early = MemoryPublisher("early")
    early.put("a", {"title": "t"})
    assert witness.cosign([request(early, 0, 1)], -5)[0].time_s == 0


def test_the_same_tree_is_answered_as_it_was(witness, source):
    first = witness.cosign([request(source, 0, 2)], 100)
    assert witness.cosign([request(source, 0, 2)], 200) == first
    assert witness.cosign([request(source, 2, 2)], 300) == first


def test_what_does_not_go_on_from_the_last_tree_is_not_cosigned(witness, source):
    (last,) = witness.cosign([request(source, 0, 3)], 100)
    for other in (
        request(source, 0, 4),
        request(source, 2, 4),
        request(source, 3, 4, old_root=bytes(32)),
        request(source, 3, 2),
    ):
        assert witness.cosign([other], 200) == [None]
        assert witness.remembered() == [last]


def test_each_request_has_its_own_answer_in_order(witness, source):
    other = MemoryPublisher("other")
    other.put("a", {"title": "t"})
    answers = witness.cosign(
        [request(source, 0, 1), request(source, 0, 2), request(other, 0, 1), request(source, 1, 2)], 100
    )
    assert [None if made is None else (made.origin, made.size) for made in answers] == [
        (source.origin, 1),
        None,
        (other.origin, 1),
        (source.origin, 2),
    ]
    remembered = witness.remembered()
    assert [made.origin for made in remembered] == sorted([source.origin, other.origin])


def test_the_lines_of_others_are_left_out(witness, source):
    note = cosign(source.note(1), "other.example", SigningKey(b"o" * 32), 7)
    (made,) = witness.cosign([request(source, 0, 1, note=note)], 100)
    assert {line.name for line in parse_note(made.note).signatures} == {source.origin, witness.cosigner.name}
