"""Boxes in all conventions that people use, as areas that can be compared: within ±180°, upright, none across the antimeridian.

Rules (spec/15-search.md#places):
- longitudes may run from 0 to 360; a box whose west lies east of its east crosses the antimeridian, and becomes two areas;
- south and north may be exchanged, and longitudes with latitudes where only that makes sense; heights are left out;
- what is no place on Earth is dropped.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from frostnode.protocol.limits import DOCUMENT_VALUES_MAX, SEARCH_AREAS_MAX
from frostnode.search.query import Area

_AROUND: Final = 360.0
_BEYOND_POLE: Final = 1.0
"""Cells of a grid whose centres lie at a pole reach beyond it."""


def areas_of(boxes: object) -> tuple[Area, ...]:
    """The areas of a list of boxes, or of one box, each once, at most SEARCH_AREAS_MAX.

    Where the first box encloses all others it is left out: it was only made of them. What is too many becomes one area.
    """
    if not isinstance(boxes, list) or not boxes:
        return ()
    if sides_of(boxes) is not None:
        boxes = [boxes]
    read = [sides for box in boxes[:DOCUMENT_VALUES_MAX] if (sides := sides_of(box)) is not None]
    found = tuple(area for sides in dict.fromkeys(read) for area in areas(*sides))
    if len(found) > 1 and all(_encloses(found[0], other) for other in found):
        found = found[1:]
    if len(found) > SEARCH_AREAS_MAX:
        found = (*found[: SEARCH_AREAS_MAX - 1], _hull(found[SEARCH_AREAS_MAX - 1 :]))
    return found


def _encloses(area: Area, other: Area) -> bool:
    return (
        area.west <= other.west
        and other.east <= area.east
        and area.south <= other.south
        and other.north <= area.north
    )


def _hull(found: Sequence[Area]) -> Area:
    return Area(
        min(area.west for area in found),
        min(area.south for area in found),
        max(area.east for area in found),
        max(area.north for area in found),
    )


def sides_of(box: object) -> tuple[float, float, float, float] | None:
    """West, south, east, north of a box with or without heights, or of a point; None where it is neither."""
    if not isinstance(box, list) or len(box) not in (2, 3, 4, 6):
        return None
    for side in box:
        if (type(side) is not float and type(side) is not int) or not -1e6 < side < 1e6:
            return None
    half = len(box) // 2 if len(box) > 3 else 0
    return box[0], box[1], box[half], box[half + 1]


def areas(west: float, south: float, east: float, north: float) -> Iterator[Area]:
    """The areas that a box covers: one, two where it crosses the antimeridian, none where it is no place."""
    reach = 90 + _BEYOND_POLE
    if (abs(south) > reach or abs(north) > reach) and abs(west) <= reach and abs(east) <= reach:
        west, south, east, north = south, west, north, east
    if max(abs(south), abs(north)) > reach or max(abs(west), abs(east)) > _AROUND:
        return
    low, high = max(min(south, north), -90.0), min(max(south, north), 90.0)
    for left, right in _spans(west, east):
        yield Area(float(left), float(min(low, 90)), float(right), float(max(high, -90)))


def _spans(west: float, east: float) -> Sequence[tuple[float, float]]:
    """From west to east within ±180°. Full turns are all the way around, whichever way they are written."""
    if east - west >= _AROUND or (west != east and (east - west) % _AROUND == 0):
        return [(-180.0, 180.0)]
    if -180 <= west <= east <= 180:
        return [(west, east)]
    start = (west + 180) % _AROUND - 180
    stop = start + (east - west) % _AROUND
    if stop <= 180:
        return [(start, stop)]
    return [(start, 180.0), (-180.0, stop - _AROUND)]
