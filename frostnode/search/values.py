"""Values of fields, each in one spelling; days and places as they are written in a search.

Rules (spec/15-search.md#queries): what has no meaning for its field is refused where it is read, and nowhere later.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from math import isfinite
from typing import Final

from frostnode.protocol.errors import LocalError, NameError_
from frostnode.protocol.identifiers import HANDLE_SCHEME, known_identifier, scheme_of
from frostnode.protocol.names import DID_PREFIX, parse_did, parse_did_url
from frostnode.search.facets import label_of
from frostnode.search.formats import format_of
from frostnode.search.hosts import host_of
from frostnode.search.licenses import LICENSE_FAMILIES, OTHER, license_family
from frostnode.search.query import Area, Field, Period

WORDY_FIELDS: Final = frozenset({Field.TITLE, Field.KEYWORD, Field.VARIABLE, Field.COLUMN, Field.PUBLISHER})
"""Fields of texts: what they are asked for is words that follow each other within one of them."""

SOURCES: Final = ("own", "carried", "harvested")
"""Whence a record is here: its publisher is hosted here, or carried; or it was taken over from another catalog."""

_EPOCH: Final = date(1970, 1, 1)
_DATE: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_YEAR: Final = re.compile(r"[0-9]{4}")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_OPEN: Final = ("", "..")
_NO_PREFIX: Final = frozenset({Field.YEAR, Field.SOURCE})


def spelled(field: Field, text: str, *, is_prefix: bool = False) -> str:
    """A value in the one spelling of its field, which has the same one again; of its beginning only what is sure.

    Raises:
        LocalError: query.malformed: a year or a source that is none
    """
    text = " ".join(text.replace('"', " ").split())
    if field is Field.ID:
        return _id(text)
    if field is Field.YEAR and (_YEAR.fullmatch(text) is None or text == "0000"):
        raise unreadable("year", text, "four digits, 0001 to 9999")
    if field is Field.SOURCE and text.lower() not in SOURCES:
        raise unreadable("source", text, ", ".join(SOURCES))
    if field is Field.PUBLISHER and is_did(text):
        return text.lower()
    if field in WORDY_FIELDS or field is Field.YEAR:
        return text
    if field is Field.SUBJECT:
        return label_of(text)
    known = "" if is_prefix or field not in _READ else _READ[field](text)
    return known or text.lower().replace(" ", "-")


def _license(text: str) -> str:
    """The family of a license; nothing where the text is one, or none is known."""
    family = "" if text.lower() in LICENSE_FAMILIES else license_family(text)
    return "" if family == OTHER else family


_READ: Final[Mapping[Field, Callable[[str], str]]] = {
    Field.FORMAT: format_of,
    Field.LICENSE: _license,
    Field.HOST: host_of,
}
"""What is read in many spellings; "" where nothing is known."""


def check_prefix(field: Field, text: str) -> None:
    """Check that a field can be asked for by the beginning of its value.

    Raises:
        LocalError: query.malformed
    """
    if field in _NO_PREFIX:
        raise unreadable(field, f"{text}*", "a whole value, without *")


def says_something(text: str) -> bool:
    """Whether there is anything in a text that can be compared."""
    return any(map(str.isalnum, text))


def is_did(text: str) -> bool:
    """Whether this is the DID of a publisher, or the beginning of one."""
    return text.lower().startswith(DID_PREFIX)


def is_whole_did(text: str) -> bool:
    """Whether this is the DID of a publisher."""
    with suppress(NameError_):
        return bool(parse_did(text))
    return False


def _id(text: str) -> str:
    """An identifier, the DID URL of a record, or a key."""
    if is_did(text):
        with suppress(NameError_):
            return str(parse_did_url(text))
        return text
    name = known_identifier(text)
    if name is None or scheme_of(name) == HANDLE_SCHEME:  # a domain may be a key too
        return text.lower()
    return name


def doi_of(text: str) -> str | None:
    """The one spelling of a DOI that stands behind `doi:`; None when it is none."""
    name = known_identifier(text)
    return name if name is not None and scheme_of(name) == "doi" else None


# -- days ---------------------------------------------------------------------------------------------


def first_day(field: str, text: str) -> int:
    """The first day of a year, of a month, or the day itself.

    Raises:
        LocalError: query.malformed
    """
    return _days(field, text)[0]


def _days(field: str, text: str) -> tuple[int, int]:
    """The first and the last day of what is written."""
    match = _DATE.fullmatch(text)
    if match is not None:
        year, month, day = (int(part or 0) for part in match.groups())
        with suppress(ValueError):
            begin = date(year, month or 1, day or 1)
            if day:
                return _number(begin), _number(begin)
            end = month or 12
            return _number(begin), _number(date(year, end, monthrange(year, end)[1]))
    raise unreadable(field, text, "YYYY, YYYY-MM or YYYY-MM-DD, from 0001 to 9999")


def _number(day: date) -> int:
    return (day - _EPOCH).days


FIRST_DAY: Final = _number(date.min)
LAST_DAY: Final = _number(date.max)


def period_of(text: str) -> Period:
    """The period that is written behind `during:`: a year, month or day, or two of them, `A/B`, one perhaps `..`.

    Raises:
        LocalError: query.malformed
    """
    begin, slash, end = text.partition("/")
    first = None if begin in _OPEN and slash else _days("during", begin)[0]
    last = None if end in _OPEN and slash else _days("during", end if slash else begin)[1]
    if first is not None and last is not None and first > last:
        raise unreadable("during", text, "an end that is not before the beginning")
    return Period(first, last)


def bound_text(period: Period) -> str:
    """What is read as this period behind `after:` or `before:`; "" where it is not one of the two."""
    if period.last is None and period.first is not None:
        return f"after:{_first_text(period.first)}"
    if period.first is None and period.last is not None and period.last < LAST_DAY:
        return f"before:{_first_text(period.last + 1)}"
    return ""


def period_text(period: Period) -> str:
    """What is read as this period, whatever else is asked for."""
    first = ".." if period.first is None else _first_text(period.first)
    last = ".." if period.last is None else _last_text(period.last)
    if first == last and (period.first, period.last) == _days("during", first):
        return f"during:{first}"
    return f"during:{first}/{last}"


def _first_text(day: int) -> str:
    """The shortest of which this is the first day."""
    text = (_EPOCH + timedelta(days=day)).isoformat()
    return (
        text.removesuffix("-01").removesuffix("-01") if text.endswith("-01-01") else text.removesuffix("-01")
    )


def _last_text(day: int) -> str:
    """The shortest of which this is the last day."""
    text = (_EPOCH + timedelta(days=day)).isoformat()
    return next(short for short in (text[:4], text[:7], text) if _days("during", short)[1] == day)


# -- places -------------------------------------------------------------------------------------------


def area_of_box(text: str) -> Area:
    """The area that is written behind `bbox:`, west,south,east,north: longitudes of -180 to 360, as data has them.

    Raises:
        LocalError: query.malformed
    """
    numbers = _numbers(text)
    if len(numbers) == 4:
        west, south, east, north = numbers
        if all(map(_is_longitude, (west, east))) and -90 <= south <= north <= 90:
            if east > 180 and east - west >= 360:
                west, east = -180.0, 180.0
            return Area(_around(west), south, _around(east), north)
    expected = "west,south,east,north in degrees: longitudes -180 to 360, latitudes -90 to 90, south first"
    raise unreadable("bbox", text, expected)


def area_of_point(text: str) -> Area:
    """The place that is written behind `point:`, longitude first, as GeoJSON has it.

    Raises:
        LocalError: query.malformed
    """
    numbers = _numbers(text)
    if len(numbers) == 2:
        lon, lat = numbers
        if _is_longitude(lon) and -90 <= lat <= 90:
            return Area(_around(lon), lat, _around(lon), lat)
    expected = "longitude,latitude in degrees: -180 to 360, -90 to 90"
    raise unreadable("point", text, expected)


def _numbers(text: str) -> list[float]:
    parts = [part.strip() for part in text.split(",")]
    found = [float(part) + 0.0 for part in parts if _NUMBER.fullmatch(part)]
    return found if len(found) == len(parts) and all(map(isfinite, found)) else []


def _is_longitude(degrees: float) -> bool:
    return -180 <= degrees <= 360


def _around(degrees: float) -> float:
    """The same meridian within -180 and 180."""
    return degrees - 360 if degrees > 180 else degrees


def area_text(found: Area) -> str:
    """What is read as this area, with the name of its field."""
    if (found.west, found.south) == (found.east, found.north):
        return f"point:{_degrees(found.west)},{_degrees(found.south)}"
    return "bbox:" + ",".join(map(_degrees, (found.west, found.south, found.east, found.north)))


def _degrees(number: float) -> str:
    return repr(number + 0.0).removesuffix(".0")


def unreadable(field: str, found: str, expected: str) -> LocalError:
    """What to say of a value that has no meaning for its field."""
    return LocalError("query.malformed", field, found=found, expected=expected)
