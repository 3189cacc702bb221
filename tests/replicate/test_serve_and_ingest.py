"""What one store serves, another takes: by stream and by log, cut anywhere, at any cursor."""

import pytest

from frostnode.edge.sqlite.store import SqliteStore
from frostnode.ports import ArrivalKind
from frostnode.protocol.errors import LocalError, PeerError
from frostnode.protocol.frames import (
    BodiesFrame,
    CheckpointFrame,
    CursorFrame,
    EntriesFrame,
    FrameDecoder,
    encode_frame,
)
from frostnode.protocol.limits import FRAME_EVENTS_BYTES_MAX, IDENTITY_EVENT_BYTES_MAX
from frostnode.protocol.names import Origin
from frostnode.replicate import serve
from frostnode.replicate.cursor import cursor_at, cursor_text, parse_cursor_text, resume
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.serve import ArrivalStream, LogStream, events_frames
from frostnode.testing.clock import ManualClock
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.random import SeededRandom

PEER = "http://peer.example"


@pytest.fixture
def make_store(tmp_path):
    stores = []

    def make(name: str) -> SqliteStore:
        store = SqliteStore(tmp_path / f"{name}.db", ManualClock(), SeededRandom(name))
        with store.write() as writer:
            for peer in (PEER, "http://a.example", "http://b.example"):
                writer.put_peer(peer)
        stores.append(store)
        return store

    yield make
    for store in stores:
        store.close()


def publisher(count, name="p"):
    made = MemoryPublisher(name)
    for at in range(count):
        made.put(f"key-{at}", {"title": f"Title {at}", "text": "x" * 50})
    return made


def take(store, frames, peer=None):
    return Ingest(store, peer).take(list(frames))


def stored_cursor(store):
    with store.read() as reader:
        return next(peer.cursor for peer in reader.peers() if peer.url == PEER)


def all_batches(store, stream):
    batches = []
    while True:
        with store.read() as reader:
            batch = stream.next_batch(reader)
        if not batch:
            return batches
        batches.append(batch)


def contents(store):
    """Everything that must be equal on two nodes that carry the same."""
    with store.read() as reader:
        return {
            did: (
                [event.raw for event in reader.history(did).events],
                [
                    (
                        state.origin,
                        state.held,
                        state.served,
                        state.checkpoint,
                        [reader.leaves(state.origin, at, at + 1).bundle for at in range(state.held.size)],
                        [reader.bodies(state.origin, at, at + 1) for at in range(state.held.size)],
                    )
                    for state in reader.logs(did)
                ],
            )
            for did in reader.dids()
        }


def test_a_stream_copies_a_store(make_store):
    one, two = make_store("one"), make_store("two")
    for name, count in (("a", 1), ("b", 300), ("c", 513)):
        take(one, publisher(count, name).stream())
    ingest = Ingest(two, PEER)
    for batch in all_batches(one, ArrivalStream(0)):
        ingest.feed(batch)
    assert contents(one) == contents(two)


@pytest.mark.parametrize("step", [1, 1000, 4096])
def test_a_stream_may_come_in_any_pieces(make_store, step):
    one, two = make_store("one"), make_store("two")
    take(one, publisher(7).stream())
    data = b"".join(all_batches(one, ArrivalStream(0)))
    ingest = Ingest(two, PEER)
    for at in range(0, len(data), step):
        ingest.feed(data[at : at + step])
    assert contents(one) == contents(two)


def test_what_is_taken_is_served_on(make_store):
    one, two, three = make_store("one"), make_store("two"), make_store("three")
    take(one, publisher(300).stream())
    for source, target in ((one, two), (two, three)):
        ingest = Ingest(target, PEER)
        for batch in all_batches(source, ArrivalStream(0)):
            ingest.feed(batch)
    assert contents(one) == contents(three)


def test_a_stream_cut_after_any_frame_is_resumed_by_its_cursor_and_no_frame_comes_twice(make_store):
    one = make_store("one")
    source = publisher(300)
    take(one, source.stream())
    frames = FrameDecoder().feed(b"".join(all_batches(one, ArrivalStream(0))))
    for cut in range(len(frames) + 1):
        two = make_store(f"two-{cut}")
        take(two, frames[:cut], PEER)
        cursor = stored_cursor(two)
        with one.read() as reader:
            after = resume(reader, cursor) if cursor else 0
        rest = FrameDecoder().feed(b"".join(all_batches(one, ArrivalStream(after))))
        again = [frame for frame in rest if isinstance(frame, EntriesFrame) and frame in frames[:cut]]
        assert len(again) <= 1
        take(two, rest, PEER)
        assert contents(one) == contents(two)


