"""A host collects the cosignatures of the witnesses that its publisher names, and they travel with its head."""

from contextlib import asynccontextmanager

import pytest
import trio

from frostnode.edge.peer_http import HttpTransport
from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.log.fsck import fsck
from frostnode.log.sequencer import Sequencer
from frostnode.project.fold import CatalogFold
from frostnode.protocol.checkpoint import verify_cosignatures
from frostnode.protocol.follow_witnesses import Knowledge
from frostnode.protocol.limits import (
    COLLECT_BACKOFF_MAX_S,
    COLLECT_DELAY_S,
    COLLECT_INTERVAL_S,
    COSIGN_INTERVAL_S,
    WITNESS_ANSWER_BYTES_MAX,
)
from frostnode.replicate.collect import Collecting
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.named import Naming
from frostnode.replicate.serve import ArrivalStream
from frostnode.testing.clock import TrioClock
from frostnode.testing.own_home import OwnHome
from frostnode.testing.peers import AppTransport, PeerNode
from frostnode.testing.publisher import Publisher
from frostnode.testing.random import SeededRandom
from frostnode.testing.worker import InlineWorker

ROUND_S = COLLECT_DELAY_S + 1


class Host:
    """A home that publishes and collects, and the witnesses around it."""

    def __init__(self, folder, names=("w1", "w2")):
        self.publisher = Publisher()
        self.home = OwnHome.found(folder / "host", self.publisher)
        self.store = self.home.disk
        self.origin = self.publisher.origin()
        self.catalog = SqliteCatalog(folder / "catalog.db")
        self.witnesses = {name: PeerNode(folder, name) for name in names}
        self.net = AppTransport({f"{name}.example": node.app for name, node in self.witnesses.items()})
        self.bell = next(iter(self.witnesses.values())).bell.__class__()
        self.sequencer = Sequencer(self.store, self.home.keys, InlineWorker())
        self.streams = {name: ArrivalStream(0) for name in names}
        self.naming = Naming(self.store, self.catalog)
        self.transport = None

    def close(self):
        for thing in (self.home, self.catalog, *self.witnesses.values()):
            thing.close()

    def named(self, *names):
        return [
            {
                "vkey": self.witnesses[name].witness.cosigner.vkey,
                "url": f"http://{name}.example/frost/witness",
            }
            for name in names
        ]

    async def publish(self, *submissions):
        await self.sequencer.commit(self.origin, submissions)
        while CatalogFold(self.store, self.catalog).step():
            pass
        self.bell.ring()

    async def name(self, *names, **change):
        await self.publish(
            self.publisher.profile({"witnesses": [one | change for one in self.named(*names)]})
        )

    def carry(self, *names):
        """Let witnesses take what the host has."""
        for name in names or self.witnesses:
            with self.store.read() as reader:
                frames = self.streams[name].next_batch(reader)
            ingest = Ingest(self.witnesses[name].store, None, witnesses=Knowledge(named=self.naming))
            ingest.feed(frames)
            self.witnesses[name].bell.ring()

    def collecting(self):
        return Collecting(
            store=self.store,
            worker=InlineWorker(),
            transport=self.transport,
            clock=TrioClock(),
            random=SeededRandom("collect"),
            bell=self.bell,
            named=self.naming,
        )

    @asynccontextmanager
    async def collects(self):
        async with HttpTransport(self.net) as self.transport, trio.open_nursery() as nursery:
            collecting = self.collecting()
            nursery.start_soon(collecting.run)
            yield collecting
            nursery.cancel_scope.cancel()

    def note(self, store=None):
        with (store or self.store).read() as reader:
            return reader.log(self.origin).checkpoint

    def vouched(self, store=None):
        """Who vouches for the served tree."""
        keys = {node.witness.cosigner.name: node.witness.cosigner.key for node in self.witnesses.values()}
        times = verify_cosignatures(self.note(store), keys)
        return {name for name, node in self.witnesses.items() if node.witness.cosigner.name in times}

    def arrivals(self):
        with self.store.read() as reader:
            return [str(arrival.kind) for arrival in reader.arrivals(0, 1000)]


