"""Draws frostnode/edge/http/static/world.svg anew: the outline of the land, out of Natural Earth's public-domain data.

The argument is `land-110m.json` of the npm package world-atlas. Shores are simplified by Visvalingam's rule, islands too
small for a map of this size are left out.
"""

import heapq
import json
import sys
from pathlib import Path

_FILE = Path(__file__).parents[2] / "frostnode/edge/http/static/world.svg"
_AREA_MIN = 0.25
"""Square degrees of the triangle by which a point must stand out."""
_ISLAND_MIN = 1.2
_SCALE = 10

Point = tuple[float, float]


def arcs_of(topology: dict[str, object]) -> list[list[Point]]:
    """The lines of a topology in degrees."""
    transform = topology["transform"]
    scale, translate = transform["scale"], transform["translate"]  # type: ignore[index]
    found = []
    for arc in topology["arcs"]:  # type: ignore[attr-defined]
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append((x * scale[0] + translate[0], y * scale[1] + translate[1]))
        found.append(line)
    return found


def rings_of(topology: dict[str, object]) -> list[list[Point]]:
    """The outer shores and lakes."""
    arcs, rings = arcs_of(topology), []
    for shape in topology["objects"]["land"]["geometries"]:  # type: ignore[index]
        for polygon in shape["arcs"]:
            for ring in polygon:
                points: list[Point] = []
                for number in ring:
                    line = arcs[number] if number >= 0 else arcs[~number][::-1]
                    points += line[1:] if points else line
                rings.append(points)
    return rings


def unwrapped(points: list[Point]) -> list[Point]:
    """The ring without leaps from one end of the map to the other; one that goes around a pole is led along the edge of the map."""
    line = [points[0]]
    for x, y in points[1:]:
        last = line[-1][0]
        line.append((x + 360 * round((last - x) / 360), y))
    if abs(line[-1][0] - line[0][0]) > 180:
        line += [(line[-1][0], -90.0), (line[0][0], -90.0), line[0]]
    return line


def copies(points: list[Point]) -> list[list[Point]]:
    """The ring, and again at the other end of the map if it reaches beyond this one."""
    found = [points]
    if max(x for x, _ in points) > 180:
        found.append([(x - 360, y) for x, y in points])
    if min(x for x, _ in points) < -180:
        found.append([(x + 360, y) for x, y in points])
    return found


def area(points: list[Point]) -> float:
    """Of a closed ring, in square degrees."""
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


def simplified(points: list[Point]) -> list[Point]:
    """The ring without the points that hardly stand out."""
    before = {at: at - 1 for at in range(1, len(points))}
    after = {at: at + 1 for at in range(len(points) - 1)}
    gone: set[int] = set()

    def stands_out(at: int) -> float:
        return area([points[before[at]], points[at], points[after[at]]])

    heap = [(stands_out(at), at) for at in range(1, len(points) - 1)]
    heapq.heapify(heap)
    while heap and heap[0][0] < _AREA_MIN:
        size, at = heapq.heappop(heap)
        if at in gone or size != stands_out(at):
            continue
        gone.add(at)
        left, right = before[at], after[at]
        after[left], before[right] = right, left
        for other in (left, right):
            if 0 < other < len(points) - 1:
                heapq.heappush(heap, (stands_out(other), other))
    return [point for at, point in enumerate(points) if at not in gone]


def path(points: list[Point]) -> str:
    """The ring as an SVG path with relative steps."""
    placed = [(round((x + 180) * _SCALE), round((90 - y) * _SCALE)) for x, y in points]
    (x, y), words = placed[0], []
    for px, py in placed[1:-1]:
        step = f"{px - x} {py - y}".replace(" -", "-")
        words.append(step)
        x, y = px, py
    line = words[0] if words else ""
    for word in words[1:]:
        line += word if word.startswith("-") else f" {word}"
    return f"M{placed[0][0]} {placed[0][1]}l{line}z"


def main() -> None:
    """Write the file."""
    found = rings_of(json.loads(Path(sys.argv[1]).read_text()))
    rings = [ring for whole in found for ring in copies(unwrapped(whole))]
    shown = [simplified(ring) for ring in rings if area(ring) >= _ISLAND_MIN]
    paths = "".join(path(ring) for ring in sorted(shown, key=area, reverse=True) if len(ring) > 3)
    _FILE.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3600 1800">'
        f'<path id="land" fill-rule="evenodd" d="{paths}"/></svg>\n'
    )
    print(f"{_FILE.name}: {_FILE.stat().st_size} bytes, {len(shown)} shores")


if __name__ == "__main__":
    main()
