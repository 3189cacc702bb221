"""Blocking: neither taken, nor shown, nor served, and nothing lost; taken up again where it was left."""

import random

import pytest

from frostnode.neighbours import Hosted
from frostnode.ports import ArrivalKind
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import header_cid
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.frames import BodiesFrame, BodyAbsent, EndFrame, EntriesFrame, FrameDecoder
from frostnode.protocol.withheld import Block
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.scope import read_lacking
from frostnode.replicate.serve import ArrivalStream, LogStream
from frostnode.testing.memory_publisher import MemoryPublisher

REASON = "spam"
WORDS = ("common", "one", "other")


def source(name):
    made = MemoryPublisher(name)
    made.put("self", {"name": f"Name of {name}"}, "profile")
    for key in ("a", "b", "a"):
        made.put(key, {"title": f"common {name} {key}"})
    return made


@pytest.fixture
def sources():
    return source("one"), source("other")


def frames_of(node, dids=None):
    stream, decoder, frames = ArrivalStream(0, dids=dids), FrameDecoder(), []
    with node.disk.read() as reader:
        while batch := stream.next_batch(reader):
            frames += decoder.feed(batch)
    return frames


def records(node, did):
    return {(found, key) for found, _, key in node.views("common")[3]["common"] if found == did}


async def test_a_blocked_publisher_is_neither_shown_nor_found(node, sources):
    one, other = sources
    node.take(*one.stream(), *other.stream())
    before = node.views(*WORDS)
    answer = await node.ask("block", target=one.did, reason=REASON)
    assert answer["status"] == "blocked"
    assert node.found("common") == {(other.did, "dataset", key) for key in "ab"}
    assert [item["did"] for item in (await node.ask("publishers"))["publishers"]] == [other.did]
    assert {item["did"] for item in (await node.ask("records"))["records"]} == {other.did}
    assert (await node.ask("status"))["publishers"] == 1
    for operation, params in (
        ("show", {"url": f"{one.did}/a"}),
        ("proof", {"url": f"{one.did}/a"}),
        ("publisher", {"did": one.did}),
        ("log", {"did": one.did}),
        ("follow", {"target": one.did}),
    ):
        with pytest.raises(LocalError, match=f"{one.did} is blocked here: {REASON}") as raised:
            await node.ask(operation, **params)
        assert raised.value.code == "record.withheld"
    assert node.findings() == ()
    assert node.views(*WORDS) == node.rebuilt_views(*WORDS)
    assert (await node.ask("unblock", target=one.did))["status"] == "unblocked"
    assert node.views(*WORDS) == before == node.rebuilt_views(*WORDS)
    assert node.findings() == ()


async def test_a_blocked_record_goes_and_the_rest_of_its_publisher_stays(node, sources):
    one, other = sources
    node.take(*one.stream(), *other.stream())
    before = node.views(*WORDS)
    await node.ask("block", target=f"{one.did}/a", reason=REASON)
    assert records(node, one.did) == {(one.did, "b")}
    assert records(node, other.did) == {(other.did, "a"), (other.did, "b")}
    with pytest.raises(LocalError, match=f"{one.did}/a is blocked here: {REASON}"):
        await node.ask("show", url=f"{one.did}/a?cid={header_cid(one.leaves[1])}")
    assert (await node.ask("show", url=f"{one.did}/b"))["title"] == "common one b"
    with node.disk.read() as reader:
        items = reader.bodies(one.origin, 0, 4)
        assert items == [
            one.bodies[0],
            BodyAbsent("refused", REASON),
            one.bodies[2],
            BodyAbsent("refused", REASON),
        ]
        assert reader.blocked_body(Cid.of(one.bodies[1])).name == f"{one.did}/a"
        assert reader.blocked_body(Cid.of(one.bodies[2])) is None
    assert node.views(*WORDS) == node.rebuilt_views(*WORDS)
    await node.ask("unblock", target=f"{one.did}/a")
    assert node.views(*WORDS) == before == node.rebuilt_views(*WORDS)
    assert node.findings() == ()


