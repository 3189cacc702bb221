"""Frames: whole, split at every byte, and garbage."""

from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import FrameError
from frostnode.protocol.frames import (
    COMPLETE,
    BodiesFrame,
    BodyAbsent,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EntriesFrame,
    EventsFrame,
    FrameDecoder,
    WithheldLeaf,
    decode_frame,
    encode_byte_string,
    encode_frame,
    split_byte_strings,
)
from frostnode.protocol.limits import (
    CURSOR_BYTES_MAX,
    FRAME_BYTES_MAX,
    FRAME_HEADERS_MAX,
    FRAME_ITEMS_MAX,
    PROOF_HASHES_MAX,
    TREE_SIZE_MAX,
)

HASH = b"h" * 32
FRAMES = [
    EventsFrame(did="did:frost:x", events=[b"one", b"two"], cursor=b"c"),
    CheckpointFrame(origin="o", note=b"note", old=3, proof=[HASH]),
    EntriesFrame(
        origin="o",
        size=9,
        start=2,
        bundle=b"\0\1a\0\0",
        withheld=[WithheldLeaf(1, HASH, "law")],
        proof=[HASH],
    ),
    EntriesFrame(origin="o", size=9, start=2, bundle=b"\0\1a", withheld=[], proof=[], cursor=b"c" * 32),
    BodiesFrame(
        origin="o", start=0, items=[b"body", None, BodyAbsent("erased", "law"), BodyAbsent("refused", "")]
    ),
    CursorFrame(cursor=b"\1" * 32),
    EndFrame(code=COMPLETE, reason="bye"),
]


def feed(data: bytes, step: int) -> list:
    decoder = FrameDecoder()
    frames = [frame for at in range(0, len(data), step) for frame in decoder.feed(data[at : at + step])]
    assert decoder.is_empty
    return frames


@pytest.mark.parametrize("step", [1, 2, 7, 10_000])
def test_frames_come_back_however_they_are_split(step):
    assert feed(b"".join(map(encode_frame, FRAMES)), step) == FRAMES


def test_an_incomplete_frame_is_waited_for():
    data = encode_frame(FRAMES[0])
    decoder = FrameDecoder()
    assert decoder.feed(data[:-1]) == []
    assert not decoder.is_empty
    assert decoder.feed(data[-1:]) == [FRAMES[0]]


def test_unknown_fields_are_ignored():
    assert decode_frame(cbor2.dumps(["end", {"code": "a", "reason": "", "new": [1]}])) == EndFrame(code="a")


def entries(**changes):
    return [
        "entries",
        {"origin": "o", "size": 9, "start": 2, "bundle": b"", "withheld": [], "proof": []} | changes,
    ]


def bodies(*items):
    return ["bodies", {"origin": "o", "start": 0, "items": list(items)}]


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "end"},
        ["end"],
        ["end", {}, {}],
        ["unknown", {}],
        [1, {}],
        ["end", {"code": 1, "reason": ""}],
        ["end", {"code": "c" * 65, "reason": ""}],
        entries(size=-1),
        entries(size=TREE_SIZE_MAX + 1),
        entries(size=True),
        entries(size=1.0),
        entries(start=None),
        entries(proof=[b"h" * 31]),
        entries(proof=["h" * 32]),
        entries(proof=[HASH] * (PROOF_HASHES_MAX + 1)),
        entries(proof={"a": HASH}),
        entries(bundle="text"),
        entries(origin="o" * 256),
        entries(withheld=[[0, HASH]]),
        entries(withheld=[[0, HASH, "r" * 201]]),
        entries(withheld=[[256, HASH, ""]]),
        entries(withheld=[[1, HASH, ""], [0, HASH, ""]]),
        entries(withheld=[[1, HASH, ""], [1, HASH, ""]]),
        entries(cursor=b"c" * 65),
        entries(cursor=None),
        bodies("text"),
        bodies(["lost", "reason"]),
        bodies(["erased"]),
        bodies(["erased", 1]),
        bodies(*[None] * 257),
    ],
)
def test_malformed_content_is_refused(content):
    with pytest.raises(FrameError) as caught:
        decode_frame(cbor2.dumps(content))
    assert caught.value.code == "frame.malformed"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (bytes.fromhex("c101"), "a tag"),
        (bytes.fromhex("c5821b7fffffffffffffff01"), "a big float, which would be computed"),
        (bytes.fromhex("d81c81d81d00"), "a shared reference to itself"),
        (bytes.fromhex("9f63656e64a0ff"), "an indefinite array"),
        (bytes.fromhex("8263656e64bf64636f6465616166726561736f6e60ff"), "an indefinite map"),
        (bytes.fromhex("8263656e64a264636f6465616164636f64656162"), "a repeated key"),
        (bytes.fromhex("8263656e64a10102"), "a key that is no text"),
        (b"\x81" * 1000 + b"\x00", "nesting"),
        (cbor2.dumps(["end", {"code": "a", "reason": ""}]) + b"\0", "a trailing byte"),
        (b"", "nothing"),
    ],
)
def test_lax_cbor_is_refused(content, why):
    with pytest.raises(FrameError):
        decode_frame(content)


