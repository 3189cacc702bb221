"""The tree against RFC 6962 written down as it stands there, and against the proofs of others."""

import json
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import TreeError
from frostnode.protocol.limits import TREE_SIZE_MAX
from frostnode.protocol.merkle import (
    EMPTY_RANGE,
    EMPTY_ROOT,
    CompactRange,
    compact_range,
    consistency_proof,
    extends,
    hash_pairs,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    node_hash,
    root_from_inclusion,
    split_point,
    subtree_root,
    verify_consistency,
    verify_inclusion,
)

SIZES = range(41)
LEAVES = [leaf_hash(b"leaf %d" % index) for index in SIZES]
EIGHT = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "60616263" + "6465666768696a6b6c6d6e6f")]  # fmt: skip
EIGHT_ROOT = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")


# -- the slow twins: RFC 6962 sections 2.1, 2.1.1 and 2.1.2, over leaves [start, stop) of one list ----


@cache
def mth(start: int, stop: int) -> bytes:
    if start == stop:
        return sha256(b"").digest()
    if stop - start == 1:
        return LEAVES[start]
    k = largest_power_below(stop - start)
    return sha256(b"\x01" + mth(start, start + k) + mth(start + k, stop)).digest()


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def slow_path(m: int, start: int, stop: int) -> list[bytes]:
    if stop - start == 1:
        return []
    k = largest_power_below(stop - start)
    if m < k:
        return [*slow_path(m, start, start + k), mth(start + k, stop)]
    return [*slow_path(m - k, start + k, stop), mth(start, start + k)]


def slow_subproof(m: int, start: int, stop: int, whole: bool) -> list[bytes]:
    n = stop - start
    if m == n:
        return [] if whole else [mth(start, stop)]
    k = largest_power_below(n)
    if m <= k:
        return [*slow_subproof(m, start, start + k, whole), mth(start + k, stop)]
    return [*slow_subproof(m - k, start + k, stop, False), mth(start, start + k)]


def slow_perfect_subtrees(size: int) -> list[bytes]:
    """The hashes of the compact range, by cutting off the largest power of two again and again."""
    start, hashes = 0, []
    while start < size:
        width = 1
        while start + width * 2 <= size:
            width *= 2
        hashes.append(mth(start, start + width))
        start += width
    return hashes


def nodes_of(size: int) -> Any:
    """Stored nodes of a tree: only of perfect subtrees that lie in it."""

    def node(level: int, index: int) -> bytes:
        assert index >= 0
        assert (index + 1) << level <= size
        return mth(index << level, (index + 1) << level)

    return node


def refusal(check: Callable[..., None], *arguments: Any) -> str:
    """The code of the error of a check; empty when it holds."""
    try:
        check(*arguments)
    except TreeError as error:
        return error.code
    return ""


# -- hashing -----------------------------------------------------------------------------------------


def test_hashes_have_the_prefixes_of_the_rfc() -> None:
    assert leaf_hash(b"x") == sha256(b"\x00x").digest()
    assert node_hash(b"l", b"r") == sha256(b"\x01lr").digest()
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hashes([b"", b"x"]) == [leaf_hash(b""), leaf_hash(b"x")]
    assert hash_pairs(LEAVES[:4]) == [mth(0, 2), mth(2, 4)]


def test_the_known_tree_of_eight_leaves_has_its_known_root() -> None:
    assert EMPTY_RANGE.extend(leaf_hashes(EIGHT)).root() == EIGHT_ROOT


def test_split_point_is_the_largest_power_of_two_below() -> None:
    assert [split_point(size) for size in range(2, 300)] == [
        largest_power_below(size) for size in range(2, 300)
    ]
    assert split_point(TREE_SIZE_MAX) == 2**52


# -- compact ranges ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_a_compact_range_is_the_same_however_it_is_made(size: int) -> None:
    expected = CompactRange(size, tuple(slow_perfect_subtrees(size)))
    one_by_one = EMPTY_RANGE
    for leaf in LEAVES[:size]:
        one_by_one = one_by_one.append(leaf)
    assert one_by_one == compact_range(size, nodes_of(size)) == expected
    for cut in range(size + 1):
        assert EMPTY_RANGE.extend(LEAVES[:cut]).extend(iter(LEAVES[cut:size])) == expected
    assert expected.root() == mth(0, size)


