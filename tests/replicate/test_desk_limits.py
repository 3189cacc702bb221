"""What a node that is offered to takes at most, one step beyond each limit: of bytes, of time, of requests at once."""

from contextlib import AsyncExitStack, aclosing

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.keys import SigningKey, to_multibase
from frostnode.protocol.limits import (
    LEASES_AT_ONCE_MAX,
    LEASES_AT_ONCE_PER_NODE_MAX,
    OFFERS_AT_ONCE_MAX,
    OFFERS_AT_ONCE_PER_NODE_MAX,
    SLOT_SILENCE_S,
    TAKES_AT_ONCE_MAX,
    TAKES_AT_ONCE_PER_NODE_MAX,
)
from frostnode.protocol.names import did_of, format_origin
from frostnode.replicate import taking
from frostnode.replicate.lease_desk import LeaseDesk
from frostnode.replicate.offer_form import Offered, offer_bytes, read_answers, read_taken
from frostnode.replicate.serve import LogStream
from frostnode.testing.pushing import PushNode


@pytest.fixture
def make_push_node(tmp_path):
    nodes = []

    def make(name):
        nodes.append(PushNode(tmp_path, name))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@pytest.fixture
def clock():
    return MockClock(autojump_threshold=0.02)


def frames(node, source):
    """A whole take of one log as bytes."""
    stream, parts = LogStream(source.origin, 0, 0), []
    with node.store.read() as reader:
        while batch := stream.next_batch(reader):
            parts.append(batch)
    return b"".join(parts)


async def take(sender, receiver, source, chunks):
    """Offer one log and send these chunks of it; answers what the receiver says, or how it refuses."""
    item = Offered(did=source.did, origin=source.origin, note=source.note(), tip=source.genesis.cid)
    async with receiver.served() as url, HttpTransport(signer=sender.signer) as transport, aclosing(chunks):
        body = offer_bytes(receiver.key.public, [item])
        (want,) = read_answers(await transport.post(f"{url}/frost/offer", body, bytes_max=2**20), 1)
        try:
            return read_taken(await transport.send(f"{url}/frost/take/{want.slot}", chunks, bytes_max=2**20))
        except TransportError as refusal:
            return refusal


async def whole(data):
    yield data


async def paced(data, seconds):
    """The first byte, and one each few seconds; all the rest when so much time is over."""
    yield data[:1]
    at, left_s = 1, seconds
    while left_s > 0:
        pause_s = min(SLOT_SILENCE_S - 1, left_s)
        await trio.sleep(pause_s)
        left_s -= pause_s
        yield data[at : at + 1]
        at += 1
    yield data[at:]


async def refused(sender, receiver, source, chunks, caplog):
    """The code of a take that is refused: in the answer, the log and what is shown of it."""
    refusal = await take(sender, receiver, source, chunks)
    ((node, why),) = receiver.desk.refused.by_sender().items()
    code = why.partition(":")[0]
    assert node == sender.node
    assert code in str(refusal)
    assert f"{sender.node}: take of {source.origin}: {code}: " in caplog.records[-1].getMessage()
    assert receiver.desk.taking == 0
    return code


# one take


@pytest.mark.network
async def test_a_take_of_so_many_bytes_and_of_one_more(
    make_push_node, make_publisher, monkeypatch, clock, caplog
):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher()
    one.take(*source.stream())
    data = frames(one, source)
    monkeypatch.setattr(taking, "TAKE_BYTES_MAX", len(data) - 1)
    assert await refused(one, two, source, whole(data), caplog) == "request.too-large"
    monkeypatch.setattr(taking, "TAKE_BYTES_MAX", len(data))
    assert (await take(one, two, source, whole(data))).size == 3
    assert two.desk.refused.by_sender() == {}, "until one goes well"


@pytest.mark.network
async def test_a_take_that_lasts_so_long_and_one_second_longer(
    make_push_node, make_publisher, monkeypatch, clock, caplog
):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher()
    one.take(*source.stream())
    data, seconds = frames(one, source), 4 * SLOT_SILENCE_S
    monkeypatch.setattr(taking, "TAKE_S_MAX", seconds)
    assert await refused(one, two, source, paced(data, seconds + 1), caplog) == "request.too-slow"
    assert (await take(one, two, source, paced(data, seconds - 1))).size == 3


@pytest.mark.network
async def test_a_take_that_is_silent_is_shown_as_too_slow(make_push_node, make_publisher, clock, caplog):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher()
    one.take(*source.stream())

    async def silent():
        yield frames(one, source)[:10]
        await trio.sleep(SLOT_SILENCE_S + 1)

    assert await refused(one, two, source, silent(), caplog) == "request.too-slow"


# so many at once


class Held:
    """A request whose body does not come until it is let go; then it is broken off."""

    def __init__(self):
        self.letting_go = trio.Event()

    def __aiter__(self):
        return self

    async def __anext__(self):
        await self.letting_go.wait()
        raise TransportError("transport.closed", "the client hung up")

    async def whole(self):
        return await self.__anext__()


class Asked:
    """Requests that are held open, by who sends them: `is_full` says whether one more is refused at once."""

    def __init__(self, nursery, ask):
        self._nursery = nursery
        self._ask = ask

    async def is_full(self, node, *, is_known):
        """Whether the next is refused; it stays open if it is not."""
        refusals = []

        async def ask():
            try:
                await self._ask(node, Held(), is_known=is_known)
            except LocalError as error:
                refusals.append(error.code)

        self._nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        assert refusals in ([], ["queue.full"])
        return bool(refusals)


def key(name):
    return SigningKey(name.encode().ljust(32)).public


def a_slot_each(node):
    """A take into a slot of its own, so that nothing but the number of takes counts."""
    count = iter(range(10**6))

    async def take_one(sender, body, *, is_known):
        event = Cid.of(b"%d" % next(count))
        slot = node.desk.slots.claim(format_origin(did_of(event), 0, event), to_multibase(sender), 0)
        with pytest.raises((TransportError, LocalError)) as caught:
            await node.desk.take(sender, slot.name, body, is_known=is_known)
        node.desk.slots.release(slot)
        raise caught.value

    return take_one


@pytest.mark.parametrize(
    ("work", "in_all", "per_node"),
    [
        ("offers", OFFERS_AT_ONCE_MAX, OFFERS_AT_ONCE_PER_NODE_MAX),
        ("takes", TAKES_AT_ONCE_MAX, TAKES_AT_ONCE_PER_NODE_MAX),
        ("leases", LEASES_AT_ONCE_MAX, LEASES_AT_ONCE_PER_NODE_MAX),
    ],
)
async def test_so_many_at_once_of_a_node_of_strangers_and_in_all(make_push_node, work, in_all, per_node):
    node = make_push_node("node")
    leases = LeaseDesk(me=node.key.public, world=node.world, changed=lambda: None)
    ask = {"offers": node.desk.offer, "takes": a_slot_each(node), "leases": leases.lease}[work]
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        stack.callback(nursery.cancel_scope.cancel)
        asked = Asked(nursery, ask)
        for _ in range(per_node):
            assert not await asked.is_full(key("greedy"), is_known=False)
        assert await asked.is_full(key("greedy"), is_known=False)
        for number in range(in_all // 2 - per_node):
            assert not await asked.is_full(key(f"stranger {number}"), is_known=False)
        assert await asked.is_full(key("stranger"), is_known=False), "half of all is for those who are known"
        for number in range(in_all - in_all // 2):
            assert not await asked.is_full(key(f"peer {number}"), is_known=True)
        assert await asked.is_full(key("peer"), is_known=True)
        nursery.cancel_scope.cancel()
