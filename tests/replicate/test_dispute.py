"""An epoch that was signed two ways: noticed, proven, kept, frozen, told to others, settled; and nobody else accused."""

from contextlib import suppress
from dataclasses import replace

import pytest
import trio

from frostnode.edge.sqlite.store import SqliteStore
from frostnode.log.fsck import fsck
from frostnode.ports import ArrivalKind
from frostnode.protocol.checkpoint import Checkpoint, cosign, sign_checkpoint
from frostnode.protocol.errors import FrostError, PeerError
from frostnode.protocol.evidence import check_evidence, verify_evidence
from frostnode.protocol.frames import (
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EntriesFrame,
    EvidenceFrame,
    FrameDecoder,
    encode_frame,
)
from frostnode.protocol.limits import CURSOR_INTERVAL_S
from frostnode.protocol.merkle import consistency_proof
from frostnode.replicate.dispute import evidence_file, evidence_frame
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.serve import ArrivalStream, LogStream
from frostnode.testing.clock import ManualClock
from frostnode.testing.equivocation import evidence_of, twin_of
from frostnode.testing.loopback import asgi, loopback, response, saying
from frostnode.testing.own_home import OwnHome
from frostnode.testing.publisher import Publisher
from frostnode.testing.random import SeededRandom
from frostnode.testing.static_export import export_static

pytestmark = pytest.mark.network

END = EndFrame(code="end.complete")


def framed(*frames):
    return response(b"".join(map(encode_frame, frames)))


def head(publisher, size=None, **proof):
    return CheckpointFrame(origin=publisher.origin, note=publisher.note(size), **proof)


def state(node, publisher):
    with node.store.read() as reader:
        return reader.log(publisher.origin)


def file_of(node, publisher):
    with node.store.read() as reader:
        return evidence_file(reader, publisher.origin)


def is_frozen(node, publisher):
    """Whether the log is frozen, by evidence that a stranger can verify, announced once."""
    with node.store.read() as reader:
        log, found = reader.log(publisher.origin), reader.evidence(publisher.origin)
        told = [each.kind for each in reader.arrivals(0, 1000) if each.origin == publisher.origin]
        assert told.count(ArrivalKind.FROZEN) == (found is not None)
        assert log.disputed == (found is not None)
        assert reader.disputed() == ([publisher.origin] if log.frozen else [])
    if found is not None:
        verified = verify_evidence(file_of(node, publisher))
        assert (verified.origin, verified.key) == (publisher.origin, publisher.key.public)
    assert list(fsck(node.store).findings) == []
    return log.frozen


# noticing


@pytest.mark.parametrize("at", [0, 3, 9])
@pytest.mark.parametrize("size", [4, 9, 10, 11, 300])
async def test_a_head_that_is_another_tree_is_noticed_and_proven_whatever_its_size(
    make_node, make_publisher, transport, clock, at, size
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=10)
    twin = twin_of(source, at, max(size, at + 1))
    two.take(*source.stream())
    one.take(*twin.stream())
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
    assert is_frozen(two, source) == (len(twin.leaves) > at)
    assert state(two, source).held == source.tree()
    assert follower.status.error == ""
    assert list(follower.status.stopped) == [source.origin]


@pytest.mark.parametrize("size", [2, 3, 9])
async def test_a_smaller_head_of_another_tree_is_proven_by_what_is_held(
    make_node, make_publisher, clock, size
):
    node = make_node()
    source = make_publisher(count=10)
    twin = twin_of(source, 1, size)
    node.take(*source.stream(), head(twin))
    assert is_frozen(node, source)
    with node.store.read() as reader:
        found = check_evidence(reader.evidence(source.origin), source.key.public)
    assert (found.smaller.size, found.larger.size) == (size, 10)


