"""How long a node works on its pages with many records, and on the drawing of a large lineage.

What is measured is the time of the processor, in process: the whole application with its templates, without sockets.
"""

import time
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any, Final
from urllib.parse import urlencode

import trio
from starlette.types import ASGIApp, Message, Scope

from frostnode.config import Config
from frostnode.edge.http.app import make_app
from frostnode.edge.http.links import end_path
from frostnode.operations.drawing import draw
from frostnode.operations.parts import Parts
from frostnode.replicate.policy import CarryPolicy
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.resampling import resampled
from scripts.benchmarks.searching import queries
from scripts.benchmarks.workshop import Workshop, opened

_EACH: Final = (
    "/",
    "/publishers",
    "/activity",
    "/activity?type=dataset&offset=400",
    "/about",
    "/status",
    "/policy",
    "/peers",
)
"""Pages that everybody looks at; as often as all datasets together that are looked at."""
_DATASETS: Final = 160
_PUBLISHERS: Final = 20
_SEARCHES: Final = 60
_LINEAGE_ENDS: Final = 500


def page_p95_ms(workshop: Workshop) -> list[Figure]:
    """Each kind of page again and again, with the pages of datasets here and there."""
    home = workshop.resampled

    async def run() -> dict[str, list[float]]:
        async with opened(home, Config(carry=CarryPolicy(show_unknown=True))) as parts:
            app = make_app(parts, dict(parts.about))
            targets = list(await _targets(parts, workshop.size.resampled))
            for _, target in targets[:20]:
                await _timed(app, target)  # templates are read when they are first wanted
            taken: dict[str, list[float]] = {}
            for name, target in targets:
                taken.setdefault(name, []).append(await _timed(app, target))
            return taken

    taken = trio.run(run)
    slowest = sorted(((name, _p95(times)) for name, times in taken.items()), key=lambda pair: -pair[1])
    note = ", ".join(f"{name} {ms:.3g}" for name, ms in slowest)
    return [
        Figure(
            name="page_p95_ms",
            value=max(ms for _, ms in slowest),
            unit="ms",
            target=30,
            is_cost=True,
            note=f"{workshop.size.resampled:,} records, the slowest kind: {note}",
        )
    ]


async def _targets(parts: Parts, records: int) -> Iterator[tuple[str, str]]:
    """(kind, path) of each page that is asked for, by turns."""
    chance = Random(7)
    without = frozenset[Any]()

    def some(count: int) -> list[str]:
        with parts.catalog.read() as catalog:
            found = []
            for _ in range(count):
                offset = chance.randrange(records)
                found += catalog.records(type_="dataset", did=None, limit=1, offset=offset, without=without)
        return [f"{entry.did}/{entry.key}" for entry in found]

    urls = await parts.worker.run(lambda: some(_DATASETS))
    dids = [url.partition("/")[0] for url in urls[:_PUBLISHERS]]
    kinds = [("dataset", f"/record/{url}") for url in urls]
    kinds += [("publisher", f"/publisher/{did}?offset={chance.randrange(1000)}") for did in dids]
    kinds += [("/search", f"/search?{urlencode({'q': query})}") for query in queries(_SEARCHES)]
    kinds += [(path, path) for path in _EACH for _ in range(_DATASETS // len(_EACH))]
    chance.shuffle(kinds)
    return iter(kinds)


async def _timed(app: ASGIApp, target: str) -> float:
    """Milliseconds of processor time that a page takes."""
    path, _, query = target.partition("?")
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"node.example"), (b"accept", b"text/html"), (b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    statuses = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    begun = time.process_time()
    await app(scope, receive, send)
    taken = 1000 * (time.process_time() - begun)
    assert statuses == [200], (target, statuses)
    return taken


def _p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]


def lineage_500_ms(workshop: Workshop) -> list[Figure]:
    """A drawing of as many ends as a lineage has at most, joined each to several; the titles are real."""
    titles = [str(record["title"]) for _, record in islice(resampled(_LINEAGE_ENDS), _LINEAGE_ENDS)]
    answer = lineage_of(titles)
    taken, drawing = list[float](), ""
    for _ in range(10):
        begun = time.process_time()
        drawing = draw(answer, is_alone=False, href=end_path)
        taken.append(1000 * (time.process_time() - begun))
    return [
        Figure(
            name="lineage_500_ms",
            value=_p95(taken),
            unit="ms",
            target=200,
            is_cost=True,
            note=f"{drawing.count('<rect')} of {len(titles)} ends drawn, {len(answer['edges'])} lines, {len(drawing) / 1000:.0f} kB",
        )
    ]


def lineage_of(titles: list[str]) -> dict[str, Any]:
    """What `lineage` answers for so many ends in nine columns, each made from three of the column before."""
    chance, columns = Random(5), 9
    names = [f"did:frost:bafyreia{'a' * 52}/dataset-{n}" for n in range(len(titles))]
    column = [n % columns - columns // 2 for n in range(len(titles))]
    column[0] = 0
    nodes = [
        {
            "name": name,
            "kind": "dataset",
            "state": "here",
            "title": title,
            "publisher": "Publisher",
            "distance": at,
            "outdated": n % 7 == 0,
            "withdrawn_source": n % 11 == 0,
            "upstream_outdated": False,
            "upstream_withdrawn": False,
            "marks": ["out of date"] if n % 7 == 0 else [],
        }
        for n, (name, title, at) in enumerate(zip(names, titles, column, strict=True))
    ]
    edges = []
    for n, at in enumerate(column):
        before = [m for m, other in enumerate(column) if other == at - 1]
        edges += [
            {
                "generated": names[n],
                "used": names[m],
                "newer": m % 5 == 0,
                "withdrawn": False,
                "missing": False,
            }
            for m in chance.sample(before, min(3, len(before)))
        ]
    return {"url": names[0], "nodes": nodes, "edges": edges, "versions": [], "more": []}
