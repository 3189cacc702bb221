"""Answers that stay open: their number, whose they are, and what those cost that wait."""

from contextlib import suppress

import pytest
import trio
from starlette.requests import Request

from frostnode.bell import Bell
from frostnode.edge.http import streams as streams_module
from frostnode.edge.http.streams import LastArrival, OpenStreams
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import CURSOR_INTERVAL_S, STREAMS_MAX, STREAMS_PER_ADDRESS_MAX
from frostnode.testing.memory_publisher import MemoryPublisher


def request_of(address, method="GET"):
    client = None if address is None else (address, 1)
    return Request({"type": "http", "method": method, "headers": [], "client": client})


async def nothing():
    for _ in ():
        yield b""


async def send(message):
    """Nobody listens."""


async def receive():
    await trio.sleep_forever()


def open_until_refused(streams, address, count_max=STREAMS_MAX):
    """The answers that were given; the addresses differ where a `%s` stands."""
    answers = []
    with suppress(LocalError):
        while len(answers) <= count_max:
            host = address and address.replace("%s", str(len(answers) % 8))
            answers.append(streams.answer(request_of(host), nothing()))
    return answers


async def test_one_address_has_so_many_streams_and_others_their_own():
    streams = OpenStreams()
    answers = open_until_refused(streams, "192.0.2.1")
    assert len(answers) == STREAMS_PER_ADDRESS_MAX
    streams.answer(request_of("192.0.2.2"), nothing())
    streams.answer(request_of("192.0.2.1", "HEAD"), nothing())
    await answers[0]({"type": "http"}, receive, send)
    streams.answer(request_of("192.0.2.1"), nothing())


def test_all_have_so_many_together():
    streams = OpenStreams()
    answers = open_until_refused(streams, "192.0.2.%s")
    assert len(answers) == STREAMS_MAX
    with pytest.raises(LocalError) as caught:
        streams.answer(request_of("192.0.2.9"), nothing())
    assert caught.value.code == "queue.full"


@pytest.mark.parametrize(
    ("address", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("a socket", "another", False),
        (None, None, True),
    ],
)
def test_whose_a_stream_is(address, other, is_same):
    streams = OpenStreams()
    answers = open_until_refused(streams, address)
    assert len(answers) == STREAMS_PER_ADDRESS_MAX
    if is_same:
        with pytest.raises(LocalError):
            streams.answer(request_of(other), nothing())
    else:
        streams.answer(request_of(other), nothing())


async def test_a_refused_stream_is_answered_and_one_that_ended_makes_room(
    make_node, autojump_clock, monkeypatch
):
    monkeypatch.setattr(streams_module, "STREAMS_MAX", 1)
    node = make_node()
    async with node.asking("/frost/stream") as exchange:
        await exchange.chunks.receive()
        answer = await node.ask("/frost/stream?live=false")
        assert (answer.status, answer.code) == (503, "queue.full")
    assert (await node.ask("/frost/stream?live=false")).status == 200


async def test_those_who_wait_share_one_look():
    bell, looks = Bell(), []

    async def read():
        await trio.lowlevel.checkpoint()
        looks.append(trio.current_time())
        return len(looks)

    last = LastArrival(bell, read)
    found = []

    async def ask():
        found.append(await last.number())

    async def ask_all():
        found.clear()
        async with trio.open_nursery() as nursery:
            for _ in range(100):
                nursery.start_soon(ask)

    await ask_all()
    assert (found, len(looks)) == ([1] * 100, 1)
    bell.ring()
    await ask_all()
    assert (found, len(looks)) == ([2] * 100, 2)


async def test_a_look_is_not_good_for_long_where_no_bell_rings(autojump_clock):
    async def read():
        return round(trio.current_time())

    begun = trio.current_time()
    last = LastArrival(Bell(), read)
    await last.number()
    await trio.sleep(10)
    assert await last.number() == round(begun) + 10


async def test_who_waits_asks_nothing_of_the_store_but_the_shared_look(node, autojump_clock, monkeypatch):
    publisher = MemoryPublisher()
    publisher.put("key", {"title": "x"})
    node.take(*publisher.stream())
    async with trio.open_nursery() as nursery:

        async def follow(path):
            async with node.asking(path) as exchange:
                async for _ in exchange.chunks:
                    pass

        for _ in range(10):
            nursery.start_soon(follow, "/frost/stream")
            nursery.start_soon(follow, f"/frost/stream?did={MemoryPublisher('another').did}")
        await trio.sleep(1)
        reads = []
        monkeypatch.setattr(
            SqliteStore, "read", lambda store, read=SqliteStore.read: reads.append(1) or read(store)
        )
        await trio.sleep(10 * CURSOR_INTERVAL_S)
        assert len(reads) == 10
        nursery.cancel_scope.cancel()
