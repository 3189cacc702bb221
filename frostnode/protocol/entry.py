"""One entry of a log: the header that is its leaf, and the body that hangs off it by hash.

Rules (spec/03-records.md):
- a header is canonical DAG-CBOR of at most 512 bytes with exactly its fields; a leaf that is none is
  opaque: it is carried and served, and projects to nothing;
- a header names its body by CID and size, and neither publisher nor position: moved, it keeps its CID;
- a body is judged by hash and size alone. It is decoded to be shown and never re-encoded to be sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import cbrrr

from frostnode.protocol.dagcbor import Cid, Value, decode, decode_again, encode
from frostnode.protocol.errors import EncodingError, RecordError
from frostnode.protocol.limits import (
    BODY_BYTES_MAX,
    HEADER_BYTES_MAX,
    KEY_CHARS_MAX,
    SALT_BYTES,
    TIME_MS_MAX,
    TYPE_CHARS_MAX,
)
from frostnode.protocol.names import VERSION, RecordKey, RecordType

HEADER_VERSION: Final = 1
SALT: Final = "salt"
"""The one field of every body that is no field of the record."""


class Op(StrEnum):
    """What an entry does to its (type, key)."""

    PUT = "put"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A leaf that can be read. `time` is claimed, in milliseconds since 1970.

    `body` and `size` (bytes) are both there or both None, the latter for a withdrawal alone.
    """

    op: Op
    type: RecordType
    key: RecordKey
    time: int
    body: Cid | None = None
    size: int | None = None


_FIELDS: Final = "v, op, type, key, time; body and size, which only a withdrawal may leave out"
_FIELDS_WITHOUT_BODY: Final = 5
_FIELDS_WITH_BODY: Final = 7
_OPS: Final = {op.value: op for op in Op}
# The grammars of names.check_type_and_key, one expression for each case: this is the hot path. A test compares them.
_TYPE: Final = re.compile(rf"[a-z][a-z0-9.-]{{0,{TYPE_CHARS_MAX - 1}}}").fullmatch
_KEY: Final = re.compile(r"[A-Za-z0-9._:-][A-Za-z0-9._~:/-]*").fullmatch
_VERSION_KEY: Final = re.compile(r"[A-Za-z0-9._:-][A-Za-z0-9._~:/-]*@[A-Za-z0-9._~:-]+").fullmatch


def encode_header(header: Header) -> bytes:
    """Write the leaf of an entry.

    Raises:
        RecordError: header.malformed, header.too-large
    """
    fields: dict[str, Value] = {
        "v": HEADER_VERSION,
        "op": str(header.op),
        "type": header.type,
        "key": header.key,
        "time": header.time,
    }
    if header.body is not None or header.size is not None:
        fields |= {"body": header.body, "size": header.size}
    try:
        data = encode(fields)
    except EncodingError as error:
        raise RecordError("header.malformed", f"header cannot be written: {error}") from error
    parse_header(data)
    return data


def parse_header(data: bytes) -> Header:
    """Read a leaf that must be a header.

    Raises:
        RecordError: header.malformed, header.too-large
    """
    if len(data) > HEADER_BYTES_MAX:
        raise RecordError(
            "header.too-large", "header bytes", found=len(data), expected=f"≤ {HEADER_BYTES_MAX}"
        )
    try:
        fields = cbrrr.decode_dag_cbor(data, cid_ctor=Cid)
    except (ValueError, MemoryError, EncodingError) as error:
        raise RecordError("header.malformed", f"header is not canonical DAG-CBOR: {error}") from error
    if type(fields) is not dict:
        raise RecordError("header.malformed", "header", found=type(fields).__name__, expected="a map")
    return _header_of(fields)


