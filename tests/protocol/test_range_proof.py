"""Range proofs against their definition by recursion, and against tampering."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import TreeError
from frostnode.protocol.limits import PROOF_HASHES_MAX, TREE_SIZE_MAX
from frostnode.protocol.merkle import (
    EMPTY_RANGE,
    EMPTY_ROOT,
    CompactRange,
    compact_range,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    split_point,
)
from frostnode.protocol.range_proof import (
    RangeCheck,
    check_range,
    range_proof,
    right_hashes,
    right_part_from,
    root_above,
)

SIZES = range(41)
LEAVES = [leaf_hash(b"leaf %d" % index) for index in SIZES]

Node = Callable[[int, int], bytes]


@cache
def mth(start: int, stop: int) -> bytes:
    """RFC 6962 section 2.1, over leaves [start, stop)."""
    if start == stop:
        return EMPTY_ROOT
    if stop - start == 1:
        return LEAVES[start]
    k = split_point(stop - start)
    return node_hash(mth(start, start + k), mth(start + k, stop))


def slow_range(a: int, b: int, low: int, high: int) -> list[bytes]:
    """The definition for a range that is not empty, within the subtree over [low, high)."""
    if a <= low and high <= b:
        return []
    if high <= a or b <= low:
        return [mth(low, high)]
    k = split_point(high - low)
    return [*slow_range(a, b, low, low + k), *slow_range(a, b, low + k, high)]


def slow_right(b: int, low: int, high: int) -> list[bytes]:
    """The part of the definition that lies to the right of `b`, which an empty range has too."""
    if high <= b:
        return []
    if b <= low:
        return [mth(low, high)]
    k = split_point(high - low)
    return [*slow_right(b, low, low + k), *slow_right(b, low + k, high)]


def node(level: int, index: int) -> bytes:
    return mth(index << level, (index + 1) << level)


@pytest.mark.parametrize("size", SIZES)
def test_range_proofs_are_what_the_definition_says(size: int) -> None:
    for start in range(size + 1):
        before = compact_range(start, node)
        for stop in range(start, size + 1):
            proof = range_proof(start, stop, size, node)
            if start < stop:
                assert proof == slow_range(start, stop, 0, size)
            assert proof == [*before.hashes, *slow_right(stop, 0, size)]
            assert check_range(LEAVES[start:stop], start, size, proof) == (before, mth(0, size))


@pytest.mark.parametrize("size", SIZES)
def test_the_right_part_continues_any_held_tree(size: int) -> None:
    for stop in range(size + 1):
        right = slow_right(stop, 0, size)
        assert len(right) == right_hashes(stop, size)
        assert root_above(compact_range(stop, node), size, right) == mth(0, size)


@pytest.mark.parametrize("size", SIZES)
def test_the_proof_of_one_leaf_has_the_hashes_of_its_inclusion_proof(size: int) -> None:
    for index in range(size):
        assert set(range_proof(index, index + 1, size, node)) == set(inclusion_proof(index, size, node))


@pytest.mark.parametrize("size", range(1, 41))
def test_the_proof_of_an_empty_range_says_what_a_consistency_proof_says(size: int) -> None:
    for old in range(1, size):
        proof = range_proof(old, old, size, node)
        left, root = check_range([], old, size, proof)
        assert (left.root(), root) == (mth(0, old), mth(0, size))
        # What a consistency proof sums up of the old tree, a range proof lists: nothing else is missing.
        within = {mth(start, old) for start in range(old)}
        assert set(consistency_proof(old, size, node)) <= {*proof, *within}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 8, 13])
def test_no_other_leaves_place_or_proof_give_both_roots(size: int) -> None:
    for start in range(size + 1):
        for stop in range(start, size + 1):
            proof, leaves = range_proof(start, stop, size, node), LEAVES[start:stop]
            right_answer = check_range(leaves, start, size, proof)
            wrong = [(leaves, start, size, changed) for changed in changed_lists(proof)]
            wrong += [(changed, start, size, proof) for changed in changed_lists(leaves)]
            wrong += [(leaves, start + step, size, proof) for step in (-2, -1, 1, 2)]
            for case in wrong:
                assert answer_or_error(*case) != right_answer


def changed_lists(hashes: list[bytes]) -> list[list[bytes]]:
    """Shorter, longer, reordered and altered lists of hashes."""
    extra = LEAVES[40]
    changed = [hashes[:-1], hashes[1:], [*hashes, extra], [extra, *hashes], hashes[::-1], [*hashes, b""]]
    for index, item in enumerate(hashes):
        others = (item[:31], item + b"\0", bytes([item[0] ^ 1]) + item[1:], b"", extra)
        changed += [[*hashes[:index], other, *hashes[index + 1 :]] for other in others]
    return [other for other in changed if other != hashes]


def answer_or_error(leaves: list[bytes], start: int, size: int, proof: list[bytes]) -> Any:
    try:
        return check_range(leaves, start, size, proof)
    except TreeError as error:
        return error.code


def test_a_byte_cannot_move_between_two_withheld_leaves() -> None:
    """Leaf hashes of withheld leaves come from the peer: their length is checked, not only their sum."""
    moved = [LEAVES[0] + LEAVES[1][:1], LEAVES[1][1:]]
    assert node_hash(*moved) == mth(0, 2)
    assert answer_or_error(moved, 0, 2, []) == "tree.proof"


@pytest.mark.parametrize(
    ("start", "stop", "size"), [(-1, 0, 1), (2, 1, 3), (0, 4, 3), (0, 0, -1), (0, 1, TREE_SIZE_MAX + 1)]
)
def test_a_range_outside_the_tree_is_refused(start: int, stop: int, size: int) -> None:
    with pytest.raises(TreeError) as caught:
        range_proof(start, stop, size, node)
    assert caught.value.code == "tree.size"
    if start <= stop:
        assert answer_or_error(LEAVES[: stop - start], start, size, []) == "tree.size"


def test_what_lies_beyond_is_counted() -> None:
    held = CompactRange(3, tuple(compact_range(3, node).hashes))
    for right in ([], [LEAVES[3]], [LEAVES[3], mth(4, 7), LEAVES[0]], [LEAVES[3], b""]):
        with pytest.raises(TreeError) as caught:
            root_above(held, 7, right)
        assert caught.value.code == "tree.proof"


# -- trees too large to build: all leaves alike but those of the range ------------------------------------


@cache
def plain(size: int) -> bytes:
    """MTH of `size` leaves that are all alike."""
    if size == 1:
        return leaf_hash(b"plain")
    k = split_point(size)
    return node_hash(plain(k), plain(size - k))


@st.composite
def large_ranges(draw: st.DrawFn) -> tuple[int, int, int]:
    """A run of at most 8 leaves in a tree of any size."""
    size = draw(
        st.one_of(st.integers(1, 300), st.integers(1, TREE_SIZE_MAX), st.integers(0, 52).map(lambda n: 2**n))
    )
    start = draw(st.one_of(st.integers(0, size), st.integers(0, min(size, 300)).map(lambda n: size - n)))
    return start, min(size, start + draw(st.integers(0, 8))), size


@given(large_ranges())
def test_ranges_in_large_trees(case: tuple[int, int, int]) -> None:
    start, stop, size = case
    leaves = [leaf_hash(b"own %d" % index) for index in range(start, stop)]

    @cache
    def tree(low: int, high: int) -> bytes:
        if high <= start or stop <= low:
            return plain(high - low)
        if high - low == 1:
            return leaves[low - start]
        middle = low + split_point(high - low)
        return node_hash(tree(low, middle), tree(middle, high))

    proof = range_proof(start, stop, size, lambda level, index: tree(index << level, (index + 1) << level))
    assert len(proof) <= PROOF_HASHES_MAX
    left, root = check_range(leaves, start, size, proof)
    assert (left.root(), root) == (plain(start) if start else EMPTY_ROOT, tree(0, size))


@given(
    st.lists(st.sampled_from(LEAVES) | st.binary(max_size=33), max_size=4),
    st.integers(-1, 9),
    st.integers(-1, 20),
    st.lists(st.sampled_from(LEAVES) | st.binary(max_size=33), max_size=6),
)
def test_anything_that_comes_as_a_proof_is_an_answer_or_a_tree_error(
    leaves: list[bytes], start: int, size: int, proof: list[bytes]
) -> None:
    answer = answer_or_error(leaves, start, size, proof)
    assert isinstance(answer, RangeCheck) or answer in ("tree.proof", "tree.size")


def test_frames_that_follow_one_another_rebuild_the_tree() -> None:
    held = EMPTY_RANGE
    for start in range(0, 40, 7):
        run = LEAVES[start : start + 7][: 40 - start]
        left, root = check_range(run, start, 40, range_proof(start, start + len(run), 40, node))
        assert (left, root) == (held, mth(0, 40))
        held = held.extend(run)
    assert held.root() == mth(0, 40)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 13, 16, 21, 32])
def test_the_right_part_of_a_proof_can_be_widened_by_the_leaves_that_it_ends_at(size: int) -> None:
    """Whoever holds [at, stop) and what lies beyond `stop` can show the tree of `at`."""

    def node(level: int, index: int) -> bytes:
        low, high = index << level, (index + 1) << level
        assert at <= low <= high <= stop, "asked for a subtree that is not held"
        return mth(low, high)

    for stop in range(size + 1):
        right = slow_right(stop, 0, size)
        for at in range(stop + 1):
            assert right_part_from(at, stop, size, node, right) == slow_right(at, 0, size)


def test_a_right_part_of_another_length_is_refused() -> None:
    right = slow_right(5, 0, 9)
    for wrong in ([], right[:-1], [*right, LEAVES[0]], [right[0][:31], *right[1:]]):
        with pytest.raises(TreeError) as caught:
            right_part_from(3, 5, 9, lambda level, index: LEAVES[index], wrong)
        assert caught.value.code == "tree.proof"
    with pytest.raises(TreeError) as caught:
        right_part_from(6, 5, 9, lambda level, index: LEAVES[index], right)
    assert caught.value.code == "tree.size"
