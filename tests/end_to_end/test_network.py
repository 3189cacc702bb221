"""Eight real nodes: publishers under load, nodes killed and started again, and one peer that lies.

All share the loopback of this machine, or each has a network namespace of its own where that is allowed: the names of
the tests and the head of the run say which.
"""

import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import trio
from hypercorn.config import Config as HypercornConfig

from frostnode.config import Config
from frostnode.edge.control import call
from frostnode.edge.home import Home
from frostnode.edge.http.asked import quiet
from frostnode.edge.http.server import listen, serve_http
from frostnode.founding import found
from frostnode.identity.kits import CHEAPEST
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import parse_header
from frostnode.protocol.errors import FrostError
from frostnode.protocol.frames import BodiesFrame, EntriesFrame, FrameDecoder
from frostnode.protocol.tiles import decode_bundle
from frostnode.testing.namespaces import Place, network, refused
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.liars import Liar, Malformer, Replayer, Slanderer
from frostnode.testing.simulation.liars.liar import Stage

NODES = 8
PUBLISHERS = (0, 3, 6)
DECEIVED = (1, 4, 7)
"""Who follows the liar too."""
KILLS = 2
BATCHES_BETWEEN = 3
"""Batches that are acknowledged somewhere while a node is away, and before the next one is killed."""
BATCHES_MAX = 20
"""Of one publisher: a bound for slow machines, not a measure."""
BATCH = 2
PATIENCE_S = 120
POLL_S = 0.1

Edges = Iterable[tuple[int, int]]
RING: Edges = [(n, (n + 1) % NODES) for n in range(NODES)]
STAR: Edges = [(n, 0) for n in range(1, NODES)]
CHAIN: Edges = [(n, n + 1) for n in range(NODES - 1)]


