"""Which body a leaf names: the quick answer is always that of reading the whole header."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Header, Op, encode_header, read_leaf
from frostnode.protocol.errors import RecordError
from frostnode.protocol.limits import BODY_BYTES_MAX, KEY_CHARS_MAX, TIME_MS_MAX, TYPE_CHARS_MAX
from frostnode.protocol.named_body import NamedBody, named_body, record_of

CID = Cid.of(b"body")
USUAL = Header(op=Op.PUT, type="dataset", key="sst", time=1_700_000_000_000, body=CID, size=1024)
LEAF = encode_header(USUAL)


def by_reading(leaf: bytes) -> NamedBody | None:
    header = read_leaf(leaf)
    return None if header is None or header.body is None else NamedBody(header.body.digest, header.size)


def check(leaf: bytes) -> None:
    assert named_body(leaf) == by_reading(leaf), leaf.hex()
    header = read_leaf(leaf)
    assert record_of(leaf) == (None if header is None else (header.type, header.key)), leaf.hex()


def test_a_leaf_names_its_body_by_digest_and_size():
    assert named_body(LEAF) == (CID.digest, 1024)


def test_a_leaf_names_its_record_by_type_and_key():
    assert record_of(LEAF) == ("dataset", "sst")
    assert record_of(encode_header(Header(op=Op.WITHDRAW, type="version", key="a@1", time=0))) == (
        "version",
        "a@1",
    )
    assert record_of(b"opaque") is None


def test_a_withdrawal_may_name_none():
    assert named_body(encode_header(Header(op=Op.WITHDRAW, type="dataset", key="sst", time=0))) is None


SIZES = [1, 23, 24, 255, 256, 257, 65_535, 65_536, BODY_BYTES_MAX]
TIMES = [0, 23, 24, 2**16, 2**32 - 1, 2**32, 2**40, 2**48 - 1, 2**48, TIME_MS_MAX]
LENGTHS = [1, 22, 23, 24, 25, 100, KEY_CHARS_MAX]


@pytest.mark.parametrize("op", Op)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("time", TIMES)
def test_every_length_of_a_number(op, size, time):
    check(encode_header(Header(op=op, type="dataset", key="a/b", time=time, body=CID, size=size)))


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("type_length", [1, 23, 24, TYPE_CHARS_MAX])
def test_every_length_of_a_text(length, type_length):
    header = Header(op=Op.PUT, type="t" * type_length, key="k" * length, time=2**40, body=CID, size=1024)
    check(encode_header(header))


def test_keys_of_versions_and_of_nothing_else_have_a_label():
    version = encode_header(Header(op=Op.PUT, type="version", key="a@b", time=2**40, body=CID, size=1024))
    check(version)
    assert named_body(version) is not None
    for wrong in (
        version.replace(b"a@b", b"aab"),
        LEAF.replace(b"sst", b"s@t"),
        version.replace(b"a@b", b"@@b"),
    ):
        assert named_body(wrong) is by_reading(wrong) is None


@pytest.mark.parametrize("head", range(256))
def test_no_length_but_the_true_one_of_a_text_is_taken(head):
    at = LEAF.index(b"sst") - 1
    check(LEAF[:at] + bytes([head]) + LEAF[at + 1 :])
    check(LEAF[:at] + bytes([0x78, head]) + LEAF[at + 1 :])
    at = LEAF.index(b"dataset") - 1
    check(LEAF[:at] + bytes([head]) + LEAF[at + 1 :])
    check(LEAF[:at] + bytes([0x78, head]) + LEAF[at + 1 :])


def test_every_prefix_and_every_changed_bit():
    for at in range(len(LEAF)):
        check(LEAF[:at])
        for bit in range(8):
            check(LEAF[:at] + bytes([LEAF[at] ^ 1 << bit]) + LEAF[at + 1 :])
    check(LEAF + b"\0")


def test_a_body_is_judged_by_size_and_hash():
    named = named_body(LEAF.replace(CID.digest, sha256(b"x" * 1024).digest()))
    named.check(b"x" * 1024)
    for wrong in (b"", b"x" * 1023, b"y" * 1024):
        with pytest.raises(RecordError) as caught:
            named.check(wrong)
        assert caught.value.code == "body.hash"


@given(st.data())
def test_any_bytes_in_the_place_of_some(data):
    start = data.draw(st.integers(0, len(LEAF)))
    stop = data.draw(st.integers(start, min(len(LEAF), start + 16)))
    check(LEAF[:start] + data.draw(st.binary(max_size=16)) + LEAF[stop:])


@given(
    st.from_regex(r"[A-Za-z0-9._:@~/-]{1,40}", fullmatch=True), st.sampled_from(["dataset", "version", "a.b"])
)
def test_any_text_in_the_place_of_a_key(key, type_):
    usual = encode_header(Header(op=Op.PUT, type="dataset", key="k", time=2**40, body=CID, size=1024))
    head = bytes([0x60 + len(key)] if len(key) < 24 else [0x78, len(key)])
    leaf = usual.replace(b"ckeyak", b"ckey" + head + key.encode())
    check(leaf.replace(b"gdataset", bytes([0x60 + len(type_)]) + type_.encode()))


@given(st.binary(max_size=200))
def test_any_bytes(leaf):
    check(leaf)