@pytest.mark.parametrize("folded_between", [False, True])
async def test_blocks_of_publisher_and_record_are_two_blocks(node, sources, folded_between):
    one, _ = sources
    node.take(*one.stream())
    before = node.views(*WORDS)
    for act, target in (
        ("block", one.did),
        ("block", f"{one.did}/a"),
        ("unblock", one.did),
        ("block", one.did),
        ("unblock", f"{one.did}/a"),
        ("unblock", one.did),
    ):
        await node.ask(act, target=target, reason=REASON)
        if folded_between:
            assert node.views(*WORDS) == node.rebuilt_views(*WORDS)
    assert node.views(*WORDS) == before


async def test_blocking_again_replaces_the_reason_and_does_nothing_else(node, sources):
    one, _ = sources
    node.take(*one.stream())
    await node.ask("block", target=one.did, reason="first")
    with node.disk.read() as reader:
        arrivals = reader.last_arrival()
    assert (await node.ask("block", target=one.did, reason="second"))["status"] == "blocked before"
    with node.disk.read() as reader:
        assert reader.last_arrival() == arrivals
    assert [line["reason"] for line in (await node.ask("withheld"))["withheld"]] == ["second"]
    await node.ask("unblock", target=one.did)
    assert (await node.ask("unblock", target=one.did))["status"] == "not blocked"
    assert (await node.ask("withheld"))["withheld"] == []


async def test_a_plan_blocks_nothing(node, sources):
    one, _ = sources
    node.take(*one.stream())
    assert (await node.ask("block", target=one.did, reason=REASON, dry_run=True))["status"] == "would block"
    assert (await node.ask("withheld"))["withheld"] == []


async def test_nothing_of_a_blocked_publisher_is_taken_also_before_it_was_ever_heard_of(node, sources):
    one, other = sources
    await node.ask("block", target=one.did, reason=REASON)
    node.take(*one.stream(), *other.stream())
    with node.disk.read() as reader:
        assert reader.history(one.did) is None
        assert reader.log(other.origin).served == 4
        assert reader.dids() == [other.did]
    assert node.findings() == ()
    await node.ask("unblock", target=one.did)
    node.take(*one.stream())
    assert records(node, one.did) == {(one.did, "a"), (one.did, "b")}
    assert node.findings() == ()


async def test_of_a_blocked_record_headers_are_taken_and_bodies_are_not(node, sources):
    one, _ = sources
    await node.ask("block", target=f"{one.did}/a", reason=REASON)
    node.take(*one.stream())
    with node.disk.read() as reader:
        assert reader.log(one.origin).served == 4
        assert reader.body(Cid.of(one.bodies[1])) is None
        assert reader.missing_bodies(one.origin, 0, 9) == [], "nobody is asked for them"
    assert records(node, one.did) == {(one.did, "b")}
    await node.ask("unblock", target=f"{one.did}/a")
    with node.disk.read() as reader:
        assert reader.missing_bodies(one.origin, 0, 9) == [1, 3]
    node.take(*one.stream())
    assert records(node, one.did) == {(one.did, "a"), (one.did, "b")}
    assert node.findings() == ()


async def test_a_block_that_comes_while_a_batch_is_judged_holds(node, sources, monkeypatch):
    """What was judged before the block is judged anew at the write."""
    one, other = sources
    ingest = Ingest(node.disk, None)
    store_effects = ingest._store_effects

    def block_first(*arguments):
        with node.disk.write() as writer:
            writer.put_block(Block(did=one.did, reason=REASON, at_ms=0))
            writer.arrive(ArrivalKind.BLOCKED, one.did)
        monkeypatch.setattr(ingest, "_store_effects", store_effects)
        store_effects(*arguments)

    monkeypatch.setattr(ingest, "_store_effects", block_first)
    ingest.take([*one.stream(), *other.stream()])
    with node.disk.read() as reader:
        assert reader.history(one.did) is None
        assert reader.log(other.origin).served == 4


