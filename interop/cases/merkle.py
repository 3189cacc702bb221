"""Vectors of 04 log: roots and proofs."""

from hashlib import sha256
from typing import Any

from frostnode.protocol.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_inclusion,
    subtree_root,
)
from frostnode.protocol.range_proof import range_proof
from interop.cases.vector import Vector, Vectors, hexed

TREE = "04-log.md#tree"
PROOFS = "04-log.md#proofs"
RANGES = "04-log.md#range-proofs"
LEAVES = [number.to_bytes(2, "big") * (number % 7) for number in range(300)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


def node(level: int, index: int) -> bytes:
    """The hash of a perfect subtree over the leaves."""
    if level == 0:
        return HASHES[index]
    return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))


def root(size: int) -> bytes:
    """The root of the first leaves."""
    return sha256(b"").digest() if size == 0 else subtree_root(0, size, node)


def far_node(level: int, index: int) -> bytes:
    """A made-up subtree of a tree that nobody could build."""
    return sha256(f"{level} {index}".encode()).digest()


def inclusion(index: int, size: int, /, **change: Any) -> dict[str, Any]:
    """An inclusion proof, changed."""
    proof = inclusion_proof(min(index, size - 1), size, node)
    given = {
        "index": index,
        "size": size,
        "leaf_hash": HASHES[min(index, size - 1)],
        "proof": proof,
        "root": root(size),
    }
    return hexed({"what": "inclusion"} | given | change)


def consistency(old: int, new: int, /, **change: Any) -> dict[str, Any]:
    """A consistency proof, changed."""
    proof = consistency_proof(min(old, new), max(old, new), node)
    given = {"old": old, "new": new, "old_root": root(old), "new_root": root(new), "proof": proof}
    return hexed({"what": "consistency"} | given | change)


def run(start: int, stop: int, size: int, /, **change: Any) -> dict[str, Any]:
    """A range proof, changed."""
    proof = range_proof(start, stop, size, node)
    given = {
        "start": start,
        "size": size,
        "leaf_hashes": HASHES[start:stop],
        "proof": proof,
        "root": root(size),
    }
    return hexed({"what": "range"} | given | change)


def far_inclusion() -> dict[str, Any]:
    """The last but one leaf of the largest tree."""
    size = 2**53 - 1
    index = size - 2
    proof = inclusion_proof(index, size, far_node)
    found = root_from_inclusion(HASHES[0], index, size, proof)
    return inclusion(0, 1, index=index, size=size, proof=proof, root=found)


def valid() -> Vectors:
    """What must be taken."""
    for size in (0, 1, 2, 3, 7, 8, 9, 33):
        given = {"what": "root", "leaves": [leaf.hex() for leaf in LEAVES[:size]]}
        yield Vector(
            area="merkle", name=f"root-{size:02}", about=f"Of {size} leaves.", spec=TREE, input=given
        )
    for index, size in ((0, 1), (0, 2), (1, 3), (2, 3), (5, 8), (6, 7), (256, 257), (128, 300), (299, 300)):
        about = f"Leaf {index} of {size}."
        yield Vector(
            area="merkle",
            name=f"inclusion-{index}-of-{size}",
            about=about,
            spec=PROOFS,
            input=inclusion(index, size),
        )
    yield Vector(
        area="merkle",
        name="inclusion-in-the-largest-tree",
        about="Sizes beyond 32 bits.",
        spec=PROOFS,
        input=far_inclusion(),
    )
    for old, new in (
        (0, 0),
        (0, 5),
        (1, 2),
        (1, 300),
        (2, 3),
        (3, 8),
        (4, 8),
        (6, 8),
        (7, 7),
        (255, 256),
        (256, 300),
    ):
        about = f"From {old} to {new}."
        yield Vector(
            area="merkle",
            name=f"consistency-{old}-to-{new}",
            about=about,
            spec=PROOFS,
            input=consistency(old, new),
        )
    runs = (
        (0, 1, 1),
        (0, 3, 3),
        (0, 2, 7),
        (1, 2, 7),
        (3, 6, 7),
        (6, 7, 7),
        (256, 300, 300),
        (17, 256, 300),
        (64, 128, 256),
    )
    for start, stop, size in runs:
        about = f"Leaves {start} to {stop - 1} of {size}."
        yield Vector(
            area="merkle",
            name=f"range-{start}-{stop}-of-{size}",
            about=about,
            spec=RANGES,
            input=run(start, stop, size),
        )
    for place, size in ((0, 0), (0, 5), (3, 5), (4, 8), (7, 7)):
        about = f"No leaves: which tree of {place} a tree of {size} begins with."
        yield Vector(
            area="merkle",
            name=f"range-empty-{place}-of-{size}",
            about=about,
            spec=RANGES,
            input=run(place, place, size),
        )