async def test_a_smaller_head_within_the_same_batch_is_compared_too(make_node, make_publisher, clock):
    node, honest = make_node("node"), make_node("honest")
    source = make_publisher(count=600)
    frames = [*source.stream(), head(source, 100), head(source, 300), head(source, 256)]
    honest.take(*frames)
    assert not is_frozen(honest, source)
    node.take(*frames, head(twin_of(source, 257, 300)))
    assert is_frozen(node, source)


@pytest.mark.parametrize("rival", [100, 256, 300, 599, 600, 601, 900])
async def test_a_tree_that_is_here_in_part_is_evidence_too(
    make_node, make_publisher, transport, clock, rival
):
    """The first 512 of 600 leaves are here when another tree is shown, of any size."""
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=600)
    twin = twin_of(source, 50, rival)
    frames = list(source.stream())
    two.take(*frames[:6])
    assert (state(two, source).held.size, state(two, source).served) == (512, 0)
    assert is_frozen(two, source) is False
    one.take(*twin.stream())
    async with loopback(asgi(one.app)) as server:
        await two.follower(server.url, transport).once()
    # Only the tree of 599 cannot be shown within that of 600, of which the last leaves are not here.
    assert is_frozen(two, source) == (rival != 599)
    two.take(*frames[:2], *frames[6:], head(twin))
    assert is_frozen(two, source)


async def test_a_gap_is_filled_from_the_peer_and_shows_the_fork(make_node, make_publisher, transport, clock):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=10)
    twin = twin_of(source, 5, 700)
    two.take(*source.stream())
    one.take(*twin.stream())
    with one.store.read() as reader:
        after = next(each.number for each in reader.arrivals(0, 100) if each.start == 256) - 1
        stream = ArrivalStream(after)
        late = stream.next_batch(reader)
    async with loopback(asgi(one.app)) as server:
        handler = server.handler

        async def answer(target, stream):
            if target.startswith("/frost/stream"):
                await stream.send_all(response(late + encode_frame(END)))
            else:
                await handler(target, stream)

        server.handler = answer
        await two.follower(server.url, transport).once()
    assert is_frozen(two, source)


async def test_a_consistency_proof_that_shows_another_tree_is_asked_about(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=6)
    twin = twin_of(source, 5, 9)
    two.take(*source.stream())
    one.take(*twin.stream())
    proof = consistency_proof(6, 9, twin.node)
    frames = framed(twin.events(), head(twin, old=6, proof=proof), END)
    async with loopback(asgi(one.app)) as server:
        handler = server.handler

        async def answer(target, stream):
            if target.startswith("/frost/stream"):
                await stream.send_all(frames)
            else:
                await handler(target, stream)

        server.handler = answer
        await two.follower(server.url, transport).once()
        assert server.count("/frames?from=6") == 1
    assert is_frozen(two, source)


async def test_a_head_from_before_is_held_against_what_another_peer_brings(make_node, make_publisher, clock):
    """A peer whose heads alone are listened to has shown a tree before it could be compared."""
    node = make_node()
    source = make_publisher(count=10)
    twin = twin_of(source, 5, 8)
    lurker = Ingest(node.store, None)
    lurker.take([twin.events(), head(twin), CursorFrame(cursor=b"c")])
    node.take(*source.stream())
    lurker.take([CursorFrame(cursor=b"d")])
    assert is_frozen(node, source)


async def test_a_head_that_was_ahead_of_what_is_held_and_fits_accuses_nobody(
    make_node, make_publisher, clock
):
    node = make_node()
    source = make_publisher(count=10)
    lurker = Ingest(node.store, None)
    lurker.take([source.events(), head(source, 8), CursorFrame(cursor=b"c")])
    node.take(*source.stream())
    assert lurker.take([CursorFrame(cursor=b"d")]).forks == {}
    assert not is_frozen(node, source)


