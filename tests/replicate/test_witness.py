"""The witness of a carrier: what it cosigns, when, and what it never does."""

import shutil
from contextlib import asynccontextmanager

import pytest
import trio

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.witness import LocalWitness
from frostnode.neighbours import Hosted
from frostnode.protocol.checkpoint import open_checkpoint, verify_cosignatures
from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import COSIGN_BATCH_MAX, COSIGN_DELAY_S, COSIGN_INTERVAL_S, PEERS_CHECK_S
from frostnode.protocol.merkle import EMPTY_ROOT, consistency_proof
from frostnode.protocol.witness import AddCheckpoint, origin_digest
from frostnode.replicate.witness import Witnessing
from frostnode.testing.clock import TrioClock
from frostnode.testing.equivocation import evidence_of, twin_of
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.peers import PeerNode
from frostnode.testing.worker import InlineWorker
from frostnode.witness_port import Cosigned, CosignRequest

KEY = SigningKey(bytes(32))


@asynccontextmanager
async def witnessing(node):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(node.witnessing.run)
        yield
        nursery.cancel_scope.cancel()


async def a_while(seconds=COSIGN_INTERVAL_S + 2 * COSIGN_DELAY_S):
    await trio.sleep(seconds)


def last(node, source):
    return node.witness.last(source.origin)


def grow(source, key, node):
    start = len(source.leaves)
    source.put(key, {"title": key})
    node.take(*list(source.stream(start)))


async def ask(node, source, old=0, size=None, note=None):
    """Ask node to cosign; the cosignature, or the code of the refusal."""
    size = len(source.leaves) if size is None else size
    proof = consistency_proof(old, size, source.node) if 0 < old < size else []
    asked = AddCheckpoint(old=old, proof=tuple(proof), note=note or source.note(size))
    try:
        return await node.witnessing.add_checkpoint(asked.to_bytes())
    except FrostError as error:
        return error.code


