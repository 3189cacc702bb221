"""How soon an entry is seen elsewhere: on the neighbour that follows, and in the search of the node behind that."""

import math
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import trio

from frostnode.edge.control import call
from frostnode.edge.home import Home
from frostnode.edge.http.asked import quiet
from frostnode.protocol.frames import BodiesFrame, FrameDecoder
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.material import record
from scripts.benchmarks.nodes import Node, running
from scripts.benchmarks.workshop import Workshop, opened_store

_PAUSE_S = 0.05
_POLL_S = 0.005
_PATIENCE_S = 30
_LOAD_BATCH = 20
_LOAD_PAUSE_S = 0.1


@dataclass(slots=True)
class Chain:
    """A publishes, B follows A, C follows B. `seen` holds when each leaf's body came on a node's own stream."""

    homes: list[Home]
    nodes: list[Node]
    seen: dict[str, dict[int, float]] = field(default_factory=dict)
    published: int = 0

    async def publish(self, count: int = 1) -> tuple[int, str]:
        """Publish records on A; answers the index of the last and its title."""
        records = [record(1_000_000 + self.published + n) for n in range(count)]
        records[-1]["title"] = title = f"zyx{self.published:07}"
        self.published += count
        answer = await call(self.homes[0].control, "publish", {"records": records}, quiet)
        assert answer is not None
        return answer["records"][-1]["index"], title

    async def watch(self, node: Node, *, task_status: trio.TaskStatus[None]) -> None:
        """Note when leaves can be read on a node, as its stream tells."""
        times = self.seen.setdefault(node.url, {})
        decoder = FrameDecoder()
        async with (
            httpx.AsyncClient(base_url=node.url, timeout=60) as client,
            client.stream("GET", "/frost/stream") as answer,
        ):
            task_status.started()
            async for chunk in answer.aiter_raw():
                now = time.perf_counter()
                for frame in decoder.feed(chunk):
                    if isinstance(frame, BodiesFrame):
                        times.update(dict.fromkeys(range(frame.start, frame.start + len(frame.items)), now))


@contextmanager
def _chain(workshop: Workshop) -> Iterator[Chain]:
    homes = [workshop.new_home(f"chain-{len(list(workshop.folder.glob('chain-*')))}") for _ in range(3)]
    with running(homes[0]) as a:
        _follow(homes[1], a)
        with running(homes[1]) as b:
            _follow(homes[2], b)
            with running(homes[2]) as c:
                yield Chain(homes, [a, b, c])


def _follow(home: Home, node: Node) -> None:
    with opened_store(home) as store, store.write() as writer:
        writer.put_peer(node.url)


def live_ms(workshop: Workshop) -> list[Figure]:
    """From the moment an entry can be read on A to the moment it can on its neighbour B."""

    async def run(chain: Chain) -> list[float]:
        a, b, _ = chain.nodes
        taken = []
        async with trio.open_nursery() as nursery:
            await nursery.start(chain.watch, a)
            await nursery.start(chain.watch, b)
            for _ in range(workshop.size.singles):
                index, _title = await chain.publish()
                with trio.fail_after(_PATIENCE_S):
                    while not all(index in chain.seen[node.url] for node in (a, b)):  # noqa: ASYNC110 - a bell would ring for every frame
                        await trio.sleep(_POLL_S)
                taken.append(chain.seen[b.url][index] - chain.seen[a.url][index])
                await trio.sleep(_PAUSE_S)
            nursery.cancel_scope.cancel()
        return taken

    with _chain(workshop) as chain:
        taken = trio.run(run, chain)
    return [
        _figure("live_p50_ms", statistics.median(taken), 10, "readable on A → readable on its neighbour"),
        _figure("live_p95_ms", _quantile(taken, 0.95), 20, f"{len(taken)} entries"),
    ]


def searchable_ms(workshop: Workshop) -> list[Figure]:
    """From the receipt on A to a hit in the search of C, two hops away, while A publishes all the time."""

    async def load(chain: Chain) -> None:
        while True:
            await chain.publish(_LOAD_BATCH)
            await trio.sleep(_LOAD_PAUSE_S)

    async def run(chain: Chain) -> list[float]:
        taken = []
        async with (
            trio.open_nursery() as nursery,
            httpx.AsyncClient(base_url=chain.nodes[2].url, timeout=60) as client,
        ):
            nursery.start_soon(load, chain)
            for _ in range(workshop.size.singles):
                _, title = await chain.publish()
                begun = time.perf_counter()
                with trio.fail_after(_PATIENCE_S):
                    while not await _is_found(client, title):  # noqa: ASYNC110 - what changes is in another process
                        await trio.sleep(_POLL_S)
                taken.append(time.perf_counter() - begun)
            nursery.cancel_scope.cancel()
        return taken

    with _chain(workshop) as chain:
        taken = trio.run(run, chain)
    rate = _LOAD_BATCH / _LOAD_PAUSE_S
    return [
        _figure("searchable_p50_ms", statistics.median(taken), 150, "receipt on A → hit on C, two hops away"),
        _figure("searchable_p99_ms", _quantile(taken, 0.99), 500, f"under up to {rate:.0f} entries/s"),
    ]


async def _is_found(client: httpx.AsyncClient, title: str) -> bool:
    answer = await client.get("/api/search", params={"q": title})
    return bool(answer.json()["hits"])


def _figure(name: str, seconds: float, target: float, note: str) -> Figure:
    return Figure(name=name, value=1000 * seconds, unit="ms", target=target, is_cost=True, note=note)


def _quantile(values: list[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]