@pytest.fixture
def make_host(tmp_path):
    hosts = []

    def make(*names):
        hosts.append(Host(tmp_path, names or ("w1", "w2")))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


async def test_named_witnesses_that_hold_the_log_vouch_for_it(make_host, autojump_clock):
    host = make_host()
    async with host.collects():
        await host.name("w1", "w2")
        host.carry()
        await trio.sleep(ROUND_S)
        assert host.vouched() == {"w1", "w2"}
    assert host.arrivals()[-1] == "head"
    assert fsck(host.store).findings == ()


async def test_only_named_witnesses_are_asked(make_host, autojump_clock):
    host = make_host()
    async with host.collects():
        await host.name("w1")
        host.carry()
        await trio.sleep(10 * COLLECT_INTERVAL_S)
        assert host.vouched() == {"w1"}
    assert all("w2" not in asked for asked in host.net.asked)


async def test_who_has_vouched_for_a_tree_is_not_asked_again(make_host, autojump_clock):
    host = make_host("w1")
    async with host.collects():
        await host.name("w1")
        host.carry()
        await trio.sleep(ROUND_S)
        asked = len(host.net.asked)
        await trio.sleep(1000)
        host.bell.ring()
        await trio.sleep(1000)
    assert len(host.net.asked) == asked == 1


async def test_a_later_tree_is_vouched_for_later(make_host, autojump_clock):
    host = make_host("w1")
    async with host.collects() as collecting:
        await host.name("w1")
        host.carry()
        await trio.sleep(ROUND_S)
        await host.publish(host.publisher.put("a"), host.publisher.put("b"))
        host.carry()
        assert host.vouched() == set()
        await trio.sleep(COSIGN_INTERVAL_S + COLLECT_INTERVAL_S)
        assert host.vouched() == {"w1"}
    (status,) = collecting.status.values()
    assert (status.size, status.error) == (3, "")


async def test_a_host_that_forgot_what_was_cosigned_is_told_and_proves_from_there(make_host, autojump_clock):
    host = make_host("w1")
    await host.name("w1")
    async with host.collects():
        host.carry()
        await trio.sleep(ROUND_S)
    await host.publish(host.publisher.put("a"))
    host.carry()
    await trio.sleep(COSIGN_INTERVAL_S)
    before = len(host.net.asked)
    async with host.collects():
        await trio.sleep(ROUND_S)
        assert host.vouched() == {"w1"}
    assert len(host.net.asked) - before == 2


async def test_followers_hear_of_it_without_new_entries(make_host, autojump_clock):
    host = make_host("w1", "w2")
    follower, cursorless = host.witnesses["w2"], host.witnesses["w1"]
    async with host.collects():
        await host.name("w1")
        host.carry()
        assert host.vouched(follower.store) == set()
        await trio.sleep(ROUND_S)
        with follower.store.read() as reader:
            before = reader.last_arrival()
        host.carry()
    assert host.vouched(follower.store) == host.vouched(cursorless.store) == {"w1"}
    with follower.store.read() as reader:
        assert [str(arrival.kind) for arrival in reader.arrivals(before, 9)] == ["head"]
        frames = ArrivalStream(before).next_batch(reader)
    passed_on = PeerNode(follower_folder(host), "third")
    Ingest(passed_on.store, None).feed(ArrivalStream(0).next_batch(follower.store.read().__enter__()))
    assert frames
    assert host.vouched(passed_on.store) == {"w1"}
    passed_on.close()


def follower_folder(host):
    return host.home.folder.parent


async def test_a_witness_that_is_away_keeps_nobody_waiting_and_is_asked_further_and_further_apart(
    make_host, autojump_clock
):
    host = make_host()
    host.net._apps.pop("w2.example")
    async with host.collects() as collecting:
        await host.name("w1", "w2")
        host.carry()
        await trio.sleep(ROUND_S)
        assert host.vouched() == {"w1"}
        await trio.sleep(4 * COLLECT_BACKOFF_MAX_S)
        failed = collecting.status[host.origin, host.witnesses["w2"].witness.cosigner.key]
        assert failed.error.startswith("transport.unreachable")
        asked = sum("w2" in asked for asked in host.net.asked)
        assert 8 <= asked <= 22


