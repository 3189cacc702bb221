"""Policies over real sockets: what is refused, what comes when the policy changes, with streams that stay open."""

from dataclasses import replace

import pytest
import trio

from frostnode.ledger import EVERYONE
from frostnode.ports import ArrivalKind
from frostnode.protocol.errors import LocalError
from frostnode.protocol.frames import CheckpointFrame
from frostnode.protocol.limits import PEER_BACKOFF_MAX_S, POLICY_RECHECK_S
from frostnode.replicate import admission
from frostnode.replicate.policy import DAY_MS, CarryPolicy, Mode, Quota, parse_rule
from frostnode.testing.loopback import asgi, files, loopback, response
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.static_export import export_static

pytestmark = pytest.mark.network

OPEN = CarryPolicy(vouched=Quota(), unknown=Quota(), unknown_total=Quota(), peer_day=Quota())


def denying(*rules, policy=OPEN):
    return replace(policy, deny=frozenset(map(parse_rule, rules)))


def refused(node):
    with node.store.read() as reader:
        return {row.did: row.code for row in reader.refusals(1000)}


def follow(node, did):
    with node.store.write() as writer:
        writer.follow(did)
    node.carrying.refresh()


def equal(one, two, *sources):
    mine, theirs = one.contents(), two.contents()
    return all(mine.get(source.did) == theirs[source.did] for source in sources)


@pytest.fixture
async def live(make_node, transport, clock):
    """A node that follows another, with a stream that stays open: (served, follower node, follower)."""

    async def start(nursery, one, two, handler=None):
        nursery.cancel_scope.deadline = trio.current_time() + 7200
        server = await nursery.start(serve, handler or asgi(one.app))
        follower = two.follower(server.url, transport)
        nursery.start_soon(follower.run)
        return server, follower

    async def serve(handler, task_status):
        async with loopback(handler) as server:
            task_status.started(server)
            await trio.sleep_forever()

    return start


# a node that carries everything, with a list of whom it does not


async def test_a_deny_list_that_changes_while_the_stream_is_live(make_node, make_publisher, live):
    one, two = make_node("one"), make_node("two", OPEN)
    good, bad = make_publisher("good", 3), make_publisher("bad", 300)
    one.take(*good.stream(), *bad.stream())
    async with trio.open_nursery() as nursery:
        server, follower = await live(nursery, one, two)
        await two.until(lambda: equal(two, one, good, bad))
        two.carrying.refresh(denying(bad.did))
        verified = two.contents()[bad.did]
        for at in range(3):
            bad.put(f"more-{at}", {"title": "more"})
            one.take(*bad.stream(300 + at))
            good.put(f"more-{at}", {"title": "more"})
            one.take(*good.stream(3 + at))
            await two.until(lambda: equal(two, one, good))
        assert two.contents()[bad.did] == verified
        assert not two.carrying.is_carried(bad.did)
        assert (follower.status.error, follower.status.stopped) == ("", {})
        assert len(server.requests) == 1
        two.carrying.refresh(OPEN)
        await two.look_again(follower)
        assert equal(two, one, good, bad)
        bad.put("last", {"title": "last"})
        one.take(*bad.stream(303))
        await two.until(lambda: equal(two, one, good, bad))
        assert (follower.status.error, refused(two)) == ("", {})
        nursery.cancel_scope.cancel()


async def test_who_was_denied_from_the_start_comes_whole_when_allowed(make_node, make_publisher, live):
    one = make_node("one")
    good, bad = make_publisher("good", 3), make_publisher("bad", 300)
    two = make_node("two", denying(bad.did))
    one.take(*good.stream(), *bad.stream())
    async with trio.open_nursery() as nursery:
        server, follower = await live(nursery, one, two)
        await two.until(lambda: equal(two, one, good))
        bad.put("more", {"title": "more"})
        one.take(*bad.stream(300))
        good.put("more", {"title": "more"})
        one.take(*good.stream(3))
        await two.until(lambda: equal(two, one, good))
        assert refused(two) == {bad.did: "policy.denied"}
        two.carrying.refresh(OPEN)
        await two.look_again(follower)
        assert equal(two, one, good, bad)
        assert refused(two) == {}
        # From now on it comes by the stream that was open all the time.
        bad.put("last", {"title": "last"})
        one.take(*bad.stream(301))
        await two.until(lambda: equal(two, one, good, bad))
        assert follower.status.error == ""
        assert [target.partition("?")[0].rpartition("/")[2] for target in server.requests] == [
            "stream",
            "identity",
            "frames",
        ]
        nursery.cancel_scope.cancel()


