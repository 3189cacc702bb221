"""The RFC 6962 tree over SHA-256: hashes, compact ranges, inclusion and consistency proofs.

Source of the rules: RFC 6962 section 2.1, spec/04-log.md#tree. Proofs about a run of leaves are in
`range_proof`. Whoever makes proofs says how to get the hash of a perfect subtree (`NodeAt`); whoever
checks them needs nothing but the arguments. Nothing here keeps or fetches leaves.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from frostnode.protocol.errors import TreeError
from frostnode.protocol.limits import TREE_SIZE_MAX

Hash: TypeAlias = bytes
"""32 bytes of SHA-256."""

NodeAt: TypeAlias = Callable[[int, int], Hash]
"""node(level, index): the hash of the perfect subtree over leaves [index·2^level, (index+1)·2^level)."""

HASH_BYTES: Final = 32
EMPTY_ROOT: Final[Hash] = sha256(b"").digest()
"""The root of the tree without leaves."""


def leaf_hash(leaf: bytes) -> Hash:
    """Hash one leaf: SHA-256(0x00 || leaf)."""
    return sha256(b"\x00" + leaf).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> list[Hash]:
    """Hash many leaves, in order, at the speed of SHA-256."""
    return [sha256(b"\x00" + leaf).digest() for leaf in leaves]


def node_hash(left: Hash, right: Hash) -> Hash:
    """Hash an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def hash_pairs(level: Sequence[Hash]) -> list[Hash]:
    """Hash neighbours two by two: one level of the tree from the level below (of even length)."""
    nodes = iter(level)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(nodes, nodes, strict=True)]


def split_point(size: int) -> int:
    """Tell where RFC 6962 splits a tree of `size` ≥ 2 leaves: the largest power of two below it."""
    return 1 << ((size - 1).bit_length() - 1)


def check_sizes(start: int, stop: int, size: int) -> None:
    """Check that [start, stop) is a run, maybe empty, of the leaves of a tree of `size`.

    Raises:
        TreeError: tree.size
    """
    if not 0 <= start <= stop <= size <= TREE_SIZE_MAX:
        raise TreeError(
            "tree.size",
            "range in a tree",
            found=f"[{start}, {stop}) of {size}",
            expected=f"≤ {TREE_SIZE_MAX}, in order",
        )


def check_hashes(hashes: Sequence[Hash], count: int, what: str) -> None:
    """Check that what came as a proof is as many hashes of 32 bytes as it must be.

    Raises:
        TreeError: tree.proof
    """
    if len(hashes) != count:
        raise TreeError("tree.proof", f"hashes for {what}", found=len(hashes), expected=count)
    lengths = set(map(len, hashes))
    # Neighbours of 33 and 31 bytes would hash like two of 32: whoever may choose a hash may not choose its length.
    if lengths - {HASH_BYTES}:
        raise TreeError(
            "tree.proof", f"bytes of a hash for {what}", found=sorted(lengths), expected=HASH_BYTES
        )


@dataclass(frozen=True, slots=True)
class CompactRange:
    """All that appending and the root need of the leaves [0, size): one hash per set bit of `size`.

    The hashes are those of the largest perfect subtrees, left to right, so from large to small.

    Raises:
        TreeError: tree.size, tree.proof, when the number of hashes does not fit the size
    """

    size: int
    hashes: tuple[Hash, ...]

    def __post_init__(self) -> None:
        check_sizes(0, self.size, self.size)
        check_hashes(self.hashes, self.size.bit_count(), f"the compact range of {self.size} leaves")

    def append(self, leaf: Hash) -> "CompactRange":
        """Add the hash of one leaf."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[Hash]) -> "CompactRange":
        """Add the hashes of leaves in order, level by level: one SHA-256 per leaf in the long run."""
        level = list(leaves)
        size = self.size + len(level)
        left = list(self.hashes)
        right: list[Hash] = []
        position = self.size
        while level:
            if position & 1:
                level.insert(0, left.pop())
            if len(level) & 1:
                right.append(level.pop())
            level = hash_pairs(level)
            position >>= 1
        right.reverse()
        return CompactRange(size, (*left, *right))

    def root(self) -> Hash:
        """Fold the hashes from right to left into the root of the tree of `size` leaves."""
        return fold_right(self.hashes) if self.hashes else EMPTY_ROOT


EMPTY_RANGE: Final = CompactRange(0, ())


def fold_right(hashes: Sequence[Hash]) -> Hash:
    """Join one or more neighbouring subtrees, large to small, into the hash of the tree over them."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def compact_range(size: int, node: NodeAt) -> CompactRange:
    """Read the compact range of the first `size` leaves from stored nodes.

    Raises:
        TreeError: tree.size
    """
    check_sizes(0, size, size)
    return CompactRange(size, tuple(node(level, index) for level, index in perfect_subtrees(0, size)))


def perfect_subtrees(start: int, stop: int) -> Iterable[tuple[int, int]]:
    """Cut [start, stop) into perfect subtrees (level, index), where `start` is aligned to all of them."""
    for level in reversed(range((stop - start).bit_length())):
        if (stop - start) >> level & 1:
            yield level, start >> level
            start += 1 << level


