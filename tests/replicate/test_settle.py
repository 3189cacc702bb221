"""Two histories of one publisher that came at once: decided once, by witnesses that this node trusts."""

import pytest
import trio

from frostnode.edge.peer_http import HttpTransport
from frostnode.log.fsck import fsck
from frostnode.protocol.checkpoint import cosign
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.errors import LogError
from frostnode.protocol.follow_witnesses import Knowledge
from frostnode.protocol.frames import CheckpointFrame, EventsFrame
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import FORK_ASK_INTERVAL_S, FORK_LOGS_ASKED_MAX
from frostnode.replicate import settle as settle_module
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.settle import Settling, undecided_logs
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.peers import AppTransport

KEYS = [SigningKey(bytes([at]) * 32) for at in range(1, 6)]
TRUSTED = [Cosigner(f"w{at}.example", key.public) for at, key in enumerate(KEYS)]
KNOWN = Knowledge(trusted=TRUSTED)


class Fork:
    """A publisher whose kit was used twice: both moves end the first epoch, and each has an entry."""

    def __init__(self):
        self.source = MemoryPublisher("p")
        for at in range(3):
            self.source.put(f"key-{at}", {"title": f"Title {at}"})
        self.one, self.other = self.source.move(3), self.source.move(2)
        for branch in (self.one, self.other):
            branch.put("new", {"title": branch.origin})
        self.events = EventsFrame(
            did=self.source.did, events=[*self.one.events().events, self.other.history[-1].raw]
        )


@pytest.fixture
def fork():
    return Fork()


@pytest.fixture
def newcomer(make_node, fork):
    """A node that met both histories at once."""
    node = make_node("newcomer")
    take(node, *fork.source.stream())
    take(node, fork.events)
    assert tip(node, fork) == fork.source.history[-1].cid
    return node


def take(node, *frames, known=KNOWN):
    outcome = Ingest(node.store, None, witnesses=known).take(list(frames))
    assert fsck(node.store).findings == ()
    return outcome


def cosigned(branch, *which):
    note = branch.note()
    for at in which:
        note = cosign(note, TRUSTED[at].name, KEYS[at], 1_700_000_000 + at)
    return CheckpointFrame(origin=branch.origin, note=note)


def tip(node, fork):
    with node.store.read() as reader:
        return reader.history(fork.source.did).tip


def is_forked(node, fork):
    with node.store.read() as reader:
        assert (fork.source.did in reader.forked()) == reader.history(fork.source.did).forked
        return reader.history(fork.source.did).forked


def vouched(node, fork):
    with node.store.read() as reader:
        return reader.vouched(fork.source.did)


def test_so_many_logs_of_a_fork_are_asked_for_and_no_more(newcomer, fork, monkeypatch):
    with newcomer.store.read() as reader:
        assert set(undecided_logs(reader, fork.source.did)) == {fork.one.origin, fork.other.origin}
        assert FORK_LOGS_ASKED_MAX > 1
        monkeypatch.setattr(settle_module, "FORK_LOGS_ASKED_MAX", 1)
        assert len(undecided_logs(reader, fork.source.did)) == 1


def test_nobody_vouches_and_neither_is_followed(newcomer, fork):
    take(newcomer, *fork.one.stream(), *fork.other.stream())
    assert is_forked(newcomer, fork)
    with newcomer.store.read() as reader:
        assert reader.log(fork.one.origin) is None


def test_one_witness_decides_and_the_log_is_asked_for(newcomer, fork):
    outcome = take(newcomer, cosigned(fork.other, 0))
    assert tip(newcomer, fork) == fork.other.history[-1].cid
    assert not is_forked(newcomer, fork)
    assert list(outcome.gaps) == [fork.other.origin]
    assert vouched(newcomer, fork) == {}
    take(newcomer, *fork.other.stream())
    with newcomer.store.read() as reader:
        assert reader.log(fork.other.origin).served == 1
        assert reader.log(fork.source.origin).counted == 2
        kinds = [str(arrival.kind) for arrival in reader.arrivals(0, 99)]
    assert "switched" in kinds
    assert "cut" in kinds


def test_a_tie_decides_nothing_and_one_more_does(newcomer, fork):
    take(newcomer, fork.events)
    take(newcomer, cosigned(fork.one))
    assert vouched(newcomer, fork) == {}
    with newcomer.store.write() as writer:
        writer.vouch(fork.source.did, fork.one.history[-1].cid, [TRUSTED[0].vkey])
    take(newcomer, cosigned(fork.other, 1))
    assert is_forked(newcomer, fork)
    assert len(vouched(newcomer, fork)) == 2
    take(newcomer, cosigned(fork.other, 1))
    assert is_forked(newcomer, fork)
    take(newcomer, cosigned(fork.other, 1, 2))
    assert tip(newcomer, fork) == fork.other.history[-1].cid


