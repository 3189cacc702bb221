"""How fast bodies get into the search index, and answers out of it."""

import statistics
import time
from random import Random

import trio

from frostnode.edge.http.api import quiet
from frostnode.operations.parts import Parts
from frostnode.operations.search import search
from frostnode.project.stage import catch_up
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.material import documents, entry, has_corpora, sentences
from scripts.benchmarks.workshop import Workshop, opened


def index_mb_per_s(workshop: Workshop) -> Figure:
    """Whole documents from the log into the index: read, decoded, flattened, committed."""
    size = sum(len(entry(document)[1]) for document in documents(workshop.size.documents))

    home = workshop.documents

    async def run() -> float:
        async with opened(home) as parts:
            await catch_up(parts.worker, parts.catalog_fold)
            begun = time.perf_counter()
            await catch_up(parts.worker, parts.index_fold)
            return time.perf_counter() - begun

    return Figure(
        name="index_mb_per_s",
        value=size / 1e6 / trio.run(run),
        unit="MB/s",
        target=30,
        note=f"{size / 1e6:.0f} MB of {'real' if has_corpora() else 'made up'} documents",
    )


def search_p95_ms(workshop: Workshop) -> Figure:
    """Queries of one to three words of the records, twenty hits each, as the API answers them."""
    chance = Random(2)
    words = sorted({word.strip(".,()").lower() for sentence in sentences() for word in sentence.split()})

    async def timed(parts: Parts) -> float:
        query = " ".join(chance.sample(words, chance.randrange(1, 4)))
        begun = time.perf_counter()
        await search(parts, {"query": query, "limit": 20, "offset": 0}, quiet)
        return time.perf_counter() - begun

    home = workshop.catalog

    async def run() -> list[float]:
        async with opened(home) as parts:
            return [await timed(parts) for _ in range(workshop.size.searches)]

    taken = statistics.quantiles(trio.run(run), n=20)[-1]
    return Figure(
        name="search_p95_ms",
        value=1000 * taken,
        unit="ms",
        target=10,
        is_cost=True,
        note=f"of {workshop.size.entries:,} records, in process",
    )
