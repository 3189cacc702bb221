"""Pages of heads and of what is withheld: any bytes are a page or heads.malformed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import LogError
from frostnode.protocol.limits import REASON_CHARS_MAX
from frostnode.replicate.listing import HeadLine, WithheldLine, read_heads, read_withheld
from frostnode.testing.memory_publisher import MemoryPublisher

SOURCE = MemoryPublisher()
SOURCE.put("key", {"title": "Title"})
HEAD = {
    "did": SOURCE.did,
    "origin": SOURCE.origin,
    "epoch": 0,
    "checkpoint": SOURCE.note().decode(),
    "tip": str(SOURCE.genesis.cid),
    "forked": False,
}
WITHHELD = {
    "kind": "body",
    "cid": "c",
    "origin": SOURCE.origin,
    "index": 3,
    "state": "erased",
    "reason": "law",
}

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["\ud800", "did:frost:x", SOURCE.origin, str(SOURCE.genesis.cid)]),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


def test_a_page_of_heads():
    raw = json.dumps({"heads": [HEAD, HEAD | {"checkpoint": None, "more": 1}], "next": 8, "more": 1}).encode()
    line = HeadLine(did=SOURCE.did, origin=SOURCE.origin, note=SOURCE.note(), tip=SOURCE.genesis.cid)
    bare = HeadLine(did=SOURCE.did, origin=SOURCE.origin, note=None, tip=SOURCE.genesis.cid)
    assert read_heads(raw, 7) == ([line, bare], 8)


def test_a_page_of_what_is_withheld():
    raw = json.dumps(
        {"withheld": [WITHHELD, WITHHELD | {"reason": "\udfff" + "x" * 1000}], "next": None}
    ).encode()
    lines, following = read_withheld(raw, 0)
    assert lines[0] == WithheldLine(origin=SOURCE.origin, index=3, reason="law")
    assert lines[1].reason == "?" + "x" * (REASON_CHARS_MAX - 1)
    assert following is None


@pytest.mark.parametrize("read", [read_heads, read_withheld])
@given(data=st.binary(max_size=60))
def test_any_bytes(read, data):
    with pytest.raises(LogError) as caught:
        read(data, 0)
    assert caught.value.code == "heads.malformed"


@given(name=st.sampled_from([*HEAD]), value=ODD)
def test_any_head(name, value):
    raw = json.dumps({"heads": [HEAD | {name: value}], "next": None}).encode()
    try:
        ((line,), _) = read_heads(raw, 0)
    except LogError as error:
        assert error.code == "heads.malformed"  # noqa: PT017 - it may be a page
    else:
        assert (line.did, line.origin) == (SOURCE.did, SOURCE.origin)


@given(name=st.sampled_from(sorted(WITHHELD.keys() - {"kind"})), value=ODD, following=ODD)
def test_any_line_of_what_is_withheld(name, value, following):
    raw = json.dumps({"withheld": [WITHHELD | {name: value}], "next": following}).encode()
    try:
        ((line,), number) = read_withheld(raw, 4)
    except LogError as error:
        assert error.code == "heads.malformed"  # noqa: PT017 - it may be a page
    else:
        assert line.reason.encode()
        assert number is None or number > 4


def test_lines_of_other_kinds_say_nothing_of_leaves():
    block = {"kind": "publisher", "did": SOURCE.did, "state": "blocked", "reason": "spam"}
    raw = json.dumps({"withheld": [block, WITHHELD, {"kind": ["new"]}], "next": None}).encode()
    (line,), _ = read_withheld(raw, 0)
    assert line.index == WITHHELD["index"]