@pytest.mark.parametrize(("one", "other"), [((0,), (1, 2)), ((0, 1), (2, 3, 4)), ((), (4,))], ids=str)
def test_more_of_n_decide_when_both_come_in_one_batch(newcomer, fork, one, other):
    with newcomer.store.write() as writer:
        writer.vouch(fork.source.did, fork.one.history[-1].cid, [TRUSTED[at].vkey for at in one])
    take(newcomer, cosigned(fork.other, *other))
    assert tip(newcomer, fork) == fork.other.history[-1].cid


def test_a_witness_that_cosigned_both_counts_for_neither(newcomer, fork):
    with newcomer.store.write() as writer:
        writer.vouch(fork.source.did, fork.one.history[-1].cid, [TRUSTED[0].vkey])
    take(newcomer, cosigned(fork.other, 0))
    assert is_forked(newcomer, fork)
    take(newcomer, cosigned(fork.one, 0, 1))
    assert tip(newcomer, fork) == fork.one.history[-1].cid


def test_a_cosigned_epoch_further_down_counts_for_its_branch(newcomer, fork):
    below = fork.one.move()
    below.put("later", {"title": "later"})
    take(newcomer, below.events())
    assert is_forked(newcomer, fork)
    take(newcomer, cosigned(below, 0))
    assert tip(newcomer, fork) == below.history[-1].cid


def test_it_is_decided_once(newcomer, fork):
    take(newcomer, cosigned(fork.other, 0))
    take(newcomer, cosigned(fork.one, 1, 2, 3, 4))
    assert tip(newcomer, fork) == fork.other.history[-1].cid


def test_who_has_chosen_is_not_moved_by_witnesses(make_node, fork):
    node = make_node("early")
    take(node, *fork.source.stream(), *fork.one.stream())
    take(node, fork.events)
    take(node, cosigned(fork.other, 0, 1, 2, 3, 4))
    assert tip(node, fork) == fork.one.history[-1].cid


def test_witnesses_that_nobody_here_trusts_decide_nothing(newcomer, fork):
    for known in (Knowledge(), Knowledge(trusted=TRUSTED[1:])):
        take(newcomer, cosigned(fork.other, 0), known=known)
        assert is_forked(newcomer, fork)
        assert vouched(newcomer, fork) == {}


def test_a_cosigned_head_that_the_log_did_not_sign_is_the_peers_fault(newcomer, fork):
    forged = CheckpointFrame(
        origin=fork.other.origin,
        note=cosigned(fork.other, 0).note.replace(b"\n1\n", b"\n2\n"),
    )
    with pytest.raises(LogError):
        take(newcomer, forged)
    assert is_forked(newcomer, fork)


def test_a_line_that_fails_counts_for_nothing(newcomer, fork):
    line = cosigned(fork.one, 0).note.splitlines(keepends=True)[-1]
    take(newcomer, CheckpointFrame(origin=fork.other.origin, note=fork.other.note() + line))
    assert is_forked(newcomer, fork)


def test_a_recovery_event_is_not_held_up(newcomer, fork):
    take(newcomer, cosigned(fork.other, 0))
    with newcomer.store.read() as reader:
        assert reader.history(fork.source.did).forks


# asking


async def settle(node, net, *urls):
    trusted = [
        Cosigner(witness.name, witness.key, f"http://{host}.example/frost/witness") for host, witness in urls
    ]
    async with HttpTransport(net) as transport:
        world = node.world_over(transport, witnesses=Knowledge(trusted=trusted))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Settling(world, node.bell).run)
            await trio.sleep(3 * FORK_ASK_INTERVAL_S)
            nursery.cancel_scope.cancel()


async def test_trusted_witnesses_are_asked_and_what_they_decide_is_fetched(
    make_node, newcomer, fork, autojump_clock
):
    carrier = make_node("carrier")
    carrier.take(*fork.source.stream(), *fork.other.stream(), fork.events)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(carrier.witnessing.run)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert carrier.witness.last(fork.other.origin).size == 1
    net = AppTransport({"carrier.example": carrier.app})
    with newcomer.store.write() as writer:
        writer.put_peer("http://carrier.example")
    await settle(newcomer, net, ("carrier", carrier.witness.cosigner))
    assert tip(newcomer, fork) == fork.other.history[-1].cid
    with newcomer.store.read() as reader:
        assert reader.log(fork.other.origin).served == 1
        assert len(reader.bodies(fork.other.origin, 0, 1)) == 1


async def test_a_witness_that_is_away_or_knows_nothing_is_asked_again_later(
    make_node, newcomer, fork, autojump_clock
):
    empty = make_node("empty")
    net = AppTransport({"empty.example": empty.app})
    await settle(newcomer, net, ("empty", empty.witness.cosigner), ("gone", TRUSTED[0]))
    assert is_forked(newcomer, fork)
    asked = [url for url in net.asked if "empty" in url]
    assert 2 * 2 <= len(asked) <= 2 * 4


async def test_nobody_is_asked_where_nobody_is_trusted(newcomer, autojump_clock):
    net = AppTransport({})
    async with HttpTransport(net) as transport:
        await Settling(newcomer.world_over(transport, witnesses=KNOWN), newcomer.bell).run()
    assert net.asked == []