@dataclass
class Campaign:
    """The nodes of one test, what they acknowledged, and how much that was when."""

    nodes: list[Any]
    receipts: list[dict[str, Any]] = field(default_factory=list)
    batches: int = 0
    is_over: bool = False
    _more: trio.Event = field(default_factory=trio.Event)

    async def ask(self, node: Any, operation: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """Through the control socket; None while the node is away, or when it goes before it answers."""
        try:
            return await call(Home(node.home).control, operation, params, quiet)
        except FrostError as error:
            if error.code != "home.answer":
                raise
            return None

    async def publish(self, n: int) -> None:
        """Publish until all kills are over; what a node died over is published again."""
        for batch in range(BATCHES_MAX):
            keys = [f"of-{n}-{batch}-{item}" for item in range(BATCH)]
            records = [{"type": "dataset", "key": key, "title": f"Sea ice {key}"} for key in keys]
            while (said := await self.ask(self.nodes[n], "publish", {"records": records})) is None:
                await poll(lambda: self.runs(n))
            self.receipts += [each for each in said["records"] if each["status"] == "published"]
            self.batches += 1
            self._more.set()
            self._more = trio.Event()
            if self.is_over:
                return

    async def runs(self, n: int) -> bool:
        """Whether the node answers at its socket."""
        return await self.ask(self.nodes[n], "policy", {}) is not None

    async def acknowledged(self, more: int) -> None:
        """Until so many batches more were acknowledged."""
        wanted = min(self.batches + more, BATCHES_MAX)
        while self.batches < wanted:
            await self._more.wait()

    async def kill_and_restart(self, chance: random.Random) -> None:
        """kill -9 of some node, again and again; each comes back at its address."""
        for _ in range(KILLS):
            await self.acknowledged(BATCHES_BETWEEN)
            node = chance.choice(self.nodes)
            port = int(node.url.rpartition(":")[2])
            await trio.to_thread.run_sync(node.kill)
            await self.acknowledged(BATCHES_BETWEEN)
            await trio.to_thread.run_sync(lambda node=node, port=port: node.start(port=port))
        self.is_over = True

    async def cut_off_and_join(self, place: Place) -> None:
        """Take a node off the network for a while: to the others it is as if it were gone, and they to it."""
        place.set_link(is_up=False)
        await self.acknowledged(BATCHES_BETWEEN)
        place.set_link(is_up=True)


@asynccontextmanager
async def lying(kind: type[Liar], upstream: list[str], host: str) -> AsyncIterator[tuple[str, list[str]]]:
    """A peer that passes on what honest nodes say, altered: its URL, and the paths that it was asked for."""
    asked: list[str] = []
    listener = listen(host, 0, 64)
    async with httpx.AsyncClient(timeout=30) as client, trio.open_nursery() as nursery:
        stage = Stage(
            random=SeededRandom(f"the {kind.__name__}"),
            client=client,
            upstream=upstream,
            owners=(),
            stolen=lambda owner: None,
            robbed=lambda _: None,
        )
        liar = kind("liar", stage)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            asked.append(scope["path"])
            await liar.app(scope, receive, send)

        await nursery.start(serve_http, app, HypercornConfig(), [listener])
        yield f"http://{host}:{listener.socket.getsockname()[1]}", asked
        nursery.cancel_scope.cancel()


async def heads(client: httpx.AsyncClient, node: Any) -> list[dict[str, Any]]:
    """All that the node says of its logs."""
    page, found = 0, list[dict[str, Any]]()
    while page is not None:
        said = (await client.get(f"{node.url}/frost/heads/{page}")).raise_for_status().json()
        found += said["heads"]
        page = said["next"]
    return sorted(found, key=lambda head: head["origin"])


async def contents(client: httpx.AsyncClient, node: Any, origin: str) -> tuple[list[bytes], list[Any]]:
    """The leaves and bodies of a log, as the node gives them to others."""
    leaves, bodies = list[bytes](), list[Any]()
    decoder = FrameDecoder()
    answer = (await client.get(f"{node.url}/frost/{origin}/frames?from=0")).raise_for_status()
    for frame in decoder.feed(answer.content):
        if isinstance(frame, EntriesFrame):
            leaves += decode_bundle(frame.bundle)
        elif isinstance(frame, BodiesFrame):
            bodies += frame.items
    return leaves, bodies


async def until_all_hold_the_same(client: httpx.AsyncClient, campaign: Campaign) -> None:
    """Equal heads everywhere, of all publishers, and then every receipt with its body."""
    origins = {receipt["origin"] for receipt in campaign.receipts}
    await poll(lambda: equal_heads(client, campaign, origins))
    for node in campaign.nodes:
        await poll(lambda node=node: holds_all(client, campaign, node, origins))
    assert await equal_heads(client, campaign, origins)
    for head in await heads(client, campaign.nodes[0]):
        assert not head["forked"] and not head["disputed"], "somebody honest is accused"


async def poll(condition: Callable[[], Any]) -> None:
    """A bound, not a measure."""
    with trio.fail_after(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await trio.sleep(POLL_S)


async def equal_heads(client: httpx.AsyncClient, campaign: Campaign, origins: set[str]) -> bool:
    said = [await heads(client, node) for node in campaign.nodes]
    shown = {head["origin"] for head in said[0] if head["checkpoint"]}
    return origins <= shown and all(each == said[0] for each in said)


async def holds_all(client: httpx.AsyncClient, campaign: Campaign, node: Any, origins: set[str]) -> bool:
    """Every acknowledged header is where it was acknowledged; answers whether all bodies came too."""
    held = {origin: await contents(client, node, origin) for origin in origins}
    for receipt in campaign.receipts:
        leaf = held[receipt["origin"]][0][receipt["index"]]
        assert str(Cid.of(leaf)) == receipt["header"], receipt
    return all(
        len(leaves) == len(bodies) and all(map(is_body_of, leaves, bodies))
        for leaves, bodies in held.values()
    )


def is_body_of(leaf: bytes, body: Any) -> bool:
    return isinstance(body, bytes) and Cid.of(body) == parse_header(leaf).body


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize(
    ("edges", "kind"),
    [
        pytest.param(RING, Slanderer, id="ring-with-a-slanderer-on-loopback"),
        pytest.param(STAR, Malformer, id="star-with-a-malformer-on-loopback"),
        pytest.param(CHAIN, Replayer, id="chain-with-a-replayer-on-loopback"),
    ],
)
async def test_a_network_agrees_after_all(edges, kind, make_node):
    nodes = [make_node(f"node-{n}") for n in range(NODES)]
    await agree_after_all(nodes, edges, kind)


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.skipif(bool(refused()), reason=f"no network namespaces here: {refused()}")
async def test_a_network_agrees_after_all_in_network_namespaces_where_one_was_cut_off(make_node):
    nodes = [make_node(f"node-{n}") for n in range(NODES)]
    with network(NODES) as (hub, places), hub.entered():
        for node, place in zip(nodes, places, strict=True):
            node.place = place
        await agree_after_all(nodes, RING, Malformer, hub.address, cut=places[3])


async def agree_after_all(
    nodes: list[Any], edges: Edges, kind: type[Liar], host: str = "127.0.0.1", cut: Place | None = None
) -> None:
    for node in nodes:
        found(Home(node.home), Config(name=node.home.name), passphrase="p", kit=None, peers=[], cost=CHEAPEST)
    campaign = Campaign(nodes)
    async with trio.open_nursery() as nursery:
        for node in nodes:
            nursery.start_soon(trio.to_thread.run_sync, node.start)
    async with (
        lying(kind, [node.url for node in nodes], host) as (url, asked),
        httpx.AsyncClient(timeout=30) as client,
    ):
        follows = [(n, nodes[other].url) for n, other in edges] + [(n, url) for n in DECEIVED]
        for n, followed in follows:
            assert await campaign.ask(nodes[n], "follow", {"target": followed})
        async with trio.open_nursery() as nursery:
            for n in PUBLISHERS:
                nursery.start_soon(campaign.publish, n)
            if cut is not None:
                await campaign.cut_off_and_join(cut)
            nursery.start_soon(campaign.kill_and_restart, random.Random(kind.__name__))
        assert len({receipt["origin"] for receipt in campaign.receipts}) == len(PUBLISHERS)
        await until_all_hold_the_same(client, campaign)
        assert "/frost/stream" in asked, "nobody listened to the liar"
        for node in nodes:
            said = await campaign.ask(node, "fsck", {})
            assert said is not None
            assert (said["findings"], said["entries"] >= len(campaign.receipts)) == ([], True)
