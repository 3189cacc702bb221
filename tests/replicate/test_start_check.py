"""Before the first signature after a start the carriers are asked: a host that was set back catches up, and never forks."""

from contextlib import asynccontextmanager

import pytest
import trio

from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import START_ASK_INTERVAL_S
from frostnode.replicate.start_check import StartCheck
from frostnode.testing.peers import AppTransport

GRACE_S = 60


@asynccontextmanager
async def checking(node, apps, *, is_copy=False, witnesses=()):
    async with HttpTransport(
        AppTransport({f"{name}.example": peer.app for name, peer in apps.items()})
    ) as wire:
        yield StartCheck(
            world=node.world_over(wire),
            named=lambda _: witnesses,
            own_url="http://host.example",
            grace_s=GRACE_S,
            is_copy=is_copy,
        )


def knows(node, source, **sizes):
    """Peers of a node that have shown so many entries of the log."""
    with node.store.write() as writer:
        for name, size in sizes.items():
            writer.put_peer(f"http://{name}.example")
            writer.put_sources(f"http://{name}.example", {source.origin: size})


def heads_alone(app):
    """The same, but what is under the heads is nowhere."""

    async def answer(scope, receive, send):
        if any(part in scope["path"] for part in ("/frames", "/tile/", "/body/")):
            scope = {**scope, "path": "/frost/nothing", "raw_path": b"/frost/nothing"}
        await app(scope, receive, send)

    return answer


def size(node, source):
    with node.store.read() as reader:
        return reader.log(source.origin).held.size


async def test_a_log_that_nobody_was_seen_to_carry_needs_no_answer(make_node, make_publisher, autojump_clock):
    host, source = make_node("host"), make_publisher()
    host.take(*source.stream())
    with host.store.write() as writer:
        writer.put_peer("http://silent.example")
    async with checking(host, {}) as check:
        await check.ready(source.origin)
    assert trio.current_time() == 0


async def test_what_a_carrier_has_more_is_fetched_first(make_node, make_publisher, autojump_clock):
    host, carrier, source = make_node("host"), make_node("carrier"), make_publisher(count=20)
    carrier.take(*source.stream())
    older = make_publisher(count=5)
    host.take(*older.stream())
    knows(host, source, carrier=5, gone=5)
    async with checking(host, {"carrier": carrier}) as check:
        await check.ready(source.origin)
        assert check.waiting == {}
        await check.ready(source.origin)
    assert size(host, source) == 20
    assert trio.current_time() == 0


async def test_without_an_answer_it_waits_visibly_and_then_goes_on(make_node, make_publisher, autojump_clock):
    host, source = make_node("host"), make_publisher()
    host.take(*source.stream())
    knows(host, source, gone=3)
    async with checking(host, {}) as check, trio.open_nursery() as nursery:
        nursery.start_soon(check.ready, source.origin)
        await trio.sleep(GRACE_S / 2)
        assert "none of 1 carriers answers" in check.waiting[source.origin]
    assert check.waiting == {}
    assert GRACE_S <= trio.current_time() <= GRACE_S + START_ASK_INTERVAL_S


async def test_an_answer_that_comes_late_ends_the_waiting(make_node, make_publisher, autojump_clock):
    host, carrier, source = make_node("host"), make_node("carrier"), make_publisher()
    host.take(*source.stream())
    knows(host, source, carrier=3)
    async with checking(host, {"carrier": carrier}) as check, trio.open_nursery() as nursery:
        nursery.start_soon(check.ready, source.origin)
        await trio.sleep(GRACE_S / 3)
        carrier.take(*source.stream())
    assert trio.current_time() < GRACE_S / 3 + 2 * START_ASK_INTERVAL_S


async def test_who_shows_more_than_can_be_had_keeps_the_host_from_forking(
    make_node, make_publisher, autojump_clock
):
    host, carrier, source = make_node("host"), make_node("carrier"), make_publisher(count=20)
    carrier.take(*source.stream())
    carrier.app = heads_alone(carrier.app)
    host.take(*make_publisher(count=5).stream())
    knows(host, source, carrier=20)
    async with checking(host, {"carrier": carrier}) as check:
        with trio.move_on_after(10 * GRACE_S) as scope:
            await check.ready(source.origin)
        assert scope.cancelled_caught


async def test_a_copy_waits_for_its_operator(make_node, make_publisher, autojump_clock):
    host, source = make_node("host"), make_publisher()
    host.take(*source.stream())
    async with checking(host, {}, is_copy=True) as check:
        with pytest.raises(LocalError) as refused:
            await check.ready(source.origin)
        assert refused.value.code == "home.copied"
        check.confirm()
        await check.ready(source.origin)
