"""Verify FROST proof and evidence files, archives, logs and test vectors: one file, by the specification, with nothing of frostnode.

    python frost_verify.py proof FILE [WITNESS-KEY...]
    python frost_verify.py evidence FILE
    python frost_verify.py archive FILE [WITNESS-KEY...]
    python frost_verify.py log DIRECTORY-OR-URL ORIGIN
    python frost_verify.py vectors DIRECTORY

`log` reads a static export or a live node and computes the whole tree again. The answer is JSON on standard
output; the exit status is 0 when all holds, 1 when something is refused, 2 when the question was not understood.

Python 3.11 or newer, and the package `cryptography` for the Ed25519 equation. The sections follow spec/ in order,
and where a choice exists the obvious way is taken rather than the fast one: recursion as RFC 6962 writes it.
"""

import argparse
import base64
import binascii
import hashlib
import http.client
import io
import json
import math
import re
import struct
import sys
import urllib.error
import urllib.request
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Refused(Exception):
    """The bytes are not what the specification says."""


def require(condition: object, what: str) -> None:
    """Refuse unless the condition holds."""
    if not condition:
        raise Refused(what)


def require_type(value: Any, kind: type, what: str) -> Any:
    """Refuse unless the value is of exactly this type: True is no integer."""
    require(type(value) is kind, f"{what}: found {type(value).__name__}, expected {kind.__name__}")
    return value


def require_number(value: Any, low: int, high: int, what: str) -> int:
    """Refuse unless the value is an integer within the bounds."""
    require_type(value, int, what)
    require(low <= value <= high, f"{what}: found {value}, expected {low} to {high}")
    return int(value)


def require_fields(value: Any, names: set[str], what: str) -> dict[str, Any]:
    """Refuse unless the value is a map with exactly these fields."""
    require_type(value, dict, what)
    require(set(value) == names, f"{what}: found the fields {sorted(value)}, expected {sorted(names)}")
    return dict(value)


# ---- 01 encoding: canonical DAG-CBOR ------------------------------------------------------------------------------

BODY_BYTES_MAX = 4 * 1024 * 1024
DEPTH_MAX = 64
ITEMS_MAX = 2**20
SAFE_MAX = 2**53 - 1


@dataclass(frozen=True)
class Link:
    """A CID, by its bytes."""

    raw: bytes

    def __str__(self) -> str:
        if self.raw.startswith(b"\x12\x20"):
            return base58(self.raw)
        return "b" + base64.b32encode(self.raw).decode().lower().rstrip("=")


def cid_of(data: bytes) -> Link:
    """CIDv1, dag-cbor, sha2-256."""
    return Link(bytes.fromhex("01711220") + hashlib.sha256(data).digest())


def is_ours(link: object) -> bool:
    """Whether a value is a CIDv1, dag-cbor, sha2-256."""
    return isinstance(link, Link) and len(link.raw) == 36 and link.raw.startswith(bytes.fromhex("01711220"))


def check_cid(raw: bytes) -> Link:
    """Any well-formed CID: version 0, or version 1 with a digest of the length that it states."""
    if raw.startswith(b"\x12\x20"):
        require(len(raw) == 34, "link: a CID of version 0 has 34 bytes")
        return Link(raw)
    version, at = varint(raw, 0)
    require(version == 1, "link: not a CID")
    _, at = varint(raw, at)
    _, at = varint(raw, at)
    length, at = varint(raw, at)
    require(length == len(raw) - at, "link: its digest has not the stated length")
    return Link(raw)


def varint(raw: bytes, at: int) -> tuple[int, int]:
    """An unsigned varint of at most nine bytes, minimal."""
    value = 0
    for count in range(9):
        require(at + count < len(raw), "link: ends inside a number")
        byte = raw[at + count]
        value |= (byte & 127) << 7 * count
        if byte < 128:
            require(byte or not count, "link: a number is not minimal")
            return value, at + count + 1
    raise Refused("link: a number of more than nine bytes")


