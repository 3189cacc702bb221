"""The bodies that a frame brings, each held against the leaf that names it."""

from collections.abc import Sequence

from frostnode.protocol.entry import read_leaf
from frostnode.protocol.errors import FrameError
from frostnode.protocol.frames import BodyAbsent, BodyItem
from frostnode.protocol.named_body import named_body
from frostnode.protocol.names import Origin


def checked_bodies(
    origin: Origin, start: int, leaves: Sequence[bytes | None], items: Sequence[BodyItem]
) -> list[tuple[bytes, bytes]]:
    """The bodies among the items, with their digests, each held against the leaf that names it.

    Raises:
        RecordError: body.hash; FrameError: frame.order, for a body that a header says there is none of
    """
    bodies: list[tuple[bytes, bytes]] = []
    for index, (leaf, item) in enumerate(zip(leaves, items, strict=False), start):
        if leaf is None or item is None or isinstance(item, BodyAbsent):
            continue  # where the header is withheld nothing says which body it names
        named = named_body(leaf)
        if named is not None:
            named.check(item)
            bodies.append((named.digest, item))
        elif read_leaf(leaf) is not None:
            raise FrameError(
                "frame.order", f"body of leaf {index} of {origin}", expected="none: its header has none"
            )
    return bodies