async def test_a_stream_passes_over_who_is_blocked_and_brings_all_when_unblocked(make_node, sources):
    one, other = sources
    node, follower = make_node(), make_node("follower")
    node.take(*one.stream(), *other.stream())
    await node.ask("block", target=one.did, reason=REASON)
    stream = ArrivalStream(0)

    def pass_on():
        with node.disk.read() as reader:
            while batch := stream.next_batch(reader):
                outcome = Ingest(follower.disk, None).feed(batch)
                for gap in outcome.gaps.values():
                    fill = LogStream(gap.origin, gap.held, gap.held)
                    while batch := fill.next_batch(reader):
                        Ingest(follower.disk, None).feed(batch)

    pass_on()
    with follower.disk.read() as reader:
        assert reader.dids() == [other.did]
    await node.ask("unblock", target=one.did)
    pass_on()
    assert follower.views(*WORDS)[3] == node.views(*WORDS)[3]
    await node.ask("block", target=f"{one.did}/a", reason=REASON)
    await node.ask("block", target=other.did, reason=REASON)
    pass_on()
    assert records(follower, one.did) == {(one.did, "a"), (one.did, "b")}, "who has it keeps it"
    assert records(follower, other.did) == {(other.did, "a"), (other.did, "b")}
    assert follower.findings() == node.findings() == ()


async def test_a_log_that_is_blocked_while_it_is_sent_ends_with_the_reason(node, sources):
    one, _ = sources
    node.take(*one.stream())
    stream = LogStream(one.origin, 0, 0)
    await node.ask("block", target=one.did, reason=REASON)
    with node.disk.read() as reader:
        (frame,) = FrameDecoder().feed(stream.next_batch(reader))
        assert stream.next_batch(reader) == b""
    assert frame == EndFrame(code="record.withheld", reason=REASON)


async def test_a_newcomer_gets_the_log_around_a_blocked_record(make_node, sources):
    one, _ = sources
    node, newcomer = make_node(), make_node("newcomer")
    node.take(*one.stream())
    await node.ask("block", target=f"{one.did}/a", reason=REASON)
    frames = frames_of(node)
    (bodies,) = [frame for frame in frames if isinstance(frame, BodiesFrame) and frame.start == 0]
    assert bodies.items[1] == BodyAbsent("refused", REASON)
    assert any(isinstance(frame, EntriesFrame) for frame in frames)
    newcomer.take(*frames)
    with newcomer.disk.read() as reader:
        assert reader.log(one.origin).held == one.tree()
        assert reader.missing_bodies(one.origin, 0, 9) == [1, 3]


async def test_block_and_erase_in_one_act(node, sources):
    one, other = sources
    node.take(*one.stream(), *other.stream())
    node.fold()
    answer = await node.ask("block", target=one.did, reason=REASON, erase=True)
    assert (answer["status"], answer["erased"], answer["gone"]) == ("blocked", 4, True)
    assert node.holds(b"common one") == []
    assert node.holds(b"common other")
    await node.ask("unblock", target=one.did)
    with pytest.raises(LocalError, match=REASON):
        await node.ask("proof", url=f"{one.did}/a")
    node.take(*one.stream())
    assert node.holds(b"common one") == []
    assert node.views(*WORDS) == node.rebuilt_views(*WORDS)
    assert node.findings() == ()


async def test_blocking_who_copies_another_takes_nothing_from_the_other(node, sources):
    """A publisher that names another's bodies must not be a means to have them withheld."""
    one, _ = sources
    copier = MemoryPublisher("copier")
    for leaf, body in zip(one.leaves, one.bodies, strict=True):
        copier.append(leaf, body)
    node.take(*one.stream(), *copier.stream())
    await node.ask("block", target=copier.did, reason=REASON)
    with node.disk.read() as reader:
        assert all(reader.blocked_body(Cid.of(body)) is None for body in one.bodies)
    assert records(node, one.did) == {(one.did, "a"), (one.did, "b")}


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("nonsense", "name.did"),
        ("{did}/~", "name.did-url"),
        ("{did}/a?cid={cid}", "usage"),
    ],
)
async def test_what_cannot_be_blocked_is_said(node, sources, target, code):
    one, _ = sources
    for operation in ("block", "unblock"):
        with pytest.raises(FrostError) as raised:
            await node.ask(
                operation, target=target.format(did=one.did, cid=header_cid(one.leaves[1])), reason=REASON
            )
        assert raised.value.code == code
    with pytest.raises(LocalError, match="reason"):
        await node.ask("block", target=one.did, reason="")