async def test_a_witness_that_does_not_hold_the_tree_yet_vouches_when_it_does(make_host, autojump_clock):
    host = make_host("w1")
    async with host.collects() as collecting:
        await host.name("w1")
        await trio.sleep(ROUND_S)
        (status,) = collecting.status.values()
        assert "404" in status.error
        host.carry()
        await trio.sleep(30)
        assert host.vouched() == {"w1"}
        assert status.error == ""


async def test_a_busy_log_is_vouched_for_when_it_rests(make_host, autojump_clock):
    host = make_host("w1")
    async with host.collects():
        await host.name("w1")
        for at in range(40):
            await host.publish(host.publisher.put(f"key-{at}"))
            host.carry()
            await trio.sleep(1)
        asked = len(host.net.asked)
        assert asked <= 40
        await trio.sleep(3 * COSIGN_INTERVAL_S)
        assert host.vouched() == {"w1"}


async def test_a_witness_named_no_longer_leaves_the_note(make_host, autojump_clock):
    host = make_host()
    async with host.collects() as collecting:
        await host.name("w1", "w2")
        host.carry()
        await trio.sleep(ROUND_S)
        await host.name("w2")
        host.carry()
        await trio.sleep(3 * COSIGN_INTERVAL_S)
        assert host.vouched() == {"w2"}
        assert len(collecting.status) == 1


class Saying:
    """A witness that answers what a test wants."""

    def __init__(self, status, body=b"", media_type="text/plain"):
        self.status, self.body, self.media_type = status, body, media_type

    async def __call__(self, scope, receive, send):
        headers = [(b"content-type", self.media_type.encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Saying(500), "transport.status"),
        (Saying(409, b"0\n"), "transport.status"),
        (Saying(409, b"x\n", "text/x.tlog.size"), "witness.malformed"),
        (Saying(409, b"0\n", "text/x.tlog.size"), "transport.status"),
        (Saying(409, b"99\n", "text/x.tlog.size"), "witness.conflict"),
        (Saying(200, b""), "note.malformed"),
        (Saying(200, b"garbage"), "note.malformed"),
        (Saying(200, "\u2014 other.example MTIzNDU=\n".encode()), "note.signature"),
        (Saying(200, b"x" * (WITNESS_ANSWER_BYTES_MAX + 1)), "transport.too-large"),
        (Saying(302, b""), "transport.status"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.status),
)
async def test_a_witness_that_answers_nonsense_changes_nothing(make_host, autojump_clock, answer, code):
    host = make_host("w1")
    host.net = AppTransport({"w1.example": answer})
    async with host.collects() as collecting:
        await host.name("w1")
        note = host.note()
        await trio.sleep(ROUND_S)
        (status,) = collecting.status.values()
        assert status.error.startswith(code)
        assert host.note() == note


async def test_a_line_over_another_tree_is_not_taken(make_host, autojump_clock):
    host = make_host("w1")
    other = Publisher("other")
    line = host.witnesses["w1"]
    home = OwnHome.found(host.home.folder.parent / "other", other)
    await home.sequencer.commit(other.origin(), [other.put("x")])
    with home.disk.read() as reader:
        Ingest(line.store, None).feed(ArrivalStream(0).next_batch(reader))
    line.witnessing._compare_heads()
    line.witnessing._cosign([other.origin()])
    stolen = line.witness.last(other.origin()).note.splitlines(keepends=True)[-1]
    host.net = AppTransport({"w1.example": Saying(200, stolen)})
    async with host.collects() as collecting:
        await host.name("w1")
        await trio.sleep(ROUND_S)
        (status,) = collecting.status.values()
        assert status.error.startswith("note.signature")
        assert host.vouched() == set()
    home.close()
