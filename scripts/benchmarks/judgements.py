"""What people judged: queries, each with the records that were looked at and how well they answer it (scripts/relevance)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / "relevance"


class Kind(StrEnum):
    """What the asker wants: one record, or those about something."""

    KNOWN_ITEM = "known-item"
    TOPICAL = "topical"


class Split(StrEnum):
    """What the judgements of a query are for: to find better weights, or to say how good they are."""

    TUNING = "tuning"
    HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True)
class Judged:
    """A query with the grades of records by id: 3 is what was meant, 0 has nothing to do with it."""

    query: str
    kind: Kind
    split: Split
    style: str
    grades: Mapping[str, int]


@cache
def all_judged() -> list[Judged]:
    """Every judged query."""
    return [
        Judged(
            query=line["query"],
            kind=Kind(line["kind"]),
            split=Split(line["split"]),
            style=line["style"],
            grades={each["id"]: each["grade"] for each in line["judged"]},
        )
        for path in sorted(FOLDER.glob("*.jsonl"))
        for line in map(json.loads, path.read_text().splitlines())
    ]
