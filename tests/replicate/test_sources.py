"""Several peers at once: everything comes once, from whoever has it, whoever falls silent, withholds or lies."""

import json
from contextlib import asynccontextmanager

import pytest
import trio

from frostnode.protocol.errors import TransportError
from frostnode.protocol.frames import BodiesFrame, CheckpointFrame, EntriesFrame, FrameDecoder, encode_frame
from frostnode.protocol.limits import (
    OWED_MAX,
    PEER_BACKOFF_MAX_S,
    PEER_BUDGET_S,
    SLOT_PROGRESS_BYTES,
    SLOT_SILENCE_S,
    SOURCE_SILENCE_S,
)
from frostnode.replicate import keeper as keeper_module
from frostnode.replicate import metered
from frostnode.testing.loopback import asgi, loopback, response, saying, silence

pytestmark = pytest.mark.network


@asynccontextmanager
async def kept(keeper):
    """A keeper that runs meanwhile."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.run)
        yield keeper
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def served(*handlers):
    """Servers in order of their URLs: the first is the full source at the beginning."""

    async def serve(*, task_status):
        async with loopback(silence) as server:
            task_status.started(server)
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        servers = [await nursery.start(serve) for _ in handlers]
        servers.sort(key=lambda server: server.url)
        for server, handler in zip(servers, handlers, strict=True):
            server.handler = handler
        yield servers
        nursery.cancel_scope.cancel()


def bodies_sent(server):
    """How many requests were made that are answered with entries and bodies."""
    return sum(
        "/frames" in target or (target.startswith("/frost/stream") and "detail=heads" not in target)
        for target in server.requests
    )


def without_entries(app):
    """An application that tells heads, and sends nothing of what is under them."""

    async def withhold(scope, receive, send):
        decoder = FrameDecoder()

        async def filtered(message):
            if message["type"] == "http.response.body" and scope["path"] == "/frost/stream":
                frames = decoder.feed(message.get("body", b""))
                kept = [frame for frame in frames if not isinstance(frame, EntriesFrame | BodiesFrame)]
                message = {**message, "body": b"".join(map(encode_frame, kept))}
            await send(message)

        await app(scope, receive, filtered)

    return withhold


def refusing(handler, *parts):
    async def answer(target, stream):
        if any(part in target for part in parts):
            await stream.send_all(response(status=404))
        else:
            await handler(target, stream)

    return answer


def paced(app, piece_bytes, seconds):
    """An application whose frames come over a slow line: so many bytes, then so many seconds nothing."""

    async def slow(scope, receive, send):
        async def in_pieces(message):
            body = message.get("body", b"")
            if message["type"] != "http.response.body" or not body:
                await send(message)
                return
            for at in range(0, len(body), piece_bytes):
                await send({**message, "body": body[at : at + piece_bytes], "more_body": True})
                await trio.sleep(seconds)

        await app(scope, receive, in_pieces)

    return slow


async def until(condition):
    """Look every tenth of a second: some of what is waited for rings no bell."""
    while not condition():  # noqa: ASYNC110 - there is no event to wait for
        await trio.sleep(0.1)


async def same(two, one):
    await two.until(lambda: two.contents() == one.contents())


def grow(source, nodes, key):
    source.put(key, {"title": key})
    for node in nodes:
        node.take(*source.stream(len(source.leaves) - 1))


def entries_taken(keeper):
    return {url: follower.status.entries for url, follower in keeper.followers.items()}


# one sends, the others tell


async def test_of_two_peers_with_the_same_logs_one_sends_everything_and_the_other_heads(
    make_node, make_publisher, transport, clock
):
    one, other, two = make_node("one"), make_node("other"), make_node("two")
    source = make_publisher(count=20)
    for node in (one, other):
        node.take(*source.stream())
    async with served(asgi(one.app), asgi(other.app)) as (first, second):
        async with kept(two.keeper(first.url, second.url, transport=transport)) as keeper:
            await same(two, one)
            await trio.sleep(3)
            for at in range(3):
                grow(source, (one, other), f"more-{at}")
                await same(two, one)
            await trio.sleep(3)
            assert keeper.full == first.url
            assert (bodies_sent(first), bodies_sent(second)) == (1, 0)
            assert entries_taken(keeper) == {first.url: 23, second.url: 0}
            with two.store.read() as reader:
                assert reader.lag(first.url).logs == reader.lag(second.url).logs == 0
                assert reader.lag(second.url).offered == 1


async def test_when_the_full_source_dies_another_takes_over_and_nothing_comes_twice(
    make_node, make_publisher, transport, clock
):
    one, other, two = make_node("one"), make_node("other"), make_node("two")
    source = make_publisher(count=20)
    for node in (one, other):
        node.take(*source.stream())
    async with served(asgi(one.app), asgi(other.app)) as (first, second):
        async with kept(two.keeper(first.url, second.url, transport=transport)) as keeper:
            await same(two, one)
            await trio.sleep(3)
            first.handler = saying({})
            first.hang_up()
            begun = trio.current_time()
            await until(lambda: keeper.full == second.url)
            assert trio.current_time() - begun < 1
            for at in range(3):
                grow(source, (other,), f"more-{at}")
                await same(two, other)
            assert entries_taken(keeper) == {first.url: 20, second.url: 3}
            # The first comes back, and waits for its turn.
            first.handler = asgi(one.app)
            one.take(*source.stream(20))
            await until(lambda: keeper.followers[first.url].status.connected)
            assert keeper.full == second.url
            assert entries_taken(keeper) == {first.url: 20, second.url: 3}


async def test_a_full_source_that_falls_silent_is_replaced(make_node, make_publisher, transport, clock):
    one, two = make_node("one"), make_node("two")
    one.take(*make_publisher(count=3).stream())
    async with served(silence, asgi(one.app)) as (first, second):
        async with kept(two.keeper(first.url, second.url, transport=transport)) as keeper:
            await same(two, one)
            assert trio.current_time() < 2 * SOURCE_SILENCE_S
            await until(lambda: keeper.full == second.url)
            assert trio.current_time() < 2 * SOURCE_SILENCE_S


# what the full source does not bring


async def test_a_log_that_only_the_second_has_is_fetched_from_it(make_node, make_publisher, transport, clock):
    one, other, two = make_node("one"), make_node("other"), make_node("two")
    common, alone = make_publisher("common", 3), make_publisher("alone", 5)
    for node in (one, other):
        node.take(*common.stream())
    async with served(asgi(one.app), asgi(other.app)) as (first, second):
        async with kept(two.keeper(first.url, second.url, transport=transport)) as keeper:
            await same(two, one)
            await trio.sleep(3)
            other.take(*alone.stream())
            begun = trio.current_time()
            await same(two, other)
            assert trio.current_time() - begun < 0.5, "nobody is waited for that never had it"
            for at in range(3):
                grow(alone, (other,), f"more-{at}")
                await same(two, other)
            assert entries_taken(keeper) == {first.url: 3, second.url: 8}
            assert second.count("/frames") == second.count(f"{alone.origin}/frames") == 4


@pytest.mark.parametrize("which", ["the full source", "the second source"])
async def test_who_tells_heads_and_withholds_what_is_under_them_delays_nothing_for_long(
    make_node, make_publisher, transport, clock, which
):
    one, other, two = make_node("one"), make_node("other"), make_node("two")
    source = make_publisher(count=3)
    for node in (one, other):
        node.take(*source.stream())
    withholding = refusing(asgi(without_entries(one.app)), "/frames", "/tile/", "/body/")
    handlers = (withholding, asgi(other.app))
    async with served(*(handlers if which == "the full source" else handlers[::-1])) as servers:
        async with kept(two.keeper(*(each.url for each in servers), transport=transport)):
            await same(two, other)
            await trio.sleep(3)
            begun = trio.current_time()
            grow(source, (one, other), "more")
            await same(two, other)
            assert trio.current_time() - begun < 3


async def test_who_shows_more_and_never_gives_it_is_asked_now_and_then_and_shown(
    make_node, make_publisher, transport, clock
):
    one, other, two = make_node("one"), make_node("other"), make_node("two")
    source = make_publisher(count=3)
    for node in (one, other):
        node.take(*source.stream())
    source.put("kept-back", {"title": "kept back"})
    other.take(*source.stream(3))
    mute = {f"/frost/{source.origin}/frames": silence}

    async def second_answers(target, stream):
        await (mute.get(target.partition("?")[0]) or asgi(other.app))(target, stream)

    async with served(asgi(one.app), second_answers) as (first, second):
        async with kept(two.keeper(first.url, second.url, transport=transport)) as keeper:
            await same(two, one)
            await trio.sleep(20 * PEER_BACKOFF_MAX_S)
            assert second.count("/frames") <= 21
            assert keeper.followers[second.url].status.failed[source.origin].startswith("transport.timeout")
            with two.store.read() as reader:
                lag = reader.lag(second.url)
            assert (lag.logs, lag.leaves) == (1, 1)
            mute.clear()
            await same(two, other)
            await trio.sleep(10)
            assert keeper.followers[second.url].status.failed == {}


async def test_what_is_owed_is_remembered_over_a_restart(make_node, make_publisher, transport, clock):
    one, other, two = make_node("one"), make_node("other"), make_node("two")
    common, alone = make_publisher("common", 3), make_publisher("alone", 5)
    one.take(*common.stream())
    other.take(*common.stream(), *alone.stream())
    blind = refusing(asgi(other.app), "/frames", "/tile/", "/checkpoint")
    async with served(asgi(one.app), blind) as (first, second):
        async with kept(two.keeper(first.url, second.url, transport=transport)):
            await two.until(lambda: alone.did in two.contents())
            await trio.sleep(10)
        cursor, _ = two.peer(second.url)
        assert cursor is not None
        second.handler = asgi(other.app)
        second.requests.clear()
        async with kept(two.keeper(first.url, second.url, transport=transport)):
            await same(two, other)
        assert second.count("/frames") == 1
        assert second.count("/frost/heads/") == 0


@pytest.mark.slow
async def test_more_than_is_remembered_to_be_owed_is_found_in_the_store(
    make_node, make_publisher, transport, clock, monkeypatch
):
    assert OWED_MAX > 1
    monkeypatch.setattr(keeper_module, "OWED_MAX", 1)
    one, other, two = make_node("one"), make_node("other"), make_node("two")
    one.take(*make_publisher("common", 3).stream())
    other.take(*make_publisher("common", 3).stream())
    for name in ("a", "b", "c"):
        other.take(*make_publisher(name, 3).stream())
    async with served(asgi(one.app), asgi(other.app)) as (first, second):
        async with kept(two.keeper(first.url, second.url, transport=transport)):
            await same(two, other)


async def test_a_body_that_the_full_source_does_not_have_comes_from_another(
    make_node, make_publisher, transport, clock
):
    one, other, two = make_node("one"), make_node("other"), make_node("two")
    source = make_publisher(count=3)
    other.take(*source.stream())
    bodies = source.bodies
    source.bodies = [bodies[0], None, bodies[2]]
    one.take(*source.stream())
    async with served(asgi(one.app), asgi(other.app)) as (first, second):
        async with kept(two.keeper(first.url, second.url, transport=transport)):
            await same(two, other)
            assert trio.current_time() < 12
            await trio.sleep(60)
            assert second.count("/frost/body/") == 1
            assert second.count("/frames") == 0


# liars


async def test_a_head_that_is_not_signed_costs_the_liar_its_connection_and_stops_nobody_else(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source, stranger = make_publisher("a", 3), make_publisher("b", 9)
    one.take(*source.stream())
    forged = stranger.note().replace(stranger.origin.encode(), source.origin.encode())
    frames = [source.events(), CheckpointFrame(origin=source.origin, note=forged)]
    liar = saying({"/frost/stream": response(b"".join(map(encode_frame, frames)))})
    async with served(asgi(one.app), liar) as (first, second):
        async with kept(two.keeper(first.url, second.url, transport=transport)) as keeper:
            await same(two, one)
            await trio.sleep(10)
            assert keeper.followers[second.url].status.error.startswith("note.signature")
            assert second.count("/frames") == 0
            grow(source, (one,), "more")
            await same(two, one)


async def test_sizes_in_ranges_are_believed_only_under_a_signature(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher("a", 3)
    for node in (one, two):
        node.take(*source.stream())
    claim = {
        "origin": source.origin,
        "size": 10**12,
        "root": bytes(32).hex(),
        "tip": str(source.genesis.cid),
        "forked": False,
    }
    page = {"cursor": "AAAA", "ranges": [{"low": "", "high": "", "heads": [claim]}]}
    answers = {
        "/frost/heads/ranges": response(json.dumps(page).encode()),
        f"/frost/{source.origin}/checkpoint": response(source.note()),
        "/frost/stream": silence,
    }
    async with served(asgi(one.app), saying(answers)) as (first, second):
        async with kept(two.keeper(first.url, second.url, transport=transport)):
            await trio.sleep(10)
            with two.store.read() as reader:
                assert reader.lag(second.url).leaves == 0
            assert second.count("/frames") == 0


async def test_a_peer_that_repeats_itself_spends_its_budget_and_is_left_alone(
    make_node, make_publisher, transport, clock, monkeypatch
):
    monkeypatch.setattr(metered, "PEER_WASTE_FRAMES_MAX", 1_000)
    two = make_node("two")
    source = make_publisher("a", 1)
    two.take(*source.stream())
    frame = encode_frame(CheckpointFrame(origin=source.origin, note=source.note()))
    batch = b"".join([encode_frame(source.events()), frame * 128])

    async def repeat(target, stream):
        if not target.startswith("/frost/stream"):
            await stream.send_all(response(status=404))
            return
        await stream.send_all(response(b"", content_length=str(10**12)))
        while True:
            await stream.send_all(batch)

    async with served(repeat) as (server,):
        follower = two.follower(server.url, transport)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(follower.run)
            await until(lambda: follower.status.error)
            assert follower.status.error.startswith("transport.budget: frames that brought nothing")
            assert (two.peer(server.url)[1], follower.status.entries) == (follower.status.error, 0)
            asked = server.count("/frost/stream")
            await trio.sleep(PEER_BUDGET_S - 10)
            assert server.count("/frost/stream") == asked
            await trio.sleep(20)
            assert server.count("/frost/stream") == asked + 1
            nursery.cancel_scope.cancel()


# found peers


async def test_a_found_peer_is_asked_for_what_is_owed_and_never_for_everything(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    one.take(*make_publisher("a", 5).stream())
    async with served(asgi(one.app)) as (server,):
        async with kept(two.keeper(transport=transport, found=[server.url])) as keeper:
            await same(two, one)
            assert keeper.full is None
            assert bodies_sent(server) == server.count("/frames") == 1


async def test_peers_come_and_go_while_the_node_runs(make_node, make_publisher, transport, clock):
    one, two = make_node("one"), make_node("two")
    one.take(*make_publisher("a", 5).stream())
    async with served(asgi(one.app)) as (server,):
        async with kept(two.keeper(transport=transport)) as keeper:
            await trio.sleep(10)
            with two.store.write() as writer:
                writer.put_peer(server.url)
            two.peers_changed.ring()
            await same(two, one)
            assert keeper.full == server.url
            with two.store.write() as writer:
                writer.remove_peer(server.url)
            two.peers_changed.ring()
            await server.all_closed()
            assert (keeper.full, keeper.followers) == (None, {})
            with two.store.read() as reader:
                assert reader.owed_logs(10) == []


# live


async def test_what_is_committed_is_two_hops_away_at_once(make_node, make_publisher, transport, clock):
    one, two, three = make_node("one"), make_node("two"), make_node("three")
    source = make_publisher(count=3)
    one.take(*source.stream())
    async with served(asgi(one.app), asgi(two.app)) as (first, second):
        async with kept(two.keeper(first.url, transport=transport)):
            async with kept(three.keeper(second.url, transport=transport)):
                await same(three, one)
                for at in range(3):
                    begun = trio.current_time()
                    grow(source, (one,), f"more-{at}")
                    await same(three, one)
                    assert trio.current_time() - begun < 0.5


async def test_a_fetch_that_was_cut_off_before_the_bodies_of_its_end_brings_them_when_it_goes_on(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=20)
    two.take(
        *(
            BodiesFrame(origin=frame.origin, start=0, items=frame.items[:12])
            if isinstance(frame, BodiesFrame)
            else frame
            for frame in source.stream()
        )
    )
    for at in range(5):
        source.put(f"more-{at}", {"title": "more"})
    one.take(*source.stream())
    async with loopback(asgi(one.app)) as server:
        came = await two.follower(server.url, transport).fetch(source.origin)
        assert came == 5
        assert two.contents() == one.contents()
        assert len(server.requests) == 1


async def test_a_log_whose_frames_take_long_on_a_slow_line_comes_all_the_same(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=2, padding=300_000)
    one.take(*source.stream())
    async with loopback(asgi(paced(one.app, SLOT_PROGRESS_BYTES, 1))) as server:
        begun = trio.current_time()
        assert await two.follower(server.url, transport).fetch(source.origin) == 2
        assert trio.current_time() - begun > 4 * SLOT_SILENCE_S
    assert two.contents() == one.contents()


@pytest.mark.parametrize("piece", [1, SLOT_PROGRESS_BYTES // SLOT_SILENCE_S - 10])
async def test_a_log_that_comes_in_drops_is_given_up(make_node, make_publisher, transport, clock, piece):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=2, padding=300_000)
    one.take(*source.stream())
    async with loopback(asgi(paced(one.app, piece, 1))) as server:
        begun = trio.current_time()
        with pytest.raises(TransportError) as caught:
            await two.follower(server.url, transport).fetch(source.origin)
        assert caught.value.code == "transport.timeout"
        assert trio.current_time() - begun < 4 * SLOT_SILENCE_S