async def test_a_publisher_that_is_hosted_here_is_blocked_only_on_purpose(node, sources):
    one, _ = sources
    node.take(*one.stream())
    with node.disk.write() as writer:
        writer.host(Hosted(did=one.did, origin=one.origin, key_label="test"))
    with pytest.raises(LocalError, match="is hosted here"):
        await node.ask("block", target=one.did, reason=REASON)
    assert (await node.ask("block", target=one.did, reason=REASON, hosted=True))["hosted"]
    with pytest.raises(LocalError, match=REASON) as raised:
        await node.ask("publish", records=[{"type": "dataset", "key": "c", "title": "C"}])
    assert raised.value.code == "record.withheld"
    await node.ask("unblock", target=one.did)
    await node.ask("block", target=f"{one.did}/a", reason=REASON)
    answer = await node.ask(
        "publish",
        records=[{"type": "dataset", "key": key, "title": "New"} for key in "ac"],
        dry_run=True,
    )
    assert [item["status"] for item in answer["records"]] == ["blocked", "would publish"]
    with pytest.raises(LocalError, match=REASON):
        await node.ask("withdraw", url=f"{one.did}/a")


async def test_every_peer_is_asked_again_for_who_is_unblocked(node, sources):
    one, other = sources
    with node.disk.write() as writer:
        writer.put_peer("https://peer.example")
    for publisher in sources:
        await node.ask("block", target=publisher.did, reason=REASON)
        await node.ask("unblock", target=publisher.did)
    with node.disk.read() as reader:
        lacking = read_lacking(reader, "https://peer.example")
        assert lacking.keys() == {one.did, other.did}
        assert lacking[one.did] < lacking[other.did]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_views_equal_their_rebuild_whatever_is_withheld_and_shown_again(node, seed):
    chance = random.Random(seed)
    sources = [MemoryPublisher(name) for name in "abc"]
    for step in range(25):
        publisher = chance.choice(sources)
        start = len(publisher.leaves)
        for _ in range(chance.randrange(1, 4)):
            key = f"k{chance.randrange(4)}"
            if chance.random() < 0.2:
                publisher.withdraw(key)
            else:
                publisher.put(key, {"title": f"common {step}", "text": chance.choice(["one", "other"])})
        node.take(*publisher.stream(start if chance.random() < 0.5 else 0))
        key = f"{publisher.did}/k{chance.randrange(4)}"
        act, params = chance.choice(
            [
                ("erase", {"target": key}),
                ("erase", {"target": key, "header": True}),
                ("erase", {"target": key, "all_entries": True}),
                ("block", {"target": publisher.did}),
                ("block", {"target": key}),
                ("unblock", {"target": publisher.did}),
                ("unblock", {"target": key}),
            ]
        )
        try:
            await node.ask(act, reason=REASON, **params)
        except LocalError as error:
            assert error.code in ("record.not-found", "publisher.unknown")  # noqa: PT017 - it may be here
        if chance.random() < 0.3:
            node.fold()
    assert node.views(*WORDS) == node.rebuilt_views(*WORDS)
    for publisher in sources:
        await node.ask("unblock", target=publisher.did)
        for at in range(4):
            await node.ask("unblock", target=f"{publisher.did}/k{at}")
    node.take(*(frame for publisher in sources for frame in publisher.stream()))
    assert node.views(*WORDS) == node.rebuilt_views(*WORDS)
    assert node.findings() == ()
