"""Which body and which record a leaf names: all that carrying, serving and checking a log ask of an entry, millions of times.

Rule: the answer is that of `entry.read_leaf`, always. A leaf in the shape that nearly all have is taken apart by
one expression, which matches nothing that is not a sound header; whatever else a leaf may be is read in full.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from frostnode.protocol.dagcbor import CID_PREFIX
from frostnode.protocol.entry import read_leaf
from frostnode.protocol.errors import FrameError, PeerError, RecordError
from frostnode.protocol.frames import BodyAbsent, BodyItem
from frostnode.protocol.limits import KEY_CHARS_MAX, TYPE_CHARS_MAX
from frostnode.protocol.names import VERSION, Origin


class NamedBody(NamedTuple):
    """SHA-256 digest (32 bytes) and size in bytes of a body."""

    digest: bytes
    size: int

    def check(self, data: bytes) -> None:
        """Check that these bytes are the body. Whether it can be read is not asked.

        Raises:
            RecordError: body.hash
        """
        if len(data) != self.size:
            raise RecordError("body.hash", "body bytes", found=len(data), expected=self.size)
        found = sha256(data).digest()
        if found != self.digest:
            raise RecordError("body.hash", "SHA-256 of a body", found=found, expected=self.digest)


_TEXT_HEAD: Final = rb"[\x61-\x77]|\x78[\x18-\xff]"
_LINK: Final = re.escape(b"\xd8\x2a\x58\x25\x00" + CID_PREFIX)
# The fields of a put in canonical order, a size of two bytes (256 to 65,535), a time since February 1970.
_USUAL: Final = re.compile(
    rb"\xa7av\x01bopcputckey(" + _TEXT_HEAD + rb")([A-Za-z0-9._:-][A-Za-z0-9._~:/-]*(@[A-Za-z0-9._~:-]+)?)"
    rb"dbody" + _LINK + rb"(.{32})"
    rb"dsize\x19((?!\x00)..)"
    rb"dtime\x1b\x00(?!\x00\x00\x00)[\x00-\x1f].{6}"
    rb"dtype(" + _TEXT_HEAD + rb")([a-z][a-z0-9.-]*)",
    re.DOTALL,
).fullmatch
_TEXT_HEADS: Final = tuple(bytes([0x60 + n] if n < 24 else [0x78, n]) for n in range(256))
"""How a text of so many bytes begins."""

_VERSION: Final = VERSION.encode()


def _usual(leaf: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
    """Digest, size, type and key of a leaf in the shape that nearly all have."""
    found = _USUAL(leaf)
    if found is None:
        return None
    key_head, key, label, digest, size, type_head, type_ = found.groups()
    if (
        len(key) <= KEY_CHARS_MAX
        and key_head == _TEXT_HEADS[len(key)]
        and len(type_) <= TYPE_CHARS_MAX
        and type_head == _TEXT_HEADS[len(type_)]
        and (label is not None) == (type_ == _VERSION)
    ):
        return digest, size, type_, key
    return None


def named_body(leaf: bytes) -> NamedBody | None:
    """The body that a leaf names; None for an opaque leaf, and for a withdrawal without one."""
    if (usual := _usual(leaf)) is not None:
        return NamedBody(usual[0], int.from_bytes(usual[1], "big"))
    header = read_leaf(leaf)
    if header is None or header.body is None or header.size is None:
        return None
    return NamedBody(header.body.digest, header.size)


def record_of(leaf: bytes) -> tuple[str, str] | None:
    """Type and key of the record that a leaf is of; None for an opaque leaf."""
    if (usual := _usual(leaf)) is not None:
        return usual[2].decode(), usual[3].decode()
    header = read_leaf(leaf)
    return None if header is None else (header.type, header.key)


def named_bodies(
    origin: Origin,
    start: int,
    leaves: Sequence[bytes | None],
    items: Sequence[BodyItem],
    *,
    is_fault: bool = True,
) -> list[tuple[bytes, bytes]]:
    """The bodies among the items, with their digests, each held against the leaf that names it.

    What does not fit is passed over unless it `is_fault`: a peer that has not shown its tree may hold another branch.

    Raises:
        RecordError: body.hash; FrameError: frame.order, for a body that a header says there is none of
    """
    bodies: list[tuple[bytes, bytes]] = []
    for index, (leaf, item) in enumerate(zip(leaves, items, strict=False), start):
        if leaf is None or item is None or isinstance(item, BodyAbsent):
            continue  # where the header is withheld nothing says which body it names
        named = named_body(leaf)
        try:
            if named is not None:
                named.check(item)
                bodies.append((named.digest, item))
            elif read_leaf(leaf) is not None:
                raise FrameError(
                    "frame.order", f"body of leaf {index} of {origin}", expected="none: its header has none"
                )
        except PeerError:
            if is_fault:
                raise
    return bodies