async def test_frames_that_come_before_who_was_denied_is_asked_for_are_no_fault(
    make_node, make_publisher, live
):
    one = make_node("one")
    good, bad = make_publisher("good", 1), make_publisher("bad", 2)
    two = make_node("two", denying(bad.did))
    one.take(*good.stream(), *bad.stream())
    async with trio.open_nursery() as nursery:
        server, follower = await live(nursery, one, two)
        await two.until(lambda: equal(two, one, good))
        two.carrying.refresh(OPEN)
        bad.put("more", {"title": "more"})
        one.take(*bad.stream(2))
        good.put("more", {"title": "more"})
        one.take(*good.stream(1))
        await two.until(lambda: equal(two, one, good))
        assert follower.status.error == ""
        await two.look_again(follower)
        assert equal(two, one, good, bad)
        assert server.count("/frost/stream") == 1
        nursery.cancel_scope.cancel()


async def test_only_what_is_missing_is_asked_for(make_node, make_publisher, live):
    one, two = make_node("one"), make_node("two", OPEN)
    source = make_publisher("a", 600)
    one.take(*source.stream())
    async with trio.open_nursery() as nursery:
        server, follower = await live(nursery, one, two)
        await two.until(lambda: equal(two, one, source))
        two.carrying.refresh(denying(source.did))
        source.put("more", {"title": "more"})
        one.take(source.events(), *source.stream(600))
        other = make_publisher("b", 1)
        one.take(source.move().events(), *other.stream())
        await two.until(lambda: equal(two, one, other))
        two.carrying.refresh(OPEN)
        await two.look_again(follower)
        assert equal(two, one, source, other)
        assert next(target for target in server.requests if "/frames" in target).endswith(
            "from=600&bodies=600"
        )
        nursery.cancel_scope.cancel()


# a node that carries only whom it follows


async def test_a_node_that_carries_only_the_followed_takes_up_one_more_at_once(
    make_node, make_publisher, live
):
    one = make_node("one")
    first, second, third = (make_publisher(name, 40) for name in "abc")
    # An allowed host makes the node listen to everyone, and refuse by itself.
    policy = replace(OPEN, mode=Mode.FOLLOWED, allow=frozenset([parse_rule("host:nowhere.example")]))
    two = make_node("two", policy)
    follow(two, first.did)
    for source in (first, second, third):
        one.take(*source.stream())
    async with trio.open_nursery() as nursery:
        _, follower = await live(nursery, one, two)
        await two.until(lambda: equal(two, one, first))
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert set(two.contents()) == {first.did}
        assert refused(two) == dict.fromkeys([second.did, third.did], "policy.not-followed")
        follow(two, second.did)
        await two.look_again(follower)
        assert equal(two, one, first, second)
        assert refused(two) == {third.did: "policy.not-followed"}
        second.put("more", {"title": "more"})
        one.take(*second.stream(40))
        await two.until(lambda: equal(two, one, first, second))
        assert follower.status.error == ""
        nursery.cancel_scope.cancel()