def _header_of(fields: dict[str, Any]) -> Header:
    """Check the fields. No value of a header holds others, so there is no depth and no float to look for."""
    try:
        version, op, type_, key, time = (
            fields["v"],
            fields["op"],
            fields["type"],
            fields["key"],
            fields["time"],
        )
        body, size = (fields["body"], fields["size"]) if len(fields) > _FIELDS_WITHOUT_BODY else (None, None)
    except KeyError as error:
        raise _malformed("fields", sorted(fields), _FIELDS) from error
    if type(version) is not int or version != HEADER_VERSION:
        raise _malformed("v", version, HEADER_VERSION)
    if type(op) is not str or op not in _OPS:
        raise _malformed("op", op, sorted(_OPS))
    if type(type_) is not str or not _TYPE(type_):
        raise _malformed("type", type_, "a record type")
    if (
        type(key) is not str
        or len(key) > KEY_CHARS_MAX
        or not (_VERSION_KEY if type_ == VERSION else _KEY)(key)
    ):
        raise _malformed("key", key, f"a record key that fits the type {type_}")
    if type(time) is not int or not 0 <= time <= TIME_MS_MAX:
        raise _malformed("time", time, f"milliseconds, 0 to {TIME_MS_MAX}")
    if body is not None or op == "put" or len(fields) != _FIELDS_WITHOUT_BODY:
        _check_reference(fields, body, size)
    return Header(op=_OPS[op], type=type_, key=key, time=time, body=body, size=size)  # type: ignore[arg-type]  # all was checked above


def _check_reference(fields: dict[str, Any], body: object, size: object) -> None:
    if len(fields) != _FIELDS_WITH_BODY:
        raise _malformed("fields", sorted(fields), _FIELDS)
    if type(body) is not Cid or not body.is_ours:
        raise _malformed("body", body, "a link, CIDv1 dag-cbor sha2-256")
    if type(size) is not int or not 0 < size <= BODY_BYTES_MAX:
        raise _malformed("size", size, f"bytes, 1 to {BODY_BYTES_MAX}")


def _malformed(field: str, found: object, expected: object) -> RecordError:
    return RecordError("header.malformed", f"{field} of a header", found=found, expected=expected)


def header_cid(data: bytes) -> Cid:
    """Name an entry: the CID of the bytes of its leaf."""
    return Cid.of(data)


def read_leaf(data: bytes) -> Header | None:
    """Read a leaf of a log; None for one that is opaque."""
    try:
        return parse_header(data)
    except RecordError:
        return None


def encode_body(fields: Mapping[str, Value], salt: bytes) -> bytes:
    """Write the body of an entry: the fields of the record and 16 unpredictable bytes.

    Raises:
        RecordError: record.field for a field `salt`, body.malformed for a salt of another length,
            body.too-large
        EncodingError: encoding.not-canonical, encoding.too-deep
    """
    if SALT in fields:
        raise RecordError(
            "record.field", "a record has no field 'salt' of its own", hint="choose another name"
        )
    data = encode({**fields, SALT: salt})
    if len(data) > BODY_BYTES_MAX:
        raise RecordError("body.too-large", "body bytes", found=len(data), expected=f"≤ {BODY_BYTES_MAX}")
    decode_body(data)
    return data


def decode_body(data: bytes, *, again: bool = False) -> dict[str, Value]:
    """Read the fields of a record, without the salt; `again` if a body with this hash was read before.

    Raises:
        EncodingError: encoding.too-large, encoding.not-canonical, encoding.too-deep
        RecordError: body.malformed
    """
    fields = decode_again(data) if again else decode(data)
    if not isinstance(fields, dict):
        raise RecordError("body.malformed", "body", found=type(fields).__name__, expected="a map")
    salt = fields.pop(SALT, None)
    if type(salt) is not bytes or len(salt) != SALT_BYTES:
        raise RecordError("body.malformed", "salt of a body", found=salt, expected=f"{SALT_BYTES} bytes")
    return fields


def check_body(header: Header, data: bytes) -> None:
    """Check that a body is the one that a header names. Whether it can be read is not asked.

    Raises:
        RecordError: body.hash
    """
    if len(data) != header.size:
        raise RecordError("body.hash", "body bytes", found=len(data), expected=header.size)
    found = Cid.of(data)
    if found != header.body:
        raise RecordError("body.hash", "CID of a body", found=found, expected=header.body)


def same_content(one: bytes, other: bytes) -> bool:
    """Compare two bodies without their salts. One that cannot be read is the same as itself alone."""
    if one == other:
        return True
    try:
        return encode(decode_body(one)) == encode(decode_body(other))
    except (EncodingError, RecordError):
        return False
