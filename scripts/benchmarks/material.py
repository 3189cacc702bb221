"""What is published, replicated and searched here: records of about 1 KB, and whole documents.

Their words come from real catalogs where there are any beside the repository, else they are made up. The
same at every run.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from frostnode.formats.imported import Record, dataset_of
from frostnode.protocol.dagcbor import Cid, Value
from frostnode.protocol.dagjson import from_json
from frostnode.protocol.entry import Header, Op, encode_body, encode_header
from frostnode.protocol.limits import SALT_BYTES
from frostnode.protocol.names import DATASET, RecordKey

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
BODY_BYTES = 1024
"""About the size of a body."""

HEADER_BYTES = 110
"""About the size of a header."""

_TIME_MS = 1_800_000_000_000
_SENTENCES = 5_000
_DESCRIPTION_CHARS = 725
_SYLLABLES = [
    "ar",
    "bo",
    "ce",
    "dan",
    "el",
    "fi",
    "gra",
    "hy",
    "in",
    "ju",
    "kel",
    "lo",
    "mar",
    "ne",
    "os",
    "pla",
    "que",
    "ri",
    "sal",
    "te",
    "ur",
    "vo",
    "wen",
    "xi",
    "yr",
    "zo",
]


def has_corpora() -> bool:
    """Whether real catalogs are beside the repository."""
    return CORPORA.is_dir()


def collections() -> Iterator[dict[str, Any]]:
    """Every document of the real catalogs, one JSON object each."""
    for path in sorted(CORPORA.rglob("*.jsonl")):
        with path.open("rb") as lines:
            yield from map(json.loads, lines)


def documents(count: int) -> Iterator[Record]:
    """The first `count` real documents as records that keep them whole; made up ones where there are none."""
    if not has_corpora():
        for n in range(count):
            yield {**record(n), "metadata": {"made-up": {"text": [_text(n, 3_000)]}}}
        return
    for n, document in zip(range(count), collections(), strict=False):
        yield dataset_of(f"document/{n}", "found", document, _title)


def _title(document: Mapping[str, Value]) -> dict[str, Value]:
    """The title of a real document."""
    return {"title": str(document.get("title") or document.get("Name"))}


@cache
def sentences() -> list[str]:
    """Some thousand sentences."""
    chance = Random(1)
    if has_corpora():
        texts = (str(found.get("description") or found.get("Description") or "") for found in collections())
        found = {" ".join(line.split()) for text in texts for line in re.split(r"(?<=[.!?])\s|\n", text)}
        long_enough = sorted(line for line in found if 20 < len(line) < 300)
        return chance.sample(long_enough, min(_SENTENCES, len(long_enough)))
    words = ["".join(chance.choices(_SYLLABLES, k=chance.randrange(1, 4))) for _ in range(20_000)]
    commonness = [1 / rank for rank in range(1, len(words) + 1)]
    return [" ".join(chance.choices(words, commonness, k=chance.randrange(5, 25))) for _ in range(_SENTENCES)]


def _text(n: int, chars: int) -> str:
    """The n-th text: sentences in steps of their own, so that few texts share more than one."""
    all_sentences = sentences()
    at, step = n % len(all_sentences), 1 + n // len(all_sentences) * 7 + n % 1009
    parts: list[str] = []
    while chars > 0:
        parts.append(all_sentences[at])
        chars -= len(parts[-1]) + 1
        at = (at + step) % len(all_sentences)
    return " ".join(parts)[: chars - 1 if chars < -1 else None]


def record(n: int) -> Record:
    """The n-th dataset record, in its JSON form: a body of about BODY_BYTES."""
    title = _text(n, 60)
    return {
        "type": DATASET,
        "key": f"bench/{n:07}",
        "title": title,
        "description": _text(n + 1, _DESCRIPTION_CHARS),
        "keywords": [*title.split()[:5]],
        "license": "CC-BY-4.0",
        "extent": {"bbox": [[-180.0, 30.5, 180.0, 90.0]], "interval": [["1978-10-26T00:00:00Z", None]]},
        "homepage": f"https://data.example.org/datasets/{n}",
    }


def entry(record: Record) -> tuple[bytes, bytes]:
    """The header and body of a record, as publishing makes them."""
    key = str(record["key"])
    value = from_json({name: value for name, value in record.items() if name not in ("type", "key")})
    assert isinstance(value, dict)
    body = encode_body(value, sha256(key.encode()).digest()[:SALT_BYTES])
    header = Header(
        op=Op.PUT, type=DATASET, key=RecordKey(key), time=_TIME_MS, body=Cid.of(body), size=len(body)
    )
    return encode_header(header), body