async def test_who_is_not_followed_any_more_stays_on_disk_and_is_not_served(
    make_node, make_publisher, live, transport
):
    one, two, three = (
        make_node("one"),
        make_node("two", replace(OPEN, mode=Mode.FOLLOWED)),
        make_node("three"),
    )
    source, other = make_publisher("a", 300), make_publisher("b", 2)
    one.take(*source.stream(), *other.stream())
    for did in (source.did, other.did):
        follow(two, did)
    async with trio.open_nursery() as nursery:
        await live(nursery, one, two)
        await two.until(lambda: equal(two, one, source, other))
        with two.store.write() as writer:
            writer.unfollow(source.did)
        two.carrying.refresh()
        async with loopback(asgi(two.app)) as server:
            follower = three.follower(server.url, transport)
            await follower.once()
            assert set(three.contents()) == {other.did}
            heads = await transport.fetch(f"{server.url}/frost/heads/0", bytes_max=100_000)
            assert source.did.encode() not in heads
            for path in (
                f"{source.did}/identity",
                f"{source.origin}/checkpoint",
                f"{source.origin}/tile/entries/000",
            ):
                with pytest.raises(LocalError, match="404"):
                    await transport.fetch(f"{server.url}/frost/{path}", bytes_max=100_000)
            assert equal(two, one, source)
            follow(two, source.did)
            # Who has read the stream meanwhile is told that there is more.
            await follower.once()
            assert equal(three, one, source, other)
        nursery.cancel_scope.cancel()


# quotas


async def test_a_quota_that_is_raised_lets_the_rest_of_a_log_in(make_node, make_publisher, live):
    one = make_node("one")
    tight = replace(OPEN, unknown=Quota(entries=300))
    two = make_node("two", tight)
    source, other = make_publisher("a", 1000), make_publisher("b", 1)
    one.take(*source.stream(), *other.stream())
    async with trio.open_nursery() as nursery:
        _, follower = await live(nursery, one, two)
        await two.until(lambda: equal(two, one, other))
        assert refused(two) == {source.did: "policy.quota"}
        with two.store.read() as reader:
            assert reader.log(source.origin).held.size == 512
        two.carrying.refresh(OPEN)
        await two.look_again(follower)
        assert equal(two, one, source, other)
        assert (follower.status.error, refused(two)) == ("", {})
        nursery.cancel_scope.cancel()


async def test_a_quota_of_bytes_leaves_bodies_out_and_they_come_later(make_node, make_publisher, live):
    one = make_node("one")
    two = make_node("two", replace(OPEN, unknown=Quota(bytes=100_000)))
    source, other = make_publisher("a", 200, padding=4000), make_publisher("b", 1)
    one.take(*source.stream(), *other.stream())
    async with trio.open_nursery() as nursery:
        _, follower = await live(nursery, one, two)
        await two.until(lambda: equal(two, one, other))
        assert refused(two) == {}
        source.put("more", {"title": "more"})
        one.take(*source.stream(200))
        other.put("more", {"title": "more"})
        one.take(*other.stream(1))
        await two.until(lambda: equal(two, one, other))
        assert refused(two) == {source.did: "policy.quota"}
        follow(two, source.did)
        await two.look_again(follower)
        assert equal(two, one, source, other)
        nursery.cancel_scope.cancel()


async def test_what_a_day_had_no_room_for_comes_the_next_day(make_node, make_publisher, live):
    one = make_node("one")
    two = make_node("two", replace(OPEN, peer_day=Quota(publishers=2)))
    sources = [make_publisher(name, 2) for name in "abcde"]
    one.take(*(frame for source in sources for frame in source.stream()))
    async with trio.open_nursery() as nursery:
        _, follower = await live(nursery, one, two)
        await two.until(lambda: len(two.contents()) == 2)
        for days, count in ((1, 4), (2, 5)):
            two.clock.step_ms(DAY_MS)
            await two.look_again(follower)
            assert len(two.contents()) == count, days
        assert equal(two, one, *sources)
        assert refused(two) == {}
        assert follower.status.error == ""
        nursery.cancel_scope.cancel()