def invalid() -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """What must be refused: about, code, anchor, input."""
    path = inclusion_proof(5, 8, node)
    steps = consistency_proof(6, 8, node)
    outside = range_proof(3, 6, 8, node)
    proof, size, where = "tree.proof", "tree.size", PROOFS
    odd = [path[0] + path[1][:1], path[1][1:], *path[2:]]
    return {
        "inclusion-of-another-leaf": (
            "not the leaf of the proof",
            proof,
            where,
            inclusion(5, 8, leaf_hash=HASHES[4]),
        ),
        "inclusion-at-another-index": ("the path of a neighbour", proof, where, inclusion(5, 8, index=4)),
        "inclusion-in-another-size": ("a proof of another length", proof, where, inclusion(5, 8, size=6)),
        "inclusion-one-hash-more": ("the root again", proof, where, inclusion(5, 8, proof=[*path, root(8)])),
        "inclusion-one-hash-less": (
            "the inner node passed off as the root",
            proof,
            where,
            inclusion(5, 8, proof=path[:-1], root=node(2, 1)),
        ),
        "inclusion-hashes-swapped": ("in another order", proof, where, inclusion(5, 8, proof=path[::-1])),
        "inclusion-wrong-root": ("the root of another tree", proof, where, inclusion(5, 8, root=root(7))),
        "inclusion-index-at-size": ("beyond the last leaf", size, where, inclusion(8, 8)),
        "inclusion-leaf-hash-empty": (
            "a root of no bytes over a leaf of no bytes",
            proof,
            where,
            inclusion(0, 1, leaf_hash=b"", root=b""),
        ),
        "inclusion-in-nothing": (
            "no leaf is in an empty tree",
            size,
            where,
            inclusion(0, 1, size=0, proof=[]),
        ),
        "inclusion-negative-index": ("below the first leaf", size, where, inclusion(5, 8, index=-1)),
        "inclusion-beyond-any-tree": ("2^53 leaves", size, where, inclusion(0, 1, size=2**53)),
        "inclusion-hashes-of-33-and-31-bytes": (
            "they hash like two of 32",
            proof,
            where,
            inclusion(5, 8, proof=odd),
        ),
        "inclusion-node-passed-off-as-leaf": (
            "nodes and leaves are hashed differently",
            proof,
            where,
            inclusion(
                2,
                4,
                size=4,
                leaf_hash=leaf_hash(b"\x01" + HASHES[4] + HASHES[5]),
                proof=path[1:],
                root=root(8),
            ),
        ),
        "consistency-one-hash-more": ("too many", proof, where, consistency(6, 8, proof=[*steps, steps[0]])),
        "consistency-one-hash-less": ("too few", proof, where, consistency(6, 8, proof=steps[:-1])),
        "consistency-other-old-root": (
            "the old tree is another",
            proof,
            where,
            consistency(6, 8, old_root=root(5)),
        ),
        "consistency-other-new-root": (
            "the new tree is another",
            proof,
            where,
            consistency(6, 8, new_root=root(7)),
        ),
        "consistency-hashes-swapped": (
            "in another order",
            proof,
            where,
            consistency(6, 8, proof=steps[::-1]),
        ),
        "consistency-rewinds": ("from large to small", size, where, consistency(8, 6)),
        "consistency-from-nothing-with-hashes": (
            "nothing needs to be proven",
            proof,
            where,
            consistency(0, 8, proof=steps),
        ),
        "consistency-from-nothing-with-a-root": (
            "the empty tree has one root",
            proof,
            where,
            consistency(0, 8, old_root=root(1)),
        ),
        "consistency-of-equal-sizes-with-other-roots": (
            "two trees of one size",
            proof,
            where,
            consistency(8, 8, old_root=root(7)),
        ),
        "consistency-of-nothing-with-a-root": (
            "the empty tree has one root",
            proof,
            where,
            consistency(0, 0, old_root=root(1), new_root=root(1)),
        ),
        "consistency-of-equal-sizes-with-hashes": (
            "nothing needs to be proven",
            proof,
            where,
            consistency(8, 8, proof=[root(8)]),
        ),
        "consistency-power-of-two-with-old-root-in-front": (
            "it is left out there",
            proof,
            where,
            consistency(4, 8, proof=[root(4), *consistency_proof(4, 8, node)]),
        ),
        "range-one-hash-more": ("too many", proof, RANGES, run(3, 6, 8, proof=[*outside, outside[0]])),
        "range-one-hash-less": ("too few", proof, RANGES, run(3, 6, 8, proof=outside[:-1])),
        "range-leaf-missing": ("a shorter run", proof, RANGES, run(3, 6, 8, leaf_hashes=HASHES[3:5])),
        "range-beyond-the-size": ("a run that ends behind the tree", size, RANGES, run(3, 6, 8, size=5)),
        "range-leaf-hash-too-short": (
            "31 bytes",
            proof,
            RANGES,
            run(3, 6, 8, leaf_hashes=[HASHES[3], HASHES[4], HASHES[5][:31]]),
        ),
        "range-hash-too-long": (
            "33 bytes",
            proof,
            RANGES,
            run(3, 6, 8, proof=[*outside[:-1], outside[-1] + b"\0"]),
        ),
    }


def other_roots() -> dict[str, tuple[str, dict[str, Any]]]:
    """Range proofs that lead to another root than the signed one: about, input."""
    outside = range_proof(3, 6, 8, node)
    return {
        "range-leaves-swapped": (
            "two leaves in the other order",
            run(3, 6, 8, leaf_hashes=[HASHES[4], HASHES[3], HASHES[5]]),
        ),
        "range-shifted": (
            "the right run at another place",
            run(3, 6, 8, start=5, size=8, leaf_hashes=HASHES[3:6], proof=range_proof(5, 8, 8, node)),
        ),
        "range-hashes-swapped": ("in another order", run(3, 6, 8, proof=outside[::-1])),
        "range-wrong-root": ("the root of another tree", run(3, 6, 8, root=root(7))),
        "range-withheld-leaf-with-wrong-hash": (
            "a hash in place of a leaf",
            run(3, 6, 8, leaf_hashes=[HASHES[3], sha256(b"x").digest(), HASHES[5]]),
        ),
    }


def vectors() -> Vectors:
    """All of the area."""
    yield from valid()
    for name, (about, error, spec, given) in invalid().items():
        yield Vector(area="merkle", name=name, about=about, spec=spec, input=given, error=error)
    for name, (about, given) in other_roots().items():
        yield Vector(area="merkle", name=name, about=about, spec=RANGES, input=given, error="tree.root")
