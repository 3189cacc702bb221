"""What the first page of a node shows: how much is here, of whom, what is new, and words worth searching for."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from frostnode.operations.badges import Badges
from frostnode.operations.duplicity import marks_json
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.read import entry_json, shown_dids
from frostnode.ports import CatalogReader, PublisherSummary
from frostnode.protocol.limits import (
    FRONT_EXAMPLES_MAX,
    FRONT_INSTITUTIONS_MAX,
    FRONT_NEWEST_MAX,
    FRONT_TITLES_MAX,
)
from frostnode.protocol.names import DATASET, VERSION, Did

_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_EMPTY: Final = frozenset(
    (
        *(
            "and",
            "are",
            "data",
            "dataset",
            "datasets",
            "des",
            "for",
            "from",
            "global",
            "half",
            "high",
            "hour",
            "into",
        ),
        *(
            "its",
            "level",
            "new",
            "non",
            "not",
            "org",
            "per",
            "project",
            "the",
            "this",
            "time",
            "version",
            "with",
        ),
    )
)
"""Words that say little of what a dataset is about."""
_LENGTHS: Final = (3, 2)
"""Words of an example: the longer says more."""


async def front(parts: Parts, params: Params, progress: Progress) -> Json:
    """{name, datasets, records, publishers, institutions: [{did, name, badge, datasets, changed_ms}], newest, examples}.

    Institutions are those with most datasets; `newest` has datasets and versions alone; each of `examples` finds several
    datasets. Whom strangers brought and nobody vouches for is left out of all but the counts.
    """

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            without = parts.carrying.hidden(include_unknown=False)
            badges = Badges(parts, catalog, log)
            counts = catalog.counts()
            shown = [did for did in shown_dids(log) if parts.carrying.is_carried(did)]
            largest = _largest(catalog, set(shown) - without)
            newest = sorted(
                (
                    entry
                    for kind in (DATASET, VERSION)
                    for entry in catalog.records(
                        type_=kind, did=None, limit=FRONT_NEWEST_MAX, without=without
                    )
                ),
                key=lambda entry: -entry.seen_ms,
            )
            return {
                "name": parts.name,
                "datasets": counts.get(DATASET, 0),
                "records": sum(counts.values()),
                "publishers": len(shown),
                "institutions": [_institution_json(item, badges) for item in largest],
                "newest": [
                    {**entry_json(entry), **badges.of(entry), **marks_json(log, entry)}
                    for entry in newest[:FRONT_NEWEST_MAX]
                ],
                "examples": examples(
                    [
                        entry.title
                        for entry in catalog.records(type_=DATASET, did=item.did, limit=FRONT_TITLES_MAX)
                    ]
                    for item in largest
                ),
            }

    return await parts.worker.run(run)


async def institutions(parts: Parts, params: Params, progress: Progress) -> Json:
    """{institutions}: as the first page has them."""

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            without = parts.carrying.hidden(include_unknown=False)
            badges = Badges(parts, catalog, log)
            shown = {did for did in shown_dids(log) if parts.carrying.is_carried(did)}
            largest = _largest(catalog, shown - without)
            return {"institutions": [_institution_json(item, badges) for item in largest]}

    return await parts.worker.run(run)


def _institution_json(item: PublisherSummary, badges: Badges) -> Json:
    return {
        "did": item.did,
        "name": item.name,
        "badge": badges.badge(item.did),
        "datasets": item.records.get(DATASET, 0),
        "changed_ms": item.changed_ms,
    }


def _largest(catalog: CatalogReader, among: Collection[Did]) -> list[PublisherSummary]:
    found = [item for item in catalog.publishers() if item.did in among and item.records]
    return sorted(found, key=lambda item: (-item.records.get(DATASET, 0), item.name, item.did))[
        :FRONT_INSTITUTIONS_MAX
    ]


def examples(titles: Iterable[Iterable[str]]) -> list[str]:
    """Words that stand together in several of these titles, grouped by institution: at most FRONT_EXAMPLES_MAX, no word twice.

    What several institutions say comes first, so that an example finds more than one of them.
    """
    times: Counter[tuple[str, ...]] = Counter()
    said_by: Counter[tuple[str, ...]] = Counter()
    for group in titles:
        of_group: Counter[tuple[str, ...]] = Counter(
            phrase for title in group for phrase in set(_phrases(title))
        )
        times += of_group
        said_by.update(of_group.keys())
    ranked = sorted(times, key=lambda phrase: (-said_by[phrase], -times[phrase] * len(phrase), phrase))
    chosen: list[tuple[str, ...]] = []
    used: set[str] = set()
    for phrase in ranked:
        if times[phrase] > 1 and not used & set(phrase) and len(chosen) < FRONT_EXAMPLES_MAX:
            chosen.append(phrase)
            used |= set(phrase)
    return [" ".join(phrase) for phrase in chosen]


def _phrases(title: str) -> Iterator[tuple[str, ...]]:
    """Two or three words of a title that stand side by side and say something."""
    for piece in re.split(r"[^\w\s'-]|\d", title.lower()):
        words = _WORD.findall(piece)
        for length in _LENGTHS:
            for at in range(len(words) - length + 1):
                phrase = tuple(words[at : at + length])
                if not _EMPTY & set(phrase) and len(set(phrase)) == length:
                    yield phrase
