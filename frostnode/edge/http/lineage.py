"""Pages of lineage and differences; the API has the same as JSON, PROV-JSON and SVG.

What is kept local is not known here: nothing of this package is given it.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.asked import HEADERS, quiet, url_params, whole_number
from frostnode.edge.http.links import end_path
from frostnode.edge.http.pages import Pages, paged
from frostnode.operations import lineage, versions
from frostnode.operations.drawing import draw
from frostnode.operations.parts import Parts
from frostnode.protocol.limits import (
    DIFF_SHOWN_MAX,
    DRAWN_ON_PAGE_MAX,
    LINEAGE_LISTED_MAX,
    LINEAGE_NODES_MAX,
)

_ANSWER: Final = {**HEADERS, "vary": "accept"}
_LISTS: Final = ("ends", "edges")
"""The lists of the page, by the parameters that say where each begins."""
_KEPT: Final = ("url", "cid", "up", "down", "depth", *_LISTS)
"""What the links to further pages say again."""
_OFFSET_MAX: Final = 2**31


class LineageResources:
    """The handlers, over one node's parts and pages."""

    def __init__(self, parts: Parts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route("/lineage", self.page),
            Route("/lineage/{url:path}", self.page),
            Route("/diff", self.diff_page),
        ]

    async def page(self, request: Request) -> Response:
        """All that is known of one lineage, drawn and in words."""
        found = await lineage.lineage(self._parts, _asked(request), quiet)
        if wants_document(request):
            return JSONResponse(found, headers=_ANSWER)
        cited = await lineage.citations(self._parts, url_params(request), quiet)
        asked = {name: value for name, value in request.query_params.items() if name in _KEPT}
        places = {name: whole_number(request, name, 0, _OFFSET_MAX) for name in _LISTS}
        values = await self._parts.worker.run(lambda: _values(found, asked, places))
        return await self._pages.show("lineage.html", {"found": found, "cited": cited, **values})

    async def diff_page(self, request: Request) -> Response:
        """What differs between two records."""
        if wants_document(request):
            return JSONResponse(await versions.diff(self._parts, _sides(request), quiet), headers=_ANSWER)
        found = await versions.diff(self._parts, _sides(request), quiet)
        return await self._pages.show("diff.html", {"found": found, "shown": DIFF_SHOWN_MAX})


def _values(found: Mapping[str, Any], asked: Mapping[str, str], places: Mapping[str, int]) -> dict[str, Any]:
    """The drawing of the nearest ends, and so much of the lists as one page shows: the file and the JSON have all."""
    nodes = sorted(
        (node for node in found["nodes"] if node["distance"]),
        key=lambda node: (node["distance"] > 0, abs(node["distance"]), node["name"]),
    )
    shown: dict[str, Any] = {}
    for name, whole in zip(_LISTS, (nodes, found["edges"]), strict=True):
        at = places[name]
        shown[name] = whole[at : at + LINEAGE_LISTED_MAX]
        shown[f"{name}_pager"] = paged(at, LINEAGE_LISTED_MAX, len(whole), asked, by=name)
    return {
        **shown,
        "drawing": draw(found, is_alone=False, href=end_path, nodes_max=DRAWN_ON_PAGE_MAX),
        "is_cut": len(found["nodes"]) > DRAWN_ON_PAGE_MAX,
        "nearest": DRAWN_ON_PAGE_MAX,
        "titles": {node["name"]: node["title"] for node in found["nodes"]},
    }


def _sides(request: Request) -> Mapping[str, Any]:
    return {name: request.query_params.get(name, "") for name in ("a", "b")}


def _asked(request: Request) -> Mapping[str, Any]:
    """Url, up, down, depth; an identifier in the path keeps its query."""
    depth = whole_number(request, "depth", 0, LINEAGE_NODES_MAX)
    ways = {name: whole_number(request, name, 0, 1) == 1 for name in ("up", "down")}
    return {**url_params(request), **ways, "depth": depth or None}
