"""Canonical DAG-CBOR and its CIDs: one byte string for one value, anything else refused.

Source of the rules: spec/01-encoding.md#dag-cbor-profile. The codec underneath tells links from byte
strings, refuses every form that is not canonical and does not recurse. What it lacks is done here before
it builds anything: depth, number of items, negative zero, and lengths that the bytes cannot hold
(spec/decisions/0004-dag-cbor-codec.md).
"""

import hashlib
from base64 import b32decode, b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import cbrrr

from frostnode.protocol.base32 import base32_text
from frostnode.protocol.errors import EncodingError, NameError_
from frostnode.protocol.limits import BODY_BYTES_MAX, BODY_DEPTH_MAX, BODY_ITEMS_MAX

CID_PREFIX: Final = bytes.fromhex("01711220")
"""CIDv1, codec dag-cbor (0x71), multihash sha2-256 (0x12) of 32 (0x20) bytes."""

_CID_BYTES: Final = 36
_CID_CHARS: Final = 59
_CIDV0_PREFIX: Final = bytes.fromhex("1220")
_CIDV0_BYTES: Final = 34
_CIDV0_CHARS: Final = 46
_VARINT_BYTES_MAX: Final = 9
_TEXTS_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True, repr=False)
class Cid:
    """A content identifier. `raw` holds its bytes; ours are CID_PREFIX and a SHA-256 digest.

    Bodies may link to CIDs of any other kind: they are kept as they are, but they are well-formed.

    Raises:
        ValueError: for bytes that are none; to read bytes from outside is the business of `decode`
    """

    raw: bytes

    def __post_init__(self) -> None:
        raw = self.raw
        if not ((len(raw) == _CID_BYTES and raw.startswith(CID_PREFIX)) or _is_well_formed(raw)):
            raise ValueError(f"not a CID: {self.raw[:50].hex()}")

    def __bytes__(self) -> bytes:
        return self.raw

    def __repr__(self) -> str:
        return f"Cid({self})"

    def __str__(self) -> str:
        """Multibase base32, lower case, unpadded (59 characters for ours); base58btc for version 0."""
        return _our_text(self.raw) if self.is_ours else _text_of(self.raw)

    @property
    def is_ours(self) -> bool:
        """Whether this is CIDv1, dag-cbor, sha2-256."""
        return len(self.raw) == _CID_BYTES and self.raw.startswith(CID_PREFIX)

    @property
    def digest(self) -> bytes:
        """The 32 bytes of the SHA-256 digest; only for a CID that `is_ours`."""
        return self.raw[4:]

    @classmethod
    def from_digest(cls, digest: bytes) -> "Cid":
        """The CID over bytes whose SHA-256 is `digest` (32 bytes)."""
        return cls(CID_PREFIX + digest)

    @classmethod
    def of(cls, data: bytes) -> "Cid":
        """The CID of DAG-CBOR bytes."""
        return cls(CID_PREFIX + hashlib.sha256(data).digest())

    @classmethod
    def parse(cls, text: str) -> "Cid":
        """Read the text form of one of our CIDs; only the one canonical spelling is taken.

        Raises:
            NameError_: name.cid
        """
        if len(text) == _CID_CHARS:
            cid = _our_cid(text)
            if cid is not None and cid.is_ours:
                return cid
        raise NameError_(
            "name.cid", "content identifier", found=text, expected="59 characters, CIDv1 dag-cbor sha2-256"
        )

    @classmethod
    def parse_any(cls, text: str) -> "Cid":
        """Read the text form of any CID, ours or foreign, in the spelling that `str` gives.

        Raises:
            NameError_: name.cid
        """
        cid = _cid_from_text(text)
        if cid is None:
            raise NameError_(
                "name.cid", "link", found=text, expected="a CID in base32, or of version 0 in base58btc"
            )
        return cid


def _text_of(raw: bytes) -> str:
    if raw.startswith(_CIDV0_PREFIX):
        from multiformats import multibase  # noqa: PLC0415 - 0.2 s to import, for foreign links only

        return multibase.encode(raw, "base58btc")[1:]
    return "b" + b32encode(raw).decode("ascii").lower().rstrip("=")


def _cid_from_text(text: str) -> Cid | None:
    """Decode, then compare what is written back: one spelling for each CID."""
    try:
        if text.startswith("b"):
            cid = Cid(b32decode(text[1:].upper() + "=" * (-(len(text) - 1) % 8)))
        elif text.startswith("Qm") and len(text) == _CIDV0_CHARS:
            from multiformats import multibase  # noqa: PLC0415 - 0.2 s to import, for foreign links only

            cid = Cid(multibase.decode("z" + text))
        else:
            return None
    except ValueError:
        return None
    return cid if str(cid) == text else None


# The same few of ours, of known length, are read and written again and again while a log goes by.
_our_text: Final = lru_cache(_TEXTS_REMEMBERED)(lambda raw: f"b{base32_text(raw)}")
_our_cid: Final = lru_cache(_TEXTS_REMEMBERED)(_cid_from_text)


def _is_well_formed(raw: bytes) -> bool:
    """Version 0, or version 1: codec, hash function, and a digest of the length that is stated."""
    if raw.startswith(_CIDV0_PREFIX):
        return len(raw) == _CIDV0_BYTES
    version, position = _varint(raw, 0)
    if version != 1:
        return False
    for _ in ("codec", "hash function"):
        value, position = _varint(raw, position)
        if value is None:
            return False
    length, position = _varint(raw, position)
    return length == len(raw) - position