async def test_content_of_a_type_comes_when_it_is_not_denied_any_more(make_node, live):
    one, two = make_node("one"), make_node("two", denying("type:label"))
    source = MemoryPublisher("a")
    for at in range(10):
        source.put(f"d-{at}", {"title": "d"})
        source.put(f"l-{at}", {"title": "l"}, "label")
    one.take(*source.stream())
    async with trio.open_nursery() as nursery:
        server, follower = await live(nursery, one, two)
        await two.until(lambda: refused(two) == {source.did: "policy.type"})
        two.clock.step_ms(2 * DAY_MS)
        await two.look_again(follower)
        assert server.count("/frames") == 0
        two.carrying.refresh(denying("type:dataset"))
        await two.look_again(follower)
        assert equal(two, one, source)
        nursery.cancel_scope.cancel()


# looking again


async def test_a_refusal_is_looked_at_again_by_itself_and_asks_nobody_while_it_stands(
    make_node, make_publisher, live
):
    source, other = make_publisher("bad"), make_publisher("good")
    one, two = make_node("one"), make_node("two", denying(source.did))
    one.take(*source.stream(), *other.stream())
    async with trio.open_nursery() as nursery:
        server, follower = await live(nursery, one, two)
        await two.until(lambda: equal(two, one, other))
        with two.store.read() as reader:
            (before,) = reader.refusals(10)
        two.clock.step_ms(POLICY_RECHECK_S * 1000)
        await two.look_again(follower)
        with two.store.read() as reader:
            (after,) = reader.refusals(10)
        assert after == replace(before, again_ms=before.again_ms + POLICY_RECHECK_S * 1000)
        assert len(server.requests) == 1
        nursery.cancel_scope.cancel()


async def test_a_peer_that_does_not_answer_is_asked_later(make_node, make_publisher, live):
    source, other = make_publisher("bad"), make_publisher("good")
    one, two = make_node("one"), make_node("two", denying(source.did))
    one.take(*source.stream(), *other.stream())
    down = []

    async def handler(target, stream):
        if down and "/identity" in target:
            await stream.send_all(response(status=500))
        else:
            await asgi(one.app)(target, stream)

    async with trio.open_nursery() as nursery:
        server, follower = await live(nursery, one, two, handler)
        await two.until(lambda: equal(two, one, other))
        down.append(True)
        two.carrying.refresh(OPEN)
        await two.look_again(follower)
        await two.look_again(follower)
        assert server.count("/identity") == 1
        down.clear()
        two.clock.step_ms(PEER_BACKOFF_MAX_S * 1000)
        await two.look_again(follower)
        assert equal(two, one, source, other)
        nursery.cancel_scope.cancel()


async def test_what_a_peer_does_not_have_any_more_is_forgotten(make_node, make_publisher, live):
    source, other = make_publisher("bad"), make_publisher("good")
    one, two = make_node("one", OPEN), make_node("two", denying(source.did))
    one.take(*source.stream(), *other.stream())
    async with trio.open_nursery() as nursery:
        _, follower = await live(nursery, one, two)
        await two.until(lambda: equal(two, one, other))
        one.carrying.refresh(denying(source.did))
        two.carrying.refresh(OPEN)
        await two.look_again(follower)
        assert (refused(two), list(two.contents())) == ({}, [other.did])
        # It comes when the peer carries it again.
        one.carrying.refresh(OPEN)
        one.bell.ring()
        await two.until(lambda: equal(two, one, source, other))
        nursery.cancel_scope.cancel()


async def test_more_refusals_than_are_remembered_lose_nothing(make_node, make_publisher, live, monkeypatch):
    monkeypatch.setattr(admission, "REFUSALS_PER_PEER_MAX", 2)
    sources = [make_publisher(f"p{at}", 2) for at in range(6)]
    policy = replace(OPEN, mode=Mode.FOLLOWED, allow=frozenset([parse_rule("host:nowhere.example")]))
    one, two = make_node("one"), make_node("two", policy)
    one.take(*(frame for source in sources for frame in source.stream()))
    async with trio.open_nursery() as nursery:
        _, follower = await live(nursery, one, two)
        await two.until(lambda: EVERYONE in refused(two))
        for source in sources:
            source.put("more", {"title": "more"})
            one.take(*source.stream(2))
        two.carrying.refresh(OPEN)
        await two.look_again(follower)
        assert equal(two, one, *sources)
        assert refused(two) == {}
        assert two.carrying.hidden(include_unknown=False) == frozenset()
        for source in sources:
            source.put("last", {"title": "last"})
            one.take(*source.stream(3))
        await two.until(lambda: equal(two, one, *sources))
        assert follower.status.error == ""
        nursery.cancel_scope.cancel()