class Cbor:
    """Reads one CBOR item. `strict` is canonical DAG-CBOR; else any definite-length CBOR without tags (frames)."""

    def __init__(
        self, data: bytes, *, strict: bool = True, floats: bool = True, depth_max: int = DEPTH_MAX
    ) -> None:
        self.data, self.at, self.items = data, 0, 1
        self.strict, self.floats, self.depth_max = strict, floats, depth_max

    def take(self, count: int) -> bytes:
        """The next bytes."""
        require(self.at + count <= len(self.data), "CBOR: ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def head(self) -> tuple[int, int, int]:
        """Major type, additional information, argument."""
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info, info
        require(info < 28, "CBOR: indefinite length or reserved head")
        value = int.from_bytes(self.take(1 << (info - 24)), "big")
        if self.strict and major < 7:
            require(value >= {24: 24, 25: 2**8, 26: 2**16, 27: 2**32}[info], "CBOR: a head is not minimal")
        return major, info, value

    def value(self, depth: int = 0) -> Any:
        """The next item with all that is in it."""
        major, info, argument = self.head()
        if major < 2:
            return argument if major == 0 else -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            return self.text(argument)
        if major == 6:
            return self.link(argument)
        if major == 7:
            return self.simple(info, argument)
        require(depth < self.depth_max, f"CBOR: nested deeper than {self.depth_max}")
        self.items += argument * (major - 3)
        require(argument <= len(self.data), "CBOR: claims more items than there are bytes")
        require(self.items <= ITEMS_MAX, f"CBOR: more than {ITEMS_MAX} items")
        return self.array(argument, depth + 1) if major == 4 else self.map(argument, depth + 1)

    def text(self, length: int) -> str:
        """UTF-8, without surrogates and overlong forms."""
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused("CBOR: text is not UTF-8") from error

    def array(self, count: int, depth: int) -> list[Any]:
        """So many items."""
        return [self.value(depth) for _ in range(count)]

    def map(self, count: int, depth: int) -> dict[Any, Any]:
        """Text keys, none twice, in DAG-CBOR in order of length, then of bytes."""
        result: dict[Any, Any] = {}
        last: tuple[int, bytes] = (-1, b"")
        for _ in range(count):
            key = self.value(depth)
            require(type(key) is str or (type(key) is bytes and not self.strict), "CBOR: map key")
            if self.strict:
                order = (len(key.encode()), key.encode())
                require(order > last, "CBOR: map keys out of order or repeated")
                last = order
            require(key not in result, "CBOR: a map key twice")
            result[key] = self.value(depth)
        return result

    def link(self, tag: int) -> Link:
        """Tag 42, then 00 and a CID."""
        require(self.strict and tag == 42, f"CBOR: tag {tag}")
        require(self.head_is_link_bytes(), "CBOR: a link is a byte string")
        _, _, length = self.head()
        raw = self.take(length)
        require(raw[:1] == b"\x00", "CBOR: a link begins with 00")
        return check_cid(raw[1:])

    def head_is_link_bytes(self) -> bool:
        """Whether a byte string comes next."""
        return self.at < len(self.data) and self.data[self.at] >> 5 == 2

    def simple(self, info: int, argument: int) -> Any:
        """false, true, null; floats of 64 bits, finite and not -0.0."""
        if info in (20, 21, 22):
            return {20: False, 21: True, 22: None}[info]
        if not self.strict:
            return self.lenient(info, argument)
        require(info == 27, "CBOR: simple value or short float")
        require(self.floats, "CBOR: a float where none may be")
        number = struct.unpack(">d", argument.to_bytes(8, "big"))[0]
        require(math.isfinite(number), "CBOR: NaN or infinity")
        require(argument != 2**63, "CBOR: -0.0")
        return number

    def lenient(self, info: int, argument: int) -> Any:
        """What frames may hold in fields that nobody reads yet."""
        forms = {25: ">e", 26: ">f", 27: ">d"}
        if info in forms:
            return struct.unpack(forms[info], argument.to_bytes(1 << (info - 24), "big"))[0]
        require(argument < 20 or info == 23 or argument >= 32, "CBOR: simple value")
        return None


def decode(
    data: bytes, *, floats: bool = True, bytes_max: int = BODY_BYTES_MAX, depth_max: int = DEPTH_MAX
) -> Any:
    """Canonical DAG-CBOR, all of it."""
    require(len(data) <= bytes_max, f"DAG-CBOR: {len(data)} bytes, expected at most {bytes_max}")
    reader = Cbor(data, floats=floats, depth_max=depth_max)
    value = reader.value()
    require(reader.at == len(data), "DAG-CBOR: bytes after the value")
    return value


def cbor_head(major: int, value: int) -> bytes:
    """The shortest head."""
    for info, bits in ((24, 8), (25, 16), (26, 32), (27, 64)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << bits:
            return bytes([major << 5 | info]) + value.to_bytes(bits // 8, "big")
    raise Refused("DAG-CBOR: an integer beyond 64 bits")


def encode(value: Any) -> bytes:
    """Canonical DAG-CBOR."""
    if value is None or type(value) is bool:
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if type(value) is int:
        return cbor_head(0, value) if value >= 0 else cbor_head(1, -1 - value)
    if type(value) is float:
        require(math.isfinite(value) and struct.pack(">d", value) != b"\x80" + bytes(7), "DAG-CBOR: float")
        return b"\xfb" + struct.pack(">d", value)
    if type(value) is bytes:
        return cbor_head(2, len(value)) + value
    if type(value) is Link:
        return b"\xd8\x2a" + encode(b"\x00" + value.raw)
    if type(value) is list:
        return cbor_head(4, len(value)) + b"".join(map(encode, value))
    return encode_text_or_map(value)


def encode_text_or_map(value: Any) -> bytes:
    """Text, or a map with its keys in order."""
    if type(value) is str:
        try:
            raw = value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Refused("DAG-CBOR: a lone surrogate") from error
        return cbor_head(3, len(raw)) + raw
    require_type(value, dict, "DAG-CBOR")
    keys = sorted(value, key=lambda key: (len(encode(key)), encode(key)))
    return cbor_head(5, len(keys)) + b"".join(encode(key) + encode(value[key]) for key in keys)


# ---- 01 encoding: the JSON form -----------------------------------------------------------------------------------


def to_json(value: Any) -> Any:
    """The lossless JSON form of a value."""
    if type(value) is Link:
        return {"/": str(value)}
    if type(value) is bytes:
        return {"/": {"bytes": base64.b64encode(value).decode().rstrip("=")}}
    if type(value) is list:
        return [to_json(item) for item in value]
    if type(value) is dict:
        fields = {key: to_json(item) for key, item in value.items()}
        return {"/": fields} if set(fields) == {"/"} else fields
    return value


def from_json(item: Any, depth: int = 0) -> Any:
    """The value that a JSON form stands for."""
    if type(item) is dict and set(item) == {"/"}:
        return from_slash(item["/"], depth)
    if type(item) in (list, dict):
        require(depth < DEPTH_MAX, f"JSON form: nested deeper than {DEPTH_MAX}")
    if type(item) is list:
        return [from_json(each, depth + 1) for each in item]
    if type(item) is dict:
        return {key: from_json(each, depth + 1) for key, each in item.items()}
    return item


def from_slash(form: Any, depth: int) -> Any:
    """A link, bytes, or a map whose only key is "/"."""
    if type(form) is str:
        return parse_link(form)
    require(type(form) is dict and len(form) == 1, "JSON form: an object with the one key /")
    ((key, inner),) = form.items()
    if key == "bytes" and type(inner) is str:
        data = decode_base64(inner + "=" * (-len(inner) % 4))
        require(base64.b64encode(data).decode().rstrip("=") == inner, "JSON form: base64")
        return data
    require(key == "/" and depth < DEPTH_MAX, "JSON form: an object with the one key /")
    return {"/": from_json(inner, depth + 1)}


def json_form(value: Any) -> str:
    """The JSON form as text, with sorted keys."""
    return json.dumps(to_json(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def parse_json_form(text: str) -> Any:
    """Read the JSON form: numbers without fraction and exponent are integers."""
    try:
        item = json.loads(
            text, object_pairs_hook=json_object, parse_int=json_integer, parse_constant=json_constant
        )
    except (ValueError, RecursionError) as error:
        raise Refused(f"JSON form: {error}") from error
    value = from_json(item)
    encode(value)
    return value


def json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object without repeated keys."""
    require(len(dict(pairs)) == len(pairs), "JSON form: a key twice")
    return dict(pairs)


def json_integer(text: str) -> int:
    """An integer of at most 64 bits and a sign."""
    require(text != "-0" and len(text) <= 21, "JSON form: integer")
    require(-(2**64) <= int(text) < 2**64, "JSON form: integer")
    return int(text)


def json_constant(text: str) -> Any:
    """NaN and Infinity are not JSON."""
    raise Refused(f"JSON form: {text}")


# ---- 01 encoding: names -------------------------------------------------------------------------------------------

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
TYPE = re.compile(r"[a-z][a-z0-9.-]{0,63}")
PLAIN_KEY = re.compile(r"[A-Za-z0-9._:-][A-Za-z0-9._~:/-]*")
LABEL = re.compile(r"[A-Za-z0-9._~:-]+")


def base58(data: bytes) -> str:
    """Base58btc."""
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def from_base58(text: str) -> bytes:
    """Base58btc; one spelling."""
    number = 0
    for char in text:
        require(char in BASE58, "base58: alphabet")
        number = number * 58 + BASE58.index(char)
    data = bytes(len(text) - len(text.lstrip("1"))) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    require(base58(data) == text, "base58: spelling")
    return data


def parse_link(text: str) -> Link:
    """Any CID in the spelling that it is written in here."""
    if text.startswith("Qm"):
        link = check_cid(from_base58(text))
    else:
        require(re.fullmatch("b[a-z2-7]+", text), "CID: base32, lower case")
        try:
            link = check_cid(base64.b32decode(text[1:].upper() + "=" * (-(len(text) - 1) % 8)))
        except binascii.Error as error:
            raise Refused("CID: base32") from error
    require(str(link) == text, "CID: spelling")
    return link


def parse_cid(text: str) -> Link:
    """One of our CIDs."""
    link = parse_link(text)
    require(is_ours(link), "CID: CIDv1, dag-cbor, sha2-256")
    return link


def parse_did(text: str) -> Link:
    """A DID: the CID of its genesis event."""
    require(text.startswith("did:frost:"), "DID: did:frost:")
    return parse_cid(text.removeprefix("did:frost:"))


def check_type(text: str) -> str:
    """A record type."""
    require(TYPE.fullmatch(text), f"record type {text!r}")
    return text


def check_key(text: str) -> str:
    """A record key, with the label of a version or without."""
    key, at, label = text.partition("@")
    require(
        len(text) <= 200 and PLAIN_KEY.fullmatch(key) and (not at or LABEL.fullmatch(label)),
        f"record key {text!r}",
    )
    return text


def check_type_and_key(type_: str, key: str) -> None:
    """A version's key has a label, no other key has one."""
    check_type(type_)
    check_key(key)
    require(("@" in key) == (type_ == "version"), f"key {key!r} of a record of type {type_}")


def parse_origin(text: str) -> tuple[str, int, Link]:
    """DID, number of the epoch, CID of the event that opened it."""
    match = re.fullmatch(r"([^/]+)/log/(0|[1-9][0-9]{0,2})/([^/]+)", text)
    require(match, f"origin {text!r}")
    assert match is not None
    parse_did(match[1])
    return match[1], int(match[2]), parse_cid(match[3])


def parse_did_url(text: str) -> tuple[str, str, str, Link | None]:
    """DID, type, key and, of an exact entry, the CID of its header."""
    path, query, cid = text.partition("?cid=")
    did, slash, record = path.partition("/")
    parse_did(did)
    require(slash, "DID URL: no path")
    if record.startswith("~"):
        type_, _, key = record[1:].partition("/")
        require(
            type_ not in ("dataset", "version"), "DID URL: datasets and versions are named without their type"
        )
    else:
        type_, key = ("version" if "@" in record else "dataset"), record
    check_type_and_key(type_, key)
    return did, type_, key, parse_cid(cid) if query else None


def did_url(did: str, type_: str, key: str) -> str:
    """The DID URL of a record."""
    return f"{did}/{key}" if type_ in ("dataset", "version") else f"{did}/~{type_}/{key}"


# ---- 01 encoding: keys and signatures -----------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7


def refused_points() -> set[bytes]:
    """All encodings of points of low order, and all that are not canonical."""
    low = {0, 1, P - 1, ORDER_8_Y, P - ORDER_8_Y} | set(range(P, 2**255))
    return {(y | sign << 255).to_bytes(32, "little") for y in low for sign in (0, 1)}


REFUSED_POINTS = refused_points()


def check_public_key(key: bytes) -> bytes:
    """32 bytes that are not a refused point."""
    require(len(key) == 32, "public key: 32 bytes")
    require(key not in REFUSED_POINTS, "public key: of low order or not canonical")
    return key


def verify(key: bytes, message: bytes, signature: bytes) -> None:
    """Ed25519, strict: cofactorless, S below the group order, no refused point as key or as R."""
    check_public_key(key)
    require(len(signature) == 64, "signature: 64 bytes")
    require(signature[:32] not in REFUSED_POINTS, "signature: its R is of low order or not canonical")
    require(int.from_bytes(signature[32:], "little") < L, "signature: its S is not below the group order")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise Refused("signature: does not verify") from error


def from_multikey(data: bytes) -> bytes:
    """The 32 bytes in a multikey of 34."""
    require(len(data) == 34 and data[:2] == b"\xed\x01", "multikey: ed01 and 32 bytes")
    return check_public_key(data[2:])


def from_multibase(text: str) -> bytes:
    """The 32 bytes in a text z6Mk…"""
    require(text.startswith("z6Mk") and len(text) == 48, "multibase key: z6Mk… of 48 characters")
    return from_multikey(from_base58(text[1:]))


def derive_seed(secret: bytes, label: str) -> bytes:
    """HKDF-SHA256 without salt."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label.encode()).derive(secret)


# ---- 02 identity --------------------------------------------------------------------------------------------------

EMPTY_ROOT = hashlib.sha256(b"").digest()
EVENT_CONTEXT = b"frost-identity-event/v1\n"
EVENT_BYTES_MAX = 4096
PATH_EVENTS_MAX = 1000
KEYS_MAX = 32


@dataclass(frozen=True)
class Commitment:
    """The hashes of keys to come, and how many of them must sign."""

    threshold: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True)
class Event:
    """One identity event, its form checked; its signatures and its ancestors are for History."""

    raw: bytes
    content: bytes
    sigs: tuple[bytes, ...]
    cid: Link
    kind: str
    n: int
    prev: Link | None
    keys: tuple[bytes, ...]
    next: Commitment
    recovery: Commitment | None
    end: tuple[int, bytes] | None
    epoch: dict[str, Any] | None


def parse_event(raw: bytes) -> Event:
    """Read a signed event."""
    signed = require_fields(
        decode(raw, floats=False, bytes_max=EVENT_BYTES_MAX), {"event", "sigs"}, "signed event"
    )
    content = require_type(signed["event"], dict, "event")
    check_event_fields(content)
    event = Event(
        raw=raw,
        content=encode(content),
        sigs=parse_signatures(signed["sigs"]),
        cid=cid_of(encode(content)),
        kind=content["kind"],
        n=require_number(content["n"], 0, PATH_EVENTS_MAX - 1, "n of an event"),
        prev=content.get("prev"),
        keys=parse_keys(content["keys"]),
        next=parse_commitment(content["next"]),
        recovery=parse_commitment(content["recovery"]) if "recovery" in content else None,
        end=parse_end(content["end"]) if "end" in content else None,
        epoch=parse_epoch(content["epoch"]) if "epoch" in content else None,
    )
    require((event.n == 0) == (event.kind == "genesis"), "event: only genesis has no ancestors")
    require(event.prev is None or is_ours(event.prev), "event: prev is the CID of an event")
    require(len(event.sigs) == len(event.keys), "sigs: one for each key")
    return event


def check_event_fields(content: dict[str, Any]) -> None:
    """Which fields an event of each kind must and may have."""
    require(type(content.get("v")) is int and content["v"] == 1, "event: v is 1")
    required = {"v", "kind", "n", "time", "keys", "next"}
    optional: set[str] = set()
    kind = content.get("kind")
    if kind == "genesis":
        optional = {"recovery", "epoch"}
    elif kind == "ordinary":
        required |= {"prev", "end", "epoch"}
    elif kind == "recovery":
        required |= {"prev", "end", "recovery"}
        optional = {"epoch"}
    else:
        raise Refused("event: kind")
    found = set(content)
    require(required <= found <= required | optional, f"{kind} event: found the fields {sorted(found)}")
    require("prev" not in content or type(content["prev"]) is Link, "event: prev is a link")
    require_number(content["time"], 0, SAFE_MAX, "time of an event")


def parse_keys(value: Any) -> tuple[bytes, ...]:
    """Multikeys, ascending, none twice."""
    require_type(value, list, "keys")
    require(
        1 <= len(value) <= KEYS_MAX and all(type(key) is bytes for key in value), "keys: 1 to 32 multikeys"
    )
    for key in value:
        from_multikey(key)
    require(value == sorted(set(value)), "keys: ascending, none twice")
    return tuple(value)


def parse_commitment(value: Any) -> Commitment:
    """Hashes, ascending, none twice, and a threshold that they can reach."""
    fields = require_fields(value, {"threshold", "hashes"}, "commitment")
    hashes = require_type(fields["hashes"], list, "hashes")
    require(1 <= len(hashes) <= KEYS_MAX, "hashes: 1 to 32")
    require(all(type(item) is bytes and len(item) == 32 for item in hashes), "hashes: of 32 bytes")
    require(hashes == sorted(set(hashes)), "hashes: ascending, none twice")
    return Commitment(require_number(fields["threshold"], 1, len(hashes), "threshold"), tuple(hashes))


def parse_end(value: Any) -> tuple[int, bytes]:
    """Size and root; the root of no entries is the empty one."""
    fields = require_fields(value, {"size", "root"}, "end")
    size = require_number(fields["size"], 0, SAFE_MAX, "size of an end")
    root = require_type(fields["root"], bytes, "root of an end")
    require(len(root) == 32, "end: a root of 32 bytes")
    require(size or root == EMPTY_ROOT, "end: the root of no entries")
    return size, root


def parse_epoch(value: Any) -> dict[str, Any]:
    """Log key, node key and URL."""
    fields = require_fields(value, {"key", "node", "url"}, "epoch")
    url = require_type(fields["url"], str, "url")
    require(len(url.encode()) <= 255, "url: at most 255 bytes")
    key = from_multikey(require_type(fields["key"], bytes, "log key"))
    return {"key": key, "node": from_multikey(require_type(fields["node"], bytes, "node key")), "url": url}


def parse_signatures(value: Any) -> tuple[bytes, ...]:
    """Signatures of 64 bytes."""
    require_type(value, list, "sigs")
    require(all(type(item) is bytes and len(item) == 64 for item in value), "sigs: of 64 bytes")
    return tuple(value)


NEITHER = None


@dataclass
class History:
    """The identity events of one publisher as one node met them, and the path that counts for it.

    Witnesses are not known here, so of two events that come together for one place neither is followed.
    """

    did: str
    events: dict[Link, Event] = field(default_factory=dict)
    waiting: dict[Link, Event] = field(default_factory=dict)
    followed: dict[tuple[str, Link], Link | None] = field(default_factory=dict)

    def take(self, delivery: list[bytes]) -> list[tuple[Link, str]]:
        """Take one delivery: of well-formed events those that are valid; tell what was refused."""
        refused: list[tuple[Link, str]] = []
        for event in [parse_event(raw) for raw in delivery]:
            if event.cid in self.events or event.cid in self.waiting:
                continue
            try:
                for key, signature in zip(event.keys, event.sigs, strict=True):
                    verify(from_multikey(key), EVENT_CONTEXT + event.content, signature)
            except Refused as error:
                refused.append((event.cid, str(error)))
            else:
                self.waiting[event.cid] = event
        new = self.settle(refused)
        places: dict[tuple[str, Link], list[Link]] = {}
        for event in new:
            if event.prev is not None:
                places.setdefault(self.place(event), []).append(event.cid)
        for place, candidates in places.items():
            if place not in self.followed:
                self.followed[place] = candidates[0] if len(candidates) == 1 else NEITHER
        return refused

    def settle(self, refused: list[tuple[Link, str]]) -> list[Event]:
        """Move events from `waiting` to `events` as long as one has all its ancestors."""
        new: list[Event] = []
        judged = {None, *self.events}
        while ready := [event for event in self.waiting.values() if event.prev in judged]:
            for event in ready:
                judged.add(event.cid)
                del self.waiting[event.cid]
                try:
                    self.check(event)
                except Refused as error:
                    refused.append((event.cid, str(error)))
                else:
                    self.events[event.cid] = event
                    new.append(event)
        return new

    def check(self, event: Event) -> None:
        """Whether an event is valid below its ancestors, which are all here."""
        if event.prev is None:
            require(event.cid == parse_did(self.did), "genesis of another publisher")
            return
        require(event.prev in self.events, "event: its predecessor is refused")
        before = self.events[event.prev]
        require(event.n == before.n + 1, "event: n counts the ancestors")
        if event.kind == "ordinary":
            committed: Commitment | None = before.next
        else:
            committed = self.base(before).recovery
        require(committed is not None, "recovery event: no recovery set was ever committed to")
        assert committed is not None
        for key in event.keys:
            require(hashlib.sha256(key).digest() in committed.hashes, "event: a key that nobody committed to")
        require(len(event.keys) >= committed.threshold, "event: fewer keys than the threshold")
        require(
            before.epoch is not None or event.end == (0, EMPTY_ROOT), "end: of an epoch that was never opened"
        )

    def base(self, event: Event) -> Event:
        """The nearest recovery event at or above an event, or genesis."""
        while event.kind == "ordinary":
            assert event.prev is not None
            event = self.events[event.prev]
        return event

    def place(self, event: Event) -> tuple[str, Link]:
        """What events of one place compete for."""
        assert event.prev is not None
        if event.kind == "ordinary":
            return "ordinary", event.prev
        return "recovery", self.base(self.events[event.prev]).cid

    def ancestry(self, cid: Link) -> list[Event]:
        """From genesis to an event."""
        events = [self.events[cid]]
        while (prev := events[-1].prev) is not None:
            events.append(self.events[prev])
        return events[::-1]

    @property
    def path(self) -> list[Event]:
        """The events that count, genesis first; empty while genesis is not here."""
        return self.counted()[0]

    @property
    def forked(self) -> bool:
        """Whether the path stops where neither of two events is followed."""
        return self.counted()[1]

    @property
    def missing(self) -> set[Link]:
        """The ancestors that events here wait for."""
        asked = {event.prev or parse_did(self.did) for event in self.waiting.values()}
        return asked - set(self.waiting)

    def forks(self) -> list[dict[str, Any]]:
        """Every place on the path where more than one event is known, with both."""
        path = self.path
        counts = {event.cid for event in path}
        return [
            {
                "kind": kind,
                "after": str(at),
                "followed": next((str(cid) for cid in rivals if cid in counts), None),
                "others": sorted(str(cid) for cid in rivals if cid not in counts),
                "settled": kind == "ordinary" and self.base(self.events[at]) != self.base(path[-1]),
            }
            for (kind, at), rivals in self.contested().items()
        ]

    def contested(self) -> dict[tuple[str, Link], list[Link]]:
        """The places on the path with more than one event, in its order, of recovery events first."""
        rivals: dict[tuple[str, Link], list[Link]] = {}
        for event in self.events.values():
            if event.prev is not None:
                rivals.setdefault(self.place(event), []).append(event.cid)
        places = [(kind, event.cid) for event in self.path for kind in ("recovery", "ordinary")]
        return {place: rivals[place] for place in places if len(rivals.get(place, ())) > 1}

    def counted(self) -> tuple[list[Event], bool]:
        """First along recovery events, then along ordinary ones; and whether the last place is undecided."""
        at = parse_did(self.did)
        if at not in self.events:
            return [], False
        while (nxt := self.followed.get(("recovery", at))) is not None:
            at = nxt
        if ("recovery", at) in self.followed:
            return self.shared(at), True
        while (nxt := self.followed.get(("ordinary", at))) is not None:
            at = nxt
        return self.ancestry(at), ("ordinary", at) in self.followed

    def shared(self, base: Link) -> list[Event]:
        """What all undecided recovery events of a place have in common."""
        place = ("recovery", base)
        rivals = [e for e in self.events.values() if e.kind == "recovery" and self.place(e) == place]
        paths = [self.ancestry(event.cid) for event in rivals]
        shared = []
        for events in zip(*paths, strict=False):
            if len({event.cid for event in events}) > 1:
                break
            shared.append(events[0])
        return shared


@dataclass(frozen=True)
class Epoch:
    """An epoch that counts."""

    origin: str
    key: bytes | None
    end: tuple[int, bytes] | None


def epochs(did: str, path: list[Event]) -> dict[str, Epoch]:
    """The epochs of a path, by origin."""
    result = {}
    for event, after in zip_longest(path, path[1:]):
        origin = f"{did}/log/{event.n}/{event.cid}"
        key = event.epoch["key"] if event.epoch else None
        result[origin] = Epoch(origin, key, after.end if after else None)
    return result


# ---- 03 records: headers and bodies -------------------------------------------------------------------------------

HEADER_BYTES_MAX = 512


def read_header(leaf: bytes) -> dict[str, Any] | None:
    """Read a leaf that may be opaque: None then."""
    try:
        return parse_header(leaf)
    except Refused:
        return None


def parse_header(data: bytes) -> dict[str, Any]:
    """Read a leaf that must be a header."""
    fields = decode(data, floats=False, bytes_max=HEADER_BYTES_MAX)
    require_type(fields, dict, "header")
    bare = {"v", "op", "type", "key", "time"}
    if fields.get("op") == "withdraw" and set(fields) == bare:
        pass
    else:
        require_fields(fields, bare | {"body", "size"}, "header")
        require(is_ours(fields["body"]), "header: body is a CID")
        require_number(fields["size"], 1, BODY_BYTES_MAX, "size of a body")
    require(type(fields["v"]) is int and fields["v"] == 1, "header: v is 1")
    require(type(fields["op"]) is str and fields["op"] in ("put", "withdraw"), "header: op")
    check_type_and_key(require_type(fields["type"], str, "type"), require_type(fields["key"], str, "key"))
    require_number(fields["time"], 0, SAFE_MAX, "time of a header")
    return dict(fields)


def decode_body(data: bytes) -> dict[str, Any]:
    """The fields of a record, without the salt."""
    fields = require_type(decode(data), dict, "body")
    salt = fields.pop("salt", None)
    require(type(salt) is bytes and len(salt) == 16, "body: a salt of 16 bytes")
    return dict(fields)


def check_body(header: dict[str, Any], data: bytes) -> None:
    """Whether a body is the one that a header names."""
    require(len(data) == header.get("size"), "body: its size is not the one in the header")
    require(cid_of(data) == header["body"], "body: its hash is not the one in the header")


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two bodies differ in their salts alone; one that cannot be read is the same as itself alone."""
    try:
        return one == other or encode(decode_body(one)) == encode(decode_body(other))
    except Refused:
        return False


# ---- 04 log: the tree ---------------------------------------------------------------------------------------------


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """The largest power of two below a size of 2 or more."""
    return 1 << ((size - 1).bit_length() - 1)


def tree_root(hashes: list[bytes]) -> bytes:
    """MTH over leaf hashes."""
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY_ROOT
    k = split(len(hashes))
    return node_hash(tree_root(hashes[:k]), tree_root(hashes[k:]))


def check_hashes(hashes: Any) -> list[bytes]:
    """A list of hashes of 32 bytes."""
    require_type(hashes, list, "hashes")
    require(all(type(item) is bytes and len(item) == 32 for item in hashes), "hashes: of 32 bytes")
    return list(hashes)


def root_by_inclusion(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that PATH(index, D[size]) leads to."""
    require(0 <= index < size <= SAFE_MAX, "inclusion: index out of range")
    require(len(leaf) == 32, "inclusion: a leaf hash of 32 bytes")
    if size == 1:
        require(not path, "inclusion: too many hashes")
        return leaf
    require(path, "inclusion: too few hashes")
    k = split(size)
    if index < k:
        return node_hash(root_by_inclusion(leaf, index, k, path[:-1]), path[-1])
    return node_hash(path[-1], root_by_inclusion(leaf, index - k, size - k, path[:-1]))


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> None:
    """PROOF(old, D[new]) of RFC 6962; from nothing and between equals there is nothing to prove."""
    require(0 <= old <= new <= SAFE_MAX, "consistency: sizes out of order")
    rest = list(proof)
    if old == 0:
        roots = (EMPTY_ROOT, new_root if new else EMPTY_ROOT)
    else:
        roots = roots_by_consistency(old, new, old_root, rest, whole=True)
    require(not rest, "consistency: too many hashes")
    require(roots == (old_root, new_root), "consistency: another root")


def roots_by_consistency(
    old: int, new: int, old_root: bytes, rest: list[bytes], *, whole: bool
) -> tuple[bytes, bytes]:
    """SUBPROOF, read from its end."""
    if old == new:
        if whole:
            return old_root, old_root
        require(rest, "consistency: too few hashes")
        same = rest.pop()
        return same, same
    require(rest, "consistency: too few hashes")
    outside = rest.pop()
    k = split(new)
    if old <= k:
        small, large = roots_by_consistency(old, k, old_root, rest, whole=whole)
        return small, node_hash(large, outside)
    small, large = roots_by_consistency(old - k, new - k, old_root, rest, whole=False)
    return node_hash(outside, small), node_hash(outside, large)


def root_by_range(
    leaves: list[bytes], start: int, size: int, proof: list[bytes]
) -> tuple[list[bytes], bytes]:
    """The compact range left of a run of leaves, and the root of the tree of `size` that holds the run."""
    stop = start + len(leaves)
    require(0 <= start <= stop <= size <= SAFE_MAX, "range: out of range")
    rest = list(proof)
    left: list[bytes] = []

    def walk(low: int, high: int) -> bytes:
        perfect = (high - low) & (high - low - 1) == 0
        if high <= start and perfect:
            left.append(take_hash(rest))
            return left[-1]
        if stop <= low:
            return take_hash(rest)
        if high - low == 1:
            return leaves[low - start]
        middle = low + split(high - low)
        before = walk(low, middle)
        return node_hash(before, walk(middle, high))

    root = walk(0, size) if size else EMPTY_ROOT
    require(not rest, "range: too many hashes")
    return left, root


def take_hash(rest: list[bytes]) -> bytes:
    """The next hash of a proof."""
    require(rest, "range: too few hashes")
    return rest.pop(0)


def compact_range(hashes: list[bytes]) -> list[bytes]:
    """The roots of the largest perfect subtrees over the leaves, left to right."""
    if not hashes:
        return []
    k = 1 << (len(hashes).bit_length() - 1)
    return [tree_root(hashes[:k]), *compact_range(hashes[k:])]


# ---- 04 log: tiles and bundles ------------------------------------------------------------------------------------


def tile_path(level: int | None, n: int, width: int = 256) -> str:
    """The path of a tile, or with level None of an entry bundle."""
    digits = str(n).zfill((len(str(n)) + 2) // 3 * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/{'entries' if level is None else level}/{name}" + ("" if width == 256 else f".p/{width}")


def parse_tile_path(text: str) -> tuple[int | None, int, int]:
    """Level (None for a bundle), number and width; only for what a tree of 2^53 - 1 leaves can have."""
    match = re.fullmatch(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?", text)
    require(match and len(text) <= 60, f"tile path {text!r}")
    assert match is not None
    level = None if match[1] == "entries" else int(match[1])
    n = int(match[2].replace("x", "").replace("/", ""))
    width = int(match[3]) if match[3] else 256
    require((level or 0) <= 63 and 1 <= width <= 256, f"tile path {text!r}")
    require((n * 256 + width) * 256 ** (level or 0) <= SAFE_MAX, "tile beyond any tree")
    require(tile_path(level, n, width) == text, f"tile path {text!r}: spelling")
    return level, n, width


def tile_paths(size: int) -> list[tuple[int | None, int, int]]:
    """All bundles and tiles of a tree."""
    found: list[tuple[int | None, int, int]] = []
    for level in (None, *range(8)):
        count = size // 256 ** (level or 0)
        found += [(level, n, min(256, count - 256 * n)) for n in range((count + 255) // 256)]
    return found


def decode_bundle(data: bytes, count_max: int = 256) -> list[bytes]:
    """The leaves of an entry bundle."""
    leaves = []
    at = 0
    while at < len(data):
        require(at + 2 <= len(data), "bundle: ends inside a length")
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        require(end <= len(data), "bundle: ends inside a leaf")
        leaves.append(data[at + 2 : end])
        at = end
    require(len(leaves) <= count_max, f"bundle: more than {count_max} leaves")
    return leaves


# ---- 04 log: notes, checkpoints, cosignatures ---------------------------------------------------------------------

NOTE_BYTES_MAX = 16 * 1024
SPACES = "\x20\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


@dataclass(frozen=True)
class Note:
    """A text and who signed it: (name, key id, signature bytes)."""

    text: str
    signatures: list[tuple[str, bytes, bytes]]


def decode_base64(text: str) -> bytes:
    """Standard base64 with padding, one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Refused("base64") from error
    require(base64.b64encode(data).decode() == text, "base64: spelling")
    return data


def check_key_name(name: str) -> str:
    """Not empty, no white space, no control character, no plus."""
    require(name, "key name: empty")
    require(not any(char in SPACES or char == "+" or char < " " for char in name), f"key name {name!r}")
    return name


def parse_note(data: bytes) -> Note:
    """Read a signed note."""
    require(len(data) <= NOTE_BYTES_MAX, "note: too large")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("note: not UTF-8") from error
    require(not any(char < " " and char != "\n" for char in whole), "note: control character")
    text, blank, lines = whole.rpartition("\n\n")
    require(blank and lines.endswith("\n"), "note: no blank line or an unfinished line")
    rows = lines[:-1].split("\n")
    require(1 <= len(rows) <= 32, "note: 1 to 32 signatures")
    return Note(text + "\n", [parse_signature(row) for row in rows])


def parse_signature(row: str) -> tuple[str, bytes, bytes]:
    """One signature line."""
    require(row.startswith("\u2014 "), "signature line: a dash and a space")
    name, _, encoded = row[2:].partition(" ")
    data = decode_base64(encoded)
    require(len(data) > 4, "signature line: too short")
    return check_key_name(name), data[:4], data[4:]


def key_id(name: str, kind: int, key: bytes) -> bytes:
    """The four bytes that name a key in signature lines."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


def parse_vkey(text: str) -> tuple[str, int, bytes]:
    """Name, type and key of a verifier key."""
    require(text.count("+") >= 2, "verifier key: name+hex+base64")
    name, hex_id, encoded = text.split("+", 2)
    data = decode_base64(encoded)
    require(len(data) == 33 and data[0] in (1, 4), "verifier key: Ed25519")
    require(key_id(check_key_name(name), data[0], data[1:]).hex() == hex_id, "verifier key: another key id")
    return name, data[0], check_public_key(data[1:])


def parse_checkpoint(text: str) -> tuple[str, int, bytes]:
    """Origin, size and root of the text of a checkpoint."""
    lines = text.split("\n")
    require(len(lines) == 4 and lines[3] == "", "checkpoint: three lines")
    require(len(check_key_name(lines[0]).encode()) <= 255, "checkpoint: an origin of at most 255 bytes")
    require(re.fullmatch("0|[1-9][0-9]{0,15}", lines[1]) and int(lines[1]) <= SAFE_MAX, "checkpoint: size")
    root = decode_base64(lines[2])
    require(len(root) == 32, "checkpoint: a root of 32 bytes")
    require(lines[1] != "0" or root == EMPTY_ROOT, "checkpoint: the root of no entries")
    return lines[0], int(lines[1]), root


def open_checkpoint(data: bytes, origin: str, key: bytes) -> tuple[int, bytes]:
    """Size and root of a checkpoint that the log's key has signed."""
    note = parse_note(data)
    found, size, root = parse_checkpoint(note.text)
    require(found == origin, "checkpoint: of another log")
    check_public_key(key)
    ours = [
        payload for name, id_, payload in note.signatures if (name, id_) == (origin, key_id(origin, 1, key))
    ]
    require(ours, "checkpoint: not signed by the log")
    for payload in ours:
        verify(key, note.text.encode(), payload)
    return size, root


def cosignatures(data: bytes, witnesses: dict[str, bytes]) -> dict[str, int]:
    """Which of these witnesses have cosigned, and when."""
    note = parse_note(data)
    times: dict[str, int] = {}
    for name, id_, payload in note.signatures:
        if name in witnesses and id_ == key_id(name, 4, witnesses[name]):
            require(len(payload) == 72, "cosignature: a time and 64 bytes")
            time = int.from_bytes(payload[:8], "big")
            require(time < 2**63, "cosignature: time")
            message = f"cosignature/v1\ntime {time}\n{note.text}".encode()
            verify(witnesses[name], message, payload[8:])
            times[name] = max(time, times.get(name, 0))
    return times


def judge_request(data: bytes, key: bytes, last_size: int, last_root: bytes) -> tuple[int, bytes]:
    """The tree that a witness may cosign which has cosigned another one last."""
    require(len(data) <= 20 * 1024, "request: too large")
    head, blank, tail = data.partition(b"\n\n")
    rows = head.split(b"\n")
    require(blank and re.fullmatch(rb"old (0|[1-9][0-9]{0,15})", rows[0]), "request: old size")
    old = int(rows[0][4:])
    require(old <= SAFE_MAX and len(rows) <= 64, "request: old size and at most 63 hashes")
    proof = [decode_base64(row.decode("latin-1")) for row in rows[1:]]
    require(all(len(item) == 32 for item in proof), "request: hashes of 32 bytes")
    note = parse_note(tail)
    origin, size, root = parse_checkpoint(note.text)
    open_checkpoint(tail, origin, key)
    require(old <= size, "request: old size above the checkpoint's")
    require(old == last_size, "request: another tree was cosigned last")
    require(size != last_size or root == last_root, "request: another root at that size")
    verify_consistency(last_size, last_root, size, root, proof)
    return size, root


# ---- 04 log: evidence ----------------------------------------------------------------------------------------------

EVIDENCE_FILE_BYTES_MAX = PATH_EVENTS_MAX * EVENT_BYTES_MAX + 64 * 1024
EVIDENCE_FIELDS = {"format", "history", "origin", "smaller", "larger", "proof"}
Head = tuple[int, bytes]


def contradiction(
    origin: str, key: bytes, smaller: bytes, larger: bytes, proof: list[bytes]
) -> tuple[Head, Head, bytes]:
    """Two signed trees and what the larger one begins with, which is not the smaller one."""
    small, large = open_checkpoint(smaller, origin, key), open_checkpoint(larger, origin, key)
    require(small <= large, "evidence: the smaller tree comes first")
    if small[0] == large[0]:
        require(not proof, "evidence: a proof between equal sizes")
        shown = large[1]
    else:
        left, root = root_by_range([], small[0], large[0], proof)
        require(root == large[1], "evidence: the proof leads to another root")
        shown = join_range(left)
    require(shown != small[1], "evidence: no contradiction")
    return small, large, shown


def join_range(hashes: list[bytes]) -> bytes:
    """The root of a compact range."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def verify_evidence(data: bytes) -> dict[str, Any]:
    """Verify that an epoch was signed two ways, with nothing else at hand."""
    file = decode(data, floats=False, bytes_max=EVIDENCE_FILE_BYTES_MAX)
    require_type(file, dict, "evidence file")
    require_fields(file, EVIDENCE_FIELDS, "evidence file")
    require(file["format"] == "frost-evidence/1", "evidence file: format")
    origin = require_type(file["origin"], str, "origin")
    did, n, event = parse_origin(origin)
    path = chain(did, require_type(file["history"], list, "history")).path
    epoch = epochs(did, path).get(origin)
    require(epoch is not None and epoch.key is not None, "evidence file: its history does not open the epoch")
    require(path[-1].cid == event, "evidence file: its history goes on behind the epoch")
    assert epoch is not None
    assert epoch.key is not None
    smaller, larger = (require_type(file[name], str, name).encode() for name in ("smaller", "larger"))
    small, large, shown = contradiction(origin, epoch.key, smaller, larger, hashes_field(file["proof"]))
    return {
        "did": did,
        "origin": origin,
        "epoch": n,
        "key": epoch.key.hex(),
        "smaller": {"size": small[0], "root": small[1].hex()},
        "larger": {"size": large[0], "root": large[1].hex()},
        "shown": shown.hex(),
    }


# ---- 06 proofs: policies ------------------------------------------------------------------------------------------


@dataclass
class Policy:
    """Logs by key, witnesses by name, groups by name in their order, the name of the quorum."""

    logs: dict[bytes, str]
    witnesses: dict[bytes, bytes]
    groups: dict[bytes, tuple[int, list[bytes]]]
    quorum: bytes | None = None

    def names(self) -> set[bytes]:
        """All names so far."""
        return {*self.witnesses, *self.groups}


def parse_policy(data: bytes) -> Policy:
    """Read a policy file, line by line."""
    require(len(data) <= 128 * 1024 and data.endswith(b"\n"), "policy: too large, or unfinished")
    require(not re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", data), "policy: control character")
    policy = Policy({}, {}, {})
    rows = [re.split(rb"[ \t]+", row.strip(b" \t")) for row in data.split(b"\n")]
    rows = [words for words in rows if words[0] and not words[0].startswith(b"#")]
    require(len(rows) <= 256, "policy: too many lines")
    for words in rows:
        policy_line(policy, words[0], words[1:])
    require(policy.quorum is not None, "policy: no quorum")
    return policy


def policy_line(policy: Policy, word: bytes, rest: list[bytes]) -> None:
    """Read one line."""
    if word == b"log":
        require(len(rest) in (1, 2), "policy: log KEY URL")
        origin, key = policy_key(rest[0], 1)
        require(key not in policy.logs, "policy: a log twice")
        policy.logs[key] = origin
    elif word == b"witness":
        require(len(rest) in (2, 3), "policy: witness NAME KEY URL")
        _, key = policy_key(rest[1], 4)
        require(key not in policy.witnesses.values(), "policy: a witness twice")
        require(rest[0] != b"none" and rest[0] not in policy.names(), "policy: a name twice")
        policy.witnesses[rest[0]] = key
    elif word == b"group":
        require(len(rest) >= 3, "policy: group NAME K NAME...")
        name, k, *members = rest
        require(len(set(members)) == len(members) and set(members) <= policy.names(), "policy: members")
        require(name != b"none" and name not in policy.names(), "policy: a name twice")
        require(k in (b"any", b"all") or re.fullmatch(rb"[1-9][0-9]{0,3}", k), "policy: threshold")
        threshold = {b"any": 1, b"all": len(members)}.get(k) or int(k)
        require(threshold <= len(members), "policy: threshold above the members")
        policy.groups[name] = (threshold, members)
    else:
        require(word == b"quorum" and len(rest) == 1 and policy.quorum is None, "policy: line")
        require(rest[0] == b"none" or rest[0] in policy.names(), "policy: quorum of nobody")
        policy.quorum = rest[0]


def policy_key(word: bytes, kind: int) -> tuple[str, bytes]:
    """Name and key of a verifier key of this type."""
    try:
        name, found, key = parse_vkey(word.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Refused("policy: a key that is no text") from error
    require(found == kind, "policy: a key of another type")
    return name, key


def judge_policy(
    policy: Policy, origin: str, key: bytes, cosigned: dict[bytes, int]
) -> tuple[bool, int | None]:
    """Whether a policy holds, and since when."""
    if policy.logs and policy.logs.get(key) != origin:
        return False, None
    if policy.quorum == b"none":
        return True, None
    for time in sorted(cosigned.values()):
        reached = {
            name for name, witness in policy.witnesses.items() if cosigned.get(witness, time + 1) <= time
        }
        for name, (threshold, members) in policy.groups.items():
            if len(reached & set(members)) >= threshold:
                reached.add(name)
        if policy.quorum in reached:
            return True, time
    return False, None


# ---- 05 sync: frames ----------------------------------------------------------------------------------------------

FRAME_BYTES_MAX = BODY_BYTES_MAX + 64 * 1024
FRAME_DEPTH_MAX = 6
Frame = dict[str, Any]


def byte_string(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the content of the byte string at `at` begins and ends; None when it ends beyond the data."""
    info = data[at] & 31
    require(data[at] >> 5 == 2 and info <= 26, "stream: not a byte string below 2^32")
    begin = at + 1 + (1 << (info - 24) if info >= 24 else 0)
    if begin > len(data):
        return None
    length = info if info < 24 else int.from_bytes(data[at + 1 : begin], "big")
    require(length <= FRAME_BYTES_MAX, "stream: frame too large")
    return (begin, begin + length) if begin + length <= len(data) else None


def parse_frames(data: bytes) -> tuple[list[Frame], bool]:
    """The frames of a stream, and whether it ends where a frame ends."""
    frames: list[Frame] = []
    at = 0
    while at < len(data):
        place = byte_string(data, at)
        if place is None:
            return frames, False
        frames.append(parse_frame(data[slice(*place)]))
        at = place[1]
    return frames, True


def parse_frame(content: bytes) -> Frame:
    """One frame: its kind and the fields that are known."""
    reader = Cbor(content, strict=False, depth_max=FRAME_DEPTH_MAX)
    item = reader.value()
    require(reader.at == len(content), "frame: bytes after it")
    require(type(item) is list and len(item) == 2 and type(item[1]) is dict, "frame: [kind, fields]")
    return read_frame(*item)


def read_frame(kind: Any, fields: dict[str, Any]) -> Frame:
    """The fields of a frame that are known."""
    require(type(kind) is str and kind in FRAME_FIELDS, f"frame: kind {kind!r}")
    frame = {name: read(fields.get(name)) for name, read in FRAME_FIELDS[kind].items()}
    if kind in ("events", "entries", "bodies"):
        frame["cursor"] = bytes_field(64)(fields["cursor"]) if "cursor" in fields else None
    return {"kind": kind, **frame}


Reader = Callable[[Any], Any]


def text_field(chars_max: int) -> Reader:
    """Text of so many characters."""

    def read(value: Any) -> str:
        require(
            type(value) is str and len(value) <= chars_max, f"field: text of at most {chars_max} characters"
        )
        return str(value)

    return read


def bytes_field(bytes_max: int) -> Reader:
    """So many bytes."""

    def read(value: Any) -> bytes:
        require(type(value) is bytes and len(value) <= bytes_max, f"field: at most {bytes_max} bytes")
        return bytes(value)

    return read


def number_field(value: Any) -> int:
    """A size or an index."""
    return require_number(value, 0, SAFE_MAX, "field")


def hashes_field(value: Any) -> list[bytes]:
    """At most 128 hashes."""
    require(type(value) is list and len(value) <= 128, "field: at most 128 hashes")
    return check_hashes(value)


def events_field(value: Any) -> list[bytes]:
    """Byte strings."""
    require(type(value) is list and len(value) <= 4096, "field: at most 4096 events")
    require(all(type(item) is bytes for item in value), "field: events are byte strings")
    return list(value)


def withheld_field(value: Any) -> list[list[Any]]:
    """[offset, leaf hash, reason], in ascending order of offset."""
    require(type(value) is list and len(value) <= 256, "field: at most 256 withheld leaves")
    for item in value:
        require(type(item) is list and len(item) == 3, "withheld: [offset, leaf hash, reason]")
        require_number(item[0], 0, 255, "withheld: offset")
        require(type(item[1]) is bytes and len(item[1]) == 32, "withheld: a leaf hash")
        text_field(200)(item[2])
    offsets = [item[0] for item in value]
    require(offsets == sorted(set(offsets)), "withheld: ascending offsets")
    return list(value)


def items_field(value: Any) -> list[Any]:
    """Bodies: bytes, null, or [erased | refused, reason]."""
    require(type(value) is list and len(value) <= 256, "field: at most 256 bodies")
    for item in value:
        if type(item) is list:
            require(len(item) == 2 and item[0] in ("erased", "refused"), "bodies: [erased | refused, reason]")
            text_field(200)(item[1])
        else:
            require(item is None or type(item) is bytes, "bodies: bytes or null")
    return list(value)


FRAME_FIELDS: dict[str, dict[str, Reader]] = {
    "events": {"did": text_field(255), "events": events_field},
    "checkpoint": {
        "origin": text_field(255),
        "note": bytes_field(16384),
        "old": number_field,
        "proof": hashes_field,
    },
    "entries": {
        "origin": text_field(255),
        "size": number_field,
        "start": number_field,
        "bundle": bytes_field(256 * 514),
        "withheld": withheld_field,
        "proof": hashes_field,
    },
    "bodies": {"origin": text_field(255), "start": number_field, "items": items_field},
    "evidence": {
        "origin": text_field(255),
        "smaller": bytes_field(16384),
        "larger": bytes_field(16384),
        "proof": hashes_field,
    },
    "cursor": {"cursor": bytes_field(64)},
    "end": {"code": text_field(64), "reason": text_field(200)},
}


# ---- 05 sync: following a stream from nothing ---------------------------------------------------------------------


@dataclass
class Follower:
    """Believes no frame: each is proven to a signed checkpoint or to the end of its epoch."""

    histories: dict[str, History] = field(default_factory=dict)
    targets: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    leaves: dict[str, list[bytes | None]] = field(default_factory=dict)
    hashes: dict[str, list[bytes]] = field(default_factory=dict)
    bodies: set[Link] = field(default_factory=set)
    disputed: set[str] = field(default_factory=set)
    finished: bool = False

    def feed(self, frame: Frame) -> None:
        """Judge one frame."""
        {
            "events": self.on_events,
            "checkpoint": self.on_checkpoint,
            "entries": self.on_entries,
            "bodies": self.on_bodies,
            "evidence": self.on_evidence,
            "cursor": lambda _: None,
            "end": self.on_end,
        }[frame["kind"]](frame)

    def on_events(self, frame: Frame) -> None:
        """Identity comes before anything that it vouches for."""
        did = frame["did"]
        parse_did(did)
        history = self.histories.setdefault(did, History(did))
        known = len(history.events)
        refused = history.take(frame["events"])
        require(not refused or len(history.events) > known, f"events: {refused[:1]}")

    def epoch(self, origin: str) -> Epoch | None:
        """The epoch of an origin; None when it does not count here."""
        did, _, _ = parse_origin(origin)
        history = self.histories.get(did)
        path = history.path if history else []
        require(path, "a log before the identity of its publisher")
        return epochs(did, path).get(origin)

    def is_undecided(self, epoch: Epoch) -> bool:
        """Whether it is the last epoch that two histories share, of which neither is followed: it takes nothing more."""
        return epoch.end is None and self.histories[parse_origin(epoch.origin)[0]].forked

    def on_checkpoint(self, frame: Frame) -> None:
        """The head that entries are proven to; of an ended epoch the end is."""
        epoch = self.epoch(frame["origin"])
        if epoch is None:
            return
        require(epoch.key, "checkpoint: of an epoch that was never opened")
        assert epoch.key is not None
        head = open_checkpoint(frame["note"], frame["origin"], epoch.key)
        self.targets[frame["origin"]] = head if epoch.end is None else epoch.end
        if epoch.end is None and frame["origin"] not in self.disputed:
            held = self.hashes.get(frame["origin"], [])
            if 0 < frame["old"] == len(held) < head[0]:
                verify_consistency(len(held), tree_root(held), *head, frame["proof"])
            require(
                head[0] > len(held) or head[1] == tree_root(held[: head[0]]),
                "checkpoint: another tree than the one held",
            )

    def on_entries(self, frame: Frame) -> None:
        """A run of leaves of one bundle, with its proof."""
        origin, start = frame["origin"], frame["start"]
        epoch = self.epoch(origin)
        if epoch is None or (epoch.end is not None and frame["size"] != epoch.end[0]):
            return
        target = epoch.end or self.targets.get(origin)
        if self.is_undecided(epoch) and (target is None or target[0] != frame["size"]):
            return  # the sender follows one of the histories, and shows the tree that it ends the epoch with
        require(target and target[0] == frame["size"], "entries: no checkpoint of this size came before")
        leaves, hashes = read_leaves(frame)
        left, root = root_by_range(hashes, start, frame["size"], frame["proof"])
        require(target and root == target[1], "entries: another root")
        if epoch.end is None and origin in self.disputed:
            return
        held = self.hashes.setdefault(origin, [])
        if start > len(held):
            return
        shared = held[start : start + len(hashes)] == hashes[: len(held) - start]
        if left != compact_range(held[:start]) or not shared:
            require(epoch.end is not None, "entries: a fork")
            self.drop(origin, start, left, hashes)
        if start > len(held) or start + len(hashes) <= len(held) or self.is_undecided(epoch):
            return
        self.leaves.setdefault(origin, []).extend(leaves[len(held) - start :])
        held.extend(hashes[len(held) - start :])

    def drop(self, origin: str, start: int, left: list[bytes], hashes: list[bytes]) -> None:
        """Keep what an ended log shares with the tree of its end, as far as a run of that tree shows it."""
        held, shared = self.hashes[origin], start
        if left != compact_range(held[:start]):
            pairs = zip(left, compact_range(held[:start]), strict=True)
            same = [*(one == other for one, other in pairs), False].index(False)
            sizes = [1 << level for level in reversed(range(start.bit_length())) if start >> level & 1]
            shared = sum(sizes[:same])
        else:
            while held[shared] == hashes[shared - start]:
                shared += 1
        del held[shared:], self.leaves[origin][shared:]

    def on_evidence(self, frame: Frame) -> None:
        """What proves that the key of an open epoch has signed two trees: nothing more is taken of it."""
        origin = frame["origin"]
        epoch = self.epoch(origin)
        if epoch is None or epoch.end is not None:
            return
        require(epoch.key, "evidence: of an epoch that was never opened")
        assert epoch.key is not None
        contradiction(origin, epoch.key, frame["smaller"], frame["larger"], frame["proof"])
        self.disputed.add(origin)

    def on_bodies(self, frame: Frame) -> None:
        """Bodies of leaves that are here."""
        origin, start, items = frame["origin"], frame["start"], frame["items"]
        if self.epoch(origin) is None:
            return
        require(start // 256 == max(start, start + len(items) - 1) // 256, "bodies: of more than one bundle")
        leaves = self.leaves.get(origin, [])
        if start + len(items) > len(leaves):
            return
        for item, leaf in zip(items, leaves[start:], strict=False):
            if type(item) is bytes:
                header = None if leaf is None else read_header(leaf)
                if header is not None:  # else nothing says which body it names
                    check_body(header, item)
                    self.bodies.add(header["body"])

    def on_end(self, frame: Frame) -> None:
        """The sender has no more, or gives up."""
        self.finished = frame["code"] == "end.complete"


def read_leaves(frame: Frame) -> tuple[list[bytes | None], list[bytes]]:
    """The leaves of an entries frame, None where withheld, and all their hashes."""
    leaves: list[bytes | None] = list(decode_bundle(frame["bundle"]))
    stop = frame["start"] + len(leaves)
    require(
        leaves and frame["start"] // 256 == (stop - 1) // 256 and stop <= frame["size"], "entries: one bundle"
    )
    require(all(len(leaf or b"") <= HEADER_BYTES_MAX for leaf in leaves), "entries: a leaf above 512 bytes")
    hashes = [leaf_hash(leaf or b"") for leaf in leaves]
    for offset, hash_, _ in frame["withheld"]:
        require(offset < len(leaves) and leaves[offset] == b"", "withheld: a slot that is not empty")
        leaves[offset], hashes[offset] = None, hash_
    return leaves, hashes


# ---- 12 archives --------------------------------------------------------------------------------------------------

ARCHIVE_BLOCK_BYTES_MAX = FRAME_BYTES_MAX + 64
ARCHIVE_MANIFEST_BYTES_MAX = 512 * 1024
BODIES_BYTES_MAX = 1024 * 1024
CAR_HEAD_BYTES = 59
Block = tuple[Link, bytes]


def car_head(root: Link) -> bytes:
    """The head of a CAR, version 1, with one root."""
    head = encode({"roots": [root], "version": 1})
    return bytes([len(head)]) + head


def car_blocks(source: BinaryIO) -> Iterator[Block]:
    """The blocks of a file, the root first, each with the bytes of its CID."""
    head = source.read(CAR_HEAD_BYTES)
    root = Link(head[14:50])
    require(is_ours(root) and head == car_head(root), "archive: not a CAR with one root")
    expected = {root}
    while length := source.read(1):
        while length[-1] >= 128 and len(length) < 4:
            length += source.read(1) or bytes(1)
        size, at = varint(length, 0)
        require(at == len(length) and 36 < size <= ARCHIVE_BLOCK_BYTES_MAX, "archive: the length of a block")
        block = source.read(size)
        require(len(block) == size, "archive: cut off inside a block")
        cid = cid_of(block[36:])
        require(cid.raw == block[:36], "archive: a block of another hash")
        require(cid in (expected or {cid}), "archive: the first block is not the root")
        expected = set()
        yield cid, block[36:]


def parse_manifest(data: bytes) -> tuple[str, dict[str, int]]:
    """Whose archive it is, and how many leaves of each log it has, by origin."""
    fields = require_type(decode(data, floats=False, bytes_max=ARCHIVE_MANIFEST_BYTES_MAX), dict, "manifest")
    require(fields.get("format") == "frost-archive/1", "manifest: format")
    did = require_type(fields.get("did"), str, "did")
    parse_did(did)
    tip = fields.get("tip", "")
    require(tip is None or type(tip) is Link, "manifest: tip")
    sizes: dict[str, int] = {}
    last = -1
    for line in require_type(fields.get("logs"), list, "logs"):
        require_type(line, dict, "log of a manifest")
        origin = require_type(line.get("origin"), str, "origin")
        owner, epoch, _ = parse_origin(origin)
        require(owner == did and epoch > last, "manifest: logs of one publisher, by epoch")
        last = epoch
        sizes[origin] = require_number(line.get("size"), 0, SAFE_MAX, "size of a log")
    return did, sizes


def archive_parts(blocks: Iterator[Block]) -> Iterator[Frame]:
    """The parts, those of bodies with the blocks that they link."""
    for _, data in blocks:
        item = decode(data, floats=False, bytes_max=FRAME_BYTES_MAX, depth_max=FRAME_DEPTH_MAX)
        require(type(item) is list and len(item) == 2 and type(item[1]) is dict, "part: [kind, fields]")
        kind, fields = item
        links: list[Any] = []
        if kind == "bodies":
            links = require_type(fields.get("items"), list, "items")
            require(all(type(link) is not bytes for link in links), "bodies: a body that is no block")
            fields["items"] = [None if type(link) is Link else link for link in links]
        frame = read_frame(kind, fields)
        bodies = [linked_body(link, blocks) for link in links if type(link) is Link]
        fits = len(bodies) == 1 or sum(map(len, bodies)) <= BODIES_BYTES_MAX
        require(fits, "bodies: too many bytes for one part")
        if links:
            rest = iter(bodies)
            frame["items"] = [next(rest) if type(link) is Link else link for link in links]
        yield frame


def linked_body(link: Link, blocks: Iterator[Block]) -> bytes:
    """The body that comes next, which must be this one."""
    cid, data = next(blocks, (None, b""))
    require(cid == link, "archive: another block than the body that is linked")
    return data


@dataclass
class ArchiveOrder:
    """Which part may come next: events; of each log checkpoint, leaves with their bodies, evidence; the end."""

    did: str
    logs: list[tuple[str, int]]
    at: int = -1
    seen: set[str] = field(default_factory=set)
    start: int = 0
    stop: int = 0
    bodies_from: int = 0

    def check(self, frame: Frame) -> None:
        """Take note of a part."""
        kind = frame["kind"]
        require(kind != "cursor" and "end" not in self.seen, f"archive: {kind} may not come here")
        if kind == "events":
            require(frame["did"] == self.did and self.at < 0, "archive: events of the publisher come first")
        elif kind == "end":
            self.finish()
            require(frame["code"] == "end.complete", "archive: the writer gave up")
            require("events" in self.seen, "archive: no identity")
            require(not any(size for _, size in self.logs[self.at + 1 :]), "archive: a log is missing")
        elif kind != "bodies":
            self.go_to(frame["origin"])
            early = kind == "evidence" or not (self.stop or "evidence" in self.seen)
            require(
                kind == "entries" or (early and kind not in self.seen), f"archive: {kind} may not come here"
            )
        self.seen.add(kind)
        if kind in ("entries", "bodies", "evidence"):
            {"entries": self.entries, "bodies": self.bodies, "evidence": self.evidence}[kind](frame)

    def go_to(self, origin: str) -> None:
        """On to the log that comes next, past those of which there is nothing."""
        if self.at >= 0 and self.logs[self.at][0] == origin:
            return
        self.finish()
        require("events" in self.seen, "archive: a log before the identity")
        self.at += 1
        while self.at < len(self.logs) and self.logs[self.at] != (origin, 0) and not self.logs[self.at][1]:
            self.at += 1
        require(self.at < len(self.logs) and self.logs[self.at][0] == origin, "archive: not the next log")
        self.seen, self.start, self.stop, self.bodies_from = {"events"}, 0, 0, 0

    def finish(self) -> None:
        """All leaves of the log are here."""
        require(self.at < 0 or self.stop == self.logs[self.at][1], "archive: leaves of a log are missing")

    def entries(self, frame: Frame) -> None:
        """The next bundle, whole."""
        size = self.logs[self.at][1]
        stop = min(size, self.stop + 256)
        count = len(decode_bundle(frame["bundle"]))
        expected = (size, self.stop, stop - self.stop)
        require(count and (frame["size"], frame["start"], count) == expected, "archive: not the next bundle")
        self.start, self.stop, self.bodies_from = self.stop, stop, self.stop

    def evidence(self, _: Frame) -> None:
        """Behind the leaves."""
        self.finish()

    def bodies(self, frame: Frame) -> None:
        """A run of leaves of the last bundle."""
        stop = frame["start"] + len(frame["items"])
        is_here = self.at >= 0 and self.logs[self.at][0] == frame["origin"]
        require(
            is_here and self.bodies_from <= frame["start"] < stop <= self.stop, "archive: bodies of no leaf"
        )
        self.bodies_from = stop


@dataclass
class ArchiveReader(Follower):
    """A follower that begins with nothing and is given a whole publisher: whatever is lacking is a fault."""

    notes: dict[str, bytes] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def read(self, frame: Frame) -> None:
        """Judge one part."""
        kind, origin = frame["kind"], frame.get("origin", "")
        self.feed(frame)
        if kind == "events":
            history = self.histories[frame["did"]]
            require(history.path and not history.waiting, "archive: an identity event without its ancestors")
        elif kind == "checkpoint":
            self.notes[origin] = frame["note"]
        elif kind == "entries":
            self.count_leaves(origin, frame)
        elif kind == "bodies" and origin in self.counts:
            leaves = zip(frame["items"], self.leaves[origin][frame["start"] :], strict=False)
            named = [item for item, leaf in leaves if type(item) is bytes and read_header(leaf or b"")]
            absent = sum(type(item) is list for item in frame["items"])
            self.counts[origin].update({"bodies": len(named), "bodies_withheld": absent})

    def on_events(self, frame: Frame) -> None:
        """All of them are valid."""
        history = self.histories.setdefault(frame["did"], History(frame["did"]))
        require(not (refused := history.take(frame["events"])), f"events: {refused[:1]}")

    def count_leaves(self, origin: str, frame: Frame) -> None:
        """What leaves there are; of those that were not taken only a fork of the identity may be the reason."""
        held, start = self.leaves.get(origin, []), frame["start"]
        taken = held[start:]
        if not taken:
            require(self.histories[parse_origin(origin)[0]].forked, "archive: leaves of no epoch that counts")
            return
        headers = [read_header(leaf) for leaf in taken if leaf is not None]
        named = sum(header is not None and "body" in header for header in headers)
        counts = self.counts.setdefault(origin, Counter())
        counts.update({"headers_withheld": len(taken) - len(headers), "bodies_named": named})

    def proven(self, epoch: Epoch, witnesses: dict[str, bytes]) -> dict[str, Any]:
        """What there is of a log."""
        origin = epoch.origin
        hashes, counts = self.hashes.get(origin, []), self.counts.get(origin, Counter())
        tree = len(hashes), tree_root(hashes)
        note = self.notes.get(origin)
        assert epoch.key is not None
        is_shown = note is not None and open_checkpoint(note, origin, epoch.key) == tree
        names = ("headers_withheld", "bodies_named", "bodies", "bodies_withheld")
        return {
            "origin": origin,
            "size": tree[0],
            "root": tree[1].hex(),
            "settled": epoch.end == tree,
            "disputed": origin in self.disputed,
            **{name: counts[name] for name in names},
            "cosigned": cosignatures(note, witnesses) if note is not None and is_shown else {},
        }


def verify_archive(source: BinaryIO, witnesses: dict[str, bytes]) -> dict[str, Any]:
    """Verify the archive of a publisher, with nothing else at hand."""
    blocks = car_blocks(source)
    did, sizes = parse_manifest(next(blocks, (None, b""))[1])
    order, reader = ArchiveOrder(did, list(sizes.items())), ArchiveReader()
    for frame in archive_parts(blocks):
        order.check(frame)
        reader.read(frame)
    require("end" in order.seen, "archive: cut off")
    history = reader.histories[did]
    path = history.path
    shown = {*filter(reader.hashes.get, reader.hashes), *reader.disputed}
    return {
        "did": did,
        "event": {"n": path[-1].n, "cid": str(path[-1].cid)},
        "forked": history.forked,
        "forks": history.forks(),
        "logs": [
            reader.proven(epoch, witnesses) for epoch in epochs(did, path).values() if epoch.origin in shown
        ],
    }


# ---- 05 sync: signed requests -------------------------------------------------------------------------------------

COMPONENTS = ["@method", "@authority", "@path", "@query"]
PARAMETERS = {"created", "expires", "nonce", "keyid", "tag"}
SF_KEY = r"[a-z*][a-z0-9_.*-]*"
SF_STRING = r'"(?:[ !#-\[\]-~]|\\["\\])*"'
SF_PARAMETER = rf";({SF_KEY})=({SF_STRING}|0|-?[1-9][0-9]{{0,14}})"
SIGNATURE_INPUT = re.compile(rf"({SF_KEY})=(\((?:({SF_STRING})(?: ({SF_STRING}))*)?\)(?:{SF_PARAMETER})*)")
SF_BYTES = re.compile(rf"({SF_KEY})=:([^:]*):")


def parse_signature_input(text: str) -> tuple[str, list[str], dict[str, str | int], str]:
    """Label, covered components, parameters, and the field without its label."""
    require(len(text) <= 1024, "signature input: length")
    match = SIGNATURE_INPUT.fullmatch(text)
    require(match, "signature input: form")
    assert match
    inner, _, rest = match[2].partition(")")
    components = [sf_string(item) for item in re.findall(SF_STRING, inner)]
    require(
        all(re.fullmatch(r"@?[a-z0-9!#$%&'*+.^_`|~-]+", name) for name in components), "components: names"
    )
    require(len(set(components)) == len(components), "components: each once")
    found = re.findall(SF_PARAMETER, rest)
    parameters = {name: sf_string(value) if value[0] == '"' else int(value) for name, value in found}
    require(len(parameters) == len(found), "parameters: each once")
    return match[1], components, parameters, match[2]


def sf_string(text: str) -> str:
    """A string of RFC 8941."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def sf_bytes(text: str, label: str) -> bytes:
    """A field of one byte sequence under this label."""
    match = SF_BYTES.fullmatch(text)
    require(len(text) <= 1024 and match and match[1] == label, f"{label}: form")
    assert match
    return decode_base64(match[2])


def signature_base(components: list[str], values: dict[str, str], params: str) -> bytes:
    """RFC 9421 section 2.5."""
    require(set(components) <= values.keys(), "components: a value for each")
    lines = [f'"{name}": {values[name]}' for name in components]
    require(not any(char in line for line in lines for char in "\r\n"), "components: one line each")
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def verify_request(given: dict[str, Any], body: bytes | None) -> dict[str, Any]:
    """Who signed a request, and when."""
    label, components, parameters, params = parse_signature_input(given["signature_input"])
    digest = given["content_digest"]
    require(
        components == COMPONENTS + (["content-digest"] if digest is not None else []), "components: these"
    )
    require(parameters.keys() == PARAMETERS and parameters["tag"] == "frost-request", "parameters: these")
    created = require_number(parameters["created"], -(10**15), 10**15, "created")
    expires = require_number(parameters["expires"], created + 1, created + 300, "expires")
    require(created - 60 <= given["now"] <= expires + 60, "time: not now")
    require(re.fullmatch(r"[A-Za-z0-9_-]{16,64}", str(parameters["nonce"])), "nonce: form")
    require_type(parameters["nonce"], str, "nonce")
    key = from_multibase(require_type(parameters["keyid"], str, "keyid"))
    values = {f"@{name}": given[name] for name in ("method", "authority", "path", "query")}
    base = signature_base(components, {**values, "content-digest": digest or ""}, params)
    verify(key, base, sf_bytes(given["signature"], label))
    if digest is not None:
        require(
            body is not None and sf_bytes(digest, "sha-256") == hashlib.sha256(body).digest(),
            "digest: another",
        )
    return {"key": parameters["keyid"], "created": created, "expires": expires, "nonce": parameters["nonce"]}


# ---- 06 proofs ----------------------------------------------------------------------------------------------------

PROOF_RIVALS_MAX = 64
PROOF_FILE_BYTES_MAX = BODY_BYTES_MAX + (PATH_EVENTS_MAX + PROOF_RIVALS_MAX) * EVENT_BYTES_MAX + 64 * 1024
PROOF_FIELDS = {"format", "history", "origin", "index", "path", "header"}


def verify_proof(data: bytes, witnesses: dict[str, bytes]) -> dict[str, Any]:
    """Verify a record with its proof, with nothing else at hand but the keys of witnesses."""
    file = decode(data, floats=False, bytes_max=PROOF_FILE_BYTES_MAX)
    require_type(file, dict, "proof file")
    require_fields(file, PROOF_FIELDS | ({"checkpoint", "body", "rivals"} & set(file)), "proof file")
    require(file["format"] == "frost-proof/1", "proof file: format")
    did, _, _ = parse_origin(require_type(file["origin"], str, "origin"))
    history = chain(did, require_type(file["history"], list, "history"))
    if "rivals" in file:
        rivals = require_type(file["rivals"], list, "rivals")
        require(0 < len(rivals) <= PROOF_RIVALS_MAX, "rivals: none, or too many")
        take_rivals(history, rivals)
    path = history.path
    epoch = epochs(did, path).get(file["origin"])
    require(epoch is not None and epoch.key is not None, "proof file: its history does not open the epoch")
    assert epoch is not None
    assert epoch.key is not None
    signed, cosigned = None, {}
    if "checkpoint" in file:
        note = require_type(file["checkpoint"], str, "checkpoint").encode()
        signed, cosigned = open_checkpoint(note, file["origin"], epoch.key), cosignatures(note, witnesses)
    require(epoch.end or signed, "proof file: the checkpoint of an open epoch is missing")
    size, root = epoch.end or signed or (0, EMPTY_ROOT)
    index = require_number(file["index"], 0, SAFE_MAX, "index")
    header_bytes = require_type(file["header"], bytes, "header")
    header = parse_header(header_bytes)
    require(
        root_by_inclusion(leaf_hash(header_bytes), index, size, check_hashes(file["path"])) == root,
        "another root",
    )
    if "body" in file:
        check_body(header, require_type(file["body"], bytes, "body"))
    return {
        "did": did,
        "url": f"{did_url(did, header['type'], header['key'])}?cid={cid_of(header_bytes)}",
        "op": header["op"],
        "time": header["time"],
        "body": "body" in file,
        "origin": file["origin"],
        "index": index,
        "size": size,
        "root": root.hex(),
        "ended": epoch.end is not None,
        "event": {"n": path[-1].n, "cid": str(path[-1].cid)},
        "cosigned": cosigned if (size, root) == signed else {},
        "forks": history.forks(),
    }


def chain(did: str, events: list[Any]) -> History:
    """A history that, taken alone and at once, is one path and nothing beside it, genesis first."""
    require(len(events) <= PATH_EVENTS_MAX, f"history: more than {PATH_EVENTS_MAX} events")
    history = History(did)
    refused = history.take([require_type(raw, bytes, "event") for raw in events])
    require(not refused, f"history: {refused[:1]}")
    require(events and [event.raw for event in history.path] == events, "history: not one path from genesis")
    return history


def take_rivals(history: History, rivals: list[Any]) -> None:
    """What else was signed at places of the path: all of it valid, all of it needed, and nothing counts otherwise."""
    path, known = history.path, set(history.events)
    refused = history.take([require_type(raw, bytes, "event") for raw in rivals])
    require(not refused, f"rivals: {refused[:1]}")
    require(len(history.events) == len(known) + len(rivals) and history.path == path, "rivals: of nothing")
    counts, contested = {event.cid for event in path}, history.contested()
    stood_on: set[Link] = set()
    needed: set[Link] = set()
    for (kind, _), cids in contested.items():
        for cid in set(cids) - counts:
            above = {event.cid for event in history.ancestry(cid)} - counts
            needed |= above
            stood_on |= above - {cid} if kind == "recovery" else set()
    require(set(history.events) - known == needed, "rivals: more than those of the path")
    for (kind, at), cids in contested.items():
        undecided = kind == "recovery" and history.followed[(kind, at)] is NEITHER
        few = len(cids) <= 2 or undecided or set(cids) - counts <= stood_on
        require(few, "rivals: more than two of one place")


# ---- a whole log --------------------------------------------------------------------------------------------------


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Goes nowhere but where it was sent."""

    def redirect_request(self, *_: Any) -> None:
        """Leave the answer as it is: a status that is no answer."""


OPENER = urllib.request.build_opener(NoRedirects)


def read_file(file: Path, bytes_max: int) -> bytes:
    """The bytes of a file; where there are more than it may have, one more than that."""
    with file.open("rb") as source:
        return source.read(bytes_max + 1)


class Source:
    """The resources of a node or of a static export."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")

    def read(self, path: str, bytes_max: int) -> bytes | None:
        """The bytes of a resource; None when it is not there or withheld."""
        if not self.base.startswith(("http://", "https://")):
            file = Path(self.base) / "frost" / path
            data = read_file(file, bytes_max) if file.is_file() else None
        else:
            data = self.fetch(f"{self.base}/frost/{path}", bytes_max)
        require(data is None or len(data) <= bytes_max, f"{path}: more than {bytes_max} bytes")
        return data

    @staticmethod
    def fetch(url: str, bytes_max: int) -> bytes | None:
        """The bytes behind a URL; None for 404, 410 and 451."""
        try:
            with OPENER.open(url, timeout=30) as answer:
                data: bytes = answer.read(bytes_max + 1)
                if answer.headers.get("Content-Encoding") == "gzip":
                    data = zlib.decompressobj(31).decompress(data, bytes_max + 1)
                return data
        except urllib.error.HTTPError as error:
            require(error.code in (404, 410, 451), f"{url}: status {error.code}")
            return None
        except (OSError, ValueError, http.client.HTTPException, zlib.error) as error:
            raise Refused(f"{url}: {error}") from error

    def need(self, path: str, bytes_max: int) -> bytes:
        """The bytes of a resource that must be there."""
        data = self.read(path, bytes_max)
        require(data is not None, f"{path}: not there")
        return data or b""

    def tile(self, origin: str, level: int | None, n: int, width: int) -> bytes:
        """A tile or bundle; where a partial one is gone, the full one in its stead."""
        bytes_max = 256 * 514 if level is None else 256 * 32
        data = self.read(f"{origin}/{tile_path(level, n, width)}", bytes_max)
        if data is None and width < 256:
            data = self.need(f"{origin}/{tile_path(level, n)}", bytes_max)
            if level is not None:
                data = data[: width * 32]
        require(data is not None, f"{tile_path(level, n, width)}: not there")
        return data or b""


def verify_log(base: str, origin: str) -> dict[str, Any]:
    """Verify all of a log: identity, checkpoint, bundles, tiles, bodies."""
    source = Source(base)
    did, _, _ = parse_origin(origin)
    history = History(did)
    refused = history.take(list(byte_strings(source.need(f"{did}/identity", 64 * 1024 * 1024))))
    require(not refused and not history.missing, f"identity: {refused or 'ancestors are missing'}")
    path = history.path
    epoch = epochs(did, path).get(origin)
    require(epoch is not None, "no identity event that counts opened this epoch")
    assert epoch is not None
    require(epoch.key is not None, "the epoch was opened without a log key")
    note = source.read(f"{origin}/checkpoint", NOTE_BYTES_MAX)
    require(note is not None or epoch.end is not None, "checkpoint: not there, and the epoch is open")
    size, root = (
        open_checkpoint(note, origin, epoch.key or b"") if note is not None else epoch.end or (0, EMPTY_ROOT)
    )
    leaves, hashes = read_tree(source, origin, size)
    require(tree_root(hashes) == root, f"tree of {size}: another root than the signed one")
    if epoch.end is not None and epoch.end[0] <= size:
        require(tree_root(hashes[: epoch.end[0]]) == epoch.end[1], "the end of the epoch is of another tree")
    counted = size if epoch.end is None else min(size, epoch.end[0])
    return {
        "did": did,
        "origin": origin,
        "size": size,
        "root": root.hex(),
        "event": {"n": path[-1].n, "cid": str(path[-1].cid)},
        "forked": history.forked,
        "ended_at": None if epoch.end is None else epoch.end[0],
        "counted": counted,
        **count_bodies(source, leaves),
    }


def byte_strings(data: bytes) -> Iterator[bytes]:
    """The items of a CBOR sequence of byte strings."""
    at = 0
    while at < len(data):
        place = byte_string(data, at)
        require(place, "CBOR sequence: ends too early")
        begin, at = place or (at, at)
        yield data[begin:at]


def read_tree(source: Source, origin: str, size: int) -> tuple[list[bytes | None], list[bytes]]:
    """All leaves (None where withheld) and their hashes, each tile of each level computed again."""
    leaves: list[bytes | None] = []
    hashes: list[bytes] = []
    level_hashes: list[bytes] = []
    for level, n, width in tile_paths(size):
        data = source.tile(origin, level, n, width)
        if level is None:
            run: list[bytes | None] = list(decode_bundle(data)[:width])
            require(len(run) == width, f"bundle {n}: {len(run)} leaves, expected {width}")
            leaves += run
            continue
        if n == 0:
            level_hashes = level_zero(source, origin, leaves) if level == 0 else next_level(level_hashes)
        found = level_hashes[256 * n : 256 * n + width]
        require(data == b"".join(found), f"{tile_path(level, n, width)}: not the hashes of what is under it")
        if level == 0:
            hashes = level_hashes
    return leaves, hashes


def level_zero(source: Source, origin: str, leaves: list[bytes | None]) -> list[bytes]:
    """The leaf hashes; of a withheld leaf the tile has it, and the root proves the tile."""
    hashes = []
    for index, leaf in enumerate(leaves):
        own = leaf_hash(leaf or b"")
        if leaf == b"":
            n, at = divmod(index, 256)
            told = source.tile(origin, 0, n, min(256, len(leaves) - 256 * n))[32 * at : 32 * at + 32]
            if told != own:
                leaves[index], own = None, told
        hashes.append(own)
    return hashes


def next_level(hashes: list[bytes]) -> list[bytes]:
    """One hash for each 256."""
    return [tree_root(hashes[at : at + 256]) for at in range(0, len(hashes) // 256 * 256, 256)]


def count_bodies(source: Source, leaves: list[bytes | None]) -> dict[str, int]:
    """Check every body that is there; tell how many are, and what could not be read."""
    counts = {"entries": 0, "withheld_leaves": 0, "opaque_leaves": 0, "bodies": 0, "absent_bodies": 0}
    for leaf in leaves:
        if leaf is None:
            counts["withheld_leaves"] += 1
            continue
        header = read_header(leaf)
        if header is None:
            counts["opaque_leaves"] += 1
            continue
        counts["entries"] += 1
        if "body" in header:
            data = source.read(f"body/{header['body']}", BODY_BYTES_MAX)
            counts["absent_bodies" if data is None else "bodies"] += 1
            if data is not None:
                check_body(header, data)
    return counts


# ---- test vectors -------------------------------------------------------------------------------------------------

Input = dict[str, Any]


def octets(form: Any) -> bytes:
    """Bytes of a vector: hex, or a list of [hex, times]."""
    if type(form) is str:
        return bytes.fromhex(form)
    return b"".join(bytes.fromhex(part) * times for part, times in form)


def on_encoding(given: Input) -> Any:
    """01 encoding: values."""
    if given["what"] == "dag-json":
        return {"bytes": encode(parse_json_form(given["text"])).hex()}
    data = octets(given["bytes"])
    value = decode(data, floats=given.get("floats", True))
    require(encode(value) == data, "not what would be written")
    require(encode(parse_json_form(json_form(value))) == data, "the JSON form is not lossless")
    return {"json": json_form(value)}


def on_names(given: Input) -> Any:
    """01 encoding: names."""
    text = given["text"]
    if given["what"] == "did":
        return {"genesis": str(parse_did(text))}
    if given["what"] == "cid":
        return {"digest": parse_cid(text).raw[4:].hex()}
    if given["what"] == "origin":
        did, epoch, event = parse_origin(text)
        return {"did": did, "epoch": epoch, "event": str(event)}
    if given["what"] == "did-url":
        did, type_, key, cid = parse_did_url(text)
        return {"did": did, "type": type_, "key": key, "cid": cid and str(cid)}
    {"type": check_type, "key": check_key}[given["what"]](text)
    return {}


def on_signatures(given: Input) -> Any:
    """01 encoding: keys and signatures."""
    if given["what"] == "signature":
        verify(octets(given["key"]), octets(given["message"]), octets(given["signature"]))
        return {}
    if given["what"] == "seed":
        require(len(octets(given["seed"])) == 32, "seed: 32 bytes")
        key = Ed25519PrivateKey.from_private_bytes(octets(given["seed"]))
        public = key.public_key().public_bytes_raw()
        return {"public": public.hex(), "signature": key.sign(octets(given["message"])).hex()}
    if given["what"] == "derive":
        return {"seed": derive_seed(octets(given["secret"]), given["label"]).hex()}
    key_bytes = (
        from_multibase(given["text"])
        if given["what"] == "multibase"
        else from_multikey(octets(given["bytes"]))
    )
    return {"key": key_bytes.hex(), "text": "z" + base58(b"\xed\x01" + key_bytes)}


def on_identity(given: Input) -> Any:
    """02 identity."""
    history = History(given["did"])
    if given["what"] == "event":
        for raw in given["ancestors"]:
            require(not history.take([octets(raw)]), "an ancestor is refused")
        refused = history.take([octets(given["event"])])
        require(not refused, f"{refused}")
        event = parse_event(octets(given["event"]))
        require(event.cid in history.events, "the event waits for its predecessor")
        return {"cid": str(event.cid), "n": event.n, "kind": event.kind}
    told: list[str] = []
    for delivery in given["deliveries"]:
        told += [str(cid) for cid, _ in history.take([octets(raw) for raw in delivery])]
    return {
        "path": [str(event.cid) for event in history.path],
        "forked": history.forked,
        "missing": sorted(map(str, history.missing)),
        "refused": sorted(told),
        "epochs": [
            {"origin": epoch.origin, "end": epoch.end and {"size": epoch.end[0], "root": epoch.end[1].hex()}}
            for epoch in epochs(given["did"], history.path).values()
        ],
        "forks": history.forks(),
    }


def on_headers(given: Input) -> Any:
    """03 records: headers."""
    data = octets(given["bytes"])
    header = parse_header(data)
    return {
        **{name: header[name] for name in ("op", "type", "key", "time")},
        "body": str(header["body"]) if "body" in header else None,
        "size": header.get("size"),
        "cid": str(cid_of(data)),
        "leaf_hash": leaf_hash(data).hex(),
    }


def on_bodies(given: Input) -> Any:
    """03 records: bodies."""
    if given["what"] == "same-content":
        return {"same": same_content(octets(given["one"]), octets(given["other"]))}
    body = octets(given["body"])
    if given["what"] == "check":
        check_body(parse_header(octets(given["header"])), body)
        return {"cid": str(cid_of(body))}
    return {"json": json_form(decode_body(body)), "cid": str(cid_of(body))}


def on_merkle(given: Input) -> Any:
    """04 log: the tree."""
    what = given["what"]
    proof = check_hashes([octets(item) for item in given.get("proof", [])])
    if what == "root":
        return {"root": tree_root([leaf_hash(octets(leaf)) for leaf in given["leaves"]]).hex()}
    if what == "consistency":
        verify_consistency(
            given["old"], octets(given["old_root"]), given["new"], octets(given["new_root"]), proof
        )
        return {}
    if what == "inclusion":
        root = root_by_inclusion(octets(given["leaf_hash"]), given["index"], given["size"], proof)
        require(root == octets(given["root"]), "another root")
        return {}
    hashes = check_hashes([octets(item) for item in given["leaf_hashes"]])
    left, root = root_by_range(hashes, given["start"], given["size"], proof)
    require(root == octets(given["root"]), "another root")
    return {"left": [item.hex() for item in left]}


def on_notes(given: Input) -> Any:
    """04 log: signed notes."""
    if given["what"] == "vkey":
        name, kind, key = parse_vkey(given["text"])
        return {"name": name, "type": kind, "key": key.hex()}
    note = parse_note(note_bytes(given))
    lines = [
        {"name": name, "key_id": id_.hex(), "payload": data.hex()} for name, id_, data in note.signatures
    ]
    return {"text": note.text, "signatures": lines}


def note_bytes(given: Input) -> bytes:
    """A note as text, or as bytes where it is none."""
    return str(given["note"]).encode() if "note" in given else octets(given["bytes"])


def on_checkpoints(given: Input) -> Any:
    """04 log: checkpoints."""
    size, root = open_checkpoint(note_bytes(given), given["origin"], octets(given["key"]))
    return {"size": size, "root": root.hex()}


def on_cosignatures(given: Input) -> Any:
    """04 log: cosignatures."""
    return {"times": cosignatures(note_bytes(given), keys_of(given["witnesses"]))}


def keys_of(witnesses: dict[str, Any]) -> dict[str, bytes]:
    """Witnesses by name."""
    return {name: octets(key) for name, key in witnesses.items()}


def on_witness(given: Input) -> Any:
    """04 log: requests to cosign."""
    last = given["last"]
    key, root = octets(given["key"]), octets(last["root"])
    size, found = judge_request(given["request"].encode(), key, last["size"], root)
    return {"size": size, "root": found.hex()}


def on_policies(given: Input) -> Any:
    """06 proofs: policies."""
    data = given["policy"].encode() if "policy" in given else octets(given["bytes"])
    cosigned = {octets(key): time for key, time in given["cosigned"].items()}
    holds, since = judge_policy(parse_policy(data), given["origin"], octets(given["key"]), cosigned)
    return {"holds": holds, "since": since}


def on_tiles(given: Input) -> Any:
    """04 log: tiles and bundles."""
    if given["what"] == "path":
        level, n, width = parse_tile_path(given["text"])
        return {"level": level, "n": n, "width": width}
    if given["what"] == "paths":
        return {"paths": [tile_path(*place) for place in tile_paths(given["size"])]}
    leaves = decode_bundle(octets(given["bytes"]))
    return {"leaves": [leaf.hex() for leaf in leaves]}


def on_frames(given: Input) -> Any:
    """05 sync: frames."""
    frames, complete = parse_frames(octets(given["bytes"]))
    return {"frames": [hexed(frame) for frame in frames], "complete": complete}


def hexed(value: Any) -> Any:
    """Bytes as hex, all through."""
    if type(value) is bytes:
        return value.hex()
    if type(value) is list:
        return [hexed(item) for item in value]
    if type(value) is dict:
        return {name: hexed(item) for name, item in value.items()}
    return value


def on_streams(given: Input) -> Any:
    """05 sync: what a receiver that holds nothing takes from a stream."""
    frames, complete = parse_frames(octets(given["bytes"]))
    follower = Follower()
    for frame in frames:
        follower.feed(frame)
    logs = {
        origin: {"held": len(hashes), "root": tree_root(hashes).hex()}
        for origin, hashes in follower.hashes.items()
        if hashes
    }
    epochs_disputed = {origin: follower.epoch(origin) for origin in follower.disputed}
    return {
        "frozen": sorted(origin for origin, epoch in epochs_disputed.items() if epoch and epoch.end is None),
        "logs": logs,
        "bodies": sorted(map(str, follower.bodies)),
        "complete": complete and follower.finished,
    }


def on_evidence(given: Input) -> Any:
    """04 log: evidence."""
    return verify_evidence(octets(given["file"]))


def on_requests(given: Input) -> Any:
    """05 sync: signed requests."""
    if given["what"] == "base":
        label, components, _, params = parse_signature_input(given["signature_input"])
        base = signature_base(components, given["values"], params)
        verify(octets(given["key"]), base, sf_bytes(given["signature"], label))
        return {"base": base.decode()}
    return verify_request(given, None if given["body"] is None else octets(given["body"]))


def on_proofs(given: Input) -> Any:
    """06 proofs."""
    return verify_proof(octets(given["file"]), keys_of(given["witnesses"]))


def on_archives(given: Input) -> Any:
    """12 archives."""
    return verify_archive(io.BytesIO(octets(given["file"])), keys_of(given["witnesses"]))


AREAS: dict[str, Callable[[Input], Any]] = {
    "archives": on_archives,
    "bodies": on_bodies,
    "checkpoints": on_checkpoints,
    "cosignatures": on_cosignatures,
    "encoding": on_encoding,
    "evidence": on_evidence,
    "frames": on_frames,
    "headers": on_headers,
    "identity": on_identity,
    "merkle": on_merkle,
    "names": on_names,
    "notes": on_notes,
    "policies": on_policies,
    "proofs": on_proofs,
    "requests": on_requests,
    "signatures": on_signatures,
    "streams": on_streams,
    "tiles": on_tiles,
    "witness": on_witness,
}


def check_vector(path: Path) -> str | None:
    """What is wrong with this implementation according to one vector; None when nothing is."""
    vector = json.loads(path.read_text("utf-8"))
    try:
        found = AREAS[path.parent.parent.name](vector["input"])
    except Refused as error:
        return f"refused: {error}" if path.parent.name == "valid" else None
    if path.parent.name == "invalid":
        return f"accepted, expected {vector['error']}"
    expected = vector["expect"]
    wrong = sorted(name for name in expected if found.get(name, Refused) != expected[name])
    return f"another {', '.join(wrong)}" if wrong else None


def verify_vectors(directory: str) -> dict[str, Any]:
    """Run all vectors below a directory."""
    paths = sorted(Path(directory).glob("*/*/*.json"))
    failures = {str(path.relative_to(directory)): wrong for path in paths if (wrong := check_vector(path))}
    require(paths, "no vectors found")
    require(not failures, json.dumps(failures, indent=1))
    return {"vectors": len(paths)}


def main(arguments: list[str]) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(
        description="Verify FROST proof and evidence files, archives, logs and test vectors."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    proof = commands.add_parser("proof", help="verify a record with its proof")
    proof.add_argument("file")
    proof.add_argument("witness", nargs="*", help="verifier keys of witnesses that you know")
    evidence = commands.add_parser("evidence", help="verify that a log was signed two ways")
    evidence.add_argument("file")
    archive = commands.add_parser("archive", help="verify the archive of a publisher")
    archive.add_argument("file")
    archive.add_argument("witness", nargs="*", help="verifier keys of witnesses that you know")
    commands.add_parser("vectors", help="run the test vectors").add_argument("directory")
    log = commands.add_parser("log", help="verify a whole log of a static export or a node")
    log.add_argument("base", help="directory or URL")
    log.add_argument("origin")
    given = parser.parse_args(arguments)
    try:
        vkeys = map(parse_vkey, getattr(given, "witness", ()))
        known = {name: key for name, kind, key in vkeys if kind == 4}
        if given.command == "proof":
            result = verify_proof(read_file(Path(given.file), PROOF_FILE_BYTES_MAX), known)
        elif given.command == "archive":
            with Path(given.file).open("rb") as source:
                result = verify_archive(source, known)
        elif given.command == "evidence":
            result = verify_evidence(read_file(Path(given.file), EVIDENCE_FILE_BYTES_MAX))
        elif given.command == "log":
            result = verify_log(given.base, given.origin)
        else:
            result = verify_vectors(given.directory)
    except (Refused, OSError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
