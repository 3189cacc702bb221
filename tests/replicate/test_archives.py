"""Archives of a store: the same copy as a stream makes, whatever happens on the way, and no more than is proven."""

import tracemalloc

import pytest

from frostnode.protocol.archive_check import ArchiveCheck
from frostnode.protocol.errors import FrostError, LocalError, LogError, PeerError
from frostnode.protocol.follow_witnesses import NO_WITNESSES
from frostnode.protocol.frames import BodiesFrame, CheckpointFrame
from frostnode.protocol.limits import FRAME_BODIES_BYTES_MAX
from frostnode.protocol.withheld import Block
from frostnode.replicate.admission import OPEN, PeerDoor
from frostnode.replicate.archive import ARCHIVES, ArchiveIntake, ArchiveStream
from frostnode.replicate.dispute import evidence_frame
from frostnode.replicate.policy import CarryPolicy, Mode, Quota
from frostnode.testing.archives import archive_of, archive_with, frames_of, manifest_of
from frostnode.testing.equivocation import evidence_of, twin_of
from frostnode.testing.loopback import asgi, loopback

BATCH_BYTES = 50_000


def batches(node, did):
    stream = ArchiveStream(did)
    while True:
        with node.store.read() as reader:
            batch = stream.next_batch(reader)
        if not batch:
            return
        yield batch


def archive(node, did):
    return b"".join(batches(node, did))


def take_in(node, data, *, step=1 << 20, door=OPEN):
    """Read a file into a node; answers the intake."""
    for _ in range(3):
        intake = ArchiveIntake(node.store, door, NO_WITNESSES)
        for at in range(0, len(data), step):
            intake.feed(data[at : at + step])
        intake.close()
        if not intake.wants_again:
            break
    return intake


def proven(data):
    check = ArchiveCheck()
    check.feed(data)
    return check.close()


def much(make_node, make_publisher):
    """A node that holds a publisher with something of everything, and the publisher in its two epochs."""
    one = make_node("one")
    first = make_publisher("much", 260)
    first.append(b"not a header", None)
    first.append(b"", None)
    first.withdraw("key-0")
    for at in range(3):
        first.put(f"large-{at}", {"title": "large", "text": "x" * (700_000 + at)})
    second = first.move()
    second.put("later", {"title": "Later"})
    one.take(*first.stream(), *second.stream())
    with one.store.write() as writer:
        writer.withhold_leaf(first.origin, 1, "erased", "by law")
        writer.withhold_body(first.origin, 2, "refused", "too large for us")
    return one, first, second


@pytest.mark.slow
@pytest.mark.network
async def test_an_archive_and_a_stream_make_the_same_copy(make_node, make_publisher, transport, clock):
    one, first, _ = much(make_node, make_publisher)
    data = archive(one, first.did)
    assert proven(data).entries == 267
    streamed, read = make_node("streamed"), make_node("read")
    async with loopback(asgi(one.app)) as server:
        await streamed.follower(server.url, transport).once()
    intake = take_in(read, data)
    assert intake.entries == 267
    assert read.contents() == streamed.contents()
    assert archive(read, first.did) == archive(streamed, first.did)


@pytest.mark.slow
def test_the_same_state_makes_the_same_bytes(make_node, make_publisher):
    one, two, publisher = make_node("one"), make_node("two"), make_publisher(count=260)
    for node in (one, two):
        node.take(*publisher.stream())
    data = archive(one, publisher.did)
    assert data == archive(two, publisher.did) == archive_of(publisher)


@pytest.mark.slow
def test_again_takes_nothing_and_changes_nothing(make_node, make_publisher):
    two, publisher = make_node("two"), make_publisher(count=5)
    data = archive_of(publisher)
    take_in(two, data)
    before = two.contents()
    with two.store.read() as reader:
        arrivals = reader.last_arrival()
    again = take_in(two, data)
    assert again.entries == 0
    with two.store.read() as reader:
        assert reader.last_arrival() == arrivals
    assert two.contents() == before


@pytest.mark.slow
def test_cut_off_anywhere_and_repeated_it_comes_to_the_same(make_node, make_publisher):
    first = make_publisher("cut-off", 4)
    second = first.move()
    second.put("later", {"title": "Later"})
    data = archive_of(first, second)
    whole = make_node("whole")
    take_in(whole, data)
    for number, size in enumerate(range(60, len(data), 251)):
        node = make_node(f"cut-{number}")
        with pytest.raises(LogError) as caught:
            take_in(node, data[:size], step=41)
        assert caught.value.code == "archive.truncated"
        take_in(node, data)
        assert node.contents() == whole.contents()


