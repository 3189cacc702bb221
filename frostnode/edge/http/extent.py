"""Where and when a dataset lies, for people: numbers, and rectangles on a map of 360 by 180 degrees.

Boxes come in every convention (-180 to 180, 0 to 360, across the antimeridian): whatever can be drawn is
drawn, all is written out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from frostnode.protocol.limits import PAGE_ITEMS_MAX
from frostnode.search.areas import areas, sides_of

_VISIBLE_DEGREES: Final = 4.0
"""Smaller boxes are drawn as large as this."""

_MIDNIGHT: Final = re.compile(r"[T ]00:00(?::00(?:\.0{1,9})?)?(?:Z|[+-]00:?00)?$")


@dataclass(frozen=True, slots=True)
class Rectangle:
    """In degrees from the upper left corner of the map: 180° west, 90° north."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Boxes and times as text, and the rectangles of those that a map can show."""

    boxes: tuple[str, ...]
    intervals: tuple[str, ...]
    rectangles: tuple[Rectangle, ...]


def read_extent(extent: Mapping[str, Any]) -> Extent | None:
    """Read the field `extent` of a record; None when it says nothing."""
    boxes = [sides for box in _list(extent.get("bbox")) if (sides := sides_of(box)) is not None]
    intervals = tuple(filter(None, map(interval_text, _list(extent.get("interval")))))
    if not boxes and not intervals:
        return None
    return Extent(
        boxes=tuple(box_text(*box) for box in boxes),
        intervals=intervals,
        rectangles=tuple(rectangle for box in boxes for rectangle in rectangles(*box)),
    )


def _list(value: object) -> list[Any]:
    return value[:PAGE_ITEMS_MAX] if isinstance(value, list) else []


def box_text(west: float, south: float, east: float, north: float) -> str:
    """A box in words: latitudes, then longitudes; signs are letters where they are unmistakable."""
    if (west, south) == (east, north):
        return f"{_latitude(south)}, {_longitude(west)}"
    around, poles = east - west >= 360, (south, north) == (-90, 90)
    if around and poles:
        return "the whole globe"
    longitudes = "all longitudes" if around else f"{_longitude(west)} to {_longitude(east)}"
    latitudes = "all latitudes" if poles else f"{_latitude(south)} to {_latitude(north)}"
    return f"{latitudes}, {longitudes}"


def _longitude(value: float) -> str:
    if value > 180:
        return f"{value:.5g}°"
    return f"{abs(value):.5g}°{' ' + 'WE'[value > 0] if value % 180 else ''}"


def _latitude(value: float) -> str:
    return f"{abs(value):.5g}°{' ' + 'SN'[value > 0] if value else ''}"


def rectangles(west: float, south: float, east: float, north: float) -> Iterator[Rectangle]:
    """The parts of a box on the map: two where it crosses the antimeridian, none where it is no place."""
    for area in areas(west, south, east, north):
        x, width = _grown(area.west + 180, area.east - area.west, 360)
        y, height = _grown(90 - area.north, area.north - area.south, 180)
        yield Rectangle(round(x, 2), round(y, 2), round(width, 2), round(height, 2))


def _grown(start: float, length: float, room: float) -> tuple[float, float]:
    """A stretch made long enough to be seen, within the map."""
    grown = max(length, _VISIBLE_DEGREES)
    return min(max(start - (grown - length) / 2, 0.0), room - grown), grown


def interval_text(interval: object) -> str:
    """A time interval in words; empty when it is none."""
    if not isinstance(interval, list) or len(interval) != 2:
        return ""
    start, stop = (_day(side) if isinstance(side, str) else "" for side in interval)
    if start and stop:
        return start if start == stop else f"{start} to {stop}"
    if start:
        return f"since {start}"
    return f"until {stop}" if stop else ""


def _day(text: str) -> str:
    """A time without its midnight."""
    return _MIDNIGHT.sub("", text.strip()[:100])