@pytest.mark.parametrize("size", [4, 10, 13, 300])
async def test_static_files_show_a_fork_as_well(make_node, make_publisher, transport, clock, tmp_path, size):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=10)
    one.take(*twin_of(source, 3, size).stream())
    two.take(*source.stream())
    export_static(one.store, tmp_path / "export")
    async with loopback(files(tmp_path / "export")) as server:
        with suppress(FrostError):
            await two.follower(server.url, transport).once()
    assert is_frozen(two, source)


@pytest.mark.parametrize("rival", [100, 600, 601, 900])
async def test_static_files_show_what_proves_a_fork_with_a_tree_that_is_here_in_part(
    make_node, make_publisher, transport, clock, tmp_path, rival
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=600)
    two.take(*list(source.stream())[:6])
    one.take(*twin_of(source, 50, rival).stream())
    export_static(one.store, tmp_path / "export")
    async with loopback(files(tmp_path / "export")) as server:
        with suppress(FrostError):
            await two.follower(server.url, transport).once()
    assert is_frozen(two, source)


def files(folder):
    async def answer(target, stream):
        path = folder / target.partition("?")[0].lstrip("/")
        is_there = path.is_file()
        await stream.send_all(response(path.read_bytes()) if is_there else response(status=404))

    return answer


# nobody is accused


async def test_older_and_shorter_heads_of_honest_relays_accuse_nobody(
    make_node, make_publisher, transport, clock
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=300)
    two.take(*source.stream())
    short = make_publisher(count=100)
    one.take(*short.stream())
    witness = make_publisher("w").key
    cosigned = cosign(source.note(200), "witness.example/w", witness, 1_700_000_000)
    two.take(source.events(), *(head(source, size) for size in (0, 1, 2, 255, 256, 299, 300)))
    two.take(CheckpointFrame(origin=source.origin, note=cosigned))
    async with loopback(asgi(one.app)) as server:
        await two.follower(server.url, transport).once()
    assert not is_frozen(two, source)
    assert state(two, source).held == source.tree()


@pytest.mark.parametrize("size", [5, 10, 20])
async def test_a_checkpoint_that_another_key_has_signed_freezes_and_erases_nothing(
    make_node, make_publisher, transport, clock, size
):
    two = make_node("two")
    source, thief = make_publisher(count=10), make_publisher("thief").key
    two.take(*source.stream())
    before = two.contents()
    forged = sign_checkpoint(Checkpoint(source.origin, size, bytes(32)), thief)
    frames = framed(source.events(), CheckpointFrame(origin=source.origin, note=forged), END)
    async with loopback(saying({"/frost/stream": frames})) as server:
        follower = two.follower(server.url, transport)
        with pytest.raises(PeerError):
            await follower.once()
        assert follower.status.error.startswith("note.signature")
    assert not is_frozen(two, source)
    assert two.contents() == before


@pytest.mark.parametrize("lie", ["swapped", "honest trees", "wrong key", "no proof", "other log"])
async def test_evidence_that_is_none_is_the_fault_of_its_sender(
    make_node, make_publisher, transport, clock, lie
):
    two = make_node("two")
    source, other = make_publisher(count=10), make_publisher("other", count=10)
    two.take(*source.stream(), *other.stream())
    good = evidence_frame(evidence_of(source, twin_of(source, 3), (10, None)))
    forged = sign_checkpoint(Checkpoint(source.origin, 13, bytes(32)), other.key)
    frame = {
        "swapped": replace(good, smaller=good.larger, larger=good.smaller),
        "honest trees": replace(good, larger=source.note(10), proof=()),
        "wrong key": replace(good, larger=forged),
        "no proof": replace(good, proof=()),
        "other log": replace(good, origin=other.origin),
    }[lie]
    async with loopback(saying({"/frost/stream": framed(source.events(), frame, END)})) as server:
        with pytest.raises(PeerError):
            await two.follower(server.url, transport).once()
    assert not is_frozen(two, source)
    assert not is_frozen(two, other)