async def test_what_is_carried_is_cosigned(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher(count=300)
    async with witnessing(node):
        node.take(*source.stream())
        await a_while()
        cosigned = last(node, source)
    checkpoint = open_checkpoint(cosigned.note, source.origin, source.key.public)
    assert (checkpoint.size, checkpoint.root) == (cosigned.size, cosigned.root) == (300, source.tree().root())
    witness = node.witness.cosigner
    assert verify_cosignatures(cosigned.note, {witness.name: witness.key}) == {witness.name: cosigned.time_s}


async def test_what_was_carried_before_the_node_started_is_cosigned(
    make_node, make_publisher, autojump_clock
):
    node = make_node()
    sources = [make_publisher(f"p{at}", 1) for at in range(COSIGN_BATCH_MAX + 3)]
    for source in sources:
        node.take(*source.stream())
    async with witnessing(node):
        await a_while(1)
    assert all(last(node, source).size == 1 for source in sources)


async def test_a_log_in_which_nothing_happens_is_cosigned_once(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    async with witnessing(node):
        await a_while()
        first = last(node, source)
        await a_while(10 * PEERS_CHECK_S)
        node.take(*source.stream())
        await a_while()
    assert last(node, source) == first


async def test_a_log_is_cosigned_once_in_so_many_seconds_and_then_at_its_newest(
    make_node, make_publisher, autojump_clock
):
    node, source = make_node(), make_publisher(count=1)
    async with witnessing(node):
        node.take(*source.stream())
        times = {}
        for at in range(60):
            grow(source, f"more-{at}", node)
            await trio.sleep(0.5)
            times[last(node, source).time_s if last(node, source) else None] = None
        await a_while()
        assert last(node, source).size == len(source.leaves)
    assert 2 <= len(times.keys() - {None}) <= 30 / COSIGN_INTERVAL_S + 1


async def test_an_epoch_that_ended_is_not_cosigned(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    moved = source.move()
    moved.put("new", {"title": "new"})
    node.take(*source.stream(), *moved.stream())
    async with witnessing(node):
        await a_while()
    assert last(node, source) is None
    assert last(node, moved).size == 1
    assert await ask(node, source) == "witness.unknown"


async def test_a_frozen_epoch_is_not_cosigned(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    with node.store.write() as writer:
        writer.freeze(evidence_of(source, twin_of(source, 0)))
    async with witnessing(node):
        await a_while()
    assert last(node, source) is None
    assert await ask(node, source) == "witness.unknown"


async def test_an_epoch_of_a_forked_identity_is_not_cosigned(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    one, other = source.move(), source.move(2)
    both = one.events()
    both.events.append(other.events().events[-1])
    node.take(*source.stream())
    node.take(both)
    async with witnessing(node):
        await a_while()
    for log in (source, one, other):
        assert last(node, log) is None
        assert await ask(node, log, size=0) == "witness.unknown"


async def test_a_host_does_not_vouch_for_itself(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    with node.store.write() as writer:
        writer.host(Hosted(did=source.did, origin=source.origin, key_label="test"))
    async with witnessing(node):
        await a_while()
    assert last(node, source) is None


async def test_only_what_is_held_completely_is_cosigned(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher(count=600)
    frames = list(source.stream())
    node.take(*frames[:3])  # identity, head, one bundle
    async with witnessing(node):
        await a_while()
        assert last(node, source) is None
        assert await ask(node, source) == "witness.ahead"
        assert await ask(node, source, size=256) == "witness.ahead"
    assert last(node, source) is None


# being asked


async def test_who_asks_gets_the_cosignature_at_once(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    cosigned = await ask(node, source)
    assert cosigned == last(node, source)
    assert cosigned.size == 3


async def test_who_asks_again_gets_the_same_again(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    first = await ask(node, source)
    await trio.sleep(1000)
    assert await ask(node, source, old=3) == first


async def test_who_asks_too_soon_is_told_so(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    await ask(node, source)
    grow(source, "more", node)
    assert await ask(node, source, old=3) == "witness.early"
    assert last(node, source).size == 3
    await trio.sleep(COSIGN_INTERVAL_S)
    assert (await ask(node, source, old=3)).size == 4


async def test_who_asks_for_less_than_is_held_gets_the_whole_cosigned(
    make_node, make_publisher, autojump_clock
):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    assert await ask(node, source, size=2) == "witness.conflict"
    assert last(node, source).size == 3


async def test_another_tree_of_the_size_that_is_held_is_not_cosigned(
    make_node, make_publisher, autojump_clock
):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    twin = MemoryPublisher("p")
    for at in range(3):
        twin.put(f"other-{at}", {"title": "other"})
    assert twin.origin == source.origin
    assert await ask(node, twin) == "tree.root"
    assert last(node, source) is None


async def test_a_log_that_is_not_carried_is_unknown(make_node, make_publisher, autojump_clock):
    assert await ask(make_node(), make_publisher()) == "witness.unknown"


async def test_an_empty_log_may_be_cosigned_by_who_carries_its_publisher(
    make_node, make_publisher, autojump_clock
):
    node, source = make_node(), make_publisher(count=0)
    node.take(source.events())
    assert (await ask(node, source)).size == 0
    source.put("first", {"title": "first"})
    node.take(*source.stream())
    await trio.sleep(COSIGN_INTERVAL_S)
    assert (await ask(node, source)).size == 1


async def test_many_who_ask_at_once_get_one_cosignature(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    answers = []

    async def once():
        answers.append(await ask(node, source, size=3))

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(once)
    cosigned = {answer for answer in answers if isinstance(answer, Cosigned)}
    assert cosigned == {last(node, source)}
    assert set(answers) - cosigned <= {"witness.conflict"}


async def test_after_a_restart_the_last_cosignature_still_says_when_the_next_may_be(
    make_node, make_publisher, autojump_clock
):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    await ask(node, source)
    grow(source, "more", node)
    node.witnessing = Witnessing(node.store, node.witness, InlineWorker(), TrioClock(), node.bell)
    async with witnessing(node):
        await trio.sleep(COSIGN_INTERVAL_S / 2)
        assert last(node, source).size == 3
        await trio.sleep(COSIGN_INTERVAL_S)
        assert last(node, source).size == 4


# the memory


def request(source, old, size):
    return CosignRequest(
        origin=source.origin,
        old_size=old,
        old_root=source.tree(old).root(),
        size=size,
        root=source.tree(size).root(),
        note=source.note(size),
    )


@pytest.fixture
def witness(tmp_path):
    made = LocalWitness(tmp_path / "witness.db", KEY)
    yield made
    made.close()


def test_the_memory_outlives_the_process(tmp_path, make_publisher):
    source = make_publisher()
    for _ in range(2):
        witness = LocalWitness(tmp_path / "witness.db", KEY)
        (cosigned,) = witness.cosign([request(source, 0, 3)], 1000)
        assert cosigned == witness.last(source.origin) == witness.last_by_digest(origin_digest(source.origin))
        assert cosigned.time_s == 1000
        witness.close()


def test_of_two_who_compare_with_the_same_tree_one_is_refused(witness, make_publisher):
    source = make_publisher(count=9)
    witness.cosign([request(source, 0, 3)], 1000)
    first, second = witness.cosign([request(source, 3, 9), request(source, 3, 5)], 1010)
    assert first.size == 9
    assert second is None
    assert witness.last(source.origin) == first


def test_no_other_tree_than_one_that_extends_the_last_is_cosigned(witness, make_publisher):
    source, twin = make_publisher(count=9), MemoryPublisher("p")
    for at in range(9):
        twin.put(f"other-{at}", {"title": "other"})
    witness.cosign([request(source, 0, 5)], 1000)
    assert (
        witness.cosign([request(twin, 0, 5), request(twin, 5, 9), request(source, 0, 9)], 2000) == [None] * 3
    )
    smaller = CosignRequest(
        origin=source.origin,
        old_size=5,
        old_root=source.tree(5).root(),
        size=3,
        root=source.tree(3).root(),
        note=source.note(3),
    )
    assert witness.cosign([smaller], 2000) == [None]


def test_a_clock_that_steps_back_denies_nothing(witness, make_publisher):
    source = make_publisher(count=9)
    times = []
    for old, size, now in ((0, 1, 2_000_000_000), (1, 2, 1_000_000_000), (2, 3, -5), (3, 9, 2_000_000_100)):
        (cosigned,) = witness.cosign([request(source, old, size)], now)
        times.append(cosigned.time_s)
    assert times == [2_000_000_000, 2_000_000_001, 2_000_000_002, 2_000_000_100]


async def test_a_clock_that_steps_back_stops_nothing(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    node.witness.cosign([request(source, 0, 2)], 4_000_000_000)
    async with witnessing(node):
        await a_while()
    assert (last(node, source).size, last(node, source).time_s) == (3, 4_000_000_001)


@pytest.mark.parametrize("written", [False, True], ids=["failed and not written", "failed but written"])
def test_a_disk_that_fails_makes_no_two_cosignatures(witness, make_publisher, monkeypatch, written):
    source, commit = make_publisher(count=9), Database.commit

    def fail(database):
        if written:
            commit(database)
        raise StorageError("storage.failed", "commit")

    monkeypatch.setattr(Database, "commit", fail)
    with pytest.raises(StorageError):
        witness.cosign([request(source, 0, 3)], 1000)
    monkeypatch.undo()
    after = witness.last(source.origin)
    assert (after is not None) == written
    (again,) = witness.cosign([request(source, 0, 3)], 2000)
    assert again.time_s == (1000 if written else 2000)
    assert witness.cosign([request(source, 0, 5)], 3000) == [None]
    (larger,) = witness.cosign([request(source, 3, 5)], 3000)
    assert larger.size == 5


async def test_a_disk_that_fails_is_tried_again(make_node, make_publisher, autojump_clock, monkeypatch):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    with monkeypatch.context() as patch:

        def fail(*args):
            raise StorageError("storage.failed", "commit")

        patch.setattr(LocalWitness, "cosign", fail)
        async with witnessing(node):
            await a_while()
            patch.undo()
            await a_while(PEERS_CHECK_S + COSIGN_DELAY_S + 1)
    assert last(node, source).size == 3


async def test_a_store_that_went_back_makes_the_witness_wait(tmp_path, make_publisher, autojump_clock):
    """Neither a smaller tree than was cosigned, nor another branch: the memory is not in the store."""
    source, twin = make_publisher(count=2), make_publisher(count=2)
    node = PeerNode(tmp_path, "node")
    node.take(*source.stream())
    node.store.close()
    shutil.copytree(tmp_path, tmp_path / "old", ignore=shutil.ignore_patterns("old", "*.witness.db*"))
    node.witness.close()
    node = PeerNode(tmp_path, "node")
    for key in ("x", "y"):
        grow(source, key, node)
    await ask(node, source, size=4)
    node.close()
    for path in (tmp_path / "old").iterdir():
        shutil.copy(path, tmp_path / path.name)
    (tmp_path / "node.db-wal").unlink(missing_ok=True)
    node = PeerNode(tmp_path, "node")
    async with witnessing(node):
        await a_while()
        assert last(node, source).size == 4
        for key in ("u", "v", "w"):
            grow(twin, key, node)
        await a_while()
    assert last(node, source).size == 4
    assert "not the one that is held" in node.witnessing.refused[source.origin]
    node.close()


def test_the_first_cosignature_is_of_a_tree_that_extends_the_empty_one(witness, make_publisher):
    source = make_publisher()
    asked = CosignRequest(
        origin=source.origin,
        old_size=0,
        old_root=EMPTY_ROOT,
        size=3,
        root=source.tree().root(),
        note=source.note(),
    )
    (cosigned,) = witness.cosign([asked], 7)
    assert cosigned.size == 3
    assert witness.last_by_digest(bytes(32)) is None
