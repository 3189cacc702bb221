"""A log for the cases: leaves in a list, everything else computed from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from frostnode.protocol.checkpoint import Checkpoint, sign_checkpoint
from frostnode.protocol.dagcbor import Cid, encode
from frostnode.protocol.frames import BodiesFrame, BodyItem, CheckpointFrame, EntriesFrame, WithheldLeaf
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    subtree_root,
)
from frostnode.protocol.names import Origin
from frostnode.protocol.range_proof import range_proof
from frostnode.protocol.tiles import encode_bundle

SALT = bytes(range(16))


@dataclass(frozen=True)
class Log:
    """The log of one epoch with all its leaves and the bodies of some."""

    origin: str
    key: SigningKey
    leaves: Sequence[bytes]
    bodies: Sequence[bytes | None]

    def node(self, level: int, index: int) -> bytes:
        """The hash of a perfect subtree."""
        if level == 0:
            return leaf_hash(self.leaves[index])
        return node_hash(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))

    def root(self, size: int) -> bytes:
        """The root of the first leaves."""
        return subtree_root(0, size, self.node)

    def note(self, size: int, key: SigningKey | None = None) -> bytes:
        """The checkpoint of the first leaves."""
        return sign_checkpoint(Checkpoint(Origin(self.origin), size, self.root(size)), key or self.key)

    def path(self, index: int, size: int) -> list[bytes]:
        """The inclusion proof of a leaf."""
        return inclusion_proof(index, size, self.node)

    def checkpoint_frame(self, size: int, old: int = 0) -> CheckpointFrame:
        """The head of the first leaves, with a consistency proof from `old`."""
        proof = consistency_proof(old, size, self.node)
        return CheckpointFrame(origin=self.origin, note=self.note(size), old=old, proof=proof)

    def entries_frame(self, start: int, stop: int, size: int, withheld: Sequence[int] = ()) -> EntriesFrame:
        """A run of leaves, some of them withheld."""
        run = [b"" if index in withheld else self.leaves[index] for index in range(start, stop)]
        slots = [WithheldLeaf(index - start, self.node(0, index), "court order") for index in withheld]
        return EntriesFrame(
            origin=self.origin,
            size=size,
            start=start,
            bundle=encode_bundle(run),
            withheld=slots,
            proof=range_proof(start, stop, size, self.node),
        )

    def bodies_frame(self, start: int, items: Sequence[BodyItem]) -> BodiesFrame:
        """Bodies from a leaf on."""
        return BodiesFrame(origin=self.origin, start=start, items=items)


def body(title: str) -> bytes:
    """The body of a record."""
    return encode({"salt": SALT, "title": title})


def put(key: str, content: bytes, *, type_: str = "dataset", time: int = 1_767_225_600_000) -> bytes:
    """The header of a record."""
    fields: dict[str, Any] = {
        "op": "put",
        "type": type_,
        "key": key,
        "time": time,
        "body": Cid.of(content),
        "size": len(content),
    }
    return encode({"v": 1} | fields)


def withdraw(key: str) -> bytes:
    """The header of a withdrawal."""
    return encode({"v": 1, "op": "withdraw", "type": "dataset", "key": key, "time": 1_767_225_600_001})


def small_log(origin: str, key: SigningKey, about: str = "") -> Log:
    """Two records, a withdrawal, a leaf that is none, a version, another record: six leaves."""
    bodies = [body(f"Sea ice{about}"), body("Snow"), None, None, body("Sea ice, 2024"), body("Rain")]
    leaves = [
        put("ice", bodies[0] or b""),
        put("snow", bodies[1] or b""),
        withdraw("snow"),
        b"\xa0",
        put("ice@2024", bodies[4] or b"", type_="version"),
        put("rain", bodies[5] or b""),
    ]
    return Log(origin, key, leaves, bodies)


def long_log(origin: str, key: SigningKey, size: int) -> Log:
    """So many leaves that are no headers."""
    return Log(origin, key, [index.to_bytes(2, "big") for index in range(size)], [None] * size)
