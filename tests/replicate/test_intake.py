"""Peers that send faster than the store takes, much at once, or the same at the same time."""

import pytest
import trio

from frostnode.edge.threads import ThreadWorker
from frostnode.ports import ArrivalKind
from frostnode.protocol.errors import FrostError, TransportError
from frostnode.protocol.frames import BodiesFrame, CursorFrame, encode_frame
from frostnode.protocol.limits import (
    BODY_BYTES_MAX,
    FRAME_BYTES_MAX,
    STREAM_BATCH_IN_BYTES_MAX,
    STREAM_CHUNKS_WAITING_MAX,
    STREAM_SILENCE_S,
)
from frostnode.replicate.intake import Heard, take_in
from frostnode.testing.loopback import asgi, loopback, response, saying

pytestmark = pytest.mark.network

CHUNK_BYTES = 64 * 1024
SOCKETS_BYTES = 16 * 1024 * 1024
"""What the kernel may keep between two sockets."""


class Gate:
    """A worker that waits until somebody opens the gate, as a busy disk does."""

    def __init__(self):
        self.is_open = trio.Event()
        self.asked = trio.Event()
        self.passing = 0

    async def run(self, work):
        self.passing += 1
        if self.passing > 4:
            self.asked.set()
            await self.is_open.wait()
        await trio.lowlevel.checkpoint()
        return work()


class Chunks:
    """An answer of these chunks, then of nothing."""

    def __init__(self, *chunks):
        self._chunks = list(chunks)

    async def __anext__(self):
        await trio.lowlevel.checkpoint()
        if not self._chunks:
            await trio.sleep_forever()
        return self._chunks.pop(0)


async def test_nobody_listens_to_silence(clock):
    async def judge(batch):
        return Heard.FRAMES

    with pytest.raises(TransportError) as caught:
        await take_in(Chunks(b"a", b"b"), judge)
    assert caught.value.code == "transport.timeout"
    assert trio.current_time() == pytest.approx(STREAM_SILENCE_S, abs=1)


async def test_what_waits_is_joined_up_to_a_bound(clock):
    batches = []

    async def judge(batch):
        batches.append(len(batch))
        await trio.sleep(1)
        return Heard.END if sum(batches) == 20 * 2**20 * 3 else Heard.FRAMES

    await take_in(Chunks(*[bytes(3 * 2**20)] * 20), judge)
    assert batches[0] == 3 * 2**20
    assert len(batches) < 20
    assert max(batches) < STREAM_BATCH_IN_BYTES_MAX + 3 * 2**20


async def test_who_sends_faster_than_the_store_takes_has_to_wait(make_node, transport, clock):
    two = make_node("two")
    tiny = encode_frame(CursorFrame(cursor=b"c" * 32))
    flood = tiny * (CHUNK_BYTES // len(tiny))
    sent = 0

    async def flooding(target, stream):
        nonlocal sent
        await stream.send_all(response(b"", content_length=str(2**40)))
        while True:
            await stream.send_all(flood)
            sent += len(flood)

    gate = Gate()
    async with loopback(flooding) as server, trio.open_nursery() as nursery:
        follower = two.follower(server.url, transport, worker=gate)
        nursery.start_soon(follower.run)
        await gate.asked.wait()
        await trio.sleep(60)  # nothing more moves
        seen = sent
        await trio.sleep(60)
        assert sent == seen
        waiting = STREAM_CHUNKS_WAITING_MAX * CHUNK_BYTES + STREAM_BATCH_IN_BYTES_MAX
        assert CHUNK_BYTES < sent < waiting + SOCKETS_BYTES
        nursery.cancel_scope.cancel()


def fitting(make, size):
    """The bytes that `make` makes of as many as come to `size`."""
    near = size - 1000
    made = make(near + size - len(make(near)))
    assert len(made) == size
    return made


async def test_bodies_of_the_largest_size_are_taken_however_they_came_together(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=1)

    def body(length):
        source.put("largest", {"title": "largest", "text": "x" * length})
        return source.bodies[-1]

    fitting(body, BODY_BYTES_MAX)
    one.take(*source.stream())
    async with loopback(asgi(one.app)) as server:
        await two.follower(server.url, transport).once()
    assert two.contents() == one.contents()
    assert two.contents()[source.did][1][0][5][-1] == [source.bodies[-1]]


@pytest.mark.parametrize(("more", "code"), [(0, "body.hash"), (1, "frame.too-large")])
async def test_a_frame_of_the_largest_size_is_read_and_a_larger_one_is_not(
    make_node, make_publisher, transport, clock, more, code
):
    two = make_node("two")
    source = make_publisher()

    def frame(length):
        return encode_frame(BodiesFrame(origin=source.origin, start=0, items=[bytes(length)]))

    head = 5  # of the byte string that a frame is
    large = fitting(frame, head + FRAME_BYTES_MAX + more)
    frames = [*map(encode_frame, list(source.stream())[:3]), large]
    async with loopback(saying({"/frost/stream": response(b"".join(frames))})) as server:
        with pytest.raises(FrostError) as caught:
            await two.follower(server.url, transport).once()
        assert caught.value.code == code


def told(node):
    with node.store.read() as reader:
        found = list(reader.arrivals(0, 10_000))
    return {
        kind: [(arrival.origin, arrival.start, arrival.stop) for arrival in found if arrival.kind is kind]
        for kind in (ArrivalKind.ENTRIES, ArrivalKind.BODIES)
    }


async def test_two_peers_with_the_same_logs_at_once(make_node, make_publisher, transport, clock):
    one, two = make_node("one"), make_node("two")
    for name, count in (("a", 300), ("b", 3)):
        one.take(*make_publisher(name, count).stream())
    async with (
        loopback(asgi(one.app)) as first,
        loopback(asgi(one.app)) as second,
        trio.open_nursery() as nursery,
    ):
        followers = [two.follower(server.url, transport) for server in (first, second)]
        for follower in followers:
            nursery.start_soon(follower.once)
    assert two.contents() == one.contents()
    assert sum(follower.status.entries for follower in followers) == 303
    assert told(two) == told(one)


@pytest.mark.slow
async def test_many_peers_with_the_same_logs_at_once_in_threads(make_node, make_publisher, transport):
    one, two = make_node("one"), make_node("two")
    for at in range(20):
        one.take(*make_publisher(f"p{at}", 30).stream())
    with trio.fail_after(60):
        async with loopback(asgi(one.app)) as server:
            followers = [
                two.follower(f"{server.url}/{at}", transport, worker=ThreadWorker()) for at in range(4)
            ]
            server.handler = _below_any_name(asgi(one.app))
            async with trio.open_nursery() as nursery:
                for follower in followers:
                    nursery.start_soon(follower.once)
    assert two.contents() == one.contents()
    assert sum(follower.status.entries for follower in followers) == 600
    assert sorted(told(two)[ArrivalKind.ENTRIES]) == sorted(told(one)[ArrivalKind.ENTRIES])


def _below_any_name(handler):
    async def answer(target, stream):
        await handler(target[target.index("/frost") :], stream)

    return answer
