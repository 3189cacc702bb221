"""How fast those are found whom a change concerns."""

import statistics
import time
from collections.abc import Iterator
from random import Random

import trio

from frostnode.edge.http.api import quiet
from frostnode.notify_port import Form, Watch
from frostnode.operations.parts import Parts
from frostnode.operations.table import operate
from frostnode.project.stage import catch_up
from frostnode.publish.submit import open_place
from frostnode.testing.memory_publisher import MemoryPublisher
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.material import record, sentences
from scripts.benchmarks.workshop import Workshop, opened

_STRANGERS = 1_000
_DATASETS = 50


def match_ms(workshop: Workshop) -> Figure:
    """One change against very many watches, 90 % of datasets, 9 % of publishers, 1 % searches: matched, due, on disk."""
    home = workshop.new_home("watched")

    async def run() -> list[float]:
        async with opened(home) as parts:
            did = (await parts.read(lambda reader: open_place(reader, None))).did
            with parts.notices.write() as writer:
                for watch in _watches(did, workshop.size.watches):
                    writer.put_watch(watch)
            await operate(parts, "publish", {"records": [record(0)]}, quiet)
            await catch_up(parts.worker, parts.catalog_fold)
            await catch_up(parts.worker, parts.matching)  # reads all that there are, once
            return [await _timed(parts, n) for n in range(1, 1 + min(_DATASETS, workshop.size.singles))]

    return Figure(
        name="match_ms",
        value=1000 * statistics.median(trio.run(run)),
        unit="ms",
        target=5,
        is_cost=True,
        note=f"one change against {workshop.size.watches:,} watches",
    )


async def _timed(parts: Parts, n: int) -> float:
    await operate(parts, "publish", {"records": [record(n)]}, quiet)
    await catch_up(parts.worker, parts.catalog_fold)
    begun = time.perf_counter()
    await catch_up(parts.worker, parts.matching)
    return time.perf_counter() - begun


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
