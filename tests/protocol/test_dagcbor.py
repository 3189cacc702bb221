"""Canonical DAG-CBOR: one byte string for one value, held against a slow twin and other implementations."""

import copy
import json
import math
import pickle
import struct
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import Any

import cbrrr
import multiformats
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.dagcbor import CID_PREFIX, Cid, Value, decode, decode_again, encode
from frostnode.protocol.errors import EncodingError, NameError_
from frostnode.protocol.limits import BODY_BYTES_MAX, BODY_DEPTH_MAX, BODY_ITEMS_MAX, HEADER_BYTES_MAX

FOREIGN = {
    "raw": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity",
    "dag-pb": "bafybeie5gq4jxvzmsym6hjlwxej4rwdoxt7wadqvmmwbqi7r27fclha2va",
    "version 0": "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR",
}
links = st.one_of(
    st.binary(max_size=8).map(Cid.of), st.sampled_from([Cid.parse_any(text) for text in FOREIGN.values()])
)
floats = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number or 0.0)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64 - 1),
    floats,
    st.text(max_size=30),
    st.binary(max_size=30),
    links,
)
keys = st.one_of(st.sampled_from(["/", "bytes", "", "é", "aa", "b"]), st.text(max_size=5))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)


def identical(one: Any, other: Any) -> bool:
    """Equal in type too: True is not 1, and 1 is not 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(identical, one, other))
    return bool(one == other)


def head(major: int, number: int) -> bytes:
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 256**size:
            return bytes([major << 5 | info]) + number.to_bytes(size, "big")
    raise ValueError(number)


def slow_encode(value: Any) -> bytes:
    """The rules of the profile, one line each."""
    match value:
        case None | bool():
            return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[value]
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            return head(3, len(value.encode())) + value.encode()
        case bytes():
            return head(2, len(value)) + value
        case Cid():
            return b"\xd8\x2a" + head(2, len(value.raw) + 1) + b"\x00" + value.raw
        case list():
            return head(4, len(value)) + b"".join(map(slow_encode, value))
        case dict():
            pairs = sorted((len(key.encode()), key.encode(), key) for key in value)
            return head(5, len(value)) + b"".join(
                slow_encode(key) + slow_encode(value[key]) for _, _, key in pairs
            )
        case _:
            raise TypeError(value)


@given(values)
def test_encode_writes_what_the_slow_twin_writes(value: Value) -> None:
    assert encode(value) == slow_encode(value)


@given(values)
def test_decode_returns_what_was_encoded_with_its_types(value: Value) -> None:
    assert identical(decode(encode(value)), value)


def judged(data: bytes) -> bool:
    """Whether bytes are taken; what is taken is written back alike, and nothing but EncodingError is raised."""
    try:
        value = decode(data)
    except EncodingError:
        return False
    assert encode(value) == data == slow_encode(value)
    return True


@given(values, st.integers(0, 255))
def test_what_was_decoded_is_decoded_again_to_the_same_or_refused_once_it_has_changed(
    value: Value, byte: int
) -> None:
    data = encode(value)
    assert identical(decode_again(data), decode(data))
    with suppress(EncodingError):
        decode_again(data[:-1] + bytes([byte]))
    with pytest.raises(EncodingError):
        decode_again(data[:-1])


@given(st.binary(max_size=60))
def test_any_bytes_are_canonical_or_refused(data: bytes) -> None:
    judged(data)


@given(values, st.data())
def test_mutated_bytes_are_canonical_or_refused(value: Value, data: st.DataObject) -> None:
    encoded = bytearray(encode(value))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    judged(bytes(encoded))


@given(values)
def test_truncated_bytes_are_refused_at_every_length(value: Value) -> None:
    encoded = encode(value)
    assert not any(judged(encoded[:length]) for length in range(min(len(encoded), 100)))
    assert not judged(encoded + b"\x00")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("", id="nothing"),
        pytest.param("1800", id="integer-not-minimal"),
        pytest.param("190017", id="integer-not-minimal-2"),
        pytest.param("1a0000ffff", id="integer-not-minimal-4"),
        pytest.param("1b00000000ffffffff", id="integer-not-minimal-8"),
        pytest.param("3800", id="negative-not-minimal"),
        pytest.param("7801", id="length-not-minimal"),
        pytest.param("78016161", id="text-length-not-minimal"),
        pytest.param("9800", id="array-length-not-minimal"),
        pytest.param("9fff", id="indefinite-array"),
        pytest.param("bfff", id="indefinite-map"),
        pytest.param("7f6161ff", id="indefinite-text"),
        pytest.param("5f4161ff", id="indefinite-bytes"),
        pytest.param("f7", id="undefined"),
        pytest.param("e0", id="simple-value"),
        pytest.param("f820", id="simple-value-2"),
        pytest.param("f93c00", id="half-float"),
        pytest.param("fa3f800000", id="single-float"),
        pytest.param("fb7ff0000000000000", id="infinity"),
        pytest.param("fbfff0000000000000", id="minus-infinity"),
        pytest.param("fb7ff8000000000000", id="nan"),
        pytest.param("fb8000000000000000", id="minus-zero"),
        pytest.param("c101", id="tag-1"),
        pytest.param("c249010000000000000000", id="bignum"),
        pytest.param("d9d9f700", id="self-described"),
        pytest.param("d82a01", id="link-of-integer"),
        pytest.param("d82ad82a4100", id="tag-in-tag"),
        pytest.param("d82a40", id="link-of-nothing"),
        pytest.param("d82a4100", id="link-without-cid"),
        pytest.param("d82a5824" + "01711220" + "00" * 32, id="link-without-its-zero-byte"),
        pytest.param("d82a582500" + "02711220" + "00" * 32, id="link-version-2"),
        pytest.param("d82a582500" + "01711221" + "00" * 32, id="link-digest-too-short"),
        pytest.param("d82a58260001f100711220" + "00" * 31, id="link-varint-not-minimal"),
        pytest.param("d82a582600017112a000" + "00" * 31, id="link-length-not-minimal"),
        pytest.param("d82a582200" + "1220" + "00" * 31, id="link-version-0-too-short"),
        pytest.param("a10101", id="key-is-integer"),
        pytest.param("a1416101", id="key-is-bytes"),
        pytest.param("a2616101616101", id="key-twice"),
        pytest.param("a2616201616101", id="keys-unsorted"),
        pytest.param("a262616101616201", id="longer-key-first"),
        pytest.param("61ff", id="text-not-utf-8"),
        pytest.param("63eda080", id="text-lone-surrogate"),
        pytest.param("62c080", id="text-overlong"),
        pytest.param("0000", id="two-items"),
        pytest.param("1c", id="reserved-head"),
        pytest.param("9c", id="reserved-array-head"),
        pytest.param("5b7fffffffffffffff", id="bytes-longer-than-memory"),
        pytest.param("9b7fffffffffffffff", id="array-longer-than-memory"),
        pytest.param("bbffffffffffffffff", id="map-longer-than-memory"),
    ],
)
def test_decode_refuses_every_form_that_is_not_the_one(data: str) -> None:
    with pytest.raises(EncodingError) as caught:
        decode(bytes.fromhex(data))
    assert caught.value.code in ("encoding.not-canonical", "encoding.too-large")


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("1bffffffffffffffff", 2**64 - 1),
        ("3bffffffffffffffff", -(2**64)),
        ("fb0000000000000000", 0.0),
        ("fb3ff0000000000000", 1.0),
        ("01", 1),
        ("f5", True),
        ("a3616101616202626161f6", {"a": 1, "b": 2, "aa": None}),
        ("d82a582500" + "01711220" + "00" * 32, Cid(CID_PREFIX + bytes(32))),
        ("5824" + "01711220" + "00" * 32, CID_PREFIX + bytes(32)),
        ("582500" + "01711220" + "00" * 32, b"\x00" + CID_PREFIX + bytes(32)),
        ("d82a45000155" + "0000", Cid(b"\x01\x55\x00\x00")),
    ],
)
def test_decode_takes(data: str, value: Value) -> None:
    assert identical(decode(bytes.fromhex(data)), value)
    assert encode(value).hex() == data


@pytest.mark.parametrize(
    "value",
    [
        math.nan, math.inf, -math.inf, -0.0, [1, {"a": -0.0}], 2**64, -(2**64) - 1, "\ud800", {"\udfff": 1}, {1: 2},
        (1, 2), {1, 2}, bytearray(b"a"), pytest.param(object(), id="object"), cbrrr.CID(b"\x01\x55\x00\x00"),
    ],
    ids=repr,
)  # fmt: skip
def test_encode_refuses_what_dag_cbor_cannot_say(value: Value) -> None:
    with pytest.raises(EncodingError) as caught:
        encode(value)
    assert caught.value.code == "encoding.not-canonical"


def test_the_bytes_of_a_negative_zero_are_fine_where_they_are_no_float() -> None:
    value: Value = [b"\xfb\x80" + bytes(7), 0x80 << 56]
    assert decode(encode(value)) == value


def nested(depth: int) -> Value:
    value: Value = 0
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def test_depth_counts_containers_and_is_bounded_both_ways() -> None:
    assert identical(decode(encode(nested(BODY_DEPTH_MAX))), nested(BODY_DEPTH_MAX))
    with pytest.raises(EncodingError) as caught:
        encode(nested(BODY_DEPTH_MAX + 1))
    assert caught.value.code == "encoding.too-deep"
    for data in (slow_encode(nested(BODY_DEPTH_MAX + 1)), b"\x81" * BODY_DEPTH_MAX + b"\x80"):
        with pytest.raises(EncodingError) as caught:
            decode(data)
        assert caught.value.code == "encoding.too-deep"
    with pytest.raises(EncodingError):
        decode(b"\x81\x00", depth_max=0)
    assert decode(b"\x00", depth_max=0) == 0


def test_size_is_bounded() -> None:
    with pytest.raises(EncodingError) as caught:
        decode(bytes(BODY_BYTES_MAX + 1))
    assert caught.value.code == "encoding.too-large"
    assert decode(b"\x42ab", bytes_max=3) == b"ab"
    with pytest.raises(EncodingError):
        decode(b"\x42ab", bytes_max=2)


def test_floats_are_refused_where_a_format_has_none() -> None:
    some: list[Value] = [1.0, [1, [1.5]], {"a": {"b": 1e300}}]
    for value in some:
        with pytest.raises(EncodingError) as caught:
            decode(encode(value), floats=False)
        assert caught.value.code == "encoding.float"
    lookalike: Value = [b"\xfb" * 30, 0xFBFB, "\xfb"]
    assert decode(encode(lookalike), floats=False) == lookalike


def heads_inside_heads(size: int) -> bytes:
    """Arrays inside arrays, each claiming as many items as there are bytes after it."""
    data = bytearray()
    while len(data) + 5 + 0x10000 < size:
        data += b"\x9a" + (size - len(data) - 5).to_bytes(4, "big")
    return bytes(data) + bytes(size - len(data))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(heads_inside_heads(200_000), "encoding.not-canonical", id="heads-inside-heads"),
        pytest.param(
            head(4, BODY_ITEMS_MAX) + b"\x80" * BODY_ITEMS_MAX, "encoding.too-large", id="empty-lists"
        ),
        pytest.param(head(5, 2**19) + b"\x60" * 2**20, "encoding.too-large", id="map"),
        pytest.param(b"\x81" * 200_000, "encoding.too-deep", id="deep"),
    ],
)
def test_what_would_cost_memory_is_refused_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, data: bytes, code: str
) -> None:
    monkeypatch.setattr(cbrrr, "decode_dag_cbor", lambda *_, **__: pytest.fail("the codec was asked"))
    with pytest.raises(EncodingError) as caught:
        decode(data)
    assert caught.value.code == code


def test_a_body_of_as_many_items_as_may_be_is_taken() -> None:
    data = head(4, BODY_ITEMS_MAX - 1) + bytes(BODY_ITEMS_MAX - 1)
    assert decode(data) == [0] * (BODY_ITEMS_MAX - 1)


@given(st.binary(max_size=40))
def test_the_cid_of_bytes_is_what_multiformats_says(data: bytes) -> None:
    ours = Cid.of(data)
    theirs = multiformats.CID("base32", 1, "dag-cbor", multiformats.multihash.digest(data, "sha2-256"))
    assert (str(ours), bytes(ours)) == (str(theirs), bytes(theirs))
    assert Cid.parse(str(ours)) == Cid.parse_any(str(ours)) == ours == Cid.from_digest(ours.digest)
    assert ours.is_ours


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_cid_keeps_its_bytes_and_its_text(text: str) -> None:
    cid = Cid.parse_any(text)
    assert bytes(cid) == bytes(multiformats.CID.decode(text))
    assert str(cid) == text
    assert not cid.is_ours
    assert identical(decode(encode({"link": cid})), {"link": cid})
    with pytest.raises(NameError_):
        Cid.parse(text)


OURS = str(Cid.of(b"\xa0"))


@pytest.mark.parametrize(
    "text",
    [
        "", "b", OURS.upper(), "B" + OURS[1:].upper(), OURS[:-1], OURS + "a", OURS + "=", " " + OURS[1:], OURS[:-1] + "1",
        OURS[:-1] + "b", OURS.replace("i", "\u0131"), "z" + OURS[1:], "f" + bytes(Cid.of(b"")).hex(),
        "b\u00e4" + OURS[2:], "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMn0", "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnRR",
        "Qmz" + "z" * 43, "zQmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR",
    ],
)  # fmt: skip
def test_a_cid_has_one_spelling(text: str) -> None:
    for parse in (Cid.parse, Cid.parse_any):
        with pytest.raises(NameError_) as caught:
            parse(text)
        assert caught.value.code == "name.cid"


@given(st.text(max_size=60))
def test_any_text_is_a_cid_or_refused(text: str) -> None:
    with suppress(NameError_):
        assert str(Cid.parse_any(text)) == text


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", max_size=70))
def test_any_base32_is_a_cid_or_refused(text: str) -> None:
    with suppress(NameError_):
        assert str(Cid.parse_any("bafy" + text)) == "bafy" + text


def test_a_cid_is_a_value() -> None:
    cid = Cid.of(b"")
    assert copy.deepcopy(cid) == cid == pickle.loads(pickle.dumps(cid))
    assert len({cid, Cid.of(b"")}) == 1
    assert cid != Cid.of(b"a")
    assert len({cid, bytes(cid)}) == 2
    assert repr(cid) == f"Cid({cid})"
    with pytest.raises(AttributeError):
        cid.raw = b""  # type: ignore[misc]
    with pytest.raises(ValueError, match="not a CID"):
        Cid(b"\x00")


def from_link_form(item: object) -> Value:
    """The JSON form of the foreign vectors: $link and $bytes."""
    if isinstance(item, dict):
        if item.keys() == {"$link"}:
            return Cid.parse_any(item["$link"])
        if item.keys() == {"$bytes"}:
            return b64decode(item["$bytes"] + "==")
        return {key: from_link_form(value) for key, value in item.items()}
    return [from_link_form(value) for value in item] if isinstance(item, list) else item  # type: ignore[return-value]


OWN_FIXTURES: list[Any] = [
    {
        "json": {"a": {"$link": OURS}, "b": {"$bytes": "nFETjg"}, "c": [1, True, None, "é"]},
        "cbor_base64": "o2Fh2CpYJQABcRIgwZp5f6H9WQzS5bQtHPXyRuKbkWhOL4dAS4HcNFx6VqBhYkScUROOYWOEAfX2YsOp",
        "cid": "bafyreidytfxfz62p232rrkpvqnm5fqw5kpn22tfuqnjpo3tlaqxurocmqe",
    }
]


def test_the_data_model_fixtures_of_others_hold(vectors_dir: Path | None) -> None:
    fixtures = list(OWN_FIXTURES)
    if vectors_dir is not None:
        fixtures += json.loads((vectors_dir / "dag-cbor/data-model-fixtures.json").read_text())
    for fixture in fixtures:
        data = b64decode(fixture["cbor_base64"] + "==")
        value = from_link_form(fixture["json"])
        assert identical(decode(data), value)
        assert encode(value) == data
        assert str(Cid.of(data)) == fixture["cid"]


def test_the_cid_syntax_of_others_holds(vectors_dir: Path | None) -> None:
    """Theirs has no version 0; ours has no bases but the two that links are written in."""
    valid, invalid = [OURS, *FOREIGN.values()], ["noop", "12345", f" {OURS}", f"{OURS} ", f"cid:{OURS}"]
    if vectors_dir is not None:
        for kind, lines in (("valid", valid), ("invalid", invalid)):
            lines += (vectors_dir / f"dag-cbor/cid_syntax_{kind}.txt").read_text().splitlines()
    for text in valid:
        if text.startswith("b"):
            assert str(Cid.parse_any(text)) == text
    for text in set(invalid) - {FOREIGN["version 0"]}:
        with pytest.raises(NameError_):
            Cid.parse_any(text)


def test_a_header_sized_map_is_no_larger_than_it_must_be() -> None:
    key = "a" * 200
    header: Value = {
        "v": 1,
        "op": "withdraw",
        "type": "t" * 64,
        "key": key,
        "time": 2**53 - 1,
        "body": Cid.of(b""),
        "size": 2**22,
    }
    assert len(encode(header)) <= HEADER_BYTES_MAX
