"""Proofs about a run of leaves: the subtrees outside it, which give the root and the tree before it.

Source of the rules: spec/04-log.md#range-proofs, spec/decisions/0006-range-proofs.md. One proof says two
things: that the leaves are where they claim to be in the tree of the signed root, and which tree the
leaves before them make. A receiver that holds those compares, and has the consistency proof in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from frostnode.protocol.merkle import (
    EMPTY_ROOT,
    CompactRange,
    Hash,
    NodeAt,
    check_hashes,
    check_sizes,
    compact_range,
    fold_right,
    node_hash,
    split_point,
    subtree_root,
)


def range_proof(start: int, stop: int, size: int, node: NodeAt) -> list[Hash]:
    """Compute the subtrees outside the leaves [start, stop), in order: what proves them in the tree of `size`.

    First the compact range of [0, start), then the largest subtrees of the tree that lie in [stop, size).

    Raises:
        TreeError: tree.size
    """
    check_sizes(start, stop, size)
    right: list[Hash] = []
    low, high = 0, size
    while low < stop < high:
        middle = low + split_point(high - low)
        if stop <= middle:
            right.append(subtree_root(middle, high, node))
            high = middle
        else:
            low = middle
    if stop == 0 < size:
        right.append(subtree_root(0, size, node))
    return [*compact_range(start, node).hashes, *reversed(right)]


class RangeCheck(NamedTuple):
    """What a range proof leads to: to be compared with what is known from elsewhere."""

    left: CompactRange
    """Of the leaves before the run: a receiver that holds them compares it with its own."""
    root: Hash
    """Of the whole tree: to be compared with the signed one."""


def check_range(leaves: Sequence[Hash], start: int, size: int, proof: Sequence[Hash]) -> RangeCheck:
    """Compute what a range proof says of the leaf hashes from `start` on in the tree of `size`.

    Raises:
        TreeError: tree.size, tree.proof
    """
    stop = start + len(leaves)
    check_sizes(start, stop, size)
    check_hashes(leaves, len(leaves), f"leaves [{start}, {stop})")
    width = start.bit_count()
    check_hashes(proof, width + right_hashes(stop, size), f"leaves [{start}, {stop}) in {size}")
    left = CompactRange(start, tuple(proof[:width]))
    return RangeCheck(left, root_above(left.extend(leaves), size, proof[width:]))


def right_part_from(at: int, stop: int, size: int, node: NodeAt, right: Iterable[Hash]) -> list[Hash]:
    """Widen the right part of a proof that ends at `stop` to one that ends at `at` ≤ `stop`.

    `node` needs to know of the leaves [at, stop) only, `right` says the rest: so whoever holds the first
    leaves of a signed tree, and what proved them, can show what any smaller tree within it is.

    Raises:
        TreeError: tree.size, tree.proof
    """
    check_sizes(at, stop, size)
    rest = list(right)
    check_hashes(rest, right_hashes(stop, size), f"what lies beyond {stop} in {size}")
    beyond = iter(rest)

    def root(low: int, high: int) -> Hash:
        if high <= stop:
            return subtree_root(low, high, node)
        if low >= stop:
            return next(beyond)
        middle = low + split_point(high - low)
        left = root(low, middle)
        return node_hash(left, root(middle, high))

    def walk(low: int, high: int) -> Iterator[Hash]:
        if low >= at:
            yield root(low, high)
        elif high > at:
            middle = low + split_point(high - low)
            yield from walk(low, middle)
            yield from walk(middle, high)

    return list(walk(0, size)) if size else []


def right_hashes(stop: int, size: int) -> int:
    """Count the hashes of a range proof that lie to the right of `stop`."""
    if stop == 0:
        return min(size, 1)
    inner = ((stop - 1) ^ (size - 1)).bit_length()
    return inner - ((stop - 1) & ((1 << inner) - 1)).bit_count()


def root_above(held: CompactRange, size: int, right: Sequence[Hash]) -> Hash:
    """Compute the root of the tree of `size` from the leaves held and the right part of a range proof.

    Raises:
        TreeError: tree.size, tree.proof
    """
    check_sizes(0, held.size, size)
    check_hashes(right, right_hashes(held.size, size), f"what lies beyond {held.size} in {size}")
    if not held.size:
        return right[0] if right else EMPTY_ROOT
    last = held.size - 1
    stack, rest = list(held.hashes), iter(right)
    root = stack.pop()
    for level in range((held.size & -held.size).bit_length() - 1, (last ^ (size - 1)).bit_length()):
        root = node_hash(stack.pop(), root) if last >> level & 1 else node_hash(root, next(rest))
    return fold_right([*stack, root])
