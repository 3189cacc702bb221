"""How well the node's own search ranks, by judged queries over real catalogs, beside plain BM25 over the same records."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, TypeAlias

import click
import trio

from frostnode.edge.home import Home
from frostnode.edge.http.asked import quiet
from frostnode.operations.parts import Parts
from frostnode.operations.search import search
from frostnode.protocol.names import Did, parse_did_url
from frostnode.replicate.ingest import Ingest
from frostnode.testing.memory_publisher import MemoryPublisher
from scripts.benchmarks.corpora import CATALOGS, records_of
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.judgements import Judged, Kind, Split, all_judged
from scripts.benchmarks.material import entry, has_corpora
from scripts.benchmarks.plain_bm25 import PlainBm25
from scripts.benchmarks.ranking_measures import DEPTH, ndcg, reciprocal_rank
from scripts.benchmarks.workshop import Workshop, opened, opened_store

MEANT: Final = 3
"""The grade of what was meant."""

_CLEARLY: Final = 1.1
"""Clearly better than plain BM25 is a tenth more."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A judged query with the ids that the two rankers answer, best first."""

    judged: Judged
    node: Sequence[str]
    plain: Sequence[str]


def relevance(workshop: Workshop) -> list[Figure]:
    """The half that was held out, then the half that weights were found with; nothing without the catalogs."""
    if not has_corpora():
        click.echo("relevance: not measured, for the judged catalogs are not beside the repository", err=True)
        return []
    found = ranked(workshop)
    return [
        *_figures("relevance", [each for each in found if each.judged.split is Split.HELD_OUT]),
        *_figures("relevance_tuning", [each for each in found if each.judged.split is Split.TUNING]),
    ]


def _figures(name: str, found: Sequence[Ranked]) -> list[Figure]:
    known = [each for each in found if each.judged.kind is Kind.KNOWN_ITEM]
    topical = [each for each in found if each.judged.kind is Kind.TOPICAL]
    node, plain = mean_ndcg(found, _node), mean_ndcg(found, _plain)
    return [
        Figure(
            name=f"{name}_ndcg10",
            value=node,
            unit="nDCG@10",
            target=_CLEARLY * plain,
            note=f"{len(known)} known-item {mean_ndcg(known, _node):.3f}, {len(topical)} topical {mean_ndcg(topical, _node):.3f}",
        ),
        Figure(
            name=f"{name}_mrr",
            value=mean_reciprocal_rank(known, _node),
            unit="MRR",
            target=_CLEARLY * mean_reciprocal_rank(known, _plain),
            note=f"of known items; plain BM25 {mean_reciprocal_rank(known, _plain):.3f}",
        ),
        Figure(
            name=f"{name}_bm25_ndcg10",
            value=plain,
            unit="nDCG@10",
            note=f"plain: known-item {mean_ndcg(known, _plain):.3f}, topical {mean_ndcg(topical, _plain):.3f}",
        ),
    ]


Ranking: TypeAlias = Callable[[Ranked], Sequence[str]]


def _node(found: Ranked) -> Sequence[str]:
    return found.node


def _plain(found: Ranked) -> Sequence[str]:
    return found.plain


def mean_ndcg(found: Sequence[Ranked], ranking: Ranking) -> float:
    """Over all these queries."""
    return fmean(ndcg(ranking(each), each.judged.grades) for each in found)


def mean_reciprocal_rank(found: Sequence[Ranked], ranking: Ranking) -> float:
    """Over all these queries, of the first record that was meant."""
    return fmean(reciprocal_rank(ranking(each), each.judged.grades, MEANT) for each in found)


def ranked(workshop: Workshop) -> list[Ranked]:
    """Publish the catalogs, each by a publisher of its own, index them, and ask both rankers everything."""
    home = workshop.new_home("relevance")
    plain = PlainBm25(_texts())
    publishers = _publish(home)
    return [
        Ranked(judged, node, plain.search(judged.query, DEPTH))
        for judged, node in zip(all_judged(), trio.run(_ask, home, publishers), strict=True)
    ]


def _texts() -> Iterator[tuple[str, str]]:
    """Title and description of every record, by id."""
    for catalog in CATALOGS:
        for record in records_of(catalog):
            yield f"{catalog}/{record['key']}", f"{record['title']}\n{record.get('description', '')}"


def _publish(home: Home) -> dict[Did, str]:
    """Answers the catalog of each publisher."""
    publishers = {}
    with opened_store(home) as store:
        ingest = Ingest(store, None)
        for catalog in CATALOGS:
            publisher = MemoryPublisher(catalog)
            publishers[publisher.did] = catalog
            for record in records_of(catalog):
                publisher.append(*entry(record))
            ingest.take(list(publisher.stream()))
    return publishers


async def _ask(home: Home, publishers: dict[Did, str]) -> list[list[str]]:
    async with opened(home) as parts:
        await parts.project()
        return [await _answer(parts, judged.query, publishers) for judged in all_judged()]


async def _answer(parts: Parts, query: str, publishers: dict[Did, str]) -> list[str]:
    """The ids in order: the record that the query names, if it is one, then the hits, each with all that it stands for."""
    answer = await search(parts, {"query": query, "limit": DEPTH, "include": "unknown"}, quiet)
    urls = [answer["went_to"]] if answer["went_to"] else []
    for hit in answer["hits"]:
        urls += [source["url"] for source in hit["sources"] or [hit]]
    found = [parse_did_url(url) for url in dict.fromkeys(urls)]
    return [f"{publishers[url.did]}/{url.key}" for url in found if url.did in publishers]