@given(st.lists(st.integers(0, 40), max_size=6))
def test_batches_of_any_size_make_the_same_range(batches: list[int]) -> None:
    grown, size = EMPTY_RANGE, 0
    for batch in batches:
        grown = grown.extend(leaf_hash(b"%d" % index) for index in range(size, size + batch))
        size += batch
    assert grown == EMPTY_RANGE.extend(leaf_hash(b"%d" % index) for index in range(size))


def test_a_compact_range_of_the_wrong_shape_cannot_be_made() -> None:
    for size, hashes in [(3, (LEAVES[0],)), (0, (LEAVES[0],)), (1, (LEAVES[0][:31],)), (2, (b"",))]:
        with pytest.raises(TreeError) as caught:
            CompactRange(size, hashes)
        assert caught.value.code == "tree.proof"
    for size in (-1, TREE_SIZE_MAX + 1):
        with pytest.raises(TreeError) as caught:
            CompactRange(size, (LEAVES[0],))
        assert caught.value.code == "tree.size"


def test_a_range_does_not_grow_beyond_the_largest_tree() -> None:
    full = CompactRange(TREE_SIZE_MAX, (LEAVES[0],) * 53)
    with pytest.raises(TreeError):
        full.append(LEAVES[0])


@pytest.mark.parametrize("size", SIZES)
def test_subtree_roots_are_those_of_the_rfc(size: int) -> None:
    def visit(start: int, stop: int) -> None:
        assert subtree_root(start, stop, nodes_of(size)) == mth(start, stop)
        if stop - start > 1:
            middle = start + largest_power_below(stop - start)
            visit(start, middle)
            visit(middle, stop)

    visit(0, size)


@pytest.mark.parametrize(("start", "stop"), [(1, 3), (2, 5), (-1, 0), (3, 2), (4, 9)])
def test_what_is_no_subtree_has_no_root(start: int, stop: int) -> None:
    with pytest.raises(TreeError) as caught:
        subtree_root(start, stop, nodes_of(40))
    assert caught.value.code == "tree.size"


# -- inclusion ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_proofs_are_those_of_the_rfc(size: int) -> None:
    for index in range(size):
        proof = inclusion_proof(index, size, nodes_of(size))
        assert proof == slow_path(index, 0, size)
        verify_inclusion(LEAVES[index], index, size, proof, mth(0, size))


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 13])
def test_no_other_place_leaf_or_proof_is_included(size: int) -> None:
    root = mth(0, size)
    for index in range(size):
        proof = slow_path(index, 0, size)
        wrong = [(LEAVES[index], other, proof) for other in range(size) if other != index]
        wrong += [(LEAVES[other], index, proof) for other in range(size) if other != index]
        wrong += [(LEAVES[index], index, changed) for changed in changed_proofs(proof, root)]
        for leaf, place, hashes in wrong:
            with pytest.raises(TreeError):
                verify_inclusion(leaf, place, size, hashes, root)


def changed_proofs(proof: list[bytes], root: bytes) -> list[list[bytes]]:
    """Shorter, longer, reordered and altered proofs."""
    changed = [
        proof[:-1],
        proof[1:],
        [*proof, root],
        [root, *proof],
        [*proof, b""],
        proof[::-1],
        [*proof, *proof],
    ]
    for index, item in enumerate(proof):
        others = (item[:31], item + b"\0", bytes([item[0] ^ 1]) + item[1:], b"", root)
        changed += [[*proof[:index], other, *proof[index + 1 :]] for other in others]
    return [hashes for hashes in changed if hashes != proof]


@pytest.mark.parametrize(
    ("index", "size"), [(0, 0), (1, 1), (-1, 1), (5, 4), (2**64 - 1, 1), (0, TREE_SIZE_MAX + 1)]
)
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(TreeError) as made:
        inclusion_proof(index, size, nodes_of(size))
    with pytest.raises(TreeError) as checked:
        verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])
    assert made.value.code == checked.value.code == "tree.size"


def test_a_byte_cannot_move_between_leaf_and_proof() -> None:
    """The bytes that are hashed would be the same: the lengths of their parts are what tells."""
    leaf, sibling = LEAVES[0] + LEAVES[1][:1], LEAVES[1][1:]
    assert node_hash(leaf, sibling) == mth(0, 2)
    with pytest.raises(TreeError) as caught:
        verify_inclusion(leaf, 0, 2, [sibling], mth(0, 2))
    assert caught.value.code == "tree.proof"


