"""Offer and take over real sockets: what one node has comes to the other, once, whatever happens on the way."""

import json
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace

import pytest
import trio

from frostnode.edge.peer_http import HttpTransport
from frostnode.log.fsck import fsck
from frostnode.ports import ArrivalKind
from frostnode.protocol.checkpoint import cosign
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.follow_witnesses import Knowledge
from frostnode.protocol.frames import (
    BodiesFrame,
    CheckpointFrame,
    EntriesFrame,
    FrameDecoder,
    WithheldLeaf,
    encode_frame,
)
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import (
    OFFER_ANSWER_BYTES_MAX,
    OFFER_PROBE_S,
    PEER_BACKOFF_MAX_S,
    SLOT_SILENCE_S,
    SLOTS_PER_NODE_MAX,
    TREE_SIZE_MAX,
)
from frostnode.protocol.merkle import leaf_hash
from frostnode.protocol.tiles import encode_bundle
from frostnode.protocol.withheld import Block
from frostnode.replicate import offer as offering_module
from frostnode.replicate.dispute import evidence_frame
from frostnode.replicate.offer_form import (
    Have,
    Later,
    Offered,
    Taken,
    Want,
    offer_bytes,
    read_answers,
    read_taken,
)
from frostnode.replicate.offer_judge import OfferJudge
from frostnode.replicate.policy import CarryPolicy, Mode, Quota
from frostnode.replicate.serve import LogStream
from frostnode.testing.equivocation import evidence_of, twin_of
from frostnode.testing.loopback import loopback, response, saying
from frostnode.testing.pushing import PushNode

pytestmark = pytest.mark.network


@pytest.fixture
def make_push_node(tmp_path):
    nodes = []

    def make(name, **options):
        nodes.append(PushNode(tmp_path, name, **options))
        return nodes[-1]

    yield make
    for node in nodes:
        assert fsck(node.store, lambda what, done: None, {}).as_json()["findings"] == []
        node.close()


def count(node, path):
    return sum(request.startswith(path) for request in node.requests)


async def equal(one, two):
    """Wait until both hold the same; a bound, not a measure."""
    with trio.fail_after(600):
        while one.contents() != two.contents():  # noqa: ASYNC110 - either of the two may be the one that changes
            await trio.sleep(0.05)


def log(node, source):
    with node.store.read() as reader:
        return reader.log(source.origin)


def kinds(node):
    with node.store.read() as reader:
        return [arrival.kind for arrival in reader.arrivals(0, 1000)]


def status(node, url):
    return node.offering.offerers[url].status


# delivering


async def test_a_node_that_only_dials_out_receives_and_delivers_everything(
    make_push_node, make_publisher, clock
):
    """The middle one never dials the firewalled one: it does not even know where it is."""
    firewalled, middle, far = (make_push_node(name) for name in ("firewalled", "middle", "far"))
    firewalled.take(*make_publisher("inside", 300).stream())
    far.take(*make_publisher("outside", 5).stream())
    async with middle.served() as middle_url, far.served() as far_url:
        firewalled.follow_node(middle_url)
        middle.follow_node(far_url)
        async with (
            firewalled.following(middle_url),
            firewalled.pushing(),
            middle.following(far_url),
            middle.pushing(),
            far.pushing(),
        ):
            await equal(middle, firewalled)
            await equal(far, firewalled)
            assert len(firewalled.contents()) == 2
            for number in range(3):
                begun = trio.current_time()
                source = make_publisher(f"later {number}", 2)
                (firewalled if number % 2 else far).take(*source.stream())
                await equal(firewalled, middle)
                await equal(far, firewalled)
                assert trio.current_time() - begun < 2
    assert firewalled.requests == []


