"""How fast those are found whom a change concerns, and told of it."""

import json
import math
import statistics
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import trio

from frostnode.edge.control import call
from frostnode.edge.home import Home
from frostnode.edge.http.asked import quiet
from frostnode.notify_port import Form, Watch
from frostnode.operations.parts import Parts
from frostnode.operations.table import operate
from frostnode.project.stage import catch_up
from frostnode.publish.submit import open_place
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.receiver import Receiver, receiving
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.material import record, sentences
from scripts.benchmarks.nodes import running
from scripts.benchmarks.workshop import Workshop, opened, opened_store

_STRANGERS = 1_000
_DATASETS = 50
_LOAD_BATCH = 100
_LOAD_PAUSE_S = 0.1
_PAUSE_S = 0.05
_PATIENCE_S = 30


def match_ms(workshop: Workshop) -> Figure:
    """One change against very many watches, 90 % of datasets, 9 % of publishers, 1 % searches: matched, due, on disk."""
    home = workshop.new_home("watched")

    async def run() -> list[tuple[float, float]]:
        async with opened(home) as parts:
            did = (await parts.read(lambda reader: open_place(reader, None))).did
            with parts.notices.write() as writer:
                for watch in _watches(did, workshop.size.watches):
                    writer.put_watch(watch)
            await operate(parts, "publish", {"records": [record(0)]}, quiet)
            await catch_up(parts.worker, parts.catalog_fold)
            await catch_up(parts.worker, parts.matching)  # reads all that there are, once
            return [await _timed(parts, n) for n in range(1, 1 + min(_DATASETS, workshop.size.singles))]

    taken, worked = (1000 * statistics.median(times) for times in zip(*trio.run(run), strict=True))
    return Figure(
        name="match_ms",
        value=taken,
        unit="ms",
        target=5,
        is_cost=True,
        note=f"one change against {workshop.size.watches:,} watches; {worked:.1f} ms without waiting for the disk",
    )


async def _timed(parts: Parts, n: int) -> tuple[float, float]:
    """Seconds, and those of the processor."""
    await operate(parts, "publish", {"records": [record(n)]}, quiet)
    await catch_up(parts.worker, parts.catalog_fold)
    begun, worked = time.perf_counter(), time.process_time()
    await catch_up(parts.worker, parts.matching)
    return time.perf_counter() - begun, time.process_time() - worked


def _watches(did: str, count: int) -> Iterator[Watch]:
    """Of datasets of this publisher and of strangers, of publishers, and of one or two words each."""
    chance = Random(3)
    strangers = [MemoryPublisher(f"s{n}").did for n in range(min(_STRANGERS, count))]
    words = sorted({word.strip(".,()").lower() for text in sentences() for word in text.split()} - {""})
    words = [word for word in words if word.isalnum()]
    for n in range(count):
        publisher = chance.choice([did, *strangers[1:]])
        key = record(chance.randrange(_DATASETS))["key"]
        kind = n % 100
        target = f"{publisher}/{key}" if kind < 90 else publisher
        if kind == 99:
            target = " ".join(chance.sample(words, chance.randrange(1, 3)))
        yield Watch(id=f"{n:06}", target=target, form=Form.WEBHOOK, address="-", created_ms=0, told=(0, -1))


def notice_ms(workshop: Workshop) -> list[Figure]:
    """From asking A to publish to the webhook of B, which follows A, while A takes many more entries."""
    a, b = (workshop.new_home(f"notices-{len(list(workshop.folder.glob('notices-*')))}") for _ in range(2))
    settings = b.config.read_text("utf-8")
    b.config.write_text(settings.replace("private_callbacks = false", "private_callbacks = true"), "utf-8")
    with running(a) as node:
        with opened_store(b) as store, store.write() as writer:
            writer.put_peer(node.url)
        with running(b):
            taken = trio.run(_told, a, b, workshop.size.singles)
    rate = _LOAD_BATCH / _LOAD_PAUSE_S
    p99 = sorted(taken)[math.ceil(0.99 * len(taken)) - 1]
    return [
        Figure(
            name="notice_p50_ms",
            value=1000 * statistics.median(taken),
            unit="ms",
            target=150,
            is_cost=True,
            note="publish on A → webhook of a subscriber of B",
        ),
        Figure(
            name="notice_p99_ms",
            value=1000 * p99,
            unit="ms",
            target=1000,
            is_cost=True,
            note=f"under up to {rate:.0f} entries/s",
        ),
    ]


async def _told(a: Home, b: Home, count: int) -> list[float]:
    taken = []
    async with receiving() as receiver, trio.open_nursery() as nursery:
        (line,) = (await _put(a, 0))["records"]
        target = str(line["url"])
        asked = {"target": target, "private": True, "form": "webhook", "address": f"{receiver.url}/hook"}
        await call(b.control, "subscribe", asked, quiet)
        nursery.start_soon(_load, a)
        for n in range(1, count + 1):
            begun = time.perf_counter()
            await _put(a, n)
            with trio.fail_after(_PATIENCE_S):
                await _hears(receiver, f"watched {n}")
            taken.append(time.perf_counter() - begun)
            await trio.sleep(_PAUSE_S)
        nursery.cancel_scope.cancel()
    return taken


async def _put(home: Home, n: int) -> dict[str, Any]:
    """Publish the dataset that is watched, with another title each time."""
    records = [{"type": "dataset", "key": "watched", "title": f"watched {n}"}]
    answer = await call(home.control, "publish", {"records": records}, quiet)
    assert answer is not None
    return answer


async def _hears(receiver: Receiver, title: str) -> None:
    count = len(receiver.came)
    while not any(json.loads(said.body)["data"]["title"] == title for said in receiver.came[-8:]):
        count += 1
        await receiver.has(count)


async def _load(home: Home) -> None:
    """Publish others all the time."""
    n = 1_000_000
    while True:
        records = [record(n + at) for at in range(_LOAD_BATCH)]
        n += _LOAD_BATCH
        await call(home.control, "publish", {"records": records}, quiet)
        await trio.sleep(_LOAD_PAUSE_S)