@pytest.mark.parametrize("held", [0, 1, 255, 256, 257, 300])
def test_one_log_is_served_from_any_leaf(make_store, held):
    one, two = make_store("one"), make_store("two")
    source = publisher(300)
    take(one, source.stream())
    head = list(source.stream())[:2]
    take(two, head)
    at = 0
    while at < held:
        stop = min(held, (at // 256 + 1) * 256)
        take(two, [*head, source.entries(at, stop), source.bodies_frame(at, stop)])
        at = stop
    outcome = Ingest(two, None).feed(b"".join(all_batches(one, LogStream(source.origin, held, held))))
    assert outcome.finished.complete
    assert contents(one) == contents(two)


def test_bodies_alone_can_be_asked_for(make_store):
    one, two = make_store("one"), make_store("two")
    source = publisher(300)
    take(one, source.stream())
    take(two, [frame for frame in source.stream() if not hasattr(frame, "items")])
    with two.read() as reader:
        assert reader.missing_bodies(source.origin, 0, 1000) == list(range(300))
    Ingest(two, None).feed(b"".join(all_batches(one, LogStream(source.origin, 300, 0))))
    assert contents(one) == contents(two)


def test_entries_beyond_a_complete_tree_are_not_served_and_later_are_a_gap(make_store):
    one, two = make_store("one"), make_store("two")
    source = publisher(600)
    frames = list(source.stream())
    take(one, frames[:4])
    stream = ArrivalStream(0)
    early = FrameDecoder().feed(b"".join(all_batches(one, stream)))
    assert not [frame for frame in early if isinstance(frame, EntriesFrame)]
    take(two, early, PEER)
    take(one, [*frames[:2], *frames[4:]])
    outcome = take(two, FrameDecoder().feed(b"".join(all_batches(one, stream))), PEER)
    assert outcome.gaps[source.origin].held == 0
    Ingest(two, None).feed(b"".join(all_batches(one, LogStream(source.origin, 0, 0))))
    assert contents(one) == contents(two)


def test_a_gap_keeps_the_cursor_back(make_store):
    two = make_store("two")
    source = publisher(600)
    frames = list(source.stream())
    ingest = Ingest(two, PEER)
    ingest.take([frames[0], frames[1], source.entries(256, 512, cursor=b"c" * 32)])
    assert [(gap.held, gap.shown) for gap in ingest.save_cursor()] == [(0, 512)]
    assert stored_cursor(two) is None
    take(two, frames[:6])
    assert ingest.save_cursor() == []
    assert stored_cursor(two) == b"c" * 32


def test_frames_before_a_fault_are_stored_and_those_after_it_are_not(make_store):
    two = make_store("two")
    source = publisher(600)
    frames = list(source.stream())
    wrong = source.bodies_frame(0, 1)
    wrong.items[0] = b"wrong"
    with pytest.raises(PeerError):
        take(two, [*frames[:3], wrong, *frames[3:]])
    with two.read() as reader:
        assert reader.log(source.origin).held.size == 256


def test_two_peers_with_the_same_log_do_not_disturb_each_other(make_store):
    one = make_store("one")
    source = publisher(600)
    frames = list(source.stream())
    first, second = Ingest(one, "http://a.example"), Ingest(one, "http://b.example")
    for frame in frames:
        first.take([frame])
        second.take([frame])
    with one.read() as reader:
        assert reader.log(source.origin).served == 600
        kinds = [arrival.kind for arrival in reader.arrivals(0, 100)]
    assert kinds.count(ArrivalKind.ENTRIES) == 3
    assert kinds.count(ArrivalKind.BODIES) == 3


def test_a_stream_of_some_publishers_has_nothing_of_others(make_store):
    one, two = make_store("one"), make_store("two")
    first, second = publisher(3, "a"), publisher(3, "b")
    take(one, first.stream())
    take(one, second.stream())
    for batch in all_batches(one, ArrivalStream(0, dids=frozenset([second.did]))):
        Ingest(two, PEER).feed(batch)
    with two.read() as reader:
        assert reader.dids() == [second.did]


def test_heads_alone_tell_of_heads(make_store):
    one = make_store("one")
    take(one, publisher(300).stream())
    frames = FrameDecoder().feed(b"".join(all_batches(one, ArrivalStream(0, heads_only=True))))
    assert {type(frame).__name__ for frame in frames} == {"EventsFrame", "CheckpointFrame", "CursorFrame"}


def test_single_entries_are_sent_together(make_store):
    one, two = make_store("one"), make_store("two")
    source = MemoryPublisher("p")
    for at in range(40):
        source.put(f"key-{at}", {"title": "t"})
        take(one, list(source.stream(at)))
    frames = FrameDecoder().feed(b"".join(all_batches(one, ArrivalStream(0))))
    assert sum(isinstance(frame, EntriesFrame) for frame in frames) == 1
    take(two, frames)
    assert contents(one) == contents(two)


def test_bodies_of_two_bundles_that_came_late_are_sent_apart(make_store):
    one, two = make_store("one"), make_store("two")
    source = publisher(600)
    take(one, [frame for frame in source.stream() if not isinstance(frame, BodiesFrame)])
    take(one, [frame for frame in source.stream() if not isinstance(frame, EntriesFrame)])
    for batch in all_batches(one, ArrivalStream(0)):
        Ingest(two, PEER).feed(batch)
    assert contents(one) == contents(two)


def test_events_fill_a_frame_and_one_more_begins_another(make_store, monkeypatch):
    assert FRAME_EVENTS_BYTES_MAX > IDENTITY_EVENT_BYTES_MAX, "one event always fits"
    store, moved = make_store("a"), publisher(0)
    for _ in range(3):
        moved = moved.move()
    take(store, [moved.events()])
    sizes = [len(event.raw) for event in moved.history]
    for most, counts in ((sum(sizes), [4]), (sum(sizes) - 1, [3, 1]), (1, [1, 1, 1, 1])):
        monkeypatch.setattr(serve, "FRAME_EVENTS_BYTES_MAX", most)
        with store.read() as reader:
            frames = list(events_frames(reader, moved.did))
        assert [len(frame.events) for frame in frames] == counts
        assert [raw for frame in frames for raw in frame.events] == [event.raw for event in moved.history]


def test_cursors(make_store):
    one, other = make_store("one"), make_store("other")
    take(one, publisher(3).stream())
    take(other, publisher(3).stream())
    with one.read() as reader, other.read() as stranger:
        last = reader.last_arrival()
        for number in range(last + 1):
            cursor = cursor_at(reader, number).to_bytes()
            assert parse_cursor_text(cursor_text(cursor)) == cursor
            assert resume(reader, cursor) == number
            with pytest.raises(LocalError) as caught:
                resume(stranger, cursor)
            assert caught.value.code == "cursor.unknown"
        good = cursor_at(reader, last)
        for bad in (good.to_bytes()[:-1] + b"x", good.database + (last + 1).to_bytes(8, "big") + good.tag):
            with pytest.raises(LocalError) as caught:
                resume(reader, bad)
            assert caught.value.code == "cursor.unknown"
        with pytest.raises(LocalError) as caught:
            resume(reader, b"short")
        assert caught.value.code == "cursor.malformed"


@pytest.mark.parametrize("text", ["a", "====", "AA==", "é", "A A", "AB", "*" * 43])
def test_texts_that_are_no_cursor(text):
    with pytest.raises(LocalError) as caught:
        parse_cursor_text(text)
    assert caught.value.code == "cursor.malformed"


def test_an_unknown_log_has_no_frames(make_store):
    one = make_store("one")
    source = publisher(1)
    (batch,) = all_batches(one, LogStream(Origin(source.origin), 0, 0))
    assert len(FrameDecoder().feed(batch)) == 1


def test_a_cursor_alone_is_stored(make_store):
    two = make_store("two")
    Ingest(two, PEER).feed(encode_frame(CursorFrame(cursor=b"c" * 32)))
    assert stored_cursor(two) == b"c" * 32


def test_two_nodes_that_follow_each_other_come_to_rest(make_store):
    """Each has taken leaves from the other's stream: neither tells the other of their bodies again and again."""
    source = publisher(6)
    here, there = make_store("here"), make_store("there")
    streams = [(here, ArrivalStream(0), Ingest(there, PEER)), (there, ArrivalStream(0), Ingest(here, PEER))]

    def exchange():
        for store, stream, ingest in streams:
            for batch in all_batches(store, stream):
                ingest.feed(batch)

    for start, stop, target in ((0, 2, here), (2, 4, there), (4, 6, here)):
        head = CheckpointFrame(origin=source.origin, note=source.note(stop))
        take(
            target,
            [source.events(), head, source.entries(start, stop, stop), source.bodies_frame(start, stop)],
        )
        exchange()
    counts = []
    for _ in range(4):
        exchange()
        with here.read() as one, there.read() as other:
            counts.append((one.last_arrival(), other.last_arrival()))
    assert len(set(counts)) == 1
    assert contents(here) == contents(there)
