"""Many more records than the real catalogs have, with their words: each is put together from several real ones of one catalog.

A title is the beginning of one title and the end of another; a description is sentences of three, about _DESCRIPTION_CHARS in all;
keywords come from two, and license, creators, extent, data model, languages and links from one each, the
links with the number of the record behind them. Thus words are as common together
as they are really, and values as many; free metadata is left out. Without real catalogs the records are those of
`material.record`, whose words are made up.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import Final

from frostnode.formats.imported import Record
from frostnode.protocol.dagjson import Json
from frostnode.protocol.names import DATASET
from scripts.benchmarks.corpora import CATALOGS, records_of
from scripts.benchmarks.material import has_corpora, record

_DESCRIPTION_CHARS: Final = 725
_SENTENCES_OF_ONE: Final = 200
_LINKS_MAX: Final = 3
_TAKEN_WHOLE: Final = ("license", "creators", "extent", "data_model", "languages", "links", "deprecated")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")

Real = Mapping[str, Json]


def resampled(count: int) -> Iterator[tuple[str, Record]]:
    """(catalog, record) for each of `count` records, the catalogs by turns; the same at every run."""
    if not has_corpora():
        yield from (("made-up", record(n)) for n in range(count))
        return
    catalogs = _catalogs()
    names, chance = list(catalogs), Random(3)
    for n in range(count):
        name = names[n % len(names)]
        yield name, _mixed(n, catalogs[name], chance)


@cache
def _catalogs() -> dict[str, list[Real]]:
    return {name: [_short(found) for found in records_of(name)] for name in CATALOGS}


def _short(found: Record) -> Real:
    """A real record without what no mixed one takes."""
    description = found.get("description")
    sentences = _SENTENCE_END.split(description)[:_SENTENCES_OF_ONE] if isinstance(description, str) else []
    links, keywords = found.get("links"), found.get("keywords")
    return {
        **{name: found[name] for name in _TAKEN_WHOLE if name in found},
        "title": found["title"],
        "keywords": keywords if isinstance(keywords, list) else [],
        "links": links[:_LINKS_MAX] if isinstance(links, list) else [],
        "sentences": [line.strip()[:_DESCRIPTION_CHARS] for line in sentences if len(line.strip()) > 20],
    }


def _mixed(n: int, records: Sequence[Real], chance: Random) -> Record:
    first, second, third = chance.choices(records, k=3)
    mixed: Record = {
        "type": DATASET,
        "key": f"resampled/{n:07}",
        "title": _title(str(first["title"]), str(second["title"]), n),
        "description": _description([*_some(first, chance), *_some(second, chance), *_some(third, chance)]),
        "keywords": [*_list(first["keywords"])[:4], *_list(second["keywords"])[:2]],
    }
    for name in _TAKEN_WHOLE:
        value = chance.choice((first, second, third)).get(name)
        if name == "links":
            mixed[name] = [_own(link, n) for link in _list(value or [])]
        elif value:
            mixed[name] = value
    return {name: value for name, value in mixed.items() if value not in ("", [])}


def _own(link: Json, n: int) -> Json:
    """A link to an address of the record's own, at the same host: what has one address is the same dataset."""
    return {**link, "href": f"{link['href']}/{n}"} if isinstance(link, dict) else link


def _title(first: str, second: str, n: int) -> str:
    begun, ended = first.split(), second.split()
    words = [*begun[: (len(begun) + 1) // 2], *ended[len(ended) // 2 :]]
    return f"{' '.join(words)} {n}"


def _some(real: Real, chance: Random) -> list[str]:
    sentences = [str(line) for line in _list(real["sentences"])]
    return chance.sample(sentences, min(4, len(sentences)))


def _description(sentences: Sequence[str]) -> str:
    kept: list[str] = []
    for sentence in sentences:
        if sum(map(len, kept)) + len(sentence) <= _DESCRIPTION_CHARS:
            kept.append(sentence)
    return " ".join(kept)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def text_of(record: Record) -> str:
    """All texts of a record, a line each."""
    return "\n".join(texts(record))


def texts(value: Json) -> Iterator[str]:
    """All texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
