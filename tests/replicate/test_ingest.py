"""Judging beside other writers, and in bounded pieces."""

from contextlib import contextmanager

import pytest

from frostnode.ports import ArrivalKind
from frostnode.protocol.checkpoint import cosign
from frostnode.protocol.errors import FrameError, PeerError, StorageError
from frostnode.protocol.frames import CheckpointFrame, CursorFrame, EndFrame, FrameDecoder, encode_frame
from frostnode.protocol.limits import STREAM_BATCH_IN_FRAMES_MAX
from frostnode.replicate.ingest import Ingest
from frostnode.testing.memory_publisher import MemoryPublisher


class Beside:
    """A store of which somebody else is the faster writer: `others` do their work just before each write."""

    def __init__(self, store, *others):
        self._store = store
        self._others = list(others)
        self.writes = 0

    def read(self):
        return self._store.read()

    @contextmanager
    def write(self):
        self.writes += 1
        if self._others:
            self._others.pop(0)()
        with self._store.write() as writer:
            yield writer


def other(node, *frames):
    """Another follower of the same node."""
    return lambda: Ingest(node.store, None).take(list(frames))


def head(publisher, size=None):
    return CheckpointFrame(origin=publisher.origin, note=publisher.note(size))


def arrivals(node):
    with node.store.read() as reader:
        return [(arrival.kind, arrival.start, arrival.stop) for arrival in reader.arrivals(0, 1000)]


@pytest.fixture
def grown(make_publisher):
    """A log that grew twice, as one stream tells it."""
    source = make_publisher(count=3)
    first = list(source.stream())
    source.put("four", {"title": "four"})
    second = [head(source), source.entries(3, 4), source.bodies_frame(3, 4)]
    for name in ("five", "six"):
        source.put(name, {"title": name})
    third = [head(source), source.entries(4, 6), source.bodies_frame(4, 6)]
    return source, first, second, third


@pytest.mark.parametrize(("stored", "left"), [(1, 6), (3, 3), (4, 3), (7, 2), (10, 0)])
def test_what_another_stored_meanwhile_is_judged_anew(make_node, grown, stored, left):
    frames = [frame for part in grown[1:] for frame in part]
    expected, node = make_node("expected"), make_node("node")
    expected.take(*frames)
    outcome = Ingest(Beside(node.store, other(node, *frames[:stored])), None).take(frames)
    assert node.contents() == expected.contents()
    assert outcome.entries == left
    assert [kind for kind, _, _ in arrivals(node)].count(ArrivalKind.EVENTS) == 1


def test_a_checkpoint_of_the_batch_itself_does_not_spoil_judging_it_anew(make_node, grown):
    """The entries before it are proven to the checkpoint before it, also the second time."""
    source, first, second, third = grown
    node = make_node()
    node.take(*first)
    store = Beside(node.store, other(node, *second))
    ingest = Ingest(store, None)
    ingest.take(first)
    ingest.take([*second[:1]])
    ingest.take([*second[1:], *third])
    with node.store.read() as reader:
        assert reader.log(source.origin).served == 6


def test_a_writer_that_is_faster_again_and_again_ends_in_an_error(make_node, make_publisher):
    source = make_publisher(count=20)
    node = make_node()
    node.take(source.events())
    faster = [other(node, head(source), source.entries(at, at + 1)) for at in range(20)]
    store = Beside(node.store, *faster)
    with pytest.raises(StorageError) as caught:
        Ingest(store, None).take([source.events(), head(source), source.entries(0, 20)])
    assert caught.value.code == "storage.conflict"
    assert store.writes == 8


def test_other_logs_that_grow_meanwhile_are_no_reason_to_judge_anew(make_node, make_publisher):
    node = make_node()
    store = Beside(node.store, other(node, *make_publisher("other").stream()))
    source = make_publisher()
    assert Ingest(store, None).take(list(source.stream())).entries == 3
    assert store.writes == 1


def test_a_newer_signature_on_a_smaller_tree_does_not_take_back_a_larger_one(make_node, make_publisher):
    source = make_publisher(count=3)
    node = make_node()
    node.take(*source.stream())
    cosigned = cosign(source.note(), "witness.example/w", MemoryPublisher("w").key, 1_700_000_000)
    source.put("more", {"title": "more"})
    store = Beside(node.store, other(node, head(source), source.entries(3, 4)))
    Ingest(store, None).take([CheckpointFrame(origin=source.origin, note=cosigned)])
    with node.store.read() as reader:
        state = reader.log(source.origin)
    assert (state.held.size, state.served, state.checkpoint) == (4, 4, source.note())


