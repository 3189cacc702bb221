"""What the page of a record shows, beside what the operations answer: its fields in order, how to load it, how to cite it."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from frostnode.edge.http.citation import cite
from frostnode.edge.http.links import end_path
from frostnode.edge.http.record_view import view_record
from frostnode.operations.drawing import draw
from frostnode.protocol.limits import DRAWN_BESIDE_MAX
from frostnode.snippets.choose import loadings


def record_values(
    shown: Mapping[str, Any], around: Mapping[str, Any] | None, *, at: Callable[[str], str]
) -> dict[str, Any]:
    """The values of the template `record.html`, out of what `read.show` and `lineage.around` answer.

    A dataset is loaded as its newest version says, or, where that says nothing, as it says itself. `at` answers where a path of a
    live node is to be found, "" for nowhere: the links of a drawing lead there.
    """
    fields = shown["content"].get("fields")
    newest = around["newest"] if around and "fields" in shown["content"] else None
    newest_loadings = loadings(newest["fields"]) if newest else ()
    graph = around["graph"] if around else None
    return {
        "view": view_record(fields if "fields" in shown["content"] else {}),
        "newest": view_record(newest["fields"]) if newest else None,
        "loadings": newest_loadings or loadings(fields),
        "loaded_from": newest["label"] if newest and newest_loadings else "",
        "citation": cite(shown, fields, around["dataset"] if around else None),
        "drawing": _drawing(graph, at) if graph else "",
    }


def _drawing(graph: Mapping[str, Any], at: Callable[[str], str]) -> Markup:
    def href(name: str) -> str:
        path = end_path(name)
        return at(path) if path.startswith("/") else path

    return Markup(draw(graph, is_alone=False, href=href, nodes_max=DRAWN_BESIDE_MAX))  # noqa: S704 - `draw` escapes all that it is given
