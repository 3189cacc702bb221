"""A publisher that tells two stories under one key, and the evidence of that."""

from copy import copy

from frostnode.protocol.checkpoint import Checkpoint, sign_checkpoint
from frostnode.protocol.evidence import Evidence, Signed, contradiction
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.merkle import leaf_hash
from frostnode.protocol.names import Origin
from frostnode.protocol.range_proof import range_proof
from frostnode.testing.memory_publisher import MemoryPublisher


def twin_of(
    publisher: MemoryPublisher, at: int, count: int | None = None, about: str = "twin"
) -> MemoryPublisher:
    """The same publisher with other leaves from `at` on, `count` in all: by default three more than it has."""
    twin = copy(publisher)
    twin.leaves, twin.bodies = publisher.leaves[:at], publisher.bodies[:at]
    for number in range(at, len(publisher.leaves) + 3 if count is None else count):
        twin.put(f"{about}-{number}", {"title": f"of another branch: {about}"})
    return twin


def evidence_of(
    one: MemoryPublisher, other: MemoryPublisher, sizes: tuple[int | None, int | None] = (None, None)
) -> Evidence:
    """What the heads of two stories prove, each of its first so many leaves; of all of them by default."""
    found = contradiction(one.origin, _signed(one, sizes[0]), _signed(other, sizes[1]))
    assert found is not None, "the two stories do not contradict each other"
    return found


def two_heads(origin: Origin, key: SigningKey) -> Evidence:
    """Two trees of one leaf, signed by a key: the least that proves anything."""
    notes = [sign_checkpoint(Checkpoint(origin, 1, leaf_hash(leaf)), key) for leaf in (b"one", b"other")]
    one, other = (
        Signed(note, 1, leaf_hash(leaf), lambda _: None)
        for note, leaf in zip(notes, (b"one", b"other"), strict=True)
    )
    found = contradiction(origin, one, other)
    assert found is not None
    return found


def _signed(publisher: MemoryPublisher, size: int | None) -> Signed:
    tree = publisher.tree(size)
    return Signed(
        publisher.note(size),
        tree.size,
        tree.root(),
        lambda at: range_proof(at, at, tree.size, publisher.node),
    )