def test_leaves_are_not_added_behind_an_end_that_came_meanwhile(make_node, make_publisher):
    source = make_publisher(count=6)
    node = make_node()
    node.take(source.events(), head(source, 3), source.entries(0, 3, 3))
    store = Beside(node.store, other(node, source.move(4).events()))
    Ingest(store, None).take([source.events(), head(source), source.entries(3, 6)])
    with node.store.read() as reader:
        assert reader.log(source.origin).held.size == 3


def test_bodies_are_told_of_once_when_two_bring_them(make_node, make_publisher):
    source = make_publisher(count=3)
    node = make_node()
    frames = list(source.stream())
    store = Beside(node.store, other(node, *frames))
    Ingest(store, None).take(frames)
    assert arrivals(node) == [("events", 0, 1), ("entries", 0, 3), ("bodies", 0, 3)]


@pytest.mark.slow
def test_many_tiny_frames_are_taken_a_bounded_number_at_a_time(make_node, monkeypatch):
    node = make_node()
    ingest = Ingest(node.store, None)
    taken = []
    monkeypatch.setattr(ingest, "_take", lambda frames, outcome: taken.append(len(frames)))
    tiny = encode_frame(CursorFrame(cursor=b"c"))
    ingest.feed(tiny * 80_000)
    assert sum(taken) == 80_000
    assert max(taken) <= 2**20 // len(tiny) + STREAM_BATCH_IN_FRAMES_MAX


@pytest.mark.slow
def test_a_long_batch_of_small_frames_comes_in_several_commits(make_node, make_publisher):
    node = make_node()
    store = Beside(node.store)
    ingest = Ingest(store, "http://peer.example")
    source = make_publisher()
    tiny = [encode_frame(CursorFrame(cursor=bytes([at]))) for at in (0, 1)]
    last = encode_frame(CursorFrame(cursor=b"last"))
    outcome = ingest.feed(b"".join([*map(encode_frame, source.stream()), *tiny * 40_000, last]))
    assert outcome.entries == 3
    assert store.writes > 1


def test_what_comes_before_bytes_that_are_no_frame_is_stored_when_it_came_in_time(make_node, make_publisher):
    node = make_node()
    source = make_publisher()
    ingest = Ingest(node.store, None)
    ingest.feed(b"".join(map(encode_frame, source.stream())))
    with pytest.raises(FrameError):
        ingest.feed(b"garbage")
    assert (ingest.entries, ingest.commits) == (3, 1)


def test_a_batch_that_ends_in_a_fault_counts_what_it_stored(make_node, make_publisher):
    node = make_node()
    source = make_publisher()
    wrong = source.bodies_frame(0, 3)
    wrong.items[1] = b"wrong"
    ingest = Ingest(node.store, "http://peer.example")
    with pytest.raises(PeerError):
        ingest.take([*list(source.stream())[:3], wrong])
    assert (ingest.entries, ingest.commits) == (3, 1)


def test_a_frame_that_was_taken_is_the_same_however_it_was_cut(make_node, make_publisher):
    source = make_publisher(count=300)
    data = b"".join(map(encode_frame, [*source.stream(), EndFrame(code="end.complete")]))
    assert len(FrameDecoder().feed(data)) == 7
    nodes = [make_node("whole"), make_node("cut")]
    Ingest(nodes[0].store, None).feed(data)
    ingest = Ingest(nodes[1].store, None)
    for at in range(0, len(data), 4999):
        outcome = ingest.feed(data[at : at + 4999])
    assert outcome.finished.complete
    assert nodes[0].contents() == nodes[1].contents()


def test_a_fetch_beside_the_stream_does_not_take_back_what_the_stream_has_shown(make_node, make_publisher):
    """It was answered before: the cursor of the stream covers more, and what is missing of that is owed."""
    node, publisher, url = make_node(), make_publisher(count=5), "http://peer.example"
    with node.store.write() as writer:
        writer.put_peer(url)
    node.take(publisher.events())

    def show(peer, size):
        frame = CheckpointFrame(origin=publisher.origin, note=publisher.note(size))
        Ingest(node.store, peer, source=url).take([frame])
        with node.store.read() as reader:
            return reader.offers(publisher.origin)

    assert show(url, 5) == {url: 5}
    assert show(None, 3) == {url: 5}
    assert show(url, 3) == {url: 3}