@pytest.mark.slow
def test_what_is_proven_before_a_fault_stays_and_nothing_else(make_node, make_publisher):
    publisher = make_publisher(count=600)
    frames = list(frames_of(publisher))
    forged = make_publisher(count=600)
    forged.leaves[300] = forged.leaves[0]
    frames[4] = forged.entries(256, 512, 600)
    two = make_node("two")
    with pytest.raises(PeerError) as caught:
        take_in(two, archive_with(manifest_of(publisher), frames))
    assert caught.value.code == "tree.root"
    assert "block " in str(caught.value)
    assert publisher.origin in str(caught.value)
    with two.store.read() as reader:
        assert reader.log(publisher.origin).held.size == 256
        assert reader.log(publisher.origin).served == 0
    take_in(two, archive_of(publisher))
    with two.store.read() as reader:
        assert reader.log(publisher.origin).served == 600


@pytest.mark.slow
def test_what_an_archive_adds_to_what_is_held_is_taken(make_node, make_publisher):
    older, newer = make_publisher(count=200), make_publisher(count=300)
    two = make_node("two")
    take_in(two, archive_of(older))
    assert take_in(two, archive_of(newer)).entries == 100
    assert take_in(two, archive_of(older)).entries == 0
    with two.store.read() as reader:
        assert reader.log(newer.origin).served == 300


def test_bodies_that_were_missing_are_taken(make_node, make_publisher):
    publisher = make_publisher(count=3)
    two = make_node("two")
    two.take(*[frame for frame in publisher.stream() if not isinstance(frame, BodiesFrame)])
    take_in(two, archive_of(publisher))
    with two.store.read() as reader:
        assert reader.bodies(publisher.origin, 0, 3) == publisher.bodies


def test_what_is_erased_here_is_not_taken_again(make_node, make_publisher):
    publisher = make_publisher(count=3)
    two = make_node("two")
    take_in(two, archive_of(publisher))
    with two.store.write() as writer:
        writer.withhold_body(publisher.origin, 1, "erased", "by law")
    take_in(two, archive_of(publisher))
    with two.store.read() as reader:
        assert reader.bodies(publisher.origin, 1, 2) != [publisher.bodies[1]]


@pytest.mark.slow
def test_another_tree_than_the_settled_one_gives_way(make_node, make_publisher):
    publisher = make_publisher(count=300)
    twin = twin_of(publisher, 280)
    moved = publisher.move()
    two = make_node("two")
    two.take(*twin.stream())
    take_in(two, archive_of(publisher, moved))
    with two.store.read() as reader:
        state = reader.log(publisher.origin)
        assert (state.held.root(), state.served, state.astray) == (publisher.tree().root(), 300, False)


@pytest.mark.slow
def test_a_fork_in_an_archive_becomes_evidence(make_node, make_publisher):
    publisher = make_publisher(count=300)
    for at, name in ((280, "late"), (10, "early")):
        two = make_node(name)
        two.take(*publisher.stream())
        with pytest.raises(LogError) as caught:
            take_in(two, archive_of(twin_of(publisher, at)))
        assert caught.value.code == "checkpoint.fork"
        with two.store.read() as reader:
            state = reader.log(publisher.origin)
            assert state.disputed
            assert state.held.root() == publisher.tree().root()


@pytest.mark.slow
def test_a_disputed_log_is_carried_with_its_evidence(make_node, make_publisher):
    publisher = make_publisher(count=300)
    one, two = make_node("one"), make_node("two")
    one.take(*publisher.stream(), evidence_frame(evidence_of(publisher, twin_of(publisher, 280))))
    data = archive(one, publisher.did)
    take_in(two, data)
    assert two.contents() == one.contents()
    with two.store.read() as reader:
        assert reader.log(publisher.origin).disputed
    assert "its key has signed two trees" in proven(data).statement


@pytest.mark.slow
def test_a_head_that_goes_on_while_it_is_written_does_not_matter(make_node, make_publisher):
    older, newer = make_publisher(count=600), make_publisher(count=700)
    one = make_node("one")
    one.take(*older.stream())
    written = batches(one, older.did)
    data = next(written)
    one.take(*newer.stream())
    assert data + b"".join(written) == archive_of(older)


@pytest.mark.slow
def test_a_log_that_is_cut_while_it_is_written_ends_it(make_node, make_publisher):
    publisher = make_publisher(count=600)
    one = make_node("one")
    one.take(*publisher.stream())
    written = batches(one, publisher.did)
    next(written)
    one.take(publisher.move(500).events())
    with pytest.raises(LocalError) as caught:
        list(written)
    assert caught.value.code == "archive.changed"


def test_a_publisher_that_is_blocked_is_neither_written_nor_taken(make_node, make_publisher):
    publisher = make_publisher()
    one, two = make_node("one"), make_node("two")
    one.take(*publisher.stream())
    for node in (one, two):
        with node.store.write() as writer:
            writer.put_block(Block(did=publisher.did, reason="court order", at_ms=1))
    with pytest.raises(LocalError) as caught:
        archive(one, publisher.did)
    assert caught.value.code == "record.withheld"
    with pytest.raises(LocalError) as caught:
        take_in(two, archive_of(publisher))
    assert caught.value.code == "record.withheld"
    assert two.contents() == {}


