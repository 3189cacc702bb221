"""The answer of `lineage` as a drawing in SVG: sources on the left, what was built on them on the right.

Every text comes from strangers: it is escaped and shortened. What a colour says is said in words too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from frostnode.protocol.limits import DRAWN_NODES_MAX
from frostnode.protocol.names import DID_PREFIX

STYLE: Final = (
    "svg{color:#15222c;background:#fff;font:12px system-ui,sans-serif}"
    "text{fill:currentColor}.what{font-size:10px;opacity:.75}"
    "rect{fill:#fff;stroke:currentColor}path{fill:none;stroke:currentColor;opacity:.6}"
    ".start rect{stroke-width:3}.away rect{stroke-dasharray:3 3}.same{stroke-dasharray:2 4}"
    ".stale rect,path.stale{stroke:#b35c00}.gone rect,path.gone{stroke:#b3261e}"
    "@media(prefers-color-scheme:dark){svg{color:#e2eaef;background:#0f161c}rect{fill:#0f161c}"
    ".stale rect,path.stale{stroke:#eec77a}.gone rect,path.gone{stroke:#f5a09a}}"
)
"""The style of a drawing that stands alone; on pages it is theirs."""

_WIDTH: Final = 210
_HEIGHT: Final = 44
_GAP_X: Final = 90
_GAP_Y: Final = 18
_MARGIN: Final = 16
_LINE_CHARS_MAX: Final = 28
_TITLE_CHARS_MAX: Final = 300
_NO_LINK: Final = ""
_ADDRESS: Final = "url:https://"
_NAMESPACE: Final = ' xmlns="http://www.w3.org/2000/svg"'


@dataclass(frozen=True, slots=True)
class _Place:
    x: int
    y: int


def draw(
    answer: Mapping[str, Any],
    *,
    is_alone: bool = True,
    href: Callable[[str], str] = lambda _: _NO_LINK,
    nodes_max: int = DRAWN_NODES_MAX,
) -> str:
    """One SVG element; alone with its own style and namespace. `href` answers where the name of an end leads.

    At most `nodes_max` ends, the nearest.
    """
    nodes = sorted(answer["nodes"], key=lambda node: (abs(node["distance"]), node["name"]))[:nodes_max]
    places = _layout(nodes, answer["edges"])
    width = _width(answer, places)
    height = max(place.y for place in places.values()) + _HEIGHT + _MARGIN
    left_out = len(answer["nodes"]) - len(nodes)
    role = "img" if is_alone else "group"  # with links in it, it is no picture
    opening = (
        f'<svg{_NAMESPACE if is_alone else ""} class="lineage" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="{role}" aria-labelledby="lineage-title lineage-desc">'
    )
    head = [
        opening,
        f'<title id="lineage-title">{_text("Lineage of " + answer["url"], _TITLE_CHARS_MAX)}</title>',
        f'<desc id="lineage-desc">{_description(nodes, left_out)}</desc>',
        *([f"<style>{STYLE}</style>"] if is_alone else []),
    ]
    lines = [_same_line(pair, places) for pair in answer["versions"]] + [
        _edge_line(edge, places) for edge in answer["edges"]
    ]
    boxes = [_box(node, places[node["name"]], answer["url"], href(node["name"])) for node in nodes]
    return "\n".join([*head, *filter(None, lines), *boxes, "</svg>"]) + "\n"


def _width(answer: Mapping[str, Any], places: Mapping[str, _Place]) -> int:
    """Up to the end of the last column, and of the lines that bulge out beside it."""
    last = max(place.x for place in places.values())
    column = {name for name, place in places.items() if place.x == last}
    pairs = [{pair["version"], pair["dataset"]} for pair in answer["versions"]]
    pairs += [{edge["used"], edge["generated"]} for edge in answer["edges"]]
    return last + _WIDTH + (_GAP_X // 2 if any(pair <= column for pair in pairs) else _MARGIN)


def _description(nodes: Sequence[Mapping[str, Any]], left_out: int) -> str:
    sources = sum(node["distance"] < 0 for node in nodes)
    products = sum(node["distance"] > 0 for node in nodes)
    more = f" {left_out} more are not drawn." if left_out else ""
    return f"{sources} sources on the left, {products} ends built on it on the right.{more}"


def _layout(nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]]) -> dict[str, _Place]:
    """A column for each distance; in it, each end near the middle of what it is joined to and already placed."""
    columns: dict[int, list[str]] = {}
    for node in nodes:
        columns.setdefault(node["distance"], []).append(node["name"])
    joined: dict[str, list[str]] = {}
    for edge in edges:
        joined.setdefault(edge["generated"], []).append(edge["used"])
        joined.setdefault(edge["used"], []).append(edge["generated"])
    rows: dict[str, float] = {}
    for distance in sorted(columns, key=lambda number: (abs(number), number)):
        names = sorted(columns[distance], key=lambda name: (_middle(joined.get(name, ()), rows), name))
        columns[distance] = names
        rows |= {name: row - len(names) / 2 for row, name in enumerate(names)}
    first, tallest = min(columns), max(map(len, columns.values()))
    order = {distance: at for at, distance in enumerate(range(first, max(columns) + 1))}
    return {
        name: _Place(
            _MARGIN + order[distance] * (_WIDTH + _GAP_X),
            _MARGIN + (2 * row + tallest - len(names)) * (_HEIGHT + _GAP_Y) // 2,
        )
        for distance, names in columns.items()
        for row, name in enumerate(names)
    }


def _middle(names: Sequence[str], rows: Mapping[str, float]) -> float:
    placed = [rows[name] for name in names if name in rows]
    return sum(placed) / len(placed) if placed else 0.0


def _edge_line(edge: Mapping[str, Any], places: Mapping[str, _Place]) -> str:
    state = "gone" if edge["withdrawn"] or edge["missing"] else "stale" if edge["newer"] else ""
    return _curve(edge["used"], edge["generated"], places, state)


def _same_line(pair: Mapping[str, Any], places: Mapping[str, _Place]) -> str:
    return _curve(pair["version"], pair["dataset"], places, "same")


def _curve(start: str, stop: str, places: Mapping[str, _Place], state: str) -> str:
    """A line from the right of one box to the left of another; between boxes of one column along their sides."""
    if start not in places or stop not in places:
        return ""
    one, other = places[start], places[stop]
    y1, y2 = one.y + _HEIGHT // 2, other.y + _HEIGHT // 2
    if one.x == other.x:
        x = one.x + _WIDTH
        path = f"M{x} {y1}C{x + _GAP_X // 2} {y1} {x + _GAP_X // 2} {y2} {x} {y2}"
    else:
        x1, x2 = one.x + _WIDTH, other.x
        middle = (x1 + x2) // 2
        path = f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
    return f'<path{_class(state)} d="{path}"/>'


def _box(node: Mapping[str, Any], place: _Place, start: str, href: str) -> str:
    label = node["name"].rpartition("@")[2] if node["kind"] == "version" else ""
    words = ", ".join([f"{node['kind']} {label}".strip(), *node["marks"]])
    is_gone = node["state"] == "withdrawn" or node["withdrawn_source"] or node["upstream_withdrawn"]
    kinds = {
        "start": node["name"] == start,
        "away": node["state"] in ("outside", "not carried"),
        "gone": is_gone,
        "stale": not is_gone and (node["outdated"] or node["upstream_outdated"]),
    }
    kind = " ".join(name for name, holds in kinds.items() if holds)
    name = node["name"]
    short = name.partition("/")[2] if name.startswith(DID_PREFIX) else name.removeprefix(_ADDRESS)
    title = node["title"] or short or name
    inner = (
        f"<title>{_text(node['name'], _TITLE_CHARS_MAX)}</title>"
        f'<rect x="{place.x}" y="{place.y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{place.x + 10}" y="{place.y + 19}">{_text(title, _LINE_CHARS_MAX)}</text>'
        f'<text class="what" x="{place.x + 10}" y="{place.y + 34}">{_text(words, _LINE_CHARS_MAX + 6)}</text>'
    )
    outward = ' rel="nofollow noopener noreferrer"' if href.startswith("http") else ""
    linked = f'<a href="{escape(href)}"{outward}>{inner}</a>' if href else inner
    return f"<g{_class(kind)}>{linked}</g>"


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""


def _text(text: str, chars_max: int) -> str:
    """A text that XML can hold, shortened and escaped."""
    plain = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return escape(plain if len(plain) <= chars_max else plain[: chars_max - 1] + "…")
