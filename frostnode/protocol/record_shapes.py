"""The shapes that fields of records may have: small checks, and how larger ones are made of them.

A check takes a value and the JSON pointer at which it stands, and raises RecordError record.field when
the value is not of its shape. Which field has which shape is for `records` to say
(spec/03-records.md#record-types).
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from frostnode.protocol.cosigners import is_witness_url, parse_cosigner
from frostnode.protocol.dagcbor import Value, encode
from frostnode.protocol.errors import NameError_, RecordError, SignatureError
from frostnode.protocol.handles import is_handle
from frostnode.protocol.limits import (
    CHANGE_SUMMARY_BYTES_MAX,
    PUBLISHER_WITNESSES_MAX,
    WITNESS_URL_BYTES_MAX,
)
from frostnode.protocol.names import DATASET, DID_PREFIX, DidUrl, parse_did, parse_did_url

Check: TypeAlias = Callable[[Value, str], None]
"""check(value, path)"""

X25519_MULTIKEY_PREFIX: Final = b"\xec\x01"
"""The multicodec x25519-pub (0xec) as an unsigned varint."""

_X25519_MULTIKEY_BYTES: Final = 34


def wrong(path: str, found: object, expected: str) -> RecordError:
    """Say which field is not as it must be."""
    return RecordError("record.field", f"field {path or '/'}", found=found, expected=expected)


def _kind(value: Value) -> str:
    names = {dict: "a map", list: "a list", str: "text", bool: "a flag", type(None): "null", bytes: "bytes"}
    return names.get(type(value), type(value).__name__)


# -- single values ------------------------------------------------------------------------------------


def text(value: Value, path: str) -> None:
    """Any text."""
    if type(value) is not str:
        raise wrong(path, _kind(value), "text")


def some_text(value: Value, path: str) -> None:
    """Text with more in it than white space."""
    text(value, path)
    if not str(value).strip():
        raise wrong(path, repr(value), "text that is not empty")


def domain(value: Value, path: str) -> None:
    """A domain as handles are."""
    text(value, path)
    if not is_handle(str(value)):
        raise wrong(path, value, "a domain in lower case, like data.example.org")


def flag(value: Value, path: str) -> None:
    """True or false."""
    if type(value) is not bool:
        raise wrong(path, _kind(value), "true or false")


def count(value: Value, path: str) -> None:
    """An integer from 0."""
    if type(value) is not int or value < 0:
        raise wrong(path, repr(value), "an integer from 0")


def any_map(value: Value, path: str) -> None:
    """A map of anything."""
    if type(value) is not dict:
        raise wrong(path, _kind(value), "a map")


def x25519_key(value: Value, path: str) -> None:
    """A public key for agreement as multikey bytes: the prefix and 32 bytes."""
    if (
        type(value) is not bytes
        or len(value) != _X25519_MULTIKEY_BYTES
        or not value.startswith(X25519_MULTIKEY_PREFIX)
    ):
        raise wrong(path, value, "34 bytes: ec01 and an X25519 public key")


def box(value: Value, path: str) -> None:
    """A bounding box: 4 numbers, 6 with heights. No range of numbers is right for every convention."""
    if type(value) is not list or len(value) not in (4, 6) or any(type(n) not in (int, float) for n in value):
        raise wrong(path, value, "4 or 6 numbers")


def interval(value: Value, path: str) -> None:
    """A time interval: two texts, of which null leaves its side open."""
    if (
        type(value) is not list
        or len(value) != 2
        or any(type(side) not in (str, type(None)) for side in value)
    ):
        raise wrong(path, value, "[start or null, end or null]")


def summary(value: Value, path: str) -> None:
    """Anything for machines that is not too large."""
    if (size := len(encode(value))) > CHANGE_SUMMARY_BYTES_MAX:
        raise wrong(path, f"{size} bytes", f"≤ {CHANGE_SUMMARY_BYTES_MAX} bytes of DAG-CBOR")


def witnesses(value: Value, path: str) -> None:
    """At most PUBLISHER_WITNESSES_MAX witnesses, each with its verifier key, once, and where it is asked."""
    items(shape({"vkey": _witness_key, "url": _witness_url}, "vkey", "url"))(value, path)
    assert isinstance(value, list)
    if len(value) > PUBLISHER_WITNESSES_MAX:
        raise wrong(path, f"{len(value)} witnesses", f"≤ {PUBLISHER_WITNESSES_MAX}")
    keys = [parse_cosigner(str(witness["vkey"])).key for witness in value if isinstance(witness, dict)]
    if len(set(keys)) < len(keys):
        raise wrong(path, "one key of two witnesses", "each key once")


def _witness_key(value: Value, path: str) -> None:
    text(value, path)
    try:
        parse_cosigner(str(value))
    except SignatureError as error:
        raise wrong(path, value, "the verifier key of a witness: name+key id+base64, type 4") from error


def _witness_url(value: Value, path: str) -> None:
    text(value, path)
    if not is_witness_url(str(value)) or len(str(value).encode()) > WITNESS_URL_BYTES_MAX:
        raise wrong(path, value, f"http(s)://HOST/PATH of at most {WITNESS_URL_BYTES_MAX} bytes")


# -- names of records and publishers --------------------------------------------------------------------


def record_url(value: Value, path: str) -> None:
    """Any URI; one that begins as a DID of this network must name a record."""
    some_text(value, path)
    _did_url(value, path)


def pinned_url(value: Value, path: str) -> None:
    """Any URI; one of this network must name an exact entry."""
    some_text(value, path)
    url = _did_url(value, path)
    if url is not None and url.cid is None:
        raise wrong(path, value, "the exact entry: a DID URL that ends in ?cid=CID")


def dataset_url(value: Value, path: str) -> None:
    """The DID URL of a dataset."""
    text(value, path)
    url = _did_url(value, path)
    if url is None or url.type != DATASET:
        raise wrong(path, value, "the DID URL of a dataset")


def _did_url(value: Value, path: str) -> DidUrl | None:
    if not str(value).startswith(DID_PREFIX):
        return None
    try:
        return parse_did_url(str(value))
    except NameError_ as error:
        raise wrong(path, value, "the DID URL of a record") from error


def publisher_did(value: Value, path: str) -> None:
    """The DID of a publisher."""
    text(value, path)
    try:
        parse_did(str(value))
    except NameError_ as error:
        raise wrong(path, value, "a DID") from error


# -- larger shapes --------------------------------------------------------------------------------------


def items(check: Check) -> Check:
    """A list, each item of this shape."""

    def check_items(value: Value, path: str) -> None:
        if type(value) is not list:
            raise wrong(path, _kind(value), "a list")
        for index, item in enumerate(value):
            check(item, f"{path}/{index}")

    return check_items


def or_null(check: Check) -> Check:
    """This shape, or null."""
    return lambda value, path: None if value is None else check(value, path)


def text_or(check: Check) -> Check:
    """Text, or this shape."""
    return lambda value, path: None if type(value) is str else check(value, path)


def shape(known: Mapping[str, Check], *required: str) -> Check:
    """A map in which the known fields have their shapes and the required ones are there; others may be."""

    def check_shape(value: Value, path: str) -> None:
        if type(value) is not dict:
            raise wrong(path, _kind(value), "a map")
        for name in required:
            if name not in value:
                raise wrong(f"{path}/{name}", "nothing", "a value")
        for name, check in known.items():
            if name in value:
                check(value[name], f"{path}/{name}")

    return check_shape


def one_of(known: Mapping[str, Check]) -> Check:
    """A map with exactly one of these fields."""
    check_known = shape(known)

    def check_one(value: Value, path: str) -> None:
        check_known(value, path)
        if type(value) is not dict or len(value.keys() & known.keys()) != 1:
            raise wrong(path, value, f"exactly one of {', '.join(known)}")

    return check_one