def subtree_root(start: int, stop: int, node: NodeAt) -> Hash:
    """Compute MTH(D[start:stop]) of a subtree that RFC 6962 can name, not of any other run of leaves.

    Raises:
        TreeError: tree.size
    """
    check_sizes(start, stop, TREE_SIZE_MAX)
    width = stop - start
    if width and start % (1 << (width - 1).bit_length()):
        raise TreeError("tree.size", f"[{start}, {stop}) is not a subtree")
    hashes = [node(level, index) for level, index in perfect_subtrees(start, stop)]
    return fold_right(hashes) if hashes else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: NodeAt) -> list[Hash]:
    """Compute PATH(index, D[size]): the siblings from the leaf up to the root.

    Raises:
        TreeError: tree.size
    """
    _check_index(index, size)
    path: list[Hash] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + split_point(stop - start)
        if index < middle:
            path.append(subtree_root(middle, stop, node))
            stop = middle
        else:
            path.append(subtree_root(start, middle, node))
            start = middle
    path.reverse()
    return path


def root_from_inclusion(leaf: Hash, index: int, size: int, proof: Sequence[Hash]) -> Hash:
    """Compute the root that an inclusion proof leads to, from the hash of the leaf.

    Raises:
        TreeError: tree.size, tree.proof
    """
    _check_index(index, size)
    inner = (index ^ (size - 1)).bit_length()
    check_hashes(
        (leaf, *proof), 1 + inner + (index >> inner).bit_count(), f"inclusion of leaf {index} in {size}"
    )
    root = leaf
    for level, sibling in enumerate(proof):
        if level >= inner or index >> level & 1:
            root = node_hash(sibling, root)
        else:
            root = node_hash(root, sibling)
    return root


def verify_inclusion(leaf: Hash, index: int, size: int, proof: Sequence[Hash], root: Hash) -> None:
    """Check that the leaf with this hash is at `index` of the tree of `size` leaves with this root.

    Raises:
        TreeError: tree.size, tree.proof
    """
    found = root_from_inclusion(leaf, index, size, proof)
    if found != root:
        raise TreeError(
            "tree.proof", f"root by inclusion of leaf {index} in {size}", found=found, expected=root
        )


def consistency_proof(old: int, new: int, node: NodeAt) -> list[Hash]:
    """Compute PROOF(old, D[new]): what shows that the first `old` leaves are those of the old tree.

    Nothing needs to be shown from an empty tree or between equal sizes: the proof is empty.

    Raises:
        TreeError: tree.size
    """
    check_sizes(0, old, new)
    proof: list[Hash] = []
    if old in (0, new):
        return proof
    start, stop, whole = 0, new, True
    while stop != old:
        middle = start + split_point(stop - start)
        if old <= middle:
            proof.append(subtree_root(middle, stop, node))
            stop = middle
        else:
            proof.append(subtree_root(start, middle, node))
            start, whole = middle, False
    if not whole:
        proof.append(subtree_root(start, stop, node))
    proof.reverse()
    return proof


def verify_consistency(old: int, old_root: Hash, new: int, new_root: Hash, proof: Sequence[Hash]) -> None:
    """Check that the tree of `new` leaves begins with the tree of `old` leaves.

    Raises:
        TreeError: tree.size, tree.proof
    """
    check_sizes(0, old, new)
    if old in (0, new):
        check_hashes(proof, 0, f"consistency of {old} with {new}")
        small, large = EMPTY_ROOT if old == 0 else new_root, EMPTY_ROOT if new == 0 else new_root
    else:
        small, large = _roots_from_consistency(old, old_root, new, proof)
    if small != old_root:
        raise TreeError(
            "tree.proof", f"root of {old} by consistency with {new}", found=small, expected=old_root
        )
    if large != new_root:
        raise TreeError(
            "tree.proof", f"root of {new} by consistency with {old}", found=large, expected=new_root
        )


def extends(old: int, old_root: Hash, new: int, new_root: Hash, proof: Sequence[Hash]) -> bool:
    """Tell whether the tree of `new` leaves begins with the tree of `old`, 0 < old < new: False if it is shown not to.

    Where the older tree is one perfect subtree its root is not in the proof, so that nothing can be shown.

    Raises:
        TreeError: tree.size, tree.proof, when the proof shows neither
    """
    check_sizes(1, old, new - 1)
    small, large = _roots_from_consistency(old, old_root, new, proof)
    if large == new_root and small != old_root:
        return False
    verify_consistency(old, old_root, new, new_root, proof)
    return True


def _roots_from_consistency(old: int, old_root: Hash, new: int, proof: Sequence[Hash]) -> tuple[Hash, Hash]:
    """Climb from the last perfect subtree of the old tree, once as in the old tree and once as in the new."""
    shift = (old & -old).bit_length() - 1
    place, last = (old - 1) >> shift, (new - 1) >> shift
    inner = (place ^ last).bit_length()
    # An old tree that is one perfect subtree is its own place to start from: the proof leaves it out.
    hashes = proof if place else (old_root, *proof)
    check_hashes(hashes, 1 + inner + (place >> inner).bit_count(), f"consistency of {old} with {new}")
    small = large = hashes[0]
    for level, sibling in enumerate(hashes[1:]):
        if level >= inner or place >> level & 1:
            small, large = node_hash(sibling, small), node_hash(sibling, large)
        else:
            large = node_hash(large, sibling)
    return small, large


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size <= TREE_SIZE_MAX:
        raise TreeError(
            "tree.size",
            "index in a tree",
            found=f"{index} of {size}",
            expected=f"below the size ≤ {TREE_SIZE_MAX}",
        )
