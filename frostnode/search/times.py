"""Dates and intervals in all spellings that people use, as days since 1970-01-01.

Rules (spec/15-search.md#times):
- a year or month alone begins with its first day and ends with its last;
- an end that is empty, `..`, `present`, `now` or the like is open; so is one that cannot be read;
- years have up to six digits, and a sign where they have more than four; what comes after the day is left out.
"""

import re
from functools import lru_cache
from typing import Final

from frostnode.protocol.limits import DATES_CACHED_MAX, DOCUMENT_VALUES_MAX

_DATE: Final = re.compile(
    r"\s*([+-][0-9]{4,6}|[0-9]{4})"
    r"(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?|/([0-9]{1,2})/([0-9]{1,2})|([01][0-9])([0-3][0-9]))?"
    r"(?:(?:[Tt]|\s+)[0-9:.]{1,32}\s*(?:[Zz]|UTC|GMT|[+-][0-9:]{1,5})?|[Zz])?\s*"
)
_SEPARATOR: Final = re.compile(r"\s*(?:/|\bto\b|–|—)\s*|\s+-\s+")
_CHARS_MAX: Final = 100


def day_of(year: int, month: int = 1, day: int = 1) -> int:
    """The day of a date in the calendar of today, carried on both ways: no year is too far."""
    years = year - (month <= 2)
    era, of_era = divmod(years, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def year_of(day: int) -> int:
    """The year in which a day lies."""
    era, of_era = divmod(day + 719_468, 146_097)
    years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    month = (5 * (of_era - (365 * years + years // 4 - years // 100)) + 2) // 153
    return era * 400 + years + (month >= 10)


def days_of(text: object) -> tuple[int, int] | None:
    """The first and last day of a date, a month or a year; None of what is none of these."""
    if type(text) is int and 1000 <= text <= 9999:
        text = str(text)
    return _days_of(text) if isinstance(text, str) and len(text) <= _CHARS_MAX else None


@lru_cache(DATES_CACHED_MAX)
def _days_of(text: str) -> tuple[int, int] | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, *parts = (int(part) for part in found.groups() if part is not None)
    if not parts:
        return day_of(year), day_of(year + 1) - 1
    month = parts[0]
    if not 1 <= month <= 12:
        return None
    first, last = day_of(year, month), day_of(year + month // 12, month % 12 + 1) - 1
    if len(parts) == 1:
        return first, last
    return (first + parts[1] - 1,) * 2 if 1 <= parts[1] <= last - first + 1 else None


def period_of(intervals: object) -> tuple[int | None, int | None] | None:
    """The first and last day of a list of intervals together, None where open; None alone where nothing is said."""
    if not isinstance(intervals, list) or not intervals:
        return None
    read = [period for each in intervals[:DOCUMENT_VALUES_MAX] if (period := _period(each)) is not None]
    if not read:
        return None
    firsts, lasts = zip(*read, strict=True)
    return (None if None in firsts else min(firsts)), (None if None in lasts else max(lasts))


def _period(interval: object) -> tuple[int | None, int | None] | None:
    """One interval: a pair of dates, `A/B`, or a date alone."""
    if isinstance(interval, str):
        pair = _SEPARATOR.split(interval[:_CHARS_MAX], maxsplit=1)
        interval = pair if len(pair) == 2 and days_of(interval) is None else [interval, interval]
    if not isinstance(interval, list) or len(interval) != 2:
        return None
    start, stop = map(days_of, interval)
    if start is None and stop is None:
        return None
    first, last = start and start[0], stop and stop[1]
    if first is not None and last is not None and last < first:
        first, last = (stop or (0,))[0], (start or (0, 0))[1]
    return first, last