async def test_a_fork_that_the_peer_cannot_show_is_held_against_nobody(
    make_node, make_publisher, transport, clock
):
    two = make_node("two")
    source = make_publisher(count=6)
    twin = twin_of(source, 5, 9)
    two.take(*source.stream())
    proof = consistency_proof(6, 9, twin.node)
    stream = framed(twin.events(), head(twin, old=6, proof=proof), END)
    answers = {
        "/frost/stream": stream,
        f"/frost/{source.origin}/frames": framed(twin.events(), head(twin), END),
    }
    async with loopback(saying(answers)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert list(follower.status.stopped) == [source.origin]
    assert not is_frozen(two, source)
    garbage = replace(twin.entries(6, 9), proof=[bytes(32)] * len(twin.entries(6, 9).proof))
    answers[f"/frost/{source.origin}/frames"] = framed(twin.events(), head(twin), garbage, END)
    async with loopback(saying(answers)) as server:
        with pytest.raises(PeerError) as caught:
            await two.follower(server.url, transport).once()
    assert caught.value.code == "tree.root"
    assert not is_frozen(two, source)


# keeping, and going on


async def test_a_frozen_log_takes_nothing_more_and_loses_nothing_also_after_a_restart(
    make_node, make_publisher, clock, tmp_path
):
    node = make_node("node")
    source = make_publisher(count=10)
    twin = twin_of(source, 5)
    node.take(*source.stream())
    node.take(*twin.stream())
    before, file = node.contents(), file_of(node, source)
    for at in range(10, 300):
        source.put(f"later-{at}", {"title": "later"})
    node.take(*source.stream())
    again = SqliteStore(tmp_path / "node.db", ManualClock(), SeededRandom("again"))
    Ingest(again, None).take(list(source.stream()))
    again.close()
    assert is_frozen(node, source)
    assert (node.contents(), file_of(node, source)) == (before, file)


async def test_of_an_ended_epoch_evidence_changes_nothing(make_node, make_publisher, clock):
    node = make_node()
    source = make_publisher(count=10)
    moved = source.move()
    node.take(*source.stream(), moved.events())
    before = node.contents()
    evidence = evidence_of(source, twin_of(source, 5))
    node.take(evidence_frame(evidence), head(twin_of(source, 5, 8)))
    assert not is_frozen(node, source)
    assert not state(node, source).disputed
    assert node.contents() == before


async def test_an_event_that_ends_the_epoch_settles_the_dispute_and_all_goes_on(
    make_node, make_publisher, clock
):
    node = make_node()
    source = make_publisher(count=10)
    node.take(*source.stream())
    node.take(evidence_frame(evidence_of(source, twin_of(source, 5))))
    assert is_frozen(node, source)
    file = file_of(node, source)
    for at in range(10, 14):
        source.put(f"later-{at}", {"title": "later"})
    moved = source.move()
    moved.put("new", {"title": "new"})
    node.take(moved.events(), *list(source.stream(10))[2:], *moved.stream())
    assert not is_frozen(node, source)
    assert (state(node, source).held, state(node, moved).held) == (source.tree(), moved.tree())
    assert file_of(node, source) == file, "what its host did stays true"


@pytest.mark.parametrize("held", [1, 100, 255, 256, 257, 300, 512, 600, 601, 700])
@pytest.mark.parametrize("at", [0, 1, 254, 256, 300, 599])
async def test_who_holds_another_tree_than_the_settled_one_ends_with_that_wherever_they_part(
    make_node, make_publisher, transport, clock, at, held
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=600, every=200)
    twin = twin_of(source, min(at, held), held)
    one.take(*source.stream(), source.move().events())
    two.take(*twin.stream())
    async with loopback(asgi(one.app)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert (follower.status.error, follower.status.stopped, follower.status.caught_up) == ("", {}, True)
    assert state(two, source).held == source.tree()
    assert two.contents()[source.did][1][0][-1] == one.contents()[source.did][1][0][-1]
    assert not is_frozen(two, source)
    with two.store.read() as reader:
        drops = [each for each in reader.arrivals(0, 1000) if each.kind is ArrivalKind.DROPPED]
        assert len(drops) == (at < held and at < 600)
        for drop in drops:
            assert reader.strays(drop.number) == twin.leaves[drop.start :]
            assert drop.start <= at


async def test_who_heard_of_the_end_before_anybody_had_the_settled_tree_asks_again_later(
    make_node, make_publisher, transport, clock
):
    one, two, three = make_node("one"), make_node("two"), make_node("three")
    source = make_publisher(count=10)
    twin = twin_of(source, 4, 12)
    two.take(*twin.stream(), source.move().events())
    three.take(*twin.stream(), source.move().events())
    one.take(*source.stream(), source.move().events())
    for node, length in ((three, 12), (one, 10)):
        async with loopback(asgi(node.app)) as server:
            await two.follower(server.url, transport).once()
            assert state(two, source).held.size == length
            assert state(two, source).astray == (length == 12)
    assert state(two, source).held == source.tree()
    async with loopback(asgi(one.app)) as server:
        follower = three.follower(server.url, transport)
        with one.store.read() as reader:
            cursor = ArrivalStream(reader.last_arrival()).cursor(reader)
        Ingest(three.store, server.url).feed(cursor)
        await follower.once()
    assert state(three, source).held == source.tree()


async def test_what_was_erased_does_not_come_back_with_the_settled_tree(make_node, make_publisher, clock):
    """Both trees have the header, but behind the place where they part, so it is sent again."""
    node = make_node()
    source = make_publisher(count=300)
    twin = twin_of(source, 260, 261)
    for leaf, body in zip(source.leaves[261:], source.bodies[261:], strict=True):
        twin.append(leaf, body)
    node.take(*twin.stream())
    with node.store.write() as writer:
        writer.withhold_leaves(twin.origin, [290], "erased", "wish")
    node.take(source.move().events(), source.entries(0, 256), source.entries(256, 300))
    assert state(node, source).held == source.tree()
    with node.store.read() as reader:
        leaves = reader.leaves(source.origin, 256, 300)
        assert [slot.offset + 256 for slot in leaves.withheld] == [290]
        assert source.leaves[290] not in leaves.bundle
        assert [item.index for item in reader.withheld(0)] == [290]
    assert not is_frozen(node, source)


async def test_static_files_settle_a_log_too(make_node, make_publisher, transport, clock, tmp_path):
    one = make_node("one")
    source = make_publisher(count=600, every=200)
    one.take(*source.stream(), source.move().events())
    export_static(one.store, tmp_path / "export")
    for at, held in ((3, 10), (300, 600), (5, 700), (290, 512)):
        two = make_node(f"two-{at}-{held}")
        two.take(*twin_of(source, at, held).stream())
        async with loopback(files(tmp_path / "export")) as server:
            for _ in range(2):
                await two.follower(server.url, transport).once()
        assert state(two, source).held == source.tree()
        assert not is_frozen(two, source)


async def test_a_home_whose_own_log_was_signed_elsewhere_too_publishes_no_more(
    tmp_path, make_publisher, clock
):
    home = OwnHome.found(tmp_path / "home", Publisher())
    origin = home.publisher.origin()
    await home.sequencer.commit(origin, [home.publisher.put("a")])
    rival = sign_checkpoint(Checkpoint(origin, 1, bytes(32)), home.publisher.log_key(origin))
    Ingest(home.disk, None).take([CheckpointFrame(origin=origin, note=rival)])
    with home.disk.read() as reader:
        assert reader.log(origin).frozen
    with pytest.raises(FrostError) as caught:
        await home.sequencer.commit(origin, [home.publisher.put("b")])
    home.close()
    assert caught.value.code == "epoch.frozen"


# telling others


async def test_evidence_is_told_in_the_stream_where_the_epoch_was_frozen(make_node, make_publisher, clock):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=10)
    one.take(*source.stream())
    one.take(*twin_of(source, 5).stream())
    for heads_only in (False, True):
        with one.store.read() as reader:
            frames = FrameDecoder().feed(ArrivalStream(0, heads_only=heads_only).next_batch(reader))
        assert sum(isinstance(frame, EvidenceFrame) for frame in frames) == 1
    two.take(*frames)
    assert is_frozen(two, source)
    assert file_of(two, source) == file_of(one, source)


async def test_who_asks_for_a_frozen_log_is_told_first(make_node, make_publisher, clock):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=10)
    one.take(*source.stream())
    one.take(*twin_of(source, 5).stream())
    with one.store.read() as reader:
        frames = FrameDecoder().feed(LogStream(source.origin, 0, 0).next_batch(reader))
    kinds = [type(frame) for frame in frames]
    assert kinds.index(EvidenceFrame) < kinds.index(CheckpointFrame) < kinds.index(EntriesFrame)
    two.take(*frames)
    assert is_frozen(two, source)
    assert state(two, source).held.size == 0


