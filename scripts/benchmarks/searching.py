"""How fast bodies get into the search index, answers out of it, and what it takes on disk and in memory."""

import statistics
import time
from collections.abc import Iterator
from random import Random
from typing import Final

import httpx
import trio

from frostnode.edge.http.asked import quiet
from frostnode.formats.imported import Record
from frostnode.operations.parts import Parts
from frostnode.operations.search import search
from frostnode.project.stage import catch_up
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.material import documents, entry, has_corpora
from scripts.benchmarks.nodes import running
from scripts.benchmarks.resampling import resampled, text_of
from scripts.benchmarks.workshop import Workshop, opened

_FACETS: Final = "publisher,keyword,license"
_MADE_OF: Final = 2_000
"""Records whose words are searched for."""


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


def search_ms(workshop: Workshop) -> list[Figure]:
    """Twenty hits and three facets each, in process, as the API answers them."""
    home, wanted = workshop.resampled, workshop.size.searches
    asked = list(queries(wanted))

    async def run() -> tuple[list[float], list[float]]:
        async with opened(home) as parts:
            await _timed(parts, "", _FACETS)  # the first answer counts what everybody asks for
            with_facets = [await _timed(parts, query, _FACETS) for query in asked]
            return with_facets, [await _timed(parts, query, "") for query in asked]

    with_facets, without = trio.run(run)
    note = (
        f"{workshop.size.resampled:,} records, {len(set(asked))} different searches of {wanted}, three facets"
    )
    return [
        _figure("search_p50_ms", statistics.median(with_facets), 3, _beside(note, without, 50)),
        _figure("search_p95_ms", _percentile(with_facets, 95), 15, _beside(note, without, 95)),
    ]


def search_http_p95_ms(workshop: Workshop) -> list[Figure]:
    """The same over HTTP, and what the node holds meanwhile."""
    with (
        running(workshop.resampled) as node,
        httpx.Client(base_url=node.url, timeout=60) as client,
    ):
        taken = [_over_http(client, query) for query in queries(workshop.size.searches)]
        held = node.own_bytes()
    return [
        _figure(
            "search_http_p95_ms",
            _percentile(taken, 95),
            40,
            f"three facets; half of them {1000 * statistics.median(taken):.3g} ms",
        ),
        Figure(
            name="search_memory_mb",
            value=held / 1e6,
            unit="MB",
            target=400,
            is_cost=True,
            note="held by the node after these searches, without the files that it maps",
        ),
    ]


def index_to_text(workshop: Workshop) -> Figure:
    """How much larger the index is than the texts that it was made of."""
    home = workshop.resampled
    text = sum(len(text_of(record).encode()) for _, record in resampled(workshop.size.resampled))
    size = sum(path.stat().st_size for path in home.index.rglob("*") if path.is_file())
    return Figure(
        name="index_to_text",
        value=size / text,
        unit="times",
        target=1.5,
        is_cost=True,
        note=f"{size / 1e6:,.0f} MB of {text / 1e6:,.0f} MB of text",
    )


def queries(wanted: int) -> Iterator[str]:
    """As people ask: a word, two or three of a title, some of a description, a phrase, some with a filter; all have hits."""
    chance = Random(2)
    records = [record for _, record in resampled(_MADE_OF)]
    for n in range(wanted):
        yield _query(n, chance.choice(records), chance)


def _query(n: int, record: Record, chance: Random) -> str:
    title = [word for word in str(record["title"]).split()[:-1] if word.isalpha()] or ["data"]
    prose = [word for word in str(record.get("description", "")).split() if word.isalpha()] or title
    match n % 6:
        case 0:
            return chance.choice(title)
        case 1:
            return " ".join(title[:2])
        case 2:
            return " ".join(chance.sample(title, min(3, len(title))))
        case 3:
            return " ".join(chance.sample(prose, min(3, len(prose))))
        case 4:
            return f'"{" ".join(title[:2])}"'
        case _:
            return f"{chance.choice(title)} after:2010"


async def _timed(parts: Parts, query: str, facets: str) -> float:
    begun = time.perf_counter()
    await search(parts, {"query": query, "limit": 20, "include": "unknown", "facets": facets}, quiet)
    return time.perf_counter() - begun


def _over_http(client: httpx.Client, query: str) -> float:
    params: dict[str, str | int] = {"q": query, "limit": 20, "include": "unknown", "facets": _FACETS}
    begun = time.perf_counter()
    client.get("/api/search", params=params).raise_for_status()
    return time.perf_counter() - begun


def _beside(note: str, without: list[float], percent: int) -> str:
    return f"{note}; without them {1000 * _percentile(without, percent):.3g} ms"


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _figure(name: str, seconds: float, target: float, note: str) -> Figure:
    return Figure(name=name, value=1000 * seconds, unit="ms", target=target, is_cost=True, note=note)
