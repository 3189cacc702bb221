"""One peer, followed over real sockets: all that it has comes, once, whatever happens on the way."""

from contextlib import asynccontextmanager
from itertools import pairwise
from urllib.parse import parse_qs

import pytest
import trio

from frostnode.protocol.errors import FrostError, PeerError, StorageError
from frostnode.protocol.frames import (
    BodiesFrame,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EventsFrame,
    FrameDecoder,
    encode_frame,
)
from frostnode.protocol.limits import (
    CURSOR_INTERVAL_S,
    PEER_BACKOFF_MAX_S,
    SLOT_SILENCE_S,
    STREAM_DIDS_MAX,
    STREAM_FRAME_S,
    STREAM_SILENCE_S,
)
from frostnode.replicate.cursor import cursor_at, parse_cursor_text, resume
from frostnode.replicate.serve import ArrivalStream
from frostnode.testing.loopback import asgi, loopback, response, saying, silence

pytestmark = pytest.mark.network


def query(target):
    return parse_qs(target.partition("?")[2])


def without(handler, *parts):
    """The same server, but without the paths that have one of these parts."""

    async def answer(target, stream):
        if any(part in target for part in parts):
            await stream.send_all(response(status=404))
        else:
            await handler(target, stream)

    return answer


def framed(*frames):
    """An answer of these frames."""
    return response(b"".join(map(encode_frame, frames)))


END = EndFrame(code="end.complete")


async def fault_of(follower):
    with pytest.raises(FrostError) as caught:
        await follower.once()
    assert follower.status.error == f"{caught.value.code}: {caught.value}"
    assert not follower.status.connected
    assert not follower.status.caught_up
    return caught.value


def head(publisher, size=None):
    return CheckpointFrame(origin=publisher.origin, note=publisher.note(size))


# copying


async def test_all_that_a_peer_has_is_copied_and_not_asked_for_again(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    for name, count in (("a", 1), ("b", 300)):
        one.take(*make_publisher(name, count).stream())
    odd = make_publisher("odd", 2)
    odd.append(b"not a header", None)
    odd.append(b"", None)
    odd.withdraw("key-0")
    odd.put("large", {"title": "large", "text": "x" * 1_500_000})
    one.take(*odd.stream(), *odd.move().stream())
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert two.contents() == one.contents()
        assert (follower.status.entries, follower.status.caught_up) == (307, True)
        cursor, error = two.peer(server.url)
        with one.store.read() as reader:
            assert resume(reader, cursor) == reader.last_arrival()
        assert error == ""
        await follower.once()
        assert follower.status.entries == 307
        assert [parse_cursor_text(query(target).get("since", [""])[0]) for target in server.requests] == [
            b"",
            cursor,
        ]


async def test_what_comes_later_comes_at_once(make_node, make_publisher, transport, clock):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=3)
    one.take(*source.stream())
    async with loopback(asgi(one.app)) as server, trio.open_nursery() as nursery:
        follower = two.follower(server.url, transport)
        nursery.start_soon(follower.run)
        await two.until(lambda: two.contents() == one.contents())
        for at in range(3, 6):
            begun = trio.current_time()
            source.put(f"key-{at}", {"title": "later"})
            one.take(*source.stream(at))
            await two.until(lambda: two.contents() == one.contents())
            assert trio.current_time() - begun < 1
        assert (follower.status.connected, follower.status.error, follower.status.entries) == (True, "", 6)
        assert len(server.requests) == 1
        nursery.cancel_scope.cancel()
    assert not follower.status.connected


async def test_an_idle_stream_stays_open_and_says_that_all_is_here(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    one.take(*make_publisher().stream())
    async with loopback(asgi(one.app)) as server, trio.open_nursery() as nursery:
        follower = two.follower(server.url, transport)
        nursery.start_soon(follower.run)
        await trio.sleep(20 * CURSOR_INTERVAL_S)
        assert (follower.status.connected, follower.status.caught_up) == (True, True)
        assert len(server.requests) == 1
        nursery.cancel_scope.cancel()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["at the ends of frames", "in the middle of frames"])
