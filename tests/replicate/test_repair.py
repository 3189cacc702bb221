"""A cursor that is not known: heads are compared by ranges, and only what differs is fetched."""

import json
import re

import pytest
import trio

from frostnode.protocol.errors import FrostError
from frostnode.protocol.limits import HEAD_RANGE_HEADS_MAX, SLOT_SILENCE_S
from frostnode.replicate.cursor import resume
from frostnode.replicate.world import Detail
from frostnode.testing.equivocation import twin_of
from frostnode.testing.loopback import asgi, loopback, response, saying
from frostnode.testing.peers import PeerNode

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Two nodes that carry the same thousand logs of one entry, and their publishers."""
    from frostnode.testing.memory_publisher import MemoryPublisher

    folder = tmp_path_factory.mktemp("many")
    nodes = [PeerNode(folder, "one"), PeerNode(folder, "two")]
    publishers = [MemoryPublisher(f"p{number}") for number in range(1_000)]
    frames = []
    for publisher in publishers:
        publisher.put("key", {"title": "one of many"})
        frames += publisher.stream()
    for node in nodes:
        node.take(*frames)
    yield (*nodes, publishers)
    for node in nodes:
        node.close()


def heads_asked(server):
    return [target for target in server.requests if target.startswith("/frost/heads/")]


def frames_asked(server):
    return [target for target in server.requests if "/frames" in target]


def without(handler, *parts):
    async def answer(target, stream):
        if any(part in target for part in parts):
            await stream.send_all(response(status=404))
        else:
            await handler(target, stream)

    return answer


@pytest.mark.slow
async def test_of_a_thousand_logs_the_one_that_changed_is_asked_for(many, transport, clock):
    one, two, publishers = many
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert heads_asked(server) == ["/frost/heads/ranges"]
        assert (frames_asked(server), follower.status.entries) == ([], 0)
        assert follower.status.bytes < 10_000
        with one.store.read() as reader:
            assert resume(reader, two.peer(server.url)[0]) == reader.last_arrival()
        with two.store.read() as reader:
            assert reader.lag(server.url).offered == 1_000

        changed = publishers[500]
        changed.put("more", {"title": "more"})
        one.take(*changed.stream(1))
        with two.store.write() as writer:
            writer.peer_reached(server.url, b"a cursor of a lost future", "")
        server.requests.clear()
        before = follower.status.bytes
        await follower.once()
        assert follower.status.entries == 1
        assert [target.partition("?")[0] for target in frames_asked(server)] == [
            f"/frost/{changed.origin}/frames"
        ]
        assert len(heads_asked(server)) <= 3
        assert follower.status.bytes - before < 30_000
        # From here on the cursor is good again.
        server.requests.clear()
        await follower.once()
        assert len(server.requests) == 1


async def test_a_restored_peer_is_compared_with_and_nothing_is_fetched_that_is_here(
    make_node, make_publisher, transport, clock
):
    one, restored, two = make_node("one"), make_node("restored"), make_node("two")
    large, small, new = (
        make_publisher("large", 100, padding=2_000),
        make_publisher("small", 5),
        make_publisher("new"),
    )
    one.take(*large.stream(), *small.stream())
    # The backup has less of one log, and after it was restored another came.
    restored.take(*large.stream(), small.events(), *new.stream())
    apps = [one.app]
    async with loopback(lambda target, stream: asgi(apps[0])(target, stream)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        apps[0] = restored.app
        before = follower.status.bytes
        await follower.once()
        assert set(two.contents()) == {large.did, small.did, new.did}
        assert follower.status.bytes - before < 8_000
        assert [target.partition("?")[0] for target in frames_asked(server)] == [
            f"/frost/{new.origin}/frames"
        ]
        assert (follower.status.error, follower.status.entries) == ("", 108)
        with restored.store.read() as reader:
            assert resume(reader, two.peer(server.url)[0]) == reader.last_arrival()


async def test_a_log_that_is_slow_to_come_is_no_lie_of_its_publisher(
    make_node, make_publisher, transport, clock
):
    """Its history would have come with it: it is asked for by itself before anybody is charged with having none."""
    one, two = make_node("one"), make_node("two")
    common, more = make_publisher("a", 40), make_publisher("b", 5)
    one.take(*common.stream(), *more.stream())
    two.take(*common.stream())

    async def slow(target, stream):
        if f"{more.origin}/frames" in target:
            await trio.sleep(2 * SLOT_SILENCE_S)
        await asgi(one.app)(target, stream)

    async with loopback(slow) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert follower.status.failed[more.origin].startswith("transport.timeout")
    assert set(two.contents()) == {common.did, more.did}


async def test_what_is_not_given_keeps_the_cursor_back_and_is_asked_for_again(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    common, more = make_publisher("a", 40), make_publisher("b", 5)
    one.take(*common.stream(), *more.stream())
    two.take(*common.stream())
    async with loopback(without(asgi(one.app), f"{more.did}/")) as server:
        follower = two.follower(server.url, transport)
        for _ in range(2):
            with pytest.raises(FrostError) as caught:
                await follower.once()
            assert caught.value.code == "identity.unknown"
            assert two.peer(server.url)[0] is None
        server.handler = asgi(one.app)
        await follower.once()
        assert two.contents() == one.contents()
        assert two.peer(server.url)[0] is not None


async def test_a_tree_that_is_listed_and_not_given_is_asked_for_again(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    common, more = make_publisher("a", 40), make_publisher("b", 5)
    one.take(*common.stream(), *more.stream())
    two.take(*common.stream(), more.events())
    async with loopback(without(asgi(one.app), f"{more.origin}/")) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert list(follower.status.stopped) == [more.origin]
        assert two.peer(server.url)[0] is None
        server.handler = asgi(one.app)
        await follower.once()
        assert two.contents() == one.contents()
        assert two.peer(server.url)[0] is not None


async def test_who_holds_nearly_nothing_of_what_the_peer_has_begins_anew(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    publishers = [make_publisher(f"p{number}", 2) for number in range(HEAD_RANGE_HEADS_MAX + 10)]
    for publisher in publishers:
        one.take(*publisher.stream())
    two.take(*publishers[0].stream())
    async with loopback(asgi(one.app)) as server:
        await two.follower(server.url, transport).once()
        assert two.contents() == one.contents()
        assert server.requests == ["/frost/heads/ranges", "/frost/stream?live=false"]


async def test_of_publishers_that_are_followed_only_their_heads_are_compared(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    wanted, other = make_publisher("a", 20), make_publisher("b")
    one.take(*wanted.stream(), *other.stream())
    two.take(*wanted.stream())
    wanted.put("more", {"title": "more"})
    one.take(*wanted.stream(20))
    async with loopback(asgi(one.app)) as server:
        await two.follower(server.url, transport, frozenset([wanted.did])).once()
        assert list(two.contents()) == [wanted.did]
        assert two.contents()[wanted.did] == one.contents()[wanted.did]
        assert len(heads_asked(server)) == len(frames_asked(server)) == 1


async def test_a_peer_without_ranges_is_compared_by_its_pages_of_heads(
    make_node, make_publisher, transport, clock
):
    one, restored, two = make_node("one"), make_node("restored"), make_node("two")
    large, new = make_publisher("large", 100, padding=2_000), make_publisher("new")
    one.take(*large.stream())
    restored.take(*large.stream(), *new.stream())
    handlers = [asgi(one.app)]
    async with loopback(lambda target, stream: handlers[0](target, stream)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        handlers[0] = without(asgi(restored.app), "/frost/heads/ranges")
        before = follower.status.bytes
        await follower.once()
        assert two.contents() == restored.contents()
        assert follower.status.bytes - before < 20_000
        assert [re.sub("since=.*", "since", target) for target in server.requests[1:5]] == [
            "/frost/stream?live=false&since",
            "/frost/heads/ranges",
            "/frost/stream?live=false&detail=heads",
            "/frost/heads/0",
        ]


@pytest.mark.parametrize(
    "page",
    [
        b"no json",
        b"[]",
        b"{}",
        b'{"cursor": "AAAA"}',
        b'{"cursor": "!", "ranges": [{"low": "", "high": "", "heads": []}]}',
        b'{"cursor": "AAAA", "ranges": []}',
        b'{"cursor": "AAAA", "ranges": [{"low": "a", "high": "", "heads": []}]}',
        b'{"cursor": "AAAA", "ranges": [{"low": "", "high": "", "heads": [{"origin": "x"}]}]}',
        b'{"cursor": "AAAA", "ranges": [{"low": "", "high": "", "parts": [{"high": ""}]}]}',
        b"[" * 100_000,
        json.dumps({"cursor": "A" * 88, "ranges": [{"low": "", "high": "", "heads": []}]}).encode(),
    ],
)
async def test_a_page_of_ranges_that_is_none_is_the_fault_of_the_peer(
    make_node, make_publisher, transport, clock, page
):
    two = make_node("two")
    two.take(*make_publisher().stream())
    async with loopback(saying({"/frost/heads/ranges": response(page)})) as server:
        follower = two.follower(server.url, transport)
        with pytest.raises(FrostError) as caught:
            await follower.once()
        assert caught.value.code == "heads.malformed"
        assert server.requests == ["/frost/heads/ranges"]


@pytest.mark.parametrize("detail", list(Detail))
async def test_evidence_that_the_peer_has_comes_by_the_comparison(
    make_node, make_publisher, transport, clock, detail
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=10)
    for node in (one, two):
        node.take(*source.stream())
    one.take(*twin_of(source, 4).stream())
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport)
        follower.ask_for(detail)
        await follower.once()
        with two.store.read() as reader:
            assert reader.log(source.origin).frozen
            assert [head.disputed for head in reader.heads(0)] == [True]
        assert (follower.status.error, follower.status.caught_up) == ("", True)
        server.requests.clear()
        with two.store.write() as writer:
            writer.peer_reached(server.url, b"a cursor of a lost future", "")
        await follower.once()
        assert frames_asked(server) == []
        assert heads_asked(server) == ["/frost/heads/ranges"]