def _varint(raw: bytes, start: int) -> tuple[int | None, int]:
    """Read an unsigned varint (multiformats): minimal, at most 9 bytes. None where there is none."""
    value = 0
    for count, byte in enumerate(raw[start : start + _VARINT_BYTES_MAX]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return (None if byte == 0 and count else value), start + count + 1
    return None, start


Value: TypeAlias = bool | int | float | str | bytes | Cid | Sequence["Value"] | Mapping[str, "Value"] | None
"""What DAG-CBOR can say. Arrays are lists and maps are dicts, exactly; nothing else is encoded."""


def encode(value: Value, *, depth_max: int = BODY_DEPTH_MAX) -> bytes:
    """Write a value as canonical DAG-CBOR.

    Raises:
        EncodingError: encoding.not-canonical, for what DAG-CBOR cannot say (NaN, infinities, -0.0,
            integers beyond 64 bits, lone surrogates, keys that are not text, other types);
            encoding.too-deep, encoding.too-large
    """
    try:
        data = cbrrr.encode_dag_cbor(value, cid_type=Cid)  # type: ignore[arg-type]  # it declares links of its own type alone
    except (ValueError, TypeError) as error:
        raise EncodingError("encoding.not-canonical", f"cannot be written as DAG-CBOR: {error}") from error
    _check_shape(data, depth_max=depth_max, floats=True)
    return data


def decode(
    data: bytes, *, bytes_max: int = BODY_BYTES_MAX, depth_max: int = BODY_DEPTH_MAX, floats: bool = True
) -> Value:
    """Read canonical DAG-CBOR: maps come as dict, arrays as list, links as Cid.

    Raises:
        EncodingError: encoding.too-large, encoding.not-canonical, encoding.too-deep, encoding.float
    """
    if len(data) > bytes_max:
        raise EncodingError(
            "encoding.too-large", "DAG-CBOR bytes", found=len(data), expected=f"≤ {bytes_max}"
        )
    _check_shape(data, depth_max=depth_max, floats=floats)
    return decode_again(data)


def decode_again(data: bytes) -> Value:
    """Read bytes that `decode` has taken before: what is told apart by its hash needs its shape checked once.

    Raises:
        EncodingError: encoding.not-canonical: a disk may have changed them since
    """
    try:
        value: Value = cbrrr.decode_dag_cbor(data, cid_ctor=Cid)  # type: ignore[assignment]  # as above
    except (ValueError, MemoryError) as error:
        raise EncodingError("encoding.not-canonical", f"not canonical DAG-CBOR: {error}") from error
    return value


_FLOAT: Final = 0xFB
_TAG: Final = 0xD8
_LINK_TAG: Final = 42
_NEGATIVE_ZERO: Final = b"\x80" + bytes(7)


def _whole_item_bytes(head: int) -> int:
    """Return the length of an item whose first byte tells all about it; 0 for the others."""
    major, info = head >> 5, head & 0x1F
    if major in (0, 1):
        return 1 if info < 24 else {24: 2, 25: 3, 26: 5, 27: 9}.get(info, 0)
    if major in (2, 3):
        return 1 + info if info < 24 else 0
    return 1 if head in (0xF4, 0xF5, 0xF6) else 0


_TEXT_OF_ONE_BYTE_LENGTH: Final = 0x78
_WHOLE_ITEM_BYTES: Final = tuple(map(_whole_item_bytes, range(256)))


def _check_shape(data: bytes, *, depth_max: int, floats: bool) -> None:
    """Skim the items and build none, so that what is refused has cost neither memory nor stack.

    A codec that makes room for as many items as each head claims works for minutes on some kilobytes of
    heads inside heads. Here all heads together may not claim more items than there are bytes.
    """
    around: list[int] = []
    left, items, position = 1, 1, 0
    try:
        while left or around:
            if not left:
                left = around.pop()
                continue
            head = data[position]
            if whole := _WHOLE_ITEM_BYTES[head]:
                position += whole
                left -= 1
            elif head == _TEXT_OF_ONE_BYTE_LENGTH:  # what else there is most of
                position += 2 + data[position + 1]
                left -= 1
            elif head >= 0xC0:
                position = _skip_float_or_tag(data, position, floats=floats)
                left -= head == _FLOAT
            elif head < 0x80:
                length, position = _length(data, position)
                position += length
                left -= 1
            else:
                length, position = _length(data, position)
                around.append(left - 1)
                left = length if head < 0xA0 else 2 * length
                items += left
                _check_room(items, len(data), len(around), depth_max)
    except IndexError as error:
        raise _not_canonical(len(data)) from error


def _skip_float_or_tag(data: bytes, position: int, *, floats: bool) -> int:
    head = data[position]
    if head == _TAG and data[position + 1] == _LINK_TAG:
        return position + 2
    if head != _FLOAT or data.startswith(_NEGATIVE_ZERO, position + 1):
        raise _not_canonical(position)
    if not floats:
        raise EncodingError("encoding.float", "a float where the format allows none")
    return position + 9


def _length(data: bytes, position: int) -> tuple[int, int]:
    """Read a head that states a length: the length, and where the content begins."""
    info = data[position] & 0x1F
    if info < 24:
        return info, position + 1
    if info > 27:
        raise _not_canonical(position)
    end = position + 1 + (1 << (info - 24))
    return int.from_bytes(data[position + 1 : end]), end


def _check_room(items: int, size: int, depth: int, depth_max: int) -> None:
    if depth > depth_max:
        raise EncodingError("encoding.too-deep", "nesting", found=depth, expected=f"≤ {depth_max}")
    if items > size:
        raise _not_canonical(size)
    if items > BODY_ITEMS_MAX:
        raise EncodingError("encoding.too-large", "items", found=items, expected=f"≤ {BODY_ITEMS_MAX}")


def _not_canonical(position: int) -> EncodingError:
    return EncodingError("encoding.not-canonical", f"not canonical DAG-CBOR at byte {position}")
