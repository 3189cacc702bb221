"""Hits by year as a drawing: one bar for each year, and what is chosen of them.

The drawing is as wide as it has years and TALL high; the page stretches it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Final

from frostnode.search.query import Period

TALL: Final = 64
_LEAST: Final = 1.5
"""How high a bar is that stands for little."""

_RARE: Final = 100
"""A hundredth of the highest bar is told: not the years before, nor those to come after the last that so much ends with."""

_YEARS_MAX: Final = 200
_GAP: Final = 0.2
_EPOCH: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """`bars` is the data of a path. `start` and `stop` are the first and last chosen year, all where nothing is."""

    first: int
    last: int
    bars: str
    counts: str
    """How many hits each year has, apart by blanks."""
    start: int
    stop: int
    is_narrowed: bool

    @property
    def years(self) -> int:
        """How wide it is."""
        return self.last - self.first + 1

    @property
    def ticks(self) -> list[int]:
        """Years to be written below it: both ends, and what is round between them."""
        return sorted({self.first, (self.first + self.last) // 2, self.last})


def timeline(counts: Mapping[int, int], period: Period | None, this_year: int) -> Timeline | None:
    """The drawing of how many hits there are in each year; None where there are not two years to tell apart."""
    chosen = [year for year in _chosen(period) if year is not None]
    found = _told(counts, this_year)
    shown = sorted(chain(found, chosen))
    if len(shown) < 2 or shown[0] == shown[-1]:
        return None
    last = shown[-1]
    first = max(shown[0], last - _YEARS_MAX + 1)
    highest = max(found.values(), default=1)
    begin, end = _chosen(period)
    return Timeline(
        first=first,
        last=last,
        bars="".join(
            _bar(year - first, counts.get(year, 0) / highest)
            for year in range(first, last + 1)
            if counts.get(year)
        ),
        counts=" ".join(str(counts.get(year, 0)) for year in range(first, last + 1)),
        start=min(max(first if begin is None else begin, first), last),
        stop=min(max(last if end is None else end, first), last),
        is_narrowed=period is not None,
    )


def _told(counts: Mapping[int, int], this_year: int) -> dict[int, int]:
    """The years that tell something: without what is rare at the beginning, and what is little but open at the end."""
    if not counts:
        return {}
    highest = max(counts.values())
    first = min(year for year, count in counts.items() if count * _RARE >= highest)
    last = max(counts)
    while last > max(first, this_year) and (counts.get(last - 1, 0) - counts.get(last, 0)) * _RARE < highest:
        last -= 1
    return {year: count for year, count in counts.items() if first <= year <= last}


def _chosen(period: Period | None) -> tuple[int | None, int | None]:
    if period is None:
        return None, None
    return _year(period.first), _year(period.last)


def _year(day: int | None) -> int | None:
    return None if day is None else date.fromordinal(day + _EPOCH).year


def _bar(at: int, share: float) -> str:
    height = max(_LEAST, TALL * min(share, 1))
    return f"M{at + _GAP / 2:g} {TALL}v-{height:.3g}h{1 - _GAP:g}V{TALL}z"