# -- consistency -------------------------------------------------------------------------------------


@pytest.mark.parametrize("new", SIZES)
def test_consistency_proofs_are_those_of_the_rfc(new: int) -> None:
    for old in range(new + 1):
        proof = consistency_proof(old, new, nodes_of(new))
        assert proof == ([] if old == 0 else slow_subproof(old, 0, new, True))
        verify_consistency(old, mth(0, old), new, mth(0, new), proof)


@pytest.mark.parametrize("new", [1, 2, 3, 6, 7, 8, 13])
def test_no_other_trees_are_consistent(new: int) -> None:
    for old in range(new + 1):
        proof = consistency_proof(old, new, nodes_of(new))
        wrong = [(LEAVES[40], mth(0, new), proof)]
        wrong += [(mth(0, old), LEAVES[40], proof)] if old else []
        wrong += [(mth(0, old), mth(0, new), changed) for changed in changed_proofs(proof, LEAVES[40])]
        for old_root, new_root, hashes in wrong:
            with pytest.raises(TreeError):
                verify_consistency(old, old_root, new, new_root, hashes)


@pytest.mark.parametrize("new", range(2, 20))
def test_a_consistency_proof_shows_that_a_tree_extends_another_or_that_it_does_not(new: int) -> None:
    for old in range(1, new):
        proof, root = consistency_proof(old, new, nodes_of(new)), mth(0, new)
        assert extends(old, mth(0, old), new, root, proof)
        other = leaf_hash(b"of another tree")
        if old & (old - 1):
            assert not extends(old, other, new, root, proof)
        else:  # its root is not in the proof: nothing is shown
            assert refusal(extends, old, other, new, root, proof) == "tree.proof"
        assert refusal(extends, old, mth(0, old), new, other, proof) == "tree.proof"
        assert refusal(extends, old, other, new, other, proof) == "tree.proof"
    assert refusal(extends, 0, EMPTY_ROOT, new, mth(0, new), []) == "tree.size"
    assert refusal(extends, new, mth(0, new), new, mth(0, new), []) == "tree.size"


def test_nothing_is_shown_from_the_empty_tree_except_that_it_is_empty() -> None:
    verify_consistency(0, EMPTY_ROOT, 5, mth(0, 5), [])
    for old_root, proof in [(mth(0, 5), []), (EMPTY_ROOT, [LEAVES[0]])]:
        with pytest.raises(TreeError):
            verify_consistency(0, old_root, 5, mth(0, 5), proof)


def test_a_tree_does_not_shrink() -> None:
    for check in (
        lambda: consistency_proof(3, 2, nodes_of(3)),
        lambda: verify_consistency(3, mth(0, 3), 2, mth(0, 2), []),
    ):
        with pytest.raises(TreeError) as caught:
            check()
        assert caught.value.code == "tree.size"


# -- trees too large to build: all leaves alike but one --------------------------------------------------


@cache
def plain(size: int) -> bytes:
    """MTH of `size` leaves that are all alike."""
    if size == 1:
        return leaf_hash(b"plain")
    k = split_point(size)
    return node_hash(plain(k), plain(size - k))


def marked_root(start: int, stop: int, marked: int) -> bytes:
    """MTH(D[start:stop]) where leaf `marked` differs from all others."""
    if not start <= marked < stop:
        return plain(stop - start)
    if stop - start == 1:
        return leaf_hash(b"marked")
    middle = start + split_point(stop - start)
    return node_hash(marked_root(start, middle, marked), marked_root(middle, stop, marked))


sizes = st.one_of(st.integers(1, 600), st.integers(1, TREE_SIZE_MAX), st.integers(0, 52).map(lambda n: 2**n))


@st.composite
def sizes_and_places(draw: st.DrawFn) -> tuple[int, int, int]:
    """A size and two places in it."""
    size = draw(sizes)
    return size, draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))


