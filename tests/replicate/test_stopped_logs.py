"""What is wrong with one log stops that log, visibly, and no other of the same peer."""

import pytest

from frostnode.ports import ArrivalKind
from frostnode.protocol.frames import (
    BodiesFrame,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    WithheldLeaf,
    encode_frame,
)
from frostnode.protocol.merkle import leaf_hash
from frostnode.testing.loopback import asgi, loopback, response, saying

pytestmark = pytest.mark.network

END = EndFrame(code="end.complete")


def framed(*frames):
    """An answer of these frames."""
    return response(b"".join(map(encode_frame, frames)))


def tree(node, publisher):
    with node.store.read() as reader:
        return reader.log(publisher.origin).held


def state_of(node, publisher):
    with node.store.read() as reader:
        return reader.log(publisher.origin)


def arrivals(node):
    with node.store.read() as reader:
        return [(arrival.kind, arrival.origin, arrival.start) for arrival in reader.arrivals(0, 1000)]


def twin_of(publisher, at, make_publisher, name="p"):
    """The same publisher with other leaves from `at` on, signed by the same key."""
    twin = make_publisher(name, at)
    assert twin.leaves == publisher.leaves[:at]
    for number in range(at, len(publisher.leaves) + 3):
        twin.put(f"twin-{number}", {"title": "of another branch"})
    return twin


@pytest.mark.parametrize("at", [0, 3, 280])
async def test_of_a_log_that_is_signed_two_ways_nothing_more_is_taken_and_all_others_are(
    make_node, make_publisher, transport, clock, at
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=300)
    twin = twin_of(source, at, make_publisher)
    one.take(*make_publisher("before").stream(), *twin.stream(), *make_publisher("after").stream())
    two.take(*source.stream())
    held, told = tree(two, source), arrivals(two)
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert tree(two, source) == held == source.tree()
        news = [line for line in arrivals(two)[len(told) :] if line[1] == source.origin]
        assert news == [(ArrivalKind.FROZEN, source.origin, 300)]
        for other in ("before", "after"):
            assert tree(two, make_publisher(other)) == make_publisher(other).tree()
        assert list(follower.status.stopped) == [source.origin]
        assert follower.status.stopped[source.origin].startswith("checkpoint.fork: ")
        assert (follower.status.error, follower.status.caught_up) == ("", True)
        assert two.peer(server.url)[0] is not None
        # The branch is not fetched again and again, and neither is it forgotten.
        twin.put("more", {"title": "more"})
        one.take(*twin.stream(len(twin.leaves) - 1))
        await follower.once()
        assert state_of(two, source).frozen
        assert server.count(f"{source.origin}/frames") <= 2