def test_a_publisher_that_is_not_carried_is_refused_with_the_reason(make_node, make_publisher):
    publisher = make_publisher()
    two = make_node("two", policy=CarryPolicy(mode=Mode.FOLLOWED))
    two.carrying.refresh()
    with pytest.raises(LocalError) as caught:
        take_in(two, archive_of(publisher), door=PeerDoor(two.carrying, ARCHIVES, anew=True))
    assert caught.value.code == "policy.not-followed"
    assert "frost follow" in str(caught.value)
    assert two.contents() == {}
    with two.store.write() as writer:
        writer.follow(publisher.did)
    two.carrying.refresh()
    take_in(two, archive_of(publisher), door=PeerDoor(two.carrying, ARCHIVES, anew=True))
    assert two.contents()


@pytest.mark.slow
def test_a_quota_that_is_used_up_is_said_and_what_fitted_stays(make_node, make_publisher):
    publisher = make_publisher(count=600, every=600)
    policy = CarryPolicy(unknown=Quota(entries=100))
    two = make_node("two", policy=policy)
    two.carrying.refresh()
    with pytest.raises(LocalError) as caught:
        take_in(two, archive_of(publisher), door=PeerDoor(two.carrying, ARCHIVES, anew=True))
    assert caught.value.code == "policy.quota"
    with two.store.write() as writer:
        assert writer.log(publisher.origin).held.size == 256
        writer.follow(publisher.did)
    two.carrying.refresh()
    intake = take_in(two, archive_of(publisher), door=PeerDoor(two.carrying, ARCHIVES, anew=True))
    assert intake.entries == 344


def test_nobody_unknown_is_written(make_node, make_publisher):
    with pytest.raises(LocalError) as caught:
        archive(make_node("one"), make_publisher().did)
    assert caught.value.code == "publisher.unknown"


@pytest.mark.slow
def test_an_epoch_that_is_not_held_completely_is_left_out(make_node, make_publisher):
    publisher = make_publisher(count=600)
    one = make_node("one")
    frames = list(publisher.stream())
    one.take(*frames[:4])
    data = archive(one, publisher.did)
    assert proven(data).entries == 0
    two = make_node("two")
    assert take_in(two, data).entries == 0


def test_cosignatures_travel(make_node, make_publisher):
    publisher = make_publisher()
    one = make_node("one")
    one.take(*publisher.stream())
    note = (
        publisher.note()
        + "— witness.example/w1 kEhRtAAAAABpVbk8KAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n".encode()
    )
    one.take(CheckpointFrame(origin=publisher.origin, note=note))
    assert note in archive(one, publisher.did)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(make_node, make_publisher):
    """Sixty large bodies make 42 MB; no step holds more than a few of them."""
    publisher = make_publisher("large", 0)
    for at in range(60):
        publisher.put(f"large-{at}", {"text": f"{at:02}" * 350_000})
    one, two = make_node("one"), make_node("two")
    one.take(*publisher.stream())
    assert FRAME_BODIES_BYTES_MAX < 2_000_000
    check, intake = ArchiveCheck(), ArchiveIntake(two.store, OPEN, NO_WITNESSES)
    size = 0
    tracemalloc.start()
    try:
        for batch in batches(one, publisher.did):
            size += len(batch)
            check.feed(batch)
            intake.feed(batch)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert check.close().entries == 60
    intake.close()
    assert size > 42_000_000
    assert peak < 20_000_000


@pytest.mark.slow
def test_memory_does_not_grow_with_the_log(make_node, make_publisher, monkeypatch):
    """Eight times as many entries take about as much of it, on the way out, to be checked, and on the way in."""
    monkeypatch.setattr("frostnode.replicate.archive.STREAM_BATCH_BYTES_MAX", BATCH_BYTES)
    small, large = (peak_for(make_node, make_publisher, count) for count in (1_000, 8_000))
    assert large < 2 * small


def peak_for(make_node, make_publisher, count):
    """The most that is held of an archive of so many entries that goes from one node to another."""
    publisher = make_publisher(f"of {count}", count, every=4)
    one, two = make_node(f"out-{count}"), make_node(f"in-{count}")
    one.take(*publisher.stream())
    check, intake = ArchiveCheck(), ArchiveIntake(two.store, OPEN, NO_WITNESSES)
    tracemalloc.start()
    try:
        for batch in batches(one, publisher.did):
            check.feed(batch)
            intake.feed(batch)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert check.close().entries == intake.entries == count
    return peak


def test_whatever_goes_wrong_has_a_code(make_node, make_publisher):
    data = bytearray(archive_of(make_publisher(count=2)))
    two = make_node("two")
    for at in range(0, len(data), 53):
        data[at] ^= 4
        with pytest.raises(FrostError):
            take_in(two, bytes(data))
        data[at] ^= 4
