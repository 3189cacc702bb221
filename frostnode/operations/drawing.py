"""The answer of `lineage` as a drawing in SVG: sources on the left, what was built on them on the right.

Every text comes from strangers: it is escaped and shortened. What a colour says is said in words too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final, NamedTuple

from frostnode.protocol.limits import DRAWN_LINES_PER_NODE_MAX, DRAWN_NODES_MAX
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
_LINKED_CHARS_MAX: Final = 100
_NO_LINK: Final = ""
_SAME: Final = "same"
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

    At most `nodes_max` ends, the nearest, and so many lines for each of them.
    """
    nodes = sorted(answer["nodes"], key=lambda node: (abs(node["distance"]), node["name"]))[:nodes_max]
    places = _layout(nodes, answer["edges"])
    width = _width(answer, places)
    height = max(place.y for place in places.values()) + _HEIGHT + _MARGIN
    lines = _lines(answer, {node["name"]: at for at, node in enumerate(nodes)})
    drawn = lines[: DRAWN_LINES_PER_NODE_MAX * nodes_max]
    left_out = len(answer["nodes"]) - len(nodes), len(lines) - len(drawn)
    role = "img" if is_alone else "group"  # with links in it, it is no picture
    opening = (
        f'<svg{_NAMESPACE if is_alone else ""} class="lineage" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="{role}" aria-labelledby="lineage-title lineage-desc">'
    )
    head = [
        opening,
        f'<title id="lineage-title">{_text("Lineage of " + answer["url"], _TITLE_CHARS_MAX)}</title>',
        f'<desc id="lineage-desc">{_description(nodes, *left_out)}</desc>',
        *([f"<style>{STYLE}</style>"] if is_alone else []),
    ]
    boxes = [_box(node, places[node["name"]], answer["url"], href(node["name"])) for node in nodes]
    return "\n".join([*head, *_paths(drawn, places), *boxes, "</svg>"]) + "\n"


def _width(answer: Mapping[str, Any], places: Mapping[str, _Place]) -> int:
    """Up to the end of the last column, and of the lines that bulge out beside it."""
    last = max(place.x for place in places.values())
    column = {name for name, place in places.items() if place.x == last}
    pairs = [{pair["version"], pair["dataset"]} for pair in answer["versions"]]
    pairs += [{edge["used"], edge["generated"]} for edge in answer["edges"]]
    return last + _WIDTH + (_GAP_X // 2 if any(pair <= column for pair in pairs) else _MARGIN)


def _description(nodes: Sequence[Mapping[str, Any]], nodes_left: int, lines_left: int) -> str:
    sources = sum(node["distance"] < 0 for node in nodes)
    products = sum(node["distance"] > 0 for node in nodes)
    more = f" {nodes_left} more are not drawn." if nodes_left else ""
    more += f" {lines_left} more lines are not drawn." if lines_left else ""
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


class _Line(NamedTuple):
    """From one end to another, and what is to be said of it."""

    start: str
    stop: str
    state: str


def _lines(answer: Mapping[str, Any], ranks: Mapping[str, int]) -> list[_Line]:
    """What joins the ends that are drawn, the nearest first."""
    lines = [_Line(pair["version"], pair["dataset"], _SAME) for pair in answer["versions"]]
    lines += [_Line(edge["used"], edge["generated"], _state(edge)) for edge in answer["edges"]]
    drawn = [line for line in lines if line.start in ranks and line.stop in ranks]
    return sorted(drawn, key=lambda line: max(ranks[line.start], ranks[line.stop]))


def _state(edge: Mapping[str, Any]) -> str:
    return "gone" if edge["withdrawn"] or edge["missing"] else "stale" if edge["newer"] else ""


def _paths(lines: Sequence[_Line], places: Mapping[str, _Place]) -> Iterator[str]:
    """One path for all lines of a state; what is to be noticed is drawn over the rest."""
    for state in (_SAME, "", "stale", "gone"):
        curves = [_curve(places[line.start], places[line.stop]) for line in lines if line.state == state]
        if curves:
            yield f'<path{_class(state)} d="{"".join(curves)}"/>'


def _curve(one: _Place, other: _Place) -> str:
    """A line from the right of one box to the left of another; between boxes of one column along their sides."""
    x, y, down = one.x + _WIDTH, one.y + _HEIGHT // 2, other.y - one.y
    if one.x == other.x:
        return f"M{x} {y}c{_GAP_X // 2} 0 {_GAP_X // 2} {down} 0 {down}"
    right = other.x - x
    return f"M{x} {y}c{right // 2} 0 {right // 2} {down} {right} {down}"


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
        f'<rect x="{place.x}" y="{place.y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{place.x + 10}" y="{place.y + 19}">{_text(title, _LINE_CHARS_MAX)}</text>'
        f'<text class="what" x="{place.x + 10}" y="{place.y + 34}">{_text(words, _LINE_CHARS_MAX + 6)}</text>'
    )
    outward = ' rel="nofollow noopener noreferrer"' if href.startswith("http") else ""
    if href:  # it says the name; a title that is cut is told whole, with all that is shown, for it is what the link is called
        whole = f"{_text(title, _LINKED_CHARS_MAX)}, {_text(words, _LINE_CHARS_MAX)}"
        told = f"<title>{whole}</title>" if len(title) > _LINE_CHARS_MAX else ""
        linked = f'<a href="{escape(href)}"{outward}>{told}{inner}</a>'
    else:
        linked = f"<title>{_text(node['name'], _TITLE_CHARS_MAX)}</title>{inner}"
    return f"<g{_class(kind)}>{linked}</g>"


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""


def _text(text: str, chars_max: int) -> str:
    """A text that XML can hold, shortened and escaped."""
    short = text if len(text) <= chars_max else text[: chars_max - 1] + "…"
    return escape("".join(char if char.isprintable() else "\ufffd" for char in short))