@given(sizes_and_places())
def test_inclusion_in_large_trees(case: tuple[int, int, int]) -> None:
    size, index, other = case
    root = marked_root(0, size, index)

    def node(level: int, place: int) -> bytes:
        return marked_root(place << level, (place + 1) << level, index)

    proof = inclusion_proof(index, size, node)
    assert len(proof) <= 53
    verify_inclusion(leaf_hash(b"marked"), index, size, proof, root)
    found = root_from_inclusion(leaf_hash(b"plain"), index, size, proof)
    assert found == plain(size)
    if other != index:
        verify_inclusion(leaf_hash(b"plain"), other, size, inclusion_proof(other, size, node), root)
        with pytest.raises(TreeError):
            verify_inclusion(leaf_hash(b"marked"), other, size, inclusion_proof(other, size, node), root)


@given(sizes_and_places())
def test_consistency_of_large_trees(case: tuple[int, int, int]) -> None:
    new, marked, old = case

    def node(level: int, place: int) -> bytes:
        return marked_root(place << level, (place + 1) << level, marked)

    proof = consistency_proof(old, new, node)
    old_root = marked_root(0, old, marked) if old else EMPTY_ROOT
    verify_consistency(old, old_root, new, marked_root(0, new, marked), proof)
    assert compact_range(new, node).root() == marked_root(0, new, marked)
    if marked < old:
        with pytest.raises(TreeError):
            verify_consistency(old, plain(old), new, marked_root(0, new, marked), proof)


@given(
    st.integers(-1, 70),
    st.integers(-1, 70),
    st.lists(st.binary(max_size=33) | st.sampled_from(LEAVES), max_size=8),
)
def test_anything_that_comes_as_a_proof_holds_or_is_a_tree_error(
    first: int, second: int, proof: list[bytes]
) -> None:
    codes = {
        refusal(verify_inclusion, LEAVES[0], first, second, proof, mth(0, 8)),
        refusal(verify_consistency, first, LEAVES[0], second, mth(0, 8), proof),
    }
    assert codes <= {"", "tree.proof", "tree.size"}


# -- what others say -----------------------------------------------------------------------------------


def published(
    vectors_dir: Path | None, kind: str, own: list[dict[str, Any]]
) -> list[tuple[str, dict[str, Any]]]:
    """The published cases of a kind of proof; where they are not at hand, a few of our own."""
    if vectors_dir is None:
        return [(case["desc"], case) for case in own]
    files = sorted((vectors_dir / "rfc6962" / "testdata" / kind).rglob("*.json"))
    assert len(files) > 90
    return [(str(file), json.loads(file.read_text())) for file in files]


def decoded(case: dict[str, Any]) -> list[bytes]:
    return [b64decode(item) for item in case["proof"] or []]


FIVE_OF_EIGHT = {
    "leafIdx": 5,
    "treeSize": 8,
    "root": "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=",
    "leafHash": "QnGia+DYqE8L1UyMMC58s6O10fpngKQLzOKHNHfatlg=",
    "proof": [
        "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
        "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
        "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
    ],
    "desc": "leaf 5 of 8",
    "wantErr": False,
}


def test_published_inclusion_proofs(vectors_dir: Path | None) -> None:
    own = [FIVE_OF_EIGHT, {**FIVE_OF_EIGHT, "leafIdx": 4, "desc": "another place", "wantErr": True}]
    for name, case in published(vectors_dir, "inclusion", own):
        leaf, root = b64decode(case["leafHash"]), b64decode(case["root"])
        code = refusal(verify_inclusion, leaf, case["leafIdx"], case["treeSize"], decoded(case), root)
        assert bool(code) == case["wantErr"], name


TWO_OF_FIVE = {
    "size1": 2,
    "size2": 5,
    "root1": "+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=",
    "root2": "Tju7H3tHjc/nH7YxYxUZo7yhLJrvyhYSv85ME6hiZNQ=",
    "proof": [
        "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
        "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
    ],
    "desc": "2 and 5",
    "wantErr": False,
}


EMPTY_TO_ANY = "size1 is zero and size2 is not zero"
"""Called useless and refused there; a witness must take it (C2SP tlog-witness), so it holds here."""


def test_published_consistency_proofs(vectors_dir: Path | None) -> None:
    own = [TWO_OF_FIVE, {**TWO_OF_FIVE, "size1": 1, "desc": "another size", "wantErr": True}]
    for name, case in published(vectors_dir, "consistency", own):
        old_root, new_root = b64decode(case["root1"]), b64decode(case["root2"])
        code = refusal(verify_consistency, case["size1"], old_root, case["size2"], new_root, decoded(case))
        assert bool(code) == (case["wantErr"] and case["desc"] != EMPTY_TO_ANY), name
