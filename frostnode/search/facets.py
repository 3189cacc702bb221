"""By which fields hits can be counted, under which values a record is counted, which values are shown, and what asks for them.

Rules (spec/15-search.md#facets): the values of most hits first, ties by value; whoever says of a period only where it
begins is counted under each year since, up to the last that anyone names.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from frostnode.protocol.limits import FACET_LABEL_CHARS_MAX, FACET_VALUES_MAX, FACET_YEARS_MAX
from frostnode.search.query import Field

COUNTED: Final = (
    Field.PUBLISHER,
    Field.TYPE,
    Field.KEYWORD,
    Field.MODEL,
    Field.FORMAT,
    Field.LICENSE,
    Field.PRICE,
    Field.ACCESS,
    Field.HOST,
    Field.YEAR,
    Field.SOURCE,
)
"""The fields by whose values hits can be counted."""

ASKED_BY: Final[Mapping[Field, Field]] = {Field.KEYWORD: Field.SUBJECT}
"""What asks for just the hits that were counted under a value, where that is another field."""

_EPOCH: Final = date(1970, 1, 1).toordinal()


def label_of(keyword: str) -> str:
    """A keyword in the spelling in which it is counted, and can be asked for as a whole."""
    return " ".join(keyword.replace('"', " ").split()).casefold()[:FACET_LABEL_CHARS_MAX].rstrip()


def labels(keywords: Iterable[str]) -> list[str]:
    """Keywords as they are counted: in one spelling, each once; none without a letter or digit, for that cannot be asked for."""
    found = (label_of(keyword) for keyword in keywords)
    return [label for label in dict.fromkeys(found) if any(map(str.isalnum, label))]


def first_of(counts: Mapping[str, int], shown_max: int = FACET_VALUES_MAX) -> dict[str, int]:
    """The values that are shown, in order."""
    shown = sorted((-count, value) for value, count in counts.items() if count > 0)
    return {value: -count for count, value in shown[:shown_max]}


def year_of(day: int) -> int:
    """The year of a day; the first or the last that there are calendars for, where it lies beyond."""
    return date.fromordinal(min(max(day + _EPOCH, date.min.toordinal()), date.max.toordinal())).year


def years(begun: Mapping[int, int], ended: Mapping[int, int], total: int) -> dict[str, int]:
    """How many periods touch each of the latest years: by how many begin and end in each, out of `total`, of which some may be open."""
    known = begun.keys() | ended.keys()
    if not known:
        return {}
    open_before = total - sum(begun.values())
    counts: Counter[str] = Counter()
    there = open_before
    for year in range(min(known), max(known) + 1):
        there += begun.get(year, 0) - ended.get(year - 1, 0)
        if there > 0:
            counts[f"{year:04}"] = there
    latest = {year: counts[year] for year in sorted(counts)[-FACET_YEARS_MAX:]}
    return first_of(latest, FACET_YEARS_MAX)