async def test_what_was_refused_before_a_restart_is_known_after_it(
    make_node, make_publisher, transport, clock, tmp_path
):
    source, other = make_publisher("bad", 2), make_publisher("good", 1)
    one, two = make_node("one"), make_node("two", denying(source.did))
    one.take(*source.stream(), *other.stream())
    async with loopback(asgi(one.app)) as server:
        await two.follower(server.url, transport).once()
        source.put("more", {"title": "more"})
        one.take(*source.stream(2))
        two.close()
        again = make_node("two", denying(source.did))
        follower = again.follower(server.url, transport)
        await follower.once()  # entries of whom nothing is here
        assert follower.status.error == ""
        again.carrying.refresh(OPEN)
        await again.look_again(follower)
        assert equal(again, one, source, other)


async def test_a_policy_that_changed_while_the_node_rested_is_told_on(
    make_node, make_publisher, transport, clock
):
    source = make_publisher("a", 3)
    two = make_node("two", OPEN)
    two.take(*source.stream())
    two.carrying.refresh(denying(source.did))
    two.close()
    again = make_node("two", OPEN)
    again.carrying.refresh()
    with again.store.read() as reader:
        last = reader.last_arrival()
        told = [arrival.kind for arrival in reader.arrivals(last - 2, 10)]
    assert told == [ArrivalKind.EVENTS, ArrivalKind.RESTORED]
    again.carrying.refresh()
    with again.store.read() as reader:
        assert reader.last_arrival() == last


# static sources


async def test_an_archive_is_taken_as_far_as_the_policy_lets_it_in(
    make_node, make_publisher, transport, clock, tmp_path
):
    one = make_node("one")
    good, bad, long = make_publisher("good", 3), make_publisher("bad", 3), make_publisher("long", 1000)
    one.take(*good.stream(), *bad.stream(), *long.stream())
    export_static(one.store, tmp_path / "archive")
    policy = denying(bad.did, policy=replace(OPEN, unknown=Quota(entries=400)))
    two = make_node("two", policy)
    async with loopback(files(tmp_path / "archive")) as server:
        follower = two.follower(server.url, transport)
        for _ in range(2):
            await follower.once()
            assert follower.status.error == ""
            assert set(two.contents()) == {good.did, long.did}
            assert refused(two) == {bad.did: "policy.denied", long.did: "policy.quota"}
        two.carrying.refresh(OPEN)
        await two.look_again(follower)
        assert equal(two, one, good, bad, long)


# a log asked for by size


async def test_a_gap_of_who_is_refused_is_neither_filled_nor_holds_up_the_cursor(
    make_node, make_publisher, live
):
    one, two = make_node("one"), make_node("two", replace(OPEN, unknown=Quota(entries=3)))
    source, other = make_publisher("a", 300), make_publisher("b", 1)
    two.take_from(
        "http://other.example",
        source.events(),
        CheckpointFrame(origin=source.origin, note=source.note()),
        source.entries(0, 5),
    )
    one.take(*source.stream(), *other.stream())
    async with trio.open_nursery() as nursery:
        server, follower = await live(nursery, one, two)
        await two.until(lambda: equal(two, one, other))
        other.put("more", {"title": "more"})
        one.take(*other.stream(1))
        await two.until(lambda: equal(two, one, other))
        assert two.peer(server.url)[0] is not None
        assert follower.status.stopped == {}
        nursery.cancel_scope.cancel()