async def test_a_stream_that_is_cut_anywhere_is_resumed(make_node, make_publisher, transport, clock, where):
    one = make_node("one")
    one.take(*make_publisher("a", 2).stream())
    moved = make_publisher("b", 300, padding=5000)
    one.take(*moved.stream(), *moved.move().stream())
    data = b""
    stream = ArrivalStream(0)
    with one.store.read() as reader:
        while batch := stream.next_batch(reader):
            data += batch
        end = len(data)
    ends = [0]
    for frame in FrameDecoder().feed(data):
        ends.append(ends[-1] + len(encode_frame(frame)))
    assert ends[-1] == end
    middles = [(low + high) // 2 for low, high in pairwise(ends)]
    for number, cut in enumerate(ends if where == "at the ends of frames" else middles):
        two = make_node(f"two-{number}")
        cuts = [cut]
        handler = asgi(one.app, cut_after=lambda target, cuts=cuts: cuts.pop() if cuts else None)
        async with loopback(handler) as server:
            follower = two.follower(server.url, transport)
            assert (await fault_of(follower)).code == "transport.closed"
            cursor, error = two.peer(server.url)
            assert error.startswith("transport.closed")
            before = follower.status.entries
            await follower.once()
            assert two.contents() == one.contents()
            assert two.peer(server.url)[1] == follower.status.error == ""
            assert follower.status.entries == 302
            with one.store.read() as reader:
                assert (cursor is None) == (before == 0 and cut < ends[2])
                seen = resume(reader, cursor) if cursor else 0
                sent = [arrival for arrival in reader.arrivals(0, 10_000) if arrival.number <= seen]
            # Whatever the cursor has passed was here before the stream was cut.
            assert before >= sum(
                arrival.stop - arrival.start for arrival in sent if arrival.kind == "entries"
            )


# epochs that end


def counted(node, publisher):
    """Size held and size served of a publisher's log."""
    with node.store.read() as reader:
        state = reader.log(publisher.origin)
    return state.held.size, state.counted


async def test_of_an_ended_epoch_all_that_counts_is_sent_to_who_comes_new(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=300)
    one.take(*source.stream(), source.move(290).events())
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert counted(two, source) == (290, 290)
        assert follower.status.error == ""


async def test_of_an_ended_epoch_all_that_counts_is_sent_to_who_was_there_before_it_ended(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=250)
    one.take(*source.stream())
    async with loopback(asgi(one.app)) as server:
        await two.follower(server.url, transport).once()
        for at in range(50):
            source.put(f"more-{at}", {"title": "more"})
        one.take(*source.stream(250), source.move(290).events())
        follower = two.follower(server.url, transport)
        await follower.once()
        assert counted(two, source) == (290, 290)
        assert follower.status.error == ""


async def test_what_a_peer_could_not_prove_before_it_heard_of_the_end_comes_when_it_has(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=300)
    one.take(*source.stream())
    two.take(source.move(290).events())
    async with loopback(asgi(one.app)) as server:
        await two.follower(server.url, transport).once()
        assert counted(two, source) == (0, 0)
        one.take(source.move(290).events())
        await two.follower(server.url, transport).once()
        assert counted(two, source) == (290, 290)


async def test_a_peer_that_holds_another_branch_of_an_ended_epoch_goes_on_with_the_rest(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=300)
    twin = make_publisher(count=280)
    for at in range(30):
        twin.put(f"twin-{at}", {"title": "of another branch"})
    one.take(*twin.stream(), source.move(290).events())
    one.take(*make_publisher("other").stream())
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert follower.status.error == ""
        assert counted(two, source) == (0, 0)
        assert counted(two, make_publisher("other")) == (3, 3)


# cursors


@pytest.mark.parametrize("kind", ["of a restored database", "that is none"])
async def test_with_a_cursor_that_the_peer_does_not_know_heads_are_compared(
    make_node, make_publisher, transport, clock, kind
):
    one, restored, two = make_node("one"), make_node("restored"), make_node("two")
    source = make_publisher(count=300)
    one.take(*source.stream())
    restored.take(*source.stream(), *make_publisher("other", 2).stream())
    apps = [one.app]
    async with loopback(lambda target, stream: asgi(apps[0])(target, stream)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        apps[0] = restored.app
        if kind == "that is none":
            with two.store.write() as writer:
                writer.peer_reached(server.url, b"no cursor of anybody", "")
        await follower.once()
        assert two.contents() == restored.contents()
        asked = [target.partition("?")[0].rpartition("/")[2] for target in server.requests]
        assert asked == ["stream", "stream", "ranges", "frames", "stream"]
        assert (follower.status.error, follower.status.entries) == ("", 302)
        with restored.store.read() as reader:
            assert resume(reader, two.peer(server.url)[0]) == reader.last_arrival()


async def test_a_cursor_of_many_publishers_says_nothing_of_one_that_is_followed_later(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    first, second, third = (make_publisher(name, 3) for name in "abc")
    for source in (second, third, first):
        one.take(*source.stream())
    async with loopback(asgi(one.app)) as server:
        await two.follower(server.url, transport, frozenset([first.did])).once()
        assert set(two.contents()) == {first.did}
        both = two.follower(server.url, transport, frozenset([first.did, second.did]))
        await both.once()
        assert set(two.contents()) == {first.did, second.did}
        assert both.status.entries == 3
        second.put("more", {"title": "more"})
        one.take(*second.stream(3))
        await two.follower(server.url, transport, frozenset([first.did])).once()
        await two.follower(server.url, transport, frozenset([first.did, second.did])).once()
        assert two.contents()[second.did] == one.contents()[second.did]
        await two.follower(server.url, transport).once()
        assert two.contents() == one.contents()
        before = len(server.requests)
        await two.follower(server.url, transport, frozenset([third.did])).once()
        assert len(server.requests) == before + 1


async def test_more_publishers_than_a_request_can_name_are_asked_for_all_the_same(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    wanted, other = make_publisher("a"), make_publisher("b")
    one.take(*wanted.stream(), *other.stream())
    dids = frozenset([wanted.did, *(make_publisher(f"x{at}", 0).did for at in range(STREAM_DIDS_MAX))])
    async with loopback(asgi(one.app)) as server:
        await two.follower(server.url, transport, dids).once()
        assert list(two.contents()) == [wanted.did]
        assert server.requests == ["/frost/stream?live=false"]


async def test_what_nobody_asked_for_is_not_taken(make_node, make_publisher, transport, clock):
    two = make_node("two")
    wanted, other = make_publisher("a"), make_publisher("b")
    frames = [*other.stream(), *wanted.stream(), other.entries(0, 3, cursor=b"c"), END]
    async with loopback(saying({"/frost/stream": framed(*frames)})) as server:
        await two.follower(server.url, transport, frozenset([wanted.did])).once()
        assert list(two.contents()) == [wanted.did]
        assert two.peer(server.url)[0] == b"c"


# gaps


@pytest.fixture
def behind(make_node, make_publisher):
    """A node that holds 10 of 301 leaves, and whose cursor at a peer says that it has seen 300."""
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=300)
    one.take(*source.stream())
    two.take(source.events(), head(source), source.entries(0, 10), source.bodies_frame(0, 10))
    with one.store.read() as reader:
        cursor = cursor_at(reader, reader.last_arrival()).to_bytes()
    source.put("new", {"title": "new"})
    one.take(*source.stream(300))
    one.take(*make_publisher("other", 2).stream())

    def follower(url, transport):
        made = two.follower(url, transport)
        with two.store.write() as writer:
            writer.peer_reached(url, cursor, "")
            writer.put_setting(f"cursor covers {url}", "*")
        return made

    return one, two, source, follower


@pytest.mark.slow
@pytest.mark.parametrize("missing", [(), ("/frames",)], ids=["frames of the log", "static paths"])
async def test_a_gap_is_filled_from_what_is_held(behind, transport, clock, missing):
    one, two, _, follow = behind
    async with loopback(without(asgi(one.app), *missing)) as server:
        follower = follow(server.url, transport)
        await follower.once()
        assert two.contents() == one.contents()
        assert server.count("/frames?from=10&bodies=10") == server.count("/frames") == 1
        assert server.count("/tile/entries/") == (2 if missing else 0)
        with one.store.read() as reader:
            assert resume(reader, two.peer(server.url)[0]) == reader.last_arrival()
        assert follower.status.stopped == {}


async def test_a_gap_that_the_peer_does_not_fill_keeps_the_cursor_and_stops_no_other_log(
    behind, transport, clock
):
    one, two, source, follow = behind
    async with loopback(without(asgi(one.app), "/frames", "/tile/", "/checkpoint")) as server:
        follower = follow(server.url, transport)
        before, _ = two.peer(server.url)
        await follower.once()
        (stopped,) = follower.status.stopped.items()
        assert stopped == (source.origin, "tree.size: leaves from 10 on cannot be had")
        assert not follower.status.caught_up
        assert two.peer(server.url)[0] == before
        assert server.count("/frames") == 1
        mine, theirs = two.contents(), one.contents()
        assert {did for did in theirs if mine[did] == theirs[did]} == set(theirs) - {source.did}
        server.handler = asgi(one.app)
        await follower.once()
        assert two.contents() == one.contents()
        assert follower.status.stopped == {}


async def test_a_gap_of_which_nothing_comes_is_left_and_the_other_logs_go_on(behind, transport, clock):
    """The slot of one log is lost after some seconds, also within a stream."""
    one, two, source, follow = behind

    async def mute(target, stream):
        await (silence if "/frames" in target else asgi(one.app))(target, stream)

    async with loopback(mute) as server:
        follower = follow(server.url, transport)
        before, _ = two.peer(server.url)
        begun = trio.current_time()
        await follower.once()
        assert SLOT_SILENCE_S <= trio.current_time() - begun < 2 * SLOT_SILENCE_S
        assert follower.status.failed[source.origin].startswith("transport.timeout")
        assert two.peer(server.url)[0] == before
        mine, theirs = two.contents(), one.contents()
        assert {did for did in theirs if mine[did] == theirs[did]} == set(theirs) - {source.did}
        server.handler = asgi(one.app)
        await trio.sleep(PEER_BACKOFF_MAX_S)
        await follower.once()
        assert two.contents() == one.contents()
        assert follower.status.failed == {}


@pytest.mark.slow
async def test_a_gap_that_is_not_filled_is_not_asked_for_all_the_time(
    make_node, make_publisher, transport, clock
):
    two = make_node("two")
    source = make_publisher(count=300)
    before = encode_frame(source.events()) + encode_frame(head(source))
    gap = encode_frame(source.entries(256, 300))

    async def gaps(target, stream):
        await stream.send_all(response(b"", content_length="100000000") + before)
        for _ in range(100):
            await trio.sleep(PEER_BACKOFF_MAX_S / 20)
            await stream.send_all(gap)

    async with loopback(saying({"/frost/stream": gaps})) as server:
        assert (await fault_of(two.follower(server.url, transport))).code == "transport.closed"
        assert 5 <= server.count("/frames") <= 6


@pytest.mark.parametrize("shown", ["entries", "bodies"])
async def test_the_frames_of_a_log_that_begin_beyond_what_was_asked_for_are_the_peers_fault(
    make_node, make_publisher, transport, clock, shown
):
    two = make_node("two")
    source = make_publisher(count=300)
    beyond = source.entries(256, 300) if shown == "entries" else source.bodies_frame(256, 300)
    answer = framed(source.events(), head(source), beyond, END)
    answers = {"/frost/stream": answer, f"/frost/{source.origin}/frames": answer}
    async with loopback(saying(answers)) as server:
        assert (await fault_of(two.follower(server.url, transport))).code == "frame.order"
        assert len(server.requests) == 2


async def test_ancestors_that_are_missing_are_asked_for_once(make_node, make_publisher, transport, clock):
    two = make_node("two")
    source = make_publisher()
    moved = source.move(3)
    moved.put("new", {"title": "new"})
    alone = encode_frame(EventsFrame(did=source.did, events=[moved.history[-1].raw], cursor=b"a"))
    rest = b"".join(map(encode_frame, [*source.stream(), *moved.stream(), CursorFrame(cursor=b"c"), END]))

    async def handler(target, stream):
        await stream.send_all(response(b"", content_length=str(2 * len(alone) + len(rest))) + alone)
        for data in (alone, rest):
            await trio.sleep(1)
            await stream.send_all(data)

    identity = f"/frost/{source.did}/identity"
    async with loopback(saying({"/frost/stream": handler, identity: response(status=500)})) as server:
        follower = two.follower(server.url, transport)
        assert (await fault_of(follower)).code == "transport.status"
        assert two.peer(server.url)[0] is None
        server.handler = saying({"/frost/stream": handler})
        server.requests.clear()
        await follower.once()
        assert server.requests == ["/frost/stream?live=false", identity]
        assert two.peer(server.url)[0] == b"c"
        assert two.contents()[source.did][1][1][1] == moved.tree()


# peers that end, break, lie


async def test_a_peer_that_ends_for_a_reason_of_its_own(make_node, make_publisher, transport, clock, caplog):
    two = make_node("two")
    source = make_publisher()
    answers = {"/frost/stream": framed(*source.stream(), EndFrame(code="queue.full", reason="slow \x1b[2J"))}
    async with loopback(saying(answers)) as server:
        follower = two.follower(server.url, transport)
        error = await fault_of(follower)
        assert error.code == "transport.closed"
        assert "queue.full: slow" in str(error)
        assert two.peer(server.url) == (None, follower.status.error)
        assert follower.status.error.isprintable()
        assert follower.status.entries == 3
        await fault_of(follower)
        assert [record.getMessage() for record in caplog.records] == [
            f"{server.url}: {follower.status.error}"
        ], "said once, with the rule"
        answers["/frost/stream"] = framed(END)
        await follower.once()
        assert (follower.status.error, two.peer(server.url)) == ("", (None, ""))


async def test_what_comes_after_the_end_is_not_looked_at(make_node, make_publisher, transport, clock):
    two = make_node("two")
    body = b"".join(map(encode_frame, [*make_publisher("a").stream(), END]))
    body += b"".join(map(encode_frame, make_publisher("b").stream()))
    async with loopback(saying({"/frost/stream": response(body)})) as server:
        await two.follower(server.url, transport).once()
        assert len(two.contents()) == 1


BAD = {
    "garbage": (lambda source: b"<html>not a stream", "frame.malformed"),
    "a frame too large": (lambda source: b"\x5a\xff\xff\xff\xff", "frame.too-large"),
    "an unknown kind": (lambda source: b"\x4a\x82\x66future\xa0\x00", "frame.malformed"),
    "no identity": (lambda source: encode_frame(head(source)), "frame.order"),
    "another body": (
        lambda source: b"".join(
            map(
                encode_frame,
                [
                    source.events(),
                    head(source),
                    source.entries(0, 3),
                    BodiesFrame(origin=source.origin, start=0, items=[b"wrong"]),
                ],
            )
        ),
        "body.hash",
    ),
}


@pytest.mark.parametrize("what", BAD)
async def test_bytes_that_are_the_peers_fault_close_its_connection_and_keep_the_cursor(
    make_node, make_publisher, transport, clock, what
):
    two = make_node("two")
    source, good = make_publisher("a"), make_publisher("b")
    make, code = BAD[what]
    first = b"".join(map(encode_frame, [*good.stream(), CursorFrame(cursor=b"good")]))

    async def handler(target, stream):
        await stream.send_all(response(b"", content_length="100000000") + first)
        await trio.sleep(1)
        await stream.send_all(make(source) + encode_frame(CursorFrame(cursor=b"bad")))
        await trio.sleep_forever()

    async with loopback(saying({"/frost/stream": handler})) as server:
        follower = two.follower(server.url, transport)
        error = await fault_of(follower)
        assert (error.code, isinstance(error, PeerError)) == (code, True)
        assert two.peer(server.url) == (b"good", follower.status.error)
        assert two.contents()[good.did][1][0][1] == good.tree()
        await server.all_closed()


# who is there and who is not


@asynccontextmanager
async def running(follower):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(follower.run)
        yield
        nursery.cancel_scope.cancel()


@pytest.mark.slow
async def test_tries_are_further_and_further_apart_within_bounds(make_node, transport, clock):
    two = make_node("two")
    times = []

    async def broken(target, stream):
        times.append(trio.current_time())
        await stream.send_all(response(status=500))

    async with loopback(broken) as server:
        follower = two.follower(server.url, transport)
        async with running(follower):
            await trio.sleep(600)
    waits = [later - earlier for earlier, later in pairwise(times)]
    for number, wait in enumerate(waits):
        longest = min(2**number, PEER_BACKOFF_MAX_S)
        assert longest / 2 <= wait <= longest + 0.1
    assert len({round(wait, 3) for wait in waits[6:]}) == len(waits[6:])
    assert len(waits) > 12


async def test_a_peer_that_comes_back_is_followed_on(make_node, make_publisher, transport, clock):
    one, two = make_node("one"), make_node("two")
    source = make_publisher()
    one.take(*source.stream())
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport)
        async with running(follower):
            await two.until(lambda: two.contents() == one.contents())
            server.handler = saying({})
            server.hang_up()
            await trio.sleep(100)
            assert follower.status.error.startswith("record.not-found")
            assert two.peer(server.url)[1] == follower.status.error
            assert not follower.status.connected
            server.handler = asgi(one.app)
            source.put("new", {"title": "new"})
            one.take(*source.stream(3))
            await trio.sleep(PEER_BACKOFF_MAX_S)
            assert two.contents() == one.contents()
            assert (follower.status.connected, follower.status.error) == (True, "")
            assert two.peer(server.url)[1] == ""


@pytest.mark.slow
async def test_a_conversation_that_was_of_use_makes_the_next_try_come_soon(
    make_node, make_publisher, transport, clock
):
    two = make_node("two")
    source = make_publisher(count=20)
    times = []

    async def a_little(target, stream):
        times.append(trio.current_time())
        sent = len(times)
        frames = [source.events(), head(source), source.entries(0, sent)]
        await stream.send_all(framed(*frames, END))

    async with loopback(saying({"/frost/stream": a_little})) as server:
        async with running(two.follower(server.url, transport)):
            await trio.sleep(12)
    assert all(later - earlier <= 1.1 for earlier, later in pairwise(times))
    assert len(times) >= 10


async def test_a_disk_that_fails_for_a_while_ends_nothing(make_node, make_publisher, transport, clock):
    one, two = make_node("one"), make_node("two")
    one.take(*make_publisher().stream())

    class Full:
        """A store on a full disk."""

        is_full = True

        def read(self):
            return two.store.read()

        def write(self):
            if self.is_full:
                raise StorageError("storage.failed", "disk is full")
            return two.store.write()

    store = Full()
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport, store=store)
        async with running(follower):
            await trio.sleep(30)
            assert follower.status.error == "storage.failed: disk is full"
            store.is_full = False
            await two.until(lambda: two.contents() == one.contents())
            await trio.sleep(PEER_BACKOFF_MAX_S)
            assert follower.status.error == ""


async def test_a_stream_that_says_nothing_more_is_given_up(make_node, make_publisher, transport, clock):
    two = make_node("two")

    async def handler(target, stream):
        await stream.send_all(response(b"", content_length="1000000"))
        await stream.send_all(encode_frame(CursorFrame(cursor=b"c")))
        await silence(target, stream)

    async with loopback(saying({"/frost/stream": handler})) as server:
        begun = trio.current_time()
        assert (await fault_of(two.follower(server.url, transport))).code == "transport.timeout"
        assert trio.current_time() - begun == pytest.approx(STREAM_SILENCE_S, abs=1)
        await server.all_closed()


async def test_a_frame_byte_by_byte_is_given_up(make_node, make_publisher, transport, clock):
    two = make_node("two")

    async def handler(target, stream):
        await stream.send_all(response(b"", content_length="10000000") + b"\x5a\x00\x40\x00\x00")
        while True:
            await trio.sleep(STREAM_SILENCE_S - 1)
            await stream.send_all(b"x")

    async with loopback(saying({"/frost/stream": handler})) as server:
        begun = trio.current_time()
        assert (await fault_of(two.follower(server.url, transport))).code == "transport.timeout"
        assert STREAM_FRAME_S <= trio.current_time() - begun <= STREAM_FRAME_S + STREAM_SILENCE_S


async def test_nobody_waits_for_a_peer_whose_follower_is_cancelled(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    one.take(*make_publisher().stream())
    async with loopback(asgi(one.app)) as server:
        async with running(two.follower(server.url, transport)):
            await two.until(lambda: two.contents() == one.contents())
            assert server.connections == 1
        await server.all_closed()
