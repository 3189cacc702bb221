"""An archive is read in one way or refused with its place, in whatever pieces it comes, and says what it proves."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.archive import (
    ArchiveDecoder,
    ArchivedLog,
    Manifest,
    encode_end,
    encode_part,
)
from frostnode.protocol.archive_check import ArchiveCheck
from frostnode.protocol.car import HEAD_BYTES, encode_block, encode_head, is_car
from frostnode.protocol.dagcbor import Cid, encode
from frostnode.protocol.errors import PeerError
from frostnode.protocol.frames import BodiesFrame, BodyAbsent, CursorFrame, EntriesFrame, EventsFrame
from frostnode.protocol.limits import ARCHIVE_BLOCK_BYTES_MAX, ARCHIVE_MANIFEST_BYTES_MAX
from frostnode.protocol.names import DID_PREFIX
from frostnode.replicate.dispute import evidence_frame
from frostnode.testing.archives import archive_of, archive_with, frames_of, manifest_of
from frostnode.testing.equivocation import evidence_of, twin_of
from frostnode.testing.memory_publisher import MemoryPublisher


def publisher(name="p", count=3):
    made = MemoryPublisher(name)
    for at in range(count):
        made.put(f"key-{at}", {"title": f"Title {at}"})
    return made


def check(data, step=1 << 20):
    made = ArchiveCheck()
    for at in range(0, len(data), step):
        made.feed(data[at : at + step])
    return made.close()


def parsed(data):
    decoder = ArchiveDecoder()
    frames = [placed.frame for placed in decoder.feed(data)]
    decoder.close()
    return frames


def refusal(data, read=check):
    with pytest.raises(PeerError) as caught:
        read(data)
    return caught.value


SMALL = publisher()
SMALL_FILE = archive_of(SMALL)
FRAMES = list(frames_of(SMALL))
MANIFEST = manifest_of(SMALL)


# what is sound


def test_all_epochs_are_proven_and_told():
    first = publisher(count=300)
    first.withdraw("key-0")
    second = first.move()
    second.put("later", {"title": "Later"})
    checked = check(archive_of(first, second))
    assert (checked.did, checked.tip_n, checked.entries) == (first.did, 1, 302)
    assert [(log.epoch, log.size, log.settled, log.bodies) for log in checked.logs] == [
        (0, 301, True, 300),
        (1, 1, False, 1),
    ]
    assert [log.root for log in checked.logs] == [first.tree().root(), second.tree().root()]
    assert "Epoch 0: 301 entries, where the identity history ends the epoch" in checked.statement
    assert "Epoch 1: 1 entry, signed by the epoch's key; the contents of 1 of 1." in checked.statement


def test_what_is_absent_is_told_with_the_number():
    bodies = BodiesFrame(
        origin=SMALL.origin, start=0, items=[BodyAbsent("erased", "by law"), None, SMALL.bodies[2]]
    )
    checked = check(archive_with(MANIFEST, [*FRAMES[:-1], bodies]))
    assert "the contents of 1 of 3, 1 withheld." in checked.statement


def test_an_epoch_that_is_not_in_the_file_is_told():
    first = publisher()
    second = first.move()
    manifest = Manifest(did=first.did, tip=None, logs=())
    assert "Epoch 0: none of 3 entries." in check(archive_with(manifest, [second.events()])).statement


def test_large_bodies_come_one_by_one():
    large = MemoryPublisher("large")
    for at in range(3):
        large.put(f"large-{at}", {"text": "x" * 1_500_000})
    assert check(archive_of(large)).logs[0].bodies == 3


def test_evidence_stands_behind_the_leaves_and_is_told():
    one, other = SMALL, twin_of(SMALL, 1)
    evidence = evidence_frame(evidence_of(one, other))
    assert check(archive_with(MANIFEST, [*FRAMES, evidence])).logs[0].disputed


def test_the_first_bytes_tell_an_archive():
    assert is_car(SMALL_FILE[:64])
    assert not is_car(b"\xa8" + bytes(63))
    assert not is_car(b"")


@pytest.mark.slow
@given(st.integers(1, 5000))
def test_pieces_do_not_matter(step):
    assert check(SMALL_FILE, step) == check(SMALL_FILE)


# what is not


@pytest.mark.slow
def test_whatever_is_missing_at_the_end_is_noticed():
    for size in range(len(SMALL_FILE)):
        error = refusal(SMALL_FILE[:size], parsed)
        assert error.code == "archive.truncated"


@pytest.mark.slow
def test_whatever_bit_is_turned_is_noticed_and_placed():
    chance = random.Random(7)
    for at in range(len(SMALL_FILE)):
        data = bytearray(SMALL_FILE)
        data[at] ^= 1 << chance.randrange(8)
        error = refusal(bytes(data), parsed)
        assert error.code in ("archive.malformed", "archive.truncated"), (at, error)
        assert at < HEAD_BYTES or "block " in str(error)


def test_bytes_behind_the_end_are_noticed():
    assert refusal(SMALL_FILE + encode_end()).code == "archive.order"
    assert refusal(SMALL_FILE + b"\x01").code == "archive.malformed"


def block(value):
    data = encode(value)
    return encode_block(Cid.of(data), data)


def with_manifest(value):
    data = encode(value)
    return encode_head(Cid.of(data)) + encode_block(Cid.of(data), data)


LINE = {"origin": SMALL.origin, "size": 3}
OTHER = publisher("other")


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"format": "frost-archive/2", "did": SMALL.did, "tip": None, "logs": []},
        {"format": "frost-archive/1", "did": SMALL.did, "logs": []},
        {"format": "frost-archive/1", "did": SMALL.did, "tip": None, "logs": {}},
        {"format": "frost-archive/1", "did": SMALL.did, "tip": "x", "logs": []},
        {"format": "frost-archive/1", "did": SMALL.did, "tip": None, "logs": [LINE, LINE]},
        {"format": "frost-archive/1", "did": SMALL.did, "tip": None, "logs": [{**LINE, "size": True}]},
        {"format": "frost-archive/1", "did": SMALL.did, "tip": None, "logs": [{**LINE, "size": -1}]},
        {
            "format": "frost-archive/1",
            "did": SMALL.did,
            "tip": None,
            "logs": [{**LINE, "origin": OTHER.origin}],
        },
        {"format": "frost-archive/1", "did": SMALL.did, "tip": None, "logs": [1]},
    ],
)
def test_a_manifest_has_one_form(value):
    assert refusal(with_manifest(value)).code == "archive.malformed"


def test_a_manifest_has_so_many_bytes_and_no_more():
    manifest = {"format": "frost-archive/1", "did": SMALL.did, "tip": None, "logs": [], "more": "x" * 2**16}
    room = ARCHIVE_MANIFEST_BYTES_MAX - len(encode(manifest))
    assert list(ArchiveDecoder().feed(with_manifest({**manifest, "more": "x" * (2**16 + room)}))) == []
    too_large = with_manifest({**manifest, "more": "x" * (2**16 + room + 1)})
    assert refusal(too_large).code == "encoding.too-large"


def test_a_manifest_names_a_publisher():
    manifest = {"format": "frost-archive/1", "did": DID_PREFIX, "tip": None, "logs": []}
    assert refusal(with_manifest(manifest)).code == "name.did"


def test_the_first_block_is_the_root():
    data = SMALL_FILE[HEAD_BYTES:]
    assert refusal(encode_head(Cid.of(b"other")) + data).code == "archive.malformed"


def test_another_car_is_none():
    raw = b"\x3a" + encode({"roots": [Cid.of(b"x")], "version": 1}).replace(b"\x01\x71", b"\x01\x55")
    assert refusal(raw).code == "archive.malformed"
    assert refusal(b"garbage").code == "archive.malformed"


def test_a_length_has_one_spelling_and_a_bound():
    head = encode_head(Cid.of(b"x"))
    for length in (b"\xa5\x80\x00", b"\x24", b"\x00", b"\xff\xff\xff\xff"):
        assert refusal(head + length + bytes(40)).code == "archive.malformed"
    long = ARCHIVE_BLOCK_BYTES_MAX + 1
    number = bytes([long & 127 | 128, long >> 7 & 127 | 128, long >> 14 & 127 | 128, long >> 21])
    assert "length" in str(refusal(head + number))


@pytest.mark.parametrize(
    "frames",
    [
        FRAMES[1:],
        FRAMES[:1],
        [FRAMES[0], *FRAMES[2:], FRAMES[1]],
        [FRAMES[0], FRAMES[1], FRAMES[1], *FRAMES[2:]],
        [*FRAMES, FRAMES[-1]],
        [*FRAMES, FRAMES[2]],
        [*FRAMES, FRAMES[0]],
        [*FRAMES[:2], FRAMES[3], FRAMES[2]],
        [*FRAMES, *frames_of(OTHER)],
        [OTHER.events(), *FRAMES[1:]],
        [*FRAMES, CursorFrame(cursor=b"x")],
        [*FRAMES[:2], SMALL.entries(0, 2, 3)],
        [*FRAMES[:2], SMALL.entries(0, 2, 3), SMALL.entries(2, 3, 3)],
        [*FRAMES[:3], BodiesFrame(origin=SMALL.origin, start=0, items=[])],
        [*FRAMES[:3], BodiesFrame(origin=SMALL.origin, start=2, items=[None, None])],
        [*FRAMES[:3], BodiesFrame(origin=OTHER.origin, start=0, items=[None])],
    ],
    ids=range(16),
)
def test_parts_come_in_one_order(frames):
    assert refusal(archive_with(MANIFEST, frames)).code in ("archive.order", "frame.order")


def test_logs_come_as_the_manifest_says():
    first = publisher()
    second = first.move()
    second.put("later", {"title": "Later"})
    frames = list(frames_of(first, second))
    manifest = manifest_of(first, second)
    swapped = [frames[0], *frames[4:], *frames[1:4]]
    assert refusal(archive_with(manifest, swapped)).code == "archive.order"
    assert refusal(archive_with(manifest, frames[:4])).code == "archive.order"
    short = Manifest(did=first.did, tip=None, logs=manifest.logs[:1])
    assert refusal(archive_with(short, frames)).code == "archive.order"


def test_a_body_stands_behind_its_link():
    links = ["bodies", {"origin": SMALL.origin, "start": 0, "items": [Cid.of(b"other")]}]
    data = archive_with(MANIFEST, FRAMES[:3], block(links) + block({"any": "body"}))
    assert refusal(data).code == "archive.order"
    assert refusal(archive_with(MANIFEST, FRAMES[:3], block(links))).code == "archive.truncated"


def test_a_body_never_stands_in_the_part_itself():
    inline = ["bodies", {"origin": SMALL.origin, "start": 0, "items": [SMALL.bodies[0]]}]
    assert refusal(archive_with(MANIFEST, FRAMES[:3], block(inline))).code == "archive.malformed"


def test_many_bodies_have_a_bound():
    large = MemoryPublisher("large")
    for at in range(3):
        large.put(f"large-{at}", {"text": f"{at}" * 700_000})
    frames = list(large.stream())
    assert "bodies of one run" in str(refusal(archive_with(manifest_of(large), frames)))


def test_parts_have_one_form():
    for value in (
        1,
        [],
        ["events"],
        ["bodies", {"items": 3}],
        ["nothing", {}],
        ["end", {"code": "x", "reason": ""}],
    ):
        error = refusal(archive_with(MANIFEST, FRAMES[:1], block(value)))
        assert error.code in ("archive.malformed", "frame.malformed", "archive.order")
        assert "block 2 at byte" in str(error)


# what is well-formed and false


def test_leaves_of_another_tree_are_refused_with_log_and_place():
    forged = publisher()
    forged.leaves[1] = forged.leaves[0]
    error = refusal(archive_with(MANIFEST, [FRAMES[0], FRAMES[1], forged.entries(0, 3, 3)]))
    assert error.code == "tree.root"
    assert SMALL.origin in str(error)
    assert "block 3 at byte" in str(error)


def test_a_checkpoint_of_another_key_is_refused():
    other = publisher()
    other.key = OTHER.key
    frames = [FRAMES[0], list(other.stream())[1], *FRAMES[2:]]
    assert refusal(archive_with(MANIFEST, frames)).code == "note.signature"


def test_a_body_of_another_record_is_refused():
    swapped = BodiesFrame(origin=SMALL.origin, start=0, items=[SMALL.bodies[1]])
    assert refusal(archive_with(MANIFEST, [*FRAMES[:3], swapped])).code == "body.hash"


def test_a_body_of_another_record_is_refused_in_an_ended_epoch_too():
    first = publisher()
    second = first.move()
    swapped = BodiesFrame(origin=first.origin, start=0, items=[first.bodies[1]])
    frames = [*list(frames_of(first, second))[:3], swapped]
    manifest = Manifest(did=first.did, tip=None, logs=(ArchivedLog(origin=first.origin, size=3),))
    assert refusal(archive_with(manifest, frames)).code == "body.hash"


def test_a_log_past_its_end_is_refused_and_the_end_is_said():
    first = publisher()
    frames = [first.move(2).events(), *list(first.stream())[1:]]
    error = refusal(archive_with(MANIFEST, frames))
    assert error.code == "archive.order"
    assert "found 3, expected 2, where the identity history ends the epoch" in str(error)


def test_two_histories_are_told_with_both_and_the_logs_behind_are_passed_over():
    first = publisher()
    one, other = first.move(2, url="https://one.example"), first.move(3, url="https://other.example")
    both = EventsFrame(did=first.did, events=[*one.events().events, other.history[-1].raw])
    frames = [
        both,
        FRAMES[1],
        first.entries(0, 2, 2),
        BodiesFrame(origin=first.origin, start=0, items=first.bodies[:2]),
    ]
    manifest = Manifest(
        did=first.did, tip=one.history[-1].cid, logs=(ArchivedLog(origin=first.origin, size=2),)
    )
    checked = check(archive_with(manifest, frames))
    assert (checked.forked, checked.logs) == (True, [])
    assert f"Not judged, because the identity is forked: {first.origin}." in checked.statement
    for rival in (one, other):
        assert str(rival.history[-1].cid) in checked.statement


def test_an_epoch_that_nobody_opened_is_refused():
    moved = publisher().move()
    moved.put("key", {"title": "x"})
    manifest = manifest_of(moved)
    frames = [SMALL.events(), *list(moved.stream())[1:]]
    assert refusal(archive_with(manifest, frames)).code == "epoch.unknown"


def test_an_identity_without_its_beginning_is_refused():
    moved = publisher().move()
    events = moved.events()
    cut = type(events)(did=events.did, events=events.events[1:])
    empty = Manifest(did=moved.did, tip=None, logs=(ArchivedLog(origin=moved.origin, size=0),))
    assert refusal(archive_with(empty, [cut])).code in ("archive.order", "identity.unknown")


def test_an_end_beyond_what_the_file_has_is_refused():
    first = publisher(count=4)
    frames = list(frames_of(first))
    manifest = Manifest(did=first.did, tip=None, logs=(ArchivedLog(origin=first.origin, size=5),))
    assert refusal(archive_with(manifest, frames)).code == "archive.order"


@pytest.mark.slow
@given(st.data())
def test_any_blocks_are_read_or_refused(data):
    kinds = ["events", "checkpoint", "entries", "bodies", "evidence", "cursor", "end", "x"]
    values = st.recursive(
        st.none() | st.integers(0, 300) | st.binary(max_size=8) | st.text(max_size=8) | st.booleans(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["did", "origin", "items", "start", "size"]), inner, max_size=3)
        ),
        max_leaves=6,
    )
    fields = st.dictionaries(
        st.sampled_from(["did", "events", "origin", "note", "items", "start"]), values, max_size=5
    )
    parts = data.draw(st.lists(st.tuples(st.sampled_from(kinds), fields) | values, max_size=3))
    blocks = b"".join(block(list(part) if isinstance(part, tuple) else part) for part in parts)
    prefix = data.draw(st.integers(0, len(FRAMES)))
    decoder = ArchiveDecoder()
    try:
        list(decoder.feed(archive_with(MANIFEST, FRAMES[:prefix], blocks)))
        decoder.close()
    except PeerError:
        pass


def test_an_entries_part_is_one_block():
    entries = next(frame for frame in FRAMES if isinstance(frame, EntriesFrame))
    assert SMALL_FILE.count(encode_part(entries)) == 1