async def test_a_log_that_was_stopped_goes_on_when_an_event_settles_it(
    make_node, make_publisher, transport, clock
):
    two = make_node("two")
    source = make_publisher(count=10)
    twin = twin_of(source, 5, make_publisher)
    two.take(*source.stream())
    settled = make_publisher(count=10)
    for at in range(10, 14):
        settled.put(f"later-{at}", {"title": "later"})
    moved = settled.move()
    frames = [*twin.stream(), moved.events(), CursorFrame(cursor=b"c"), END]
    log = framed(moved.events(), settled.entries(10, 14), settled.bodies_frame(10, 14), END)
    answers = {"/frost/stream": framed(*frames), f"/frost/{source.origin}/frames": log}
    async with loopback(saying(answers)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert tree(two, source) == settled.tree()
        assert follower.status.stopped == {}
        assert server.count("/frames?from=10") == 1
        assert two.peer(server.url)[0] == b"c"


@pytest.mark.parametrize("held", [3, 8, 9])
async def test_who_holds_another_branch_than_that_of_the_end_drops_back_and_takes_the_settled_one(
    make_node, make_publisher, transport, clock, held
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=8)
    twin = make_publisher(count=2)
    for at in range(2, held):
        twin.put(f"twin-{at}", {"title": "of another branch"})
    one.take(*source.stream(), source.move().events(), *make_publisher("other").stream())
    two.take(*twin.stream())
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert tree(two, source) == source.tree()
        assert tree(two, make_publisher("other")) == make_publisher("other").tree()
        assert (follower.status.error, follower.status.stopped) == ("", {})
        assert [(kind, start) for kind, origin, start in arrivals(two) if kind is ArrivalKind.DROPPED] == [
            (ArrivalKind.DROPPED, 2)
        ]
        with two.store.read() as reader:
            (drop,) = [each for each in reader.arrivals(0, 1000) if each.kind is ArrivalKind.DROPPED]
            assert reader.strays(drop.number) == twin.leaves[2:]


async def test_a_peer_that_has_not_heard_of_the_branch_that_counts_is_followed_on(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=8)
    twin = twin_of(source, 2, make_publisher)
    one.take(*(twin.stream()), *make_publisher("other").stream())
    two.take(source.move(8).events())
    del twin.leaves[8:], twin.bodies[8:]
    lagging = [
        CheckpointFrame(origin=twin.origin, note=twin.note()),
        twin.entries(0, 8),
        twin.bodies_frame(0, 8),
    ]
    frames = [source.events(), *lagging, *make_publisher("other").stream(), END]
    async with loopback(saying({"/frost/stream": framed(*frames)})) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert tree(two, source).size == 0
        assert tree(two, make_publisher("other")) == make_publisher("other").tree()
        assert follower.status.stopped[source.origin].startswith("checkpoint.fork: ")


@pytest.mark.parametrize("length", [513, 65_535])
async def test_a_leaf_above_the_limit_stops_its_log_alone(
    make_node, make_publisher, transport, clock, length
):
    two = make_node("two")
    source, other = make_publisher(count=4), make_publisher("other")
    source.append(b"x" * length, None)
    for at in range(300):
        source.put(f"later-{at}", {"title": "later"})
    frames = [*source.stream(), *other.stream(), source.entries(256, 305, cursor=b"c"), END]
    async with loopback(saying({"/frost/stream": framed(*frames)})) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert tree(two, source) == source.tree(4)
        assert tree(two, other) == other.tree()
        assert follower.status.stopped == {source.origin: "header.too-large: leaf 4 has more than 512 bytes"}
        assert two.peer(server.url) == (b"c", "")
        assert server.requests == ["/frost/stream?live=false"]
        # Told in each conversation, at the price of one look.
        frames = [source.events(), frames[1], source.entries(256, 305), END]
        server.handler = saying(
            {
                "/frost/stream": framed(*frames),
                f"/frost/{source.origin}/frames": framed(
                    source.events(), frames[1], source.entries(4, 256), END
                ),
            }
        )
        await follower.once()
        assert list(follower.status.stopped) == [source.origin]
        assert server.count("/frames") == 1
        assert follower.status.caught_up


async def test_what_nobody_here_can_judge_is_passed_over(make_node, make_publisher, transport, clock):
    """A body for a leaf that is opaque, or of which the hash alone is here, is nobody's fault."""
    two = make_node("two")
    source = make_publisher(count=3)
    source.append(b"a header of tomorrow", b"its body")
    frames = list(source.stream())
    entries = frames[2]
    bare = type(entries)(
        origin=entries.origin,
        size=entries.size,
        start=0,
        bundle=b"\x00\x00" + entries.bundle[2 + len(source.leaves[0]) :],
        withheld=[WithheldLeaf(0, leaf_hash(source.leaves[0]), "by law")],
        proof=entries.proof,
    )
    bodies = BodiesFrame(origin=source.origin, start=0, items=source.bodies, cursor=b"c")
    async with loopback(saying({"/frost/stream": framed(*frames[:2], bare, bodies, END)})) as server:
        await two.follower(server.url, transport).once()
        with two.store.read() as reader:
            assert reader.bodies(source.origin, 0, 4) == [None, source.bodies[1], source.bodies[2], None]
            assert list(reader.leaves(source.origin, 0, 4).withheld) == [
                WithheldLeaf(0, leaf_hash(source.leaves[0]), "by law")
            ]
        assert two.peer(server.url)[0] == b"c"
