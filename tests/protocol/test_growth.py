"""Leaves behind a tree: the same tree as leaf by leaf, and the root of the bundle that they fill."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.frames import WithheldLeaf
from frostnode.protocol.growth import extend_within_bundle, grow
from frostnode.protocol.merkle import EMPTY_RANGE, leaf_hash
from frostnode.protocol.tiles import decode_bundle

HASHES = [leaf_hash(str(index).encode()) for index in range(2200)]


@given(st.integers(0, 1900), st.integers(0, 256))
def test_a_tree_extended_within_a_bundle_is_the_tree_of_all_leaves(size, count):
    count = min(count, 256 - size % 256)
    tree, filled = extend_within_bundle(EMPTY_RANGE.extend(HASHES[:size]), HASHES[size : size + count])
    assert tree == EMPTY_RANGE.extend(HASHES[: size + count])
    fills = count > 0 and (size + count) % 256 == 0
    assert filled == (EMPTY_RANGE.extend(HASHES[size + count - 256 : size + count]).root() if fills else None)


def test_leaves_may_not_cross_the_end_of_a_bundle():
    with pytest.raises(AssertionError, match="cross the end"):
        extend_within_bundle(EMPTY_RANGE.extend(HASHES[:255]), HASHES[:2])


def test_a_withheld_leaf_counts_by_its_hash():
    slot = WithheldLeaf(1, HASHES[1], "why")
    growth = grow(EMPTY_RANGE, [b"0", b"", b"2"], [slot])
    assert (growth.start, growth.stop, growth.filled) == (0, 3, None)
    assert growth.after == EMPTY_RANGE.extend(HASHES[:3])
    assert decode_bundle(growth.bundle) == [b"0", b"", b"2"]
    assert growth.withheld == [slot]
