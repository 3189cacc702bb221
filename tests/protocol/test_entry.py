"""Headers and bodies: one byte string for one header, and a body that only its hash and size judge."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frostnode.protocol.dagcbor import Cid, decode, encode
from frostnode.protocol.entry import (
    Header,
    Op,
    check_body,
    decode_body,
    encode_body,
    encode_header,
    header_cid,
    parse_header,
    read_leaf,
    same_content,
)
from frostnode.protocol.errors import EncodingError, NameError_, PeerError, RecordError
from frostnode.protocol.limits import (
    BODY_BYTES_MAX,
    BODY_DEPTH_MAX,
    HEADER_BYTES_MAX,
    SALT_BYTES,
    TIME_MS_MAX,
)
from frostnode.protocol.names import check_type_and_key

SALT = bytes(range(SALT_BYTES))
BODY = encode_body({"title": "Sea surface temperature"}, SALT)
PUT = Header(op=Op.PUT, type="dataset", key="sst", time=1_700_000_000_000, body=Cid.of(BODY), size=len(BODY))
WITHDRAW = Header(op=Op.WITHDRAW, type="version", key="sst@v1", time=0)


def fields_of(header: Header) -> dict:
    return dict(decode(encode_header(header)))


# -- headers ----------------------------------------------------------------------------------------


def test_header_is_the_stated_bytes() -> None:
    data = encode_header(PUT)
    assert decode(data) == {
        "v": 1,
        "op": "put",
        "type": "dataset",
        "key": "sst",
        "time": 1_700_000_000_000,
        "body": Cid.of(BODY),
        "size": len(BODY),
    }
    assert data.startswith(
        bytes.fromhex("a7 6176 01 626f70 63707574 636b6579 63737374 64626f6479 d82a58250001711220")
    )
    assert parse_header(data) == read_leaf(data) == PUT
    assert header_cid(data) == Cid.of(data)


def test_withdrawal_may_leave_out_its_body() -> None:
    assert parse_header(encode_header(WITHDRAW)) == WITHDRAW
    with_reason = Header(op=Op.WITHDRAW, type="dataset", key="sst", time=1, body=Cid.of(BODY), size=len(BODY))
    assert parse_header(encode_header(with_reason)) == with_reason


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"op": "delete"},
        {"op": "PUT"},
        {"op": None},
        {"type": ""},
        {"type": "Dataset"},
        {"type": "a" * 65},
        {"type": "dataset\n"},
        {"type": "version"},
        {"key": ""},
        {"key": "~a"},
        {"key": "/a"},
        {"key": "a b"},
        {"key": "a\n"},
        {"key": "é"},
        {"key": "sst@v1"},
        {"key": "k" * 201},
        {"key": b"sst"},
        {"time": -1},
        {"time": 1.0},
        {"time": True},
        {"time": TIME_MS_MAX + 1},
        {"body": Cid.of(BODY).raw},
        {"body": Cid(bytes.fromhex("01551220") + bytes(32))},
        {"body": None},
        {"size": 0},
        {"size": BODY_BYTES_MAX + 1},
        {"size": None},
        {"extra": 1},
    ],
    ids=str,
)
def test_other_fields_are_no_header(change: dict) -> None:
    data = encode(fields_of(PUT) | change)
    with pytest.raises(RecordError, match=r"header") as caught:
        parse_header(data)
    assert caught.value.code == "header.malformed"
    assert read_leaf(data) is None


@pytest.mark.parametrize("field", ["v", "op", "type", "key", "time", "body", "size"])
def test_no_field_of_a_put_may_be_missing(field: str) -> None:
    fields = fields_of(PUT)
    del fields[field]
    assert read_leaf(encode(fields)) is None


@pytest.mark.parametrize("field", ["v", "op", "type", "key", "time"])
def test_no_other_field_of_a_withdrawal_may_be_missing(field: str) -> None:
    fields = fields_of(WITHDRAW)
    del fields[field]
    assert read_leaf(encode(fields)) is None


def test_a_put_needs_its_body() -> None:
    fields = fields_of(PUT)
    del fields["body"], fields["size"]
    assert read_leaf(encode(fields)) is None


def test_the_longest_names_fit_into_a_header() -> None:
    key = "k" * 99 + "@" + "l" * 100
    longest = Header(
        op=Op.WITHDRAW, type="version", key=key, time=TIME_MS_MAX, body=Cid.of(b""), size=BODY_BYTES_MAX
    )
    assert parse_header(encode_header(longest)) == longest
    other = Header(
        op=Op.PUT, type="t" * 64, key="k" * 200, time=TIME_MS_MAX, body=Cid.of(b""), size=BODY_BYTES_MAX
    )
    assert len(encode_header(other)) <= HEADER_BYTES_MAX


def test_a_leaf_above_the_limit_is_no_header() -> None:
    with pytest.raises(RecordError) as caught:
        parse_header(bytes(HEADER_BYTES_MAX + 1))
    assert caught.value.code == "header.too-large"


def test_what_is_no_header_is_not_written() -> None:
    for wrong in [
        Header(op=Op.PUT, type="dataset", key="sst", time=0),
        Header(op=Op.PUT, type="dataset", key="sst", time=0, size=1),
        Header(op=Op.WITHDRAW, type="dataset", key="a b", time=0),
        Header(op=Op.WITHDRAW, type="dataset", key="\ud800", time=0),
    ]:
        with pytest.raises(RecordError):
            encode_header(wrong)


names = st.text(alphabet="abzAZ09._~:/-@é\n", max_size=8) | st.sampled_from(
    ["k" * 200, "k" * 201, "k@" + "l" * 199]
)


@given(st.sampled_from(["dataset", "version", "org.example.thing", "9", "x" * 65]) | names, names)
@example("version", "a@b@c")
@example("version", "a@b/c")
def test_names_follow_the_one_grammar(type_: str, key: str) -> None:
    """The hot path has expressions of its own; `names` is their slow twin."""
    try:
        check_type_and_key(type_, key)
        expected = True
    except NameError_:
        expected = False
    assert (read_leaf(encode(fields_of(WITHDRAW) | {"type": type_, "key": key})) is not None) == expected


@given(st.binary(max_size=600))
def test_any_bytes_are_a_header_or_opaque(data: bytes) -> None:
    header = read_leaf(data)
    assert header is None or encode_header(header) == data


@given(st.integers(0, len(encode_header(PUT)) - 1), st.integers(0, 255))
def test_a_damaged_header_is_another_header_or_opaque(position: int, byte: int) -> None:
    data = bytearray(encode_header(PUT))
    data[position] = byte
    header = read_leaf(bytes(data))
    assert header is None or encode_header(header) == data


def test_a_truncated_header_is_opaque() -> None:
    data = encode_header(PUT)
    assert not any(read_leaf(data[:stop]) for stop in range(len(data)))
    assert read_leaf(data + b"\x00") is None


# -- bodies -----------------------------------------------------------------------------------------


def test_body_is_the_fields_and_a_salt() -> None:
    assert decode(BODY) == {"title": "Sea surface temperature", "salt": SALT}
    assert decode_body(BODY) == {"title": "Sea surface temperature"}
    assert decode_body(encode_body({}, SALT)) == {}


def test_a_record_has_no_salt_of_its_own() -> None:
    with pytest.raises(RecordError) as caught:
        encode_body({"title": "x", "salt": b""}, SALT)
    assert caught.value.code == "record.field"


@pytest.mark.parametrize("salt", [b"", SALT[1:], SALT + b"\x00"])
def test_a_salt_of_another_length_is_refused(salt: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        encode_body({}, salt)
    assert caught.value.code == "body.malformed"


@pytest.mark.parametrize("value", [[], "text", None, {}, {"salt": "0123456789abcdef"}, {"salt": SALT[1:]}])
def test_a_body_without_salt_is_malformed(value: object) -> None:
    with pytest.raises(RecordError) as caught:
        decode_body(encode(value))
    assert caught.value.code == "body.malformed"


def test_a_body_has_a_largest_size() -> None:
    room = BODY_BYTES_MAX - len(encode_body({"text": ""}, SALT)) - 4
    assert len(encode_body({"text": "x" * room}, SALT)) == BODY_BYTES_MAX
    with pytest.raises((RecordError, EncodingError)) as caught:
        encode_body({"text": "x" * (room + 1)}, SALT)
    assert caught.value.code in {"body.too-large", "encoding.too-large"}


def test_a_body_has_a_largest_depth() -> None:
    value: object = "deep"
    for _ in range(BODY_DEPTH_MAX - 1):
        value = [value]
    assert decode_body(encode_body({"a": value}, SALT)) == {"a": value}
    with pytest.raises(EncodingError) as caught:
        encode_body({"a": [value]}, SALT)
    assert caught.value.code == "encoding.too-deep"


def test_a_body_is_judged_by_hash_and_size_alone() -> None:
    check_body(PUT, BODY)
    unreadable = b"not DAG-CBOR"
    check_body(Header(op=Op.PUT, type="x", key="y", time=0, body=Cid.of(unreadable), size=12), unreadable)


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (PUT, BODY + b"\x00"),
        (PUT, BODY[:-1] + b"x"),
        (PUT, b""),
        (WITHDRAW, BODY),
        (WITHDRAW, b""),
    ],
)
def test_another_body_is_refused(header: Header, body: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        check_body(header, body)
    assert caught.value.code == "body.hash"


def test_content_is_compared_without_salt() -> None:
    other_salt = bytes(SALT_BYTES)
    assert same_content(BODY, encode_body({"title": "Sea surface temperature"}, other_salt))
    assert not same_content(BODY, encode_body({"title": "sea surface temperature"}, other_salt))
    assert not same_content(encode_body({"n": 1}, SALT), encode_body({"n": 1.0}, SALT))
    assert not same_content(encode_body({"n": 1}, SALT), encode_body({"n": True}, SALT))
    assert not same_content(encode_body({"n": "é"}, SALT), encode_body({"n": "e\u0301"}, SALT))
    assert same_content(b"junk", b"junk")
    assert not same_content(b"junk", BODY)
    assert not same_content(BODY, b"junk")


texts = st.text(alphabet="az\0é\u0301\U0001f600", max_size=4)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)
    | texts
    | st.binary(max_size=4)
)
values = (
    scalars
    | st.lists(scalars, max_size=3)
    | st.dictionaries(texts, st.lists(scalars, max_size=2), max_size=3)
)
records = st.dictionaries(texts, values, max_size=4)


@given(records, st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES))
def test_every_record_comes_back(fields: dict, salt: bytes) -> None:
    data = encode_body(fields, salt)
    assert (
        repr(sorted(decode_body(data).items())) == repr(sorted(fields.items())) or decode_body(data) == fields
    )
    assert encode_body(decode_body(data), salt) == data
    assert same_content(data, encode_body(fields, bytes(SALT_BYTES)))


@given(st.binary(max_size=64) | st.builds(lambda cut: BODY[:cut], st.integers(0, len(BODY))))
def test_any_bytes_are_a_body_or_a_peer_error(data: bytes) -> None:
    with suppress(PeerError):
        decode_body(data)
