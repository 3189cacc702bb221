"""Leaves behind those that a log has, within one bundle, and what they make of its tree.

Whoever judges or makes leaves hashes them once; who stores them takes the tree from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from frostnode.protocol.frames import WithheldLeaf
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.merkle import CompactRange, Hash, leaf_hashes
from frostnode.protocol.tiles import encode_bundle

_BITS: Final = TILE_WIDTH.bit_length() - 1


class Extended(NamedTuple):
    """A tree with further leaves, and the root of the bundle that they fill, None if they fill none."""

    tree: CompactRange
    filled: Hash | None


def extend_within_bundle(tree: CompactRange, hashes: Sequence[Hash]) -> Extended:
    """Add the leaf hashes to the bundle that is not full yet; they must not cross its end."""
    bundles = tree.size >> _BITS
    whole = bundles.bit_count()
    leaves = CompactRange(tree.size % TILE_WIDTH, tree.hashes[whole:]).extend(hashes)
    assert leaves.size <= TILE_WIDTH, f"{len(hashes)} leaves behind {tree.size} cross the end of a bundle"
    if leaves.size < TILE_WIDTH:
        return Extended(CompactRange(tree.size + len(hashes), tree.hashes[:whole] + leaves.hashes), None)
    filled = leaves.hashes[0]
    above = CompactRange(bundles, tree.hashes[:whole]).append(filled)
    return Extended(CompactRange(tree.size + len(hashes), above.hashes), filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Leaves [before.size, after.size), in the encoding of entry bundles, zero length where withheld.

    `before` is the tree that they were judged or made against, `after` the tree with them, and `filled`
    the root of the bundle of 256 that they fill, None if they fill none.
    """

    before: CompactRange
    bundle: bytes
    withheld: Sequence[WithheldLeaf]
    after: CompactRange
    filled: Hash | None

    @property
    def start(self) -> int:
        """The first leaf."""
        return self.before.size

    @property
    def stop(self) -> int:
        """The leaf behind the last."""
        return self.after.size


def grow(before: CompactRange, leaves: Sequence[bytes], withheld: Sequence[WithheldLeaf] = ()) -> Growth:
    """Put leaves behind the tree `before`. A withheld one is empty here and has its hash in its slot."""
    hashes = leaf_hashes(leaves)
    for slot in withheld:
        hashes[slot.offset] = slot.leaf_hash
    after, filled = extend_within_bundle(before, hashes)
    return Growth(before=before, bundle=encode_bundle(leaves), withheld=withheld, after=after, filled=filled)
