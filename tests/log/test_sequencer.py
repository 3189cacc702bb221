"""Batches get into own logs whole, signed, in order and once; nothing gets into any other log."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from frostnode.log.fsck import fsck
from frostnode.log.sequencer import Sequencer, Submission
from frostnode.ports import SignRequest
from frostnode.protocol.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Header, Op, encode_body, encode_header, header_cid
from frostnode.protocol.errors import LocalError, RecordError, TransportError
from frostnode.protocol.identity import End
from frostnode.protocol.merkle import EMPTY_RANGE, EMPTY_ROOT, leaf_hashes
from frostnode.testing.equivocation import two_heads
from frostnode.testing.faults import Fault
from frostnode.testing.own_home import OwnHome
from frostnode.testing.publisher import Publisher
from frostnode.testing.worker import InlineWorker


@pytest.fixture
def home(tmp_path: Path) -> Iterator[OwnHome]:
    home = OwnHome.found(tmp_path / "home", Publisher())
    yield home
    assert fsck(home.disk).findings == ()
    home.close()


def entries(home: OwnHome, count: int, **how: int) -> list[Submission]:
    return [home.publisher.put(f"k{number}", **how) for number in range(count)]


def arrivals(home: OwnHome) -> list[tuple[str, int, int]]:
    with home.disk.read() as reader:
        return [(arrival.kind, arrival.start, arrival.stop) for arrival in reader.arrivals(1, 1000)]


async def test_receipts_say_where_each_entry_stands(home: OwnHome) -> None:
    origin, first, second = home.publisher.origin(), entries(home, 3), entries(home, 2)
    receipts = [*await home.sequencer.commit(origin, first), *await home.sequencer.commit(origin, second)]
    assert [(one.origin, one.index) for one in receipts] == [(origin, index) for index in range(5)]
    assert [one.header for one in receipts] == [header_cid(entry.header) for entry in [*first, *second]]
    with home.disk.read() as reader:
        state = reader.log(origin)
        assert state is not None
        assert state.checkpoint is not None
        assert reader.bodies(origin, 0, 5) == [entry.body for entry in [*first, *second]]
        key = home.publisher.log_key(origin)
        assert key is not None
        checkpoint = open_checkpoint(state.checkpoint, origin, key.public)
        assert (checkpoint.size, checkpoint.root, state.served) == (5, state.held.root(), 5)


async def test_a_large_batch_is_announced_by_bundle_and_by_bytes(home: OwnHome) -> None:
    origin = home.publisher.origin()
    await home.sequencer.commit(origin, entries(home, 250))
    batch = [
        home.publisher.put("one", padding=700_000),
        home.publisher.put("two", padding=300_000),
        home.publisher.withdraw("one"),
        home.publisher.put("three", padding=200_000),
        home.publisher.put("four", padding=2_000_000),
        home.publisher.withdraw("two"),
        *entries(home, 300),
    ]
    await home.sequencer.commit(origin, batch)
    assert arrivals(home) == [
        ("entries", 0, 250),
        ("bodies", 0, 250),
        ("entries", 250, 256),
        ("bodies", 250, 253),
        ("bodies", 253, 254),
        ("bodies", 254, 256),
        ("entries", 256, 512),
        ("bodies", 256, 512),
        ("entries", 512, 556),
        ("bodies", 512, 556),
    ]


async def test_withdrawals_alone_announce_no_bodies(home: OwnHome) -> None:
    await home.sequencer.commit(home.publisher.origin(), [home.publisher.withdraw(key) for key in "abc"])
    assert arrivals(home) == [("entries", 0, 3)]


async def test_an_empty_batch_does_nothing(home: OwnHome) -> None:
    assert await home.sequencer.commit(home.publisher.origin(), []) == []
    assert arrivals(home) == []
    assert home.signer.signed == []


async def test_the_same_entry_is_published_once(home: OwnHome) -> None:
    origin, batch = home.publisher.origin(), entries(home, 4)
    receipts = await home.sequencer.commit(origin, [*batch, batch[1]])
    assert receipts[4] == receipts[1]
    more = entries(home, 2)
    again = await home.sequencer.commit(origin, [batch[3], more[0], batch[0], more[1]])
    assert [one.index for one in again] == [3, 4, 0, 5]


async def test_a_long_batch_is_recognised_behind_others(home: OwnHome) -> None:
    origin, long, short = home.publisher.origin(), entries(home, 700), entries(home, 300)
    receipts = await home.sequencer.commit(origin, long)
    await home.sequencer.commit(origin, short)
    assert await home.sequencer.commit(origin, long) == receipts


async def test_commits_to_one_log_take_turns(home: OwnHome) -> None:
    origin, batches = home.publisher.origin(), [entries(home, 3) for _ in range(8)]
    positions: list[int] = []

    async def commit(batch: list[Submission]) -> None:
        receipts = await home.sequencer.commit(origin, batch)
        indexes = [receipt.index for receipt in receipts]
        assert indexes == list(range(indexes[0], indexes[0] + 3))
        positions.extend(indexes)

    async with trio.open_nursery() as nursery:
        for batch in batches:
            nursery.start_soon(commit, batch)
    assert sorted(positions) == list(range(24))
    assert [stop for kind, _, stop in arrivals(home) if kind == "entries"] == list(range(3, 25, 3))


def test_what_is_no_entry_cannot_be_submitted(tmp_path: Path) -> None:
    one, two = Publisher().put("a"), Publisher("another").put("b", title="something longer")
    with pytest.raises(RecordError, match="body"):
        Submission(one.header, two.body)
    with pytest.raises(RecordError, match="body"):
        Submission(one.header, None)
    with pytest.raises(RecordError, match="header"):
        Submission(b"not a header", b"x")
    with pytest.raises(RecordError, match="body"):
        Submission(Publisher().withdraw("a").header, one.body)


async def test_a_withdrawal_may_have_a_body(home: OwnHome) -> None:
    body = encode_body({"reason": "retracted by the authors"}, bytes(16))
    header = Header(op=Op.WITHDRAW, type="dataset", key="a", time=1, body=Cid.of(body), size=len(body))
    await home.sequencer.commit(home.publisher.origin(), [Submission(encode_header(header), body)])
    assert arrivals(home) == [("entries", 0, 1), ("bodies", 0, 1)]


async def refused(home: OwnHome, origin: str, code: str) -> None:
    before = arrivals(home)
    for batch in (entries(home, 2), []):
        with pytest.raises(LocalError) as raised:
            await home.sequencer.commit(origin, batch)
        assert raised.value.code == code
    assert arrivals(home) == before


async def test_a_log_whose_key_is_elsewhere_takes_nothing(home: OwnHome) -> None:
    other = Publisher("other")
    with home.disk.write() as writer:
        writer.take_events(other.did, other.history, other.taken)
    await refused(home, other.origin(), "publisher.not-hosted")


async def test_an_ended_log_takes_nothing(home: OwnHome) -> None:
    old = home.publisher.origin()
    await home.sequencer.commit(old, entries(home, 2))
    home.publisher.move(End(size=0, root=EMPTY_ROOT))
    home.learn()
    await refused(home, old, "epoch.ended")
    home.host(home.publisher.origin())
    await home.sequencer.commit(home.publisher.origin(), entries(home, 2))


async def test_a_void_log_takes_nothing(home: OwnHome) -> None:
    home.publisher.move(End(size=0, root=EMPTY_ROOT))
    home.learn()
    void = home.publisher.origin()
    home.host(void)
    home.publisher.recover(home.publisher.genesis, End(size=0, root=EMPTY_ROOT))
    home.learn()
    await refused(home, void, "epoch.unknown")


async def test_a_frozen_log_takes_nothing(home: OwnHome) -> None:
    origin = home.publisher.origin()
    key = home.publisher.log_key(origin)
    assert key is not None
    with home.disk.write() as writer:
        writer.freeze(two_heads(origin, key))
    await refused(home, origin, "epoch.frozen")


async def test_a_forked_identity_publishes_nothing(home: OwnHome, tmp_path: Path) -> None:
    rival = Publisher()
    rival.move(End(size=1, root=bytes(32)))
    home.publisher.move(End(size=2, root=bytes(32)))
    history = home.publisher.history.empty(rival.did)
    taken = history.take([rival.genesis, rival.history.path[-1], home.publisher.history.path[-1]])
    (tmp_path / "forked").mkdir()
    forked = OwnHome(tmp_path / "forked", Publisher())
    with forked.disk.write() as writer:
        writer.take_events(rival.did, history, taken)
    forked.host(forked.publisher.origin())
    await refused(forked, forked.publisher.origin(), "epoch.frozen")
    forked.close()


async def test_a_log_that_ends_while_its_leaves_wait_does_not_show_them(home: OwnHome) -> None:
    """The publisher moves away between write-ahead and signature: the leaves stay orphans."""
    origin, acknowledged = home.publisher.origin(), entries(home, 2)
    await home.sequencer.commit(origin, acknowledged)
    with home.disk.read() as reader:
        state = reader.log(origin)
    assert state is not None
    home.signer.fail(1, Fault.NOT_WRITTEN)
    with pytest.raises(Exception, match="signer"):
        await home.sequencer.commit(origin, entries(home, 3))
    home.publisher.move(End(size=2, root=state.held.root()))
    home.learn()
    await refused(home, origin, "epoch.ended")
    with home.disk.read() as reader:
        state = reader.log(origin)
        assert state is not None
        assert (state.held.size, state.served, state.counted) == (5, 2, 2)


async def test_a_signer_that_signs_something_else_is_not_believed(home: OwnHome) -> None:
    origin = home.publisher.origin()
    key = home.publisher.log_key(origin)
    assert key is not None
    note = sign_checkpoint(Checkpoint(origin, 2, bytes(32)), key)

    class Other:
        async def sign(self, request: SignRequest) -> bytes:
            return note

    with pytest.raises(LocalError) as raised:
        await Sequencer(home.store, Other(), InlineWorker()).commit(origin, entries(home, 2))
    assert raised.value.code == "signer.conflict"
    assert arrivals(home) == []


async def test_what_was_erased_here_is_not_published_again_in_the_same_bytes(home: OwnHome) -> None:
    """Under another salt it is another body: what its publisher says anew is for nobody here to recognise."""
    origin, batch = home.publisher.origin(), entries(home, 3)
    await home.sequencer.commit(origin, batch)
    with home.disk.write() as writer:
        writer.withhold_body(origin, 0, "erased", "by request")
        writer.withhold_bodies(origin, [1], "erased", "by request")
        writer.withhold_leaves(origin, [1], "erased", "by request")
    for again in batch[:2]:
        with pytest.raises(LocalError, match="by request") as raised:
            await home.sequencer.commit(origin, [home.publisher.put("new"), again])
        assert raised.value.code == "record.withheld"
    with home.disk.read() as reader:
        assert reader.log(origin).held.size == 3  # type: ignore[union-attr]
    receipts = await home.sequencer.commit(origin, [batch[2], home.publisher.put("k0")])
    assert [receipt.index for receipt in receipts] == [2, 3]


async def test_a_header_erased_before_it_was_signed_is_signed_as_its_hash(home: OwnHome) -> None:
    origin, batch = home.publisher.origin(), entries(home, 3)
    home.signer.fail(1, Fault.NOT_WRITTEN)
    with pytest.raises(TransportError):
        await home.sequencer.commit(origin, batch)
    with home.disk.write() as writer:
        writer.withhold_bodies(origin, [1], "erased", "by request")
        writer.withhold_leaves(origin, [1], "erased", "by request")
    await home.sequencer.commit(origin, [])
    with home.disk.read() as reader:
        state = reader.log(origin)
        assert state is not None
        assert (state.served, state.held) == (
            3,
            EMPTY_RANGE.extend(leaf_hashes([one.header for one in batch])),
        )