@pytest.mark.parametrize("head", [b"\x5f", b"\x5b" + bytes(8), b"\x82", b"\x18\x40", b"\xff", b"\x5c"])
def test_an_item_that_is_no_definite_byte_string_is_refused(head):
    with pytest.raises(FrameError) as caught:
        FrameDecoder().feed(head)
    assert caught.value.code == "frame.malformed"


def test_a_frame_above_the_limit_is_refused_before_it_is_read():
    with pytest.raises(FrameError) as caught:
        FrameDecoder().feed(b"\x5a" + (FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
    assert caught.value.code == "frame.too-large"
    assert FrameDecoder().feed(b"\x5a" + FRAME_BYTES_MAX.to_bytes(4, "big")) == []


def test_as_many_items_as_a_frame_may_have_and_one_more():
    def end_with(items):
        return cbor2.dumps(["end", {"code": "a", "reason": "", "x": [0] * items}])

    more = FRAME_ITEMS_MAX - 9  # the array, its kind and map, three keys, two values and the list
    assert decode_frame(end_with(more)) == EndFrame(code="a")
    with pytest.raises(FrameError) as caught:
        decode_frame(end_with(more + 1))
    assert caught.value.code == "frame.malformed"
    assert "items" in str(caught.value)


def test_a_cursor_of_the_largest_size_is_one():
    cursor = b"c" * CURSOR_BYTES_MAX
    assert decode_frame(cbor2.dumps(["cursor", {"cursor": cursor}])) == CursorFrame(cursor=cursor)
    with pytest.raises(FrameError):
        decode_frame(cbor2.dumps(["cursor", {"cursor": cursor + b"c"}]))


@given(st.binary(max_size=200), st.integers(1, 9))
def test_any_bytes_are_frames_or_a_frame_error(data, step):
    decoder = FrameDecoder()
    with suppress(FrameError):
        for at in range(0, len(data), step):
            decoder.feed(data[at : at + step])


@given(st.sampled_from(FRAMES), st.data())
def test_a_changed_byte_is_another_frame_or_a_frame_error(frame, data):
    raw = bytearray(encode_frame(frame))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with suppress(FrameError):
        FrameDecoder().feed(bytes(raw))


@given(st.binary(max_size=100))
def test_any_frame_content_is_a_frame_or_a_frame_error(data):
    with suppress(FrameError):
        decode_frame(data)


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_sequences_of_byte_strings(items):
    assert list(split_byte_strings(b"".join(map(encode_byte_string, items)))) == items


@given(st.binary(max_size=60))
def test_any_bytes_are_a_sequence_or_a_frame_error(data):
    with suppress(FrameError):
        list(split_byte_strings(data))


def test_a_sequence_cut_short_is_refused():
    with pytest.raises(FrameError):
        list(split_byte_strings(encode_byte_string(b"abc")[:-1]))


def test_a_frame_has_so_many_bodies_or_leaves_that_are_withheld_and_no_more():
    def bodies(count):
        return BodiesFrame(origin="o", start=0, items=[None] * count)

    def entries(count):
        withheld = [WithheldLeaf(at, HASH, "law") for at in range(count)]
        bundle = b"\0\0" * count
        return EntriesFrame(origin="o", size=999, start=0, bundle=bundle, withheld=withheld, proof=[])

    for make in (bodies, entries):
        frame = make(FRAME_HEADERS_MAX)
        assert feed(encode_frame(frame), 2**20) == [frame]
        with pytest.raises(FrameError) as caught:
            feed(encode_frame(make(FRAME_HEADERS_MAX + 1)), 2**20)
        assert caught.value.code == "frame.malformed"