async def test_a_change_is_offered_once_and_nothing_while_nothing_changes(
    make_push_node, make_publisher, clock
):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 3)
    one.take(*source.stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await equal(two, one)
            source.put("more", {"title": "more"})
            one.take(*source.stream(3))
            await equal(two, one)
            await trio.sleep(1000)
            assert (count(two, "/frost/offer"), count(two, "/frost/take/")) == (2, 2)
            assert (status(one, url).sent, status(one, url).waiting, status(one, url).error) == (4, 0, "")
            assert two.desk.taken == 4


async def test_what_came_from_a_node_is_not_offered_to_it(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    two.take(*make_publisher("p", 3).stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing(), one.following(url):
            await equal(one, two)
            await trio.sleep(100)
            assert count(two, "/frost/offer") == 0
            assert status(one, url).active


async def test_what_came_by_a_take_is_not_offered_back(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    async with one.served() as one_url, two.served() as two_url:
        one.follow_node(two_url)
        two.follow_node(one_url)
        async with one.pushing(), two.pushing():
            one.take(*make_publisher("p", 3).stream())
            await equal(two, one)
            await trio.sleep(100)
            assert (count(two, "/frost/offer"), count(one, "/frost/offer")) == (1, 0)


async def test_many_logs_go_in_batches_of_slots(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    for number in range(SLOTS_PER_NODE_MAX + 10):
        one.take(*make_publisher(f"p{number}", 1).stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await equal(two, one)
    assert count(two, "/frost/take/") == SLOTS_PER_NODE_MAX + 10
    assert count(two, "/frost/offer") <= 3


async def test_bodies_that_come_later_are_delivered_too(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 3)
    frames = list(source.stream())
    one.take(*frames[:3])
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await equal(two, one)
            one.take(*frames[1:])
            await equal(two, one)
            assert two.contents()[source.did][1][0][5][0] == [source.bodies[0]]
            assert count(two, "/frost/take/") == 2


async def test_an_identity_that_moved_is_delivered_with_its_logs(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 3)
    one.take(*source.stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await equal(two, one)
            moved = source.move()
            one.take(moved.events())
            await equal(two, one)
            moved.put("after", {"title": "after"})
            one.take(*moved.stream())
            await equal(two, one)


async def test_a_log_larger_than_one_take_goes_in_several(make_push_node, make_publisher, clock, monkeypatch):
    monkeypatch.setattr(offering_module, "TAKE_BYTES_MAX", 2_000_000)
    one, two = make_push_node("one"), make_push_node("two")
    one.take(*make_publisher("p", 700, padding=5000).stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await equal(two, one)
    assert count(two, "/frost/take/") >= 3


async def test_arrivals_beyond_one_reading_are_all_looked_at(
    make_push_node, make_publisher, clock, monkeypatch
):
    monkeypatch.setattr(offering_module, "STREAM_BATCH_ARRIVALS_MAX", 4)
    one, two = make_push_node("one"), make_push_node("two")
    for number in range(6):
        one.take(*make_publisher(f"p{number}", 2).stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await equal(two, one)


# who is offered to


async def test_a_node_that_takes_no_offers_is_left_alone(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two", is_open=False)
    one.take(*make_publisher().stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await trio.sleep(3 * OFFER_PROBE_S)
            assert set(two.requests) == {"/frost/node"}
            assert 3 <= len(two.requests) <= 8
            assert not status(one, url).active
            assert one.offering.is_neighbour(two.key.public)


@pytest.mark.parametrize(("more", "told"), [(0, ""), (1, "transport.too-large")])
async def test_so_much_of_the_answers_to_an_offer_is_read_and_no_more(
    make_push_node, make_publisher, clock, more, told
):
    one = make_push_node("one")
    one.take(*make_publisher().stream())
    about = json.dumps({"node_key": make_push_node("two").node, "offers": True}).encode()
    answers = b'{"answers": [{"answer": "have"}]}'.ljust(OFFER_ANSWER_BYTES_MAX + more)
    said = saying({"/frost/node": response(about), "/frost/offer": response(answers)})
    async with loopback(said) as server:
        one.follow_node(server.url)
        async with one.pushing():
            await trio.sleep(10)
            assert status(one, server.url).error.partition(":")[0] == told
            assert (server.count("/frost/offer") > 1) == bool(told), "offered again, if it was not understood"


async def test_nobody_offers_to_itself_or_twice_to_one_node(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    one.take(*make_publisher().stream())
    async with one.served() as own, two.served() as url:
        one.follow_node(own)
        one.follow_node(url)
        one.follow_node(url.replace("127.0.0.1", "localhost"))
        async with one.pushing():
            await equal(two, one)
            await trio.sleep(100)
            assert (count(two, "/frost/offer"), count(one, "/frost/offer")) == (1, 0)
            assert sum(offerer.status.active for offerer in one.offering.offerers.values()) == 1


async def test_a_peer_that_is_removed_is_offered_nothing_more(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    one.take(*make_publisher("a").stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await equal(two, one)
            with one.store.write() as writer:
                writer.remove_peer(url)
            one.changed.ring()
            await trio.sleep(1)
            one.take(*make_publisher("b").stream())
            await trio.sleep(100)
            assert count(two, "/frost/offer") == 1
            assert one.offering.offerers == {}


async def test_publishers_that_a_node_does_not_carry_are_refused_and_others_go(
    make_push_node, make_publisher, clock
):
    one, two = make_push_node("one"), make_push_node("two", policy=CarryPolicy(mode=Mode.FOLLOWED))
    wanted, other = make_publisher("wanted"), make_publisher("other")
    for source in (other, wanted):
        one.take(*source.stream())
    with two.store.write() as writer:
        writer.follow(wanted.did)
    two.carrying.refresh()
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            with trio.fail_after(60):
                await two.until(lambda: wanted.did in two.contents())
            await trio.sleep(10)
            assert list(two.contents()) == [wanted.did]
            assert status(one, url).refused.startswith(f"{other.origin}: policy.")
            assert status(one, url).waiting == 0


async def test_what_a_stranger_brings_counts_as_a_strangers(make_push_node, make_publisher, clock):
    one = make_push_node("one")
    two = make_push_node("two", policy=CarryPolicy(unknown=Quota(entries=10)))
    source = make_publisher("p", 600)
    one.take(*source.stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await trio.sleep(30)
            assert 0 < two.desk.taken < 600  # what is taken may pass a quota by a frame
            assert ": policy." in status(one, url).refused
            assert status(one, url).waiting == 0
    with two.store.read() as reader:
        assert reader.taken_of(source.did).entries == two.desk.taken


async def test_who_is_blocked_is_neither_offered_nor_taken_until_that_ends(
    make_push_node, make_publisher, clock
):
    one, two, three = (make_push_node(name) for name in ("one", "two", "three"))
    source, other = make_publisher("p"), make_publisher("q")
    block = Block(did=source.did, reason="a reason", at_ms=0)
    for node in (one, three):
        node.take(*source.stream())
        node.take(*other.stream())
    for node in (one, two):
        with node.store.write() as writer:
            writer.put_block(block)
    async with two.served() as url:
        for node in (one, three):
            node.follow_node(url)
        async with three.pushing():
            await trio.sleep(10)
            assert list(two.contents()) == [other.did]
            assert "record.withheld: " in status(three, url).refused
        with two.store.write() as writer:
            writer.remove_block(block)
        async with one.pushing():
            await trio.sleep(10)
            assert list(two.contents()) == [other.did]
            with one.store.write() as writer:
                writer.remove_block(block)
                writer.arrive(ArrivalKind.BLOCKED, source.did)
            one.bell.ring()
            await equal(two, one)


# one by one: what is answered


@asynccontextmanager
async def asking(receiver, *senders):
    """A served node, and for each sender a way to ask it by hand."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(receiver.served())
        transports = [
            await stack.enter_async_context(HttpTransport(signer=sender.signer)) for sender in senders
        ]
        yield [Asker(receiver, url, transport) for transport in transports]


class Asker:
    def __init__(self, receiver, url, transport):
        self.receiver, self.url, self.transport = receiver, url, transport

    async def offer(self, *items):
        body = offer_bytes(self.receiver.key.public, items)
        return read_answers(
            await self.transport.post(f"{self.url}/frost/offer", body, bytes_max=2**20), len(items)
        )

    async def take(self, slot, chunks):
        async with aclosing(chunks):
            return await self.transport.send(f"{self.url}/frost/take/{slot}", chunks, bytes_max=2**20)


def item(source, size=None, **changes):
    tip = source.history[-1].cid
    fields = {"did": source.did, "origin": source.origin, "note": source.note(size), "tip": tip, **changes}
    return Offered(**fields)


async def frames_of(node, origin, start=0, *, pause_after=None, forever=False):
    """The chunks of a take; after so many bytes, one byte a second or nothing more."""
    stream = LogStream(origin, start, start)
    sent = 0
    while True:
        with node.store.read() as reader:
            batch = stream.next_batch(reader)
        if not batch:
            return
        if pause_after is not None and sent + len(batch) > pause_after:
            yield batch[: pause_after - sent]
            for at in range(pause_after - sent, len(batch)):
                await trio.sleep(1)
                yield batch[at : at + 1]
        sent += len(batch)
        yield batch


async def test_an_offer_is_answered_by_what_is_held(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    half, same, new, ahead = (make_publisher(name, 4) for name in ("half", "same", "new", "ahead"))
    two.take(half.events(), *list(half.stream())[1:1])
    short = make_publisher("half", 2)
    two.take(*short.stream())
    two.take(*same.stream())
    two.take(*ahead.stream())
    async with asking(two, one) as (asker,):
        answers = await asker.offer(item(half), item(same), item(new), item(ahead, 2))
        assert [type(answer) for answer in answers] == [Want, Have, Want, Have]
        assert (answers[0].start, answers[0].bodies) == (2, 2)
        assert (answers[2].start, answers[2].bodies) == (0, 0)


async def test_an_offer_that_cannot_be_right_is_refused_with_the_rule(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    source, other = make_publisher("p", 4), make_publisher("other", 4)
    two.take(*source.stream(), *make_publisher("other", 3).stream())
    forged = make_publisher("p", 5)
    forged.key = SigningKey(b"f" * 32)
    forked = make_publisher("p", 3)
    forked.put("another", {"title": "fork"})
    ended = make_publisher("ended", 2)
    two.take(*ended.stream(), ended.move().events())
    async with asking(two, one) as (asker,):
        (forgery,) = await asker.offer(item(forged))
        (garbage,) = await asker.offer(item(source, note=b"garbage"))
        (fork,) = await asker.offer(item(forked))
        (stale,) = await asker.offer(item(ended, 1))
        (right,) = await asker.offer(item(other))
    assert (forgery.code, fork.code, garbage.code) == ("note.signature", "checkpoint.fork", "note.malformed")
    assert stale == Have()
    assert isinstance(right, Want)


async def test_of_two_nodes_with_the_same_log_one_sends_it_and_the_other_waits(
    make_push_node, make_publisher, clock
):
    one, other, two = (make_push_node(name) for name in ("one", "other", "two"))
    source = make_publisher("p", 4)
    for node in (one, other):
        node.take(*source.stream())
    async with asking(two, one, other) as (first, second):
        (want,) = await first.offer(item(source))
        assert await second.offer(item(source)) == [Later(SLOT_SILENCE_S)]
        await first.take(want.slot, frames_of(one, source.origin))
        assert await second.offer(item(source)) == [Have()]
    assert two.contents() == one.contents()


async def test_two_nodes_that_offer_the_same_at_once_deliver_it_once(make_push_node, make_publisher, clock):
    one, other, two = (make_push_node(name) for name in ("one", "other", "two"))
    for node in (one, other):
        for number in range(20):
            node.take(*make_publisher(f"p{number}", 3).stream())
    async with two.served() as url:
        for node in (one, other):
            node.follow_node(url)
        async with one.pushing(), other.pushing():
            await equal(two, one)
            await trio.sleep(3 * SLOT_SILENCE_S)
            assert two.desk.taken == 60
            assert [status(node, url).waiting for node in (one, other)] == [0, 0]
            assert count(two, "/frost/take/") == 20


async def test_a_slot_that_is_lost_goes_to_the_next_who_asks(make_push_node, make_publisher, clock):
    one, other, two = (make_push_node(name) for name in ("one", "other", "two"))
    source = make_publisher("p", 4)
    for node in (one, other):
        node.take(*source.stream())
    async with asking(two, one, other) as (first, second):
        (lost,) = await first.offer(item(source))
        await trio.sleep(SLOT_SILENCE_S - 0.1)
        assert await second.offer(item(source)) == [Later(SLOT_SILENCE_S)]
        await trio.sleep(0.2)
        (want,) = await second.offer(item(source))
        with pytest.raises(LocalError) as caught:
            await first.take(lost.slot, frames_of(one, source.origin))
        assert caught.value.code == "offer.slot"
        await second.take(want.slot, frames_of(other, source.origin))
        for slot in (want.slot, "0" * 32):
            with pytest.raises(LocalError):
                await second.take(slot, frames_of(other, source.origin))
    assert two.contents() == one.contents()


async def test_a_slot_is_no_good_to_another_node(make_push_node, make_publisher, clock):
    one, thief, two = (make_push_node(name) for name in ("one", "thief", "two"))
    source = make_publisher("p", 4)
    for node in (one, thief):
        node.take(*source.stream())
    async with asking(two, one, thief) as (first, second):
        (want,) = await first.offer(item(source))
        with pytest.raises(LocalError) as caught:
            await second.take(want.slot, frames_of(thief, source.origin))
        assert caught.value.code == "offer.slot"
        await first.take(want.slot, frames_of(one, source.origin))


# what a sender can waste


async def test_a_take_that_falls_silent_ends_and_what_came_is_kept(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 600)
    one.take(*source.stream())

    async def silent():
        stream = LogStream(source.origin, 0, 0)
        with one.store.read() as reader:
            yield stream.next_batch(reader)[:60_000]
        await trio.sleep_forever()

    async with asking(two, one) as (asker,), trio.open_nursery() as nursery:
        (want,) = await asker.offer(item(source))
        nursery.start_soon(asker.take, want.slot, silent())
        await trio.sleep(SLOT_SILENCE_S - 0.5)
        assert two.desk.taking == 1
        await trio.sleep(1)
        assert (two.desk.taking, len(two.desk.slots)) == (0, 0)
        (again,) = await asker.offer(item(source))
        assert again.start == 256
        nursery.cancel_scope.cancel()


async def test_a_take_of_one_byte_a_second_ends_on_both_sides(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 3)
    one.take(*source.stream())
    async with asking(two, one) as (asker,):
        (want,) = await asker.offer(item(source))
        begun = trio.current_time()
        with pytest.raises(TransportError):
            await asker.take(want.slot, frames_of(one, source.origin, pause_after=10))
        assert 25 < trio.current_time() - begun < 35
        await trio.sleep(SLOT_SILENCE_S)
        assert (two.desk.taking, len(two.desk.slots)) == (0, 0)


async def test_frames_of_another_log_or_with_a_gap_are_the_senders_fault(
    make_push_node, make_publisher, clock, caplog
):
    one, two = make_push_node("one"), make_push_node("two")
    source, other = make_publisher("p", 300), make_publisher("q", 3)
    for made in (source, other):
        one.take(*made.stream())

    async def garbage():
        yield b"garbage"

    async def nothing():
        yield b""

    async with asking(two, one) as (asker,):
        for chunks, told in (
            (frames_of(one, other.origin), "log of a frame"),
            (frames_of(one, source.origin, 256), "frames of"),
            (garbage(), ""),
            (nothing(), "no end"),
        ):
            (want,) = await asker.offer(item(source))
            with pytest.raises(TransportError) as caught:
                await asker.take(want.slot, chunks)
            assert "400" in str(caught.value)
            assert told in str(caught.value)
            assert source.origin in caplog.records[-1].getMessage()
            assert ": frame." in caplog.records[-1].getMessage(), "the rule"
            ((sender, shown),) = two.desk.refused.by_sender().items()
            code = shown.partition(":")[0]
            assert (sender, code[:6]) == (one.node, "frame.")
            assert code in str(caught.value), "the answer names the rule too"
            assert f": {code}: " in caplog.records[-1].getMessage()
        assert all(not logs or not logs[0][4] for _, logs in two.contents().values())
        (want,) = await asker.offer(item(source))
        await asker.take(want.slot, frames_of(one, source.origin))
    assert two.desk.refused.by_sender() == {}, "until one goes well"


# faults


async def test_a_sender_that_dies_in_the_middle_of_a_take_goes_on_where_it_was(
    make_push_node, make_publisher, clock
):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 2000)
    one.take(*source.stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            with trio.fail_after(60):
                await two.until(lambda: two.desk.taken > 0)
        one.close()
        before = two.desk.taken
        again = make_push_node("one")
        async with again.pushing():
            await equal(two, again)
    assert before
    assert two.desk.taken == 2000
    one.store = again.store


@pytest.mark.parametrize("lost", ["/frost/offer", "/frost/take/", "/frost/node"])
async def test_a_sender_whose_answer_was_lost_repeats_itself(make_push_node, make_publisher, clock, lost):
    one, two = make_push_node("one"), make_push_node("two")
    one.take(*make_publisher("p", 5).stream())
    two.answers_to_lose = [lost]
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await equal(two, one)
            await trio.sleep(3 * PEER_BACKOFF_MAX_S)
            assert two.answers_to_lose == []
            assert two.desk.taken == 5
            assert (status(one, url).waiting, status(one, url).error) == (0, "")
            with one.store.read() as reader:
                assert reader.offered(two.key.public) == reader.last_arrival()


async def test_a_receiver_that_restarts_between_want_and_take(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 5)
    one.take(*source.stream())
    async with asking(two, one) as (asker,):
        (want,) = await asker.offer(item(source))
    two.close()
    again = make_push_node("two")
    two.store = again.store
    async with asking(again, one) as (asker,):
        with pytest.raises(LocalError) as caught:
            await asker.take(want.slot, frames_of(one, source.origin))
        assert caught.value.code == "offer.slot"
        (anew,) = await asker.offer(item(source))
        await asker.take(anew.slot, frames_of(one, source.origin))
    assert again.contents() == one.contents()


async def test_a_receiver_that_is_away_gets_all_when_it_is_back(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    async with two.served() as url:
        one.follow_node(url)
    async with one.pushing():
        one.take(*make_publisher("p", 5).stream())
        await trio.sleep(100)
        assert status(one, url).error.startswith("transport.unreachable")


async def test_a_restarted_sender_offers_nothing_again_that_is_settled(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    for number in range(3):
        one.take(*make_publisher(f"p{number}").stream())
    async with two.served() as url:
        one.follow_node(url)
        async with one.pushing():
            await equal(two, one)
            await trio.sleep(10)
        one.close()
        again = make_push_node("one")
        one.store = again.store
        async with again.pushing():
            await trio.sleep(100)
            assert count(two, "/frost/offer") == 1
            again.take(*make_publisher("new").stream())
            await equal(two, again)
            assert count(two, "/frost/offer") == 2


# what leaves do not tell


async def test_lines_of_witnesses_reach_a_node_that_is_only_pushed_to_and_are_not_told_back(
    make_push_node, make_publisher, clock
):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 3)
    one.take(*source.stream())
    note = cosign(source.note(), "w.example", SigningKey(b"w" * 32), 1_700_000_000)
    async with two.served() as two_url, one.served() as one_url:
        one.follow_node(two_url)
        two.follow_node(one_url)
        async with one.pushing(), two.pushing():
            await equal(two, one)
            await trio.sleep(100)
            before = count(one, "/frost/offer"), count(two, "/frost/offer"), count(two, "/frost/take")
            one.take(CheckpointFrame(origin=source.origin, note=note))
            with trio.fail_after(60):
                while log(two, source).checkpoint != note:  # noqa: ASYNC110 - no bell rings for a test
                    await trio.sleep(0.05)
            await trio.sleep(1000)
    assert kinds(two).count(ArrivalKind.HEAD) == 1
    assert (count(one, "/frost/offer"), count(two, "/frost/offer")) == (before[0], before[1] + 1)
    assert count(two, "/frost/take") == before[2]


async def test_evidence_reaches_a_node_that_is_only_pushed_to_and_is_not_told_back(
    make_push_node, make_publisher, clock
):
    """The one that found out dials out only; the other took the log before and holds all of it."""
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 3)
    one.take(*source.stream())
    async with two.served() as two_url, one.served() as one_url:
        one.follow_node(two_url)
        two.follow_node(one_url)
        async with one.pushing(), two.pushing():
            await equal(two, one)
            await trio.sleep(100)
            one.take(evidence_frame(evidence_of(source, twin_of(source, 1))))
            with trio.fail_after(60):
                while not log(two, source).frozen:  # noqa: ASYNC110 - no bell rings for a test
                    await trio.sleep(0.05)
            await trio.sleep(1000)
            assert [status(one, two_url).waiting, status(two, one_url).waiting] == [0, 0]
            assert count(two, "/frost/offer") == 2
            assert count(one, "/frost/offer") <= 2
            assert status(one, two_url).refused == status(two, one_url).refused == ""
    assert one.contents() == two.contents()
    assert [kinds(node).count(ArrivalKind.FROZEN) for node in (one, two)] == [1, 1]


async def test_who_says_to_have_evidence_and_has_none_freezes_nothing(make_push_node, make_publisher, clock):
    one, two = make_push_node("one"), make_push_node("two")
    source, other = make_publisher("p", 3), make_publisher("other", 3)
    for node in (one, two):
        node.take(*source.stream(), *other.stream())
    evidence = encode_frame(evidence_frame(evidence_of(other, twin_of(other, 1))))

    async def another():
        yield evidence

    async with asking(two, one) as (asker,):
        (want,) = await asker.offer(item(source, disputed=True))
        answer = await asker.take(want.slot, frames_of(one, source.origin, 3))
        assert read_taken(answer) == Taken(size=3, refused=None)
        (want,) = await asker.offer(item(source, disputed=True))
        with pytest.raises(TransportError) as caught:
            await asker.take(want.slot, another())
        assert "log of a frame" in str(caught.value)
        assert await asker.offer(item(source)) == [Have()]
    assert not log(two, source).frozen and not log(two, other).frozen


def histories_of(source):
    """The events up to two moves from one place, of which a node follows what it meets first."""
    return [source.move(url=f"https://{name}.example").events() for name in ("one", "other", "third")]


def events(node, source):
    with node.store.read() as reader:
        return {signed.cid for signed in reader.history(source.did).events}


async def test_the_other_event_of_a_place_reaches_a_node_that_is_only_pushed_to_and_is_not_told_back(
    make_push_node, make_publisher, clock
):
    """Nothing else tells of it: what counts stays as it is, and so do all logs."""
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 3)
    first, second, _ = histories_of(source)
    one.take(*source.stream(), first)
    async with two.served() as two_url, one.served() as one_url:
        one.follow_node(two_url)
        two.follow_node(one_url)
        async with one.pushing(), two.pushing():
            await equal(two, one)
            await trio.sleep(100)
            before = count(two, "/frost/offer"), count(two, "/frost/take"), count(one, "/frost/offer")
            one.take(second)
            with trio.fail_after(60):
                while events(two, source) != events(one, source):  # noqa: ASYNC110 - no bell rings for a test
                    await trio.sleep(0.05)
            await trio.sleep(1000)
            assert (count(two, "/frost/offer"), count(two, "/frost/take")) == (before[0] + 1, before[1] + 1)
            assert count(one, "/frost/offer") == before[2]
            assert status(one, two_url).waiting == 0
            assert status(one, two_url).error == status(two, one_url).error == ""
    assert len(events(two, source)) == 3
    with two.store.read() as reader:
        assert reader.is_contested(source.did)


async def test_nodes_that_keep_other_evidence_of_a_fork_tell_each_other_once(
    make_push_node, make_publisher, clock
):
    """Of three events at a place each keeps the one that it follows and one other: they stay apart, and fall silent."""
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 3)
    first, second, third = histories_of(source)
    one.take(*source.stream(), first)
    one.take(second)
    two.take(*source.stream(), first)
    two.take(third)
    async with two.served() as two_url, one.served() as one_url:
        one.follow_node(two_url)
        two.follow_node(one_url)
        async with one.pushing(), two.pushing():
            await trio.sleep(1000)
            assert [status(one, two_url).waiting, status(two, one_url).waiting] == [0, 0]
            assert all(1 <= count(node, "/frost/offer") <= 4 for node in (one, two))
    assert [len(events(node, source)) for node in (one, two)] == [3, 3]


async def test_evidence_of_a_fork_is_wanted_where_nothing_of_the_log_is(
    make_push_node, make_publisher, clock
):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 3)
    first, second, _ = histories_of(source)
    for node in (one, two):
        node.take(*source.stream(), first)
    one.take(second)
    with one.store.read() as reader:
        digest = reader.history(source.did).events_digest
    offered = item(source, note=None)
    async with asking(two, one) as (asker,):
        assert await asker.offer(offered) == [Have()]
        (want,) = await asker.offer(replace(offered, events=digest))
        assert (want.start, want.bodies, want.leaves) == (TREE_SIZE_MAX, TREE_SIZE_MAX, None)
        await asker.take(want.slot, frames_of(one, source.origin, want.start))
        assert await asker.offer(replace(offered, events=digest)) == [Have()]
    assert events(two, source) == events(one, source)


def without(source, index):
    """The frames of a log whose sender has one leaf as a hash alone, and not its body."""
    whole = source.entries(0, len(source.leaves))
    leaves = [b"" if at == index else leaf for at, leaf in enumerate(source.leaves)]
    slots = [WithheldLeaf(index, leaf_hash(source.leaves[index]), "not here")]
    bodies = [None if at == index else body for at, body in enumerate(source.bodies)]
    return [
        source.events(),
        CheckpointFrame(origin=source.origin, note=source.note()),
        replace(whole, bundle=encode_bundle(leaves), withheld=slots),
        BodiesFrame(origin=source.origin, start=0, items=bodies),
    ]


async def test_a_header_that_comes_after_its_hash_reaches_a_node_that_is_only_pushed_to(
    make_push_node, make_publisher, clock
):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 5)
    one.take(*without(source, 2))
    async with two.served() as two_url, one.served() as one_url:
        one.follow_node(two_url)
        two.follow_node(one_url)
        async with one.pushing(), two.pushing():
            await equal(two, one)
            await trio.sleep(100)
            before = count(two, "/frost/offer"), count(two, "/frost/take"), count(one, "/frost/offer")
            one.take(*source.stream())
            await equal(two, one)
            await trio.sleep(1000)
            assert (count(two, "/frost/offer"), count(two, "/frost/take")) == (before[0] + 1, before[1] + 1)
            assert count(one, "/frost/offer") == before[2]
            assert status(one, two_url).waiting == 0
    with two.store.read() as reader:
        assert reader.leaves(source.origin, 0, 5).withheld == ()
        assert reader.bodies(source.origin, 0, 5) == source.bodies
    assert two.desk.taken == 5


async def test_what_was_erased_here_is_not_asked_for_when_another_has_it_again(
    make_push_node, make_publisher, clock
):
    one, two = make_push_node("one"), make_push_node("two")
    source = make_publisher("p", 5)
    for node in (one, two):
        node.take(*source.stream())
    with two.store.write() as writer:
        writer.withhold_body(source.origin, 2, "erased", "by request")
        writer.withhold_leaf(source.origin, 2, "erased", "by request")
    async with asking(two, one) as (asker,):
        assert await asker.offer(item(source, leaves=(1, 4))) == [Have()]


def test_leaves_that_are_sent_again_come_first_bundle_by_bundle_with_their_bodies(
    make_push_node, make_publisher
):
    node, source = make_push_node("node"), make_publisher("p", 600)
    node.take(*source.stream())
    stream, raw = LogStream(source.origin, 590, 590, again=(250, 520)), b""
    with node.store.read() as reader:
        while batch := stream.next_batch(reader):
            raw += batch
    sent = [frame for frame in FrameDecoder().feed(raw) if isinstance(frame, EntriesFrame | BodiesFrame)]
    assert [(type(frame), frame.start) for frame in sent] == [
        (kind, start) for start in (250, 256, 512, 590) for kind in (EntriesFrame, BodiesFrame)
    ]
    assert [len(frame.items) for frame in sent[1::2]] == [6, 256, 8, 10]


# witnesses


def test_an_offered_head_brings_the_lines_of_named_witnesses_and_no_others(make_push_node, make_publisher):
    node, source = make_push_node("node"), make_publisher("named", 3)
    node.take(*source.stream())
    named, stranger = (SigningKey(bytes([at]) * 32) for at in range(2))
    note = cosign(source.note(), "named.example", named, 1_700_000_000)
    with_stranger = cosign(note, "stranger.example", stranger, 1_700_000_000)
    witnesses = Knowledge(named=lambda did: [Cosigner("named.example", named.public)])
    judge = OfferJudge(replace(node.world, witnesses=witnesses), "a peer")
    with node.store.read() as reader:
        tip = reader.history(source.did).tip
    offered = Offered(did=source.did, origin=source.origin, note=with_stranger, tip=tip)
    assert judge.judge(offered) == Have()
    with node.store.read() as reader:
        assert reader.log(source.origin).checkpoint == note