async def test_static_files_tell_of_a_dispute(make_node, make_publisher, transport, clock, tmp_path):
    one, two = make_node("one"), make_node("two")
    source, other = make_publisher(count=10), make_publisher("other", count=10)
    one.take(*source.stream(), *other.stream())
    one.take(*twin_of(source, 5).stream())
    export_static(one.store, tmp_path / "export")
    assert (tmp_path / f"export/frost/{source.origin}/evidence").read_bytes() == file_of(one, source)
    two.take(*list(source.stream())[:1])
    async with loopback(files(tmp_path / "export")) as server:
        await two.follower(server.url, transport).once()
        await two.follower(server.url, transport).once()
        assert server.count("/evidence") == 1
    assert is_frozen(two, source) is True
    assert file_of(two, source) == file_of(one, source)
    assert state(two, other).held == other.tree()


async def test_two_who_were_told_different_stories_find_out_and_a_third_hears_of_it(
    make_node, make_publisher, transport, clock
):
    """An equivocating host, two honest nodes that it told different stories, and one that follows one of them."""
    one, two, three = make_node("one"), make_node("two"), make_node("three")
    source = make_publisher(count=300)
    twin = twin_of(source, 280)
    other = make_publisher("other", count=5)
    one.take(*source.stream())
    two.take(*twin.stream())
    async with (
        loopback(asgi(one.app)) as at_one,
        loopback(asgi(two.app)) as at_two,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(three.follower(at_two.url, transport).run)
        await three.until(lambda: (log := state(three, twin)) is not None and log.held == twin.tree())
        nursery.start_soon(one.follower(at_two.url, transport).run)
        nursery.start_soon(two.follower(at_one.url, transport).run)
        with trio.fail_after(4 * CURSOR_INTERVAL_S):
            for node in (one, two, three):
                await node.until(lambda node=node: state(node, source).frozen)
        for node, tree in ((one, source), (two, twin), (three, twin)):
            assert is_frozen(node, source)
            assert state(node, source).held == tree.tree()
            found = verify_evidence(file_of(node, source)).found
            assert {found.smaller.root, found.larger.root} == {source.tree().root(), twin.tree().root()}
        # Nobody else is affected, and what the owner decides is followed by all.
        one.take(*other.stream())
        moved = source.move()
        moved.put("new", {"title": "new"})
        one.take(*moved.stream())
        for node in (one, two, three):
            await node.until(
                lambda node=node: (log := state(node, moved)) is not None and log.held == moved.tree()
            )
            await node.until(lambda node=node: state(node, other) is not None)
            # Who holds the branch that lost drops back and takes the settled one.
            await node.until(lambda node=node: state(node, source).held == source.tree())
            assert not is_frozen(node, source)
        nursery.cancel_scope.cancel()
